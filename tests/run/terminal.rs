//! A run in a terminal: drawn in place, in colour, and stopped by keys.

use super::{result::count, serving, status, with_code};
use test_support::{
    loadgen::{Loadgen, Running},
    truth::TruthServer,
};

use nix::sys::signal::Signal::SIGKILL;

const CTRL_C: &str = "\x03";

/// A user without an end or, with a length, one who never pauses.
fn user(server: &TruthServer, duration: &str) -> Loadgen {
    let text = format!(
        "target.url = \"{}\"\nthresholds = [\"errors == 0\"]\nload = {{ users = 1 {duration} }}\n\
         [[task]]\nname = \"get\"\n[[task.step]]\nget = \"/work\"\n",
        server.url()
    );
    Loadgen::new(&["run", "s.toml", "--json", "result.json"]).file("s.toml", &text)
}

fn wait_for(running: &mut Running, text: &str) {
    running.wait_until(text, |it| it.stdout().contains(text));
}

#[test]
fn progress_is_drawn_in_place_and_gone_before_the_summary() {
    let server = serving(|_| status(200));
    let run = user(&server, ", duration = \"3s\"")
        .in_terminal()
        .run()
        .expect_code(0);
    with_code(&run);
    let screen = &run.stdout;
    let (drawn, summary) = screen.split_at(screen.rfind("PASSED").unwrap());
    // A bar, users, thresholds, and lines that are cleared to be drawn anew.
    for part in ["s of 3s", "1 user ", "errors == 0", "\x1b[2K"] {
        assert!(drawn.contains(part), "{part}: {drawn:?}");
    }
    assert!(
        drawn.contains("\x1b[32m✓\x1b[0m errors == 0"),
        "in colour: {drawn:?}"
    );
    // The screen is cleared right before the heading.
    let (before, _) = drawn.split_once("\x1b[1ms\x1b[0m · ").unwrap();
    let (_, cleared) = before.rsplit_once("errors == 0  0").unwrap();
    assert!(cleared.matches("\x1b[2K").count() >= 4, "{cleared:?}");
    assert!(
        summary.starts_with("PASSED: the threshold held"),
        "{summary:?}"
    );
}

#[test]
fn without_colour_where_none_is_wanted() {
    let server = serving(|_| status(200));
    let run = user(&server, ", duration = \"1500ms\"")
        .in_terminal()
        .env("NO_COLOR", "1");
    let run = run.run().expect_code(0);
    for colour in 30..38 {
        assert!(
            !run.stdout.contains(&format!("\x1b[{colour}m")),
            "{:?}",
            run.stdout
        );
    }
    assert!(!run.stdout.contains("\x1b[1m"), "{:?}", run.stdout);
}

#[test]
fn ctrl_c_ends_it_with_a_summary_and_twice_at_once() {
    let server = serving(|_| status(200));
    let mut running = user(&server, "").in_terminal().start();
    running.wait_until("under load", |_| server.requests() > 0);
    running.press(CTRL_C);
    let finished = running.finish().expect_code(105);
    let result = with_code(&finished);
    assert_eq!(result["run"]["interrupted"], true);
    assert!(count(&result["totals"], "count") > 0);
    assert!(
        finished.stdout.contains("INTERRUPTED after "),
        "{}",
        finished.stdout
    );

    let server = serving(|_| super::silence());
    let mut running = user(&server, "").in_terminal().start();
    running.wait_until("waiting", |_| server.requests() == 1);
    running.press(CTRL_C);
    wait_for(&mut running, "once more cuts it off");
    running.press(CTRL_C);
    let finished = running.finish().expect_code(105);
    assert_eq!(count(&with_code(&finished)["totals"], "interrupted"), 1);
}

#[test]
fn a_terminal_that_hangs_up_takes_no_result_along() {
    let server = serving(|_| status(200));
    let mut running = user(&server, "").in_terminal().start();
    running.wait_until("under load", |_| server.requests() > 0);
    // The terminal goes with the program that shows it.
    running.signal(SIGKILL);
    let finished = running.finish().expect_signal(SIGKILL);
    let result = finished.result();
    assert_eq!(result["run"]["interrupted"], true);
    assert_eq!(result["run"]["exit_code"], 105);
}
