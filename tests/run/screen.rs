//! The full screen, in a terminal that keeps what it was shown.

use super::{serving, silence, status};
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use std::{fs, time::Duration};
use test_support::{loadgen::Loadgen, tmux::Tmux, truth::TruthServer, turn::Turn};

const RUN: &str =
    "sh -c 'echo $$ > pid; exec \"$LOADGEN\" run s.toml --dashboard tui'; echo code $?";

/// A shell in a terminal, with a scenario of two tasks against this server.
fn terminal(url: &str, environment: &[(&str, &str)]) -> Tmux {
    let mut variables = vec![("LOADGEN", env!("CARGO_BIN_EXE_loadgen"))];
    variables.extend(environment);
    let tmux = Tmux::start(120, 40, &variables);
    tmux.file(
        "s.toml",
        &format!(
            "name = \"watched\"\nthresholds = [\"errors == 0\"]\ntarget.url = \"{url}\"\n\
             load = {{ users = 2, think = \"50ms\" }}\n\
             [[task]]\nname = \"read\"\n[[task.step]]\nget = \"/work/read\"\n\
             [[task]]\nname = \"write\"\n[[task.step]]\npost = \"/work/write\"\n"
        ),
    );
    tmux
}

/// The run is over, its code was this, and the terminal is as it was.
#[track_caller]
fn given_back(tmux: &Tmux, code: i32) -> String {
    let screen = tmux.wait_for(&format!("code {code}"));
    assert!(!tmux.is_taken(), "{screen}");
    has_its_settings(tmux);
    screen
}

/// The terminal is as shells have it.
#[track_caller]
fn has_its_settings(tmux: &Tmux) {
    tmux.line("stty -a");
    let state = tmux.wait_for("icanon");
    let has = |setting: &str| state.split_whitespace().any(|word| word == setting);
    for setting in ["icanon", "echo", "isig", "opost"] {
        assert!(has(setting), "{setting}: {state}");
    }
}

fn watched(answering: &TruthServer) -> Tmux {
    let tmux = terminal(&answering.url(), &[]);
    tmux.line(RUN);
    tmux.wait_until("a second is drawn", |screen| screen.contains("last 2s"));
    assert!(tmux.is_taken());
    tmux
}

#[test]
fn keys_and_window_change_what_is_seen_and_the_terminal_is_given_back() {
    let _turn = Turn::shared();
    let server = serving(|_| status(200).after(Duration::from_millis(5)));
    let tmux = watched(&server);
    let screen = tmux.screen();
    for part in [
        "watched",
        "2 users",
        "Requests per second",
        "Response time p50 p95 p99",
        "errors == 0",
    ] {
        assert!(screen.contains(part), "{part}:\n{screen}");
    }
    assert!(screen.contains("▶ all requests"), "{screen}");
    tmux.press("Down");
    tmux.wait_for("▶ read/GET /work/read");
    tmux.press("Tab");
    tmux.wait_for("▶ write/POST /work/write");
    tmux.wait_for("Response times: write/POST /work/write");
    tmux.press("Up");
    tmux.wait_for("▶ read/GET /work/read");

    // The display is held, the run is not.
    tmux.press("Space");
    let held = tmux.wait_for("HELD");
    let served = server.requests();
    tmux.wait_until("more requests", |_| server.requests() > served + 10);
    assert_eq!(tmux.screen(), held);
    tmux.press("Space");
    tmux.wait_until("going on", |screen| !screen.contains("HELD"));

    tmux.press("?");
    tmux.wait_for("end the run: what is under way is waited for");
    tmux.press("Escape");
    tmux.wait_until("no keys", |screen| !screen.contains("end the run"));

    tmux.resize(60, 16);
    let small = tmux.wait_until("a small screen", |screen| {
        screen.contains("Steps so far") && !screen.contains("Requests per second")
    });
    assert!(
        small.lines().all(|line| line.chars().count() <= 60),
        "{small}"
    );
    tmux.resize(120, 40);
    tmux.wait_for("Requests per second");

    tmux.press("q");
    let screen = given_back(&tmux, 105);
    assert!(screen.contains("INTERRUPTED after"), "{screen}");
    assert!(
        screen.contains("interrupted: waiting for what is under way"),
        "{screen}"
    );
}

#[test]
fn a_second_key_cuts_off_reports_and_gives_the_terminal_back() {
    let _turn = Turn::shared();
    let server = serving(|_| silence());
    let tmux = terminal(
        &server.url(),
        &[("TERM", "xterm"), ("LC_ALL", "C"), ("NO_COLOR", "1")],
    );
    tmux.line(RUN);
    // Where neither colours nor symbols are wanted.
    let screen = tmux.wait_until("drawn", |screen| screen.contains("Requests per second"));
    assert!(screen.is_ascii(), "{screen}");
    tmux.wait_until("waiting", |_| server.requests() == 2);
    tmux.press("C-c");
    tmux.wait_for("interrupted: waiting");
    tmux.press("C-c");
    let screen = given_back(&tmux, 105);
    assert!(screen.contains("INTERRUPTED after"), "{screen}");
    assert!(
        screen.contains("interrupted again: what is under way is cut off"),
        "{screen}"
    );
}

#[test]
fn a_signal_or_a_failure_gives_the_terminal_back() {
    let _turn = Turn::shared();
    let server = serving(|_| status(200));
    let tmux = watched(&server);
    let pid = fs::read_to_string(tmux.path("pid")).unwrap();
    kill(Pid::from_raw(pid.trim().parse().unwrap()), Signal::SIGTERM).unwrap();
    given_back(&tmux, 105);

    // Nothing listens there: what went wrong is to be read afterwards.
    let tmux = terminal("http://127.0.0.1:9", &[]);
    tmux.line(RUN);
    let screen = given_back(&tmux, 97);
    assert!(
        screen.contains("error: ") && screen.contains("127.0.0.1:9"),
        "{screen}"
    );
}

#[test]
fn a_terminal_is_given_back_even_when_loadgen_is_killed() {
    let _turn = Turn::shared();
    let server = serving(|_| status(200));
    let tmux = watched(&server);
    let pid = fs::read_to_string(tmux.path("pid")).unwrap();
    kill(Pid::from_raw(pid.trim().parse().unwrap()), Signal::SIGKILL).unwrap();
    tmux.wait_until("given back", |_| !tmux.is_taken());
    has_its_settings(&tmux);
}

#[test]
fn without_a_terminal_there_are_lines_instead() {
    let server = serving(|_| status(200));
    let text = format!(
        "target.url = \"{}\"\nload = {{ users = 1, duration = \"1s\" }}\n\
         [[task]]\nname = \"get\"\n[[task.step]]\nget = \"/work\"\n",
        server.url()
    );
    let run = Loadgen::new(&["run", "s.toml", "--dashboard", "tui"]).file("s.toml", &text);
    let run = run.run().expect_code(0);
    assert_eq!(
        run.stderr,
        "no full screen, as standard error is no terminal: a line every 5 seconds instead\n"
    );
}
