//! Each exit code, for its reason. That of interrupts and of the bundled target's death: `ends`.

use super::{result::count, serving, status, with_code};
use nix::sys::signal::Signal::{SIGCONT, SIGINT, SIGSTOP, SIGTERM};
use socket2::{Domain, Socket, Type};
use std::{
    fs,
    net::SocketAddr,
    thread::sleep,
    time::{Duration, Instant},
};
use test_support::{loadgen::Loadgen, truth::TruthServer};

/// Two users of `url` without a pause, for half a second; `top` comes before the first table.
fn brief(top: &str, url: &str) -> Loadgen {
    Loadgen::scenario(&format!(
        "{top}\ntarget.url = \"{url}\"\nload = {{ users = 2, duration = \"500ms\" }}\n\
         [[task]]\nname = \"get\"\n[[task.step]]\nget = \"/\"\n"
    ))
}

fn server() -> TruthServer {
    TruthServer::steady(Duration::from_millis(1))
}

#[test]
fn code_0_when_every_threshold_held_or_none_was_set() {
    let server = server();
    for (top, verdict) in [
        ("", "DONE: no thresholds were set"),
        (
            r#"thresholds = ["error_rate < 1%"]"#,
            "PASSED: the threshold held",
        ),
        (
            r#"thresholds = ["errors == 0", "count > 0"]"#,
            "PASSED: all 2 thresholds held",
        ),
    ] {
        let finished = brief(top, &server.url()).run().expect_code(0);
        with_code(&finished);
        assert!(
            finished.stdout.ends_with(&format!("\n{verdict}\n")),
            "{}",
            finished.stdout
        );
        assert_eq!(finished.stderr, "");
    }
    assert_eq!(server.stop().problems, [""; 0]);
}

#[test]
fn code_99_when_nothing_succeeded_although_no_threshold_was_set() {
    let server = serving(|_| status(500));
    let scenario = || brief("", &server.url());
    let result = with_code(&scenario().run().expect_code(99));
    assert_eq!(result["thresholds"][0]["expr"], "error_rate < 100%");
    assert_eq!(result["thresholds"][0]["ok"], false);
    let unjudged = with_code(&scenario().args(&["--no-thresholds"]).run().expect_code(0));
    assert_eq!(unjudged["thresholds"], serde_json::json!([]));
}

#[test]
fn code_1_when_the_result_cannot_be_written_after_all() {
    let server = serving(|_| status(200));
    let mut running = Loadgen::new(&["run", "scenario.toml", "--json", "gone/result.json"])
        .folder("gone")
        .file("scenario.toml", &forever(&server.url()))
        .start();
    running.wait_until("under load", |_| server.requests() > 0);
    fs::remove_dir(running.path("gone")).unwrap();
    running.signal(SIGINT);
    let finished = running.finish().expect_code(1);
    assert!(
        finished
            .stderr
            .contains("error: cannot write gone/result.json: "),
        "{}",
        finished.stderr
    );
    assert!(
        finished.stdout.contains("INTERRUPTED"),
        "the summary is there: {}",
        finished.stdout
    );
}

#[test]
fn code_2_for_a_wrong_command_line() {
    let url = "http://127.0.0.1:9";
    for (loadgen, problem) in [
        (
            brief("", url).args(&["--fast"]),
            "unexpected argument '--fast'",
        ),
        (
            brief("", url).args(&["--users", "many"]),
            "invalid value 'many' for '--users",
        ),
        (brief("", url).args(&["--rate", "5"]), "error: --rate"),
        (
            brief("", url).args(&["--target", "ftp://x"]),
            "error: --target: a URL that is neither",
        ),
        (
            brief("", url).args(&["--set", "load.users"]),
            "write it as NAME=VALUE",
        ),
        (
            brief("", url).args(&["--env", "=x"]),
            "write it as NAME=VALUE",
        ),
        (Loadgen::new(&["run", "none.toml"]), "none.toml"),
        (Loadgen::new(&["check", "none.toml"]), "none.toml"),
        (Loadgen::new(&["run"]), "SCENARIO.toml"),
        (Loadgen::new(&["walk"]), "unrecognized subcommand 'walk'"),
        (
            Loadgen::new(&["run", "s.toml", "--json", "no/r.json"]).file("s.toml", &forever(url)),
            "error: cannot write no/r.json: there is no directory no, create it first",
        ),
        (
            Loadgen::new(&["run", "s.toml", "--json", "."]).file("s.toml", &forever(url)),
            "error: cannot write .: it is a directory, name a file in it",
        ),
    ] {
        let finished = loadgen.run().expect_code(2);
        assert!(
            finished.stderr.contains(problem),
            "{problem}: {}",
            finished.stderr
        );
        assert_eq!(finished.stdout, "");
        assert!(!finished.path("result.json").exists());
    }
}

/// The generator stands still for a while, and so is late with every arrival of that time although
/// places are free, which may be why the threshold fails. An interrupt comes before both.
#[test]
fn code_96_when_the_generator_itself_was_late() {
    for interrupt in [false, true] {
        let server = serving(|_| status(200));
        let text = format!(
            "thresholds = [\"p95 < 100ms\"]\ntarget.url = \"{}\"\n\
             load = {{ rate = 100, duration = \"4s\", max_in_flight = 500 }}\n\
             [[task]]\nname = \"get\"\n[[task.step]]\nget = \"/\"\n",
            server.url()
        );
        let mut running = Loadgen::scenario(&text).start();
        running.wait_until("under load", |_| server.requests() > 10);
        running.signal(SIGSTOP);
        sleep(Duration::from_secs(1));
        running.signal(SIGCONT);
        let before = server.requests();
        running.wait_until("going on", |_| server.requests() > before + 100);
        if interrupt {
            running.signal(SIGINT);
        }
        let finished = running
            .finish()
            .expect_code(if interrupt { 105 } else { 96 });
        let result = with_code(&finished);
        assert_eq!(result["run"]["valid"], false);
        let reason = result["run"]["invalid_reasons"][0].as_str().unwrap();
        assert!(reason.starts_with("loadgen itself was late"), "{reason}");
        assert_eq!(result["thresholds"][0]["ok"], false);
        let verdict = finished.stdout.lines().last().unwrap();
        assert!(verdict.contains("INVALID"), "{verdict}");
        assert!(
            verdict.contains("FAILED: 1 of 1 threshold did not hold"),
            "{verdict}"
        );
        assert_eq!(verdict.contains("INTERRUPTED"), interrupt, "{verdict}");
    }
}

#[test]
fn code_97_when_nothing_answers_before_the_run() {
    // Bound, so that nobody else takes the port, but not listening.
    let closed = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    closed
        .bind(&SocketAddr::from(([127, 0, 0, 1], 0)).into())
        .unwrap();
    let port = closed.local_addr().unwrap().as_socket().unwrap().port();
    let server = server();
    let plain = server.address();
    for (url, problem) in [
        (format!("http://127.0.0.1:{port}"), "Connection refused"),
        (format!("https://127.0.0.1:{port}"), "Connection refused"),
        (format!("https://{plain}"), "no connection within 1s"),
        (
            "http://no-such-host.invalid".to_owned(),
            "cannot resolve no-such-host.invalid",
        ),
    ] {
        let top = "http = { connect_timeout = \"1s\", insecure = true }";
        let finished = brief(top, &url).run().expect_code(97);
        let told = format!("error: {url}/ cannot be reached: ");
        assert!(finished.stderr.starts_with(&told), "{}", finished.stderr);
        assert!(
            finished.stderr.contains(problem),
            "{problem}: {}",
            finished.stderr
        );
        assert_eq!(finished.stdout, "");
        assert!(!finished.path("result.json").exists());
    }
    assert_eq!(server.stop().served.len(), 0);
}

#[test]
fn code_98_when_the_bundled_target_cannot_start() {
    let scenario = "target.app = \"orders\"\nload.users = 1\n\
                    [[task]]\nname = \"get\"\n[[task.step]]\nget = \"/\"\n";
    let loadgen = Loadgen::scenario(scenario).env("TMPDIR", "/proc/none");
    let finished = loadgen.run().expect_code(98);
    let told = "error: the bundled target did not start: ";
    assert!(finished.stderr.starts_with(told), "{}", finished.stderr);
    assert!(
        finished.stderr.contains("/proc/none"),
        "{}",
        finished.stderr
    );
    assert_eq!(finished.files(), ["scenario.toml"]);
}

#[test]
fn code_98_when_the_run_cannot_be_set_up() {
    let top = "http.ca = \"none.pem\"";
    let finished = brief(top, "https://127.0.0.1:9").run().expect_code(98);
    assert!(finished.stderr.contains("none.pem"), "{}", finished.stderr);
}

#[test]
fn code_99_when_a_threshold_failed_or_had_nothing_to_judge() {
    let server = server();
    for (threshold, observed) in [
        ("count < 1", true),
        ("error_rate > 50%", true),
        ("failed.p95 < 1s", false),
    ] {
        let top = format!("thresholds = [\"errors == 0\", \"{threshold}\"]");
        let finished = brief(&top, &server.url()).run().expect_code(99);
        let result = with_code(&finished);
        let [held, failed] = &result["thresholds"].as_array().unwrap()[..] else {
            panic!("{}", result["thresholds"]);
        };
        assert_eq!((&held["ok"], &failed["ok"]), (&true.into(), &false.into()));
        assert_eq!(
            (&failed["expr"], &failed["scope"]),
            (&threshold.into(), &"totals".into())
        );
        assert_eq!(failed["observed"].is_number(), observed);
        let cross = format!("✗ {threshold}");
        assert!(finished.stdout.contains(&cross), "{}", finished.stdout);
        let verdict = "FAILED: 1 of 2 thresholds did not hold (exit code 99)\n";
        assert!(finished.stdout.ends_with(verdict), "{}", finished.stdout);
    }
}

/// One code is given where several apply; the summary names them all.
#[test]
fn code_105_rather_than_99() {
    let server = serving(|_| status(200));
    let text = format!("thresholds = [\"count < 1\"]\n{}", forever(&server.url()));
    let mut running = Loadgen::scenario(&text).start();
    running.wait_until("under load", |_| server.requests() > 0);
    running.signal(SIGINT);
    let finished = running.finish().expect_code(105);
    let result = with_code(&finished);
    assert_eq!(
        (&result["run"]["interrupted"], &result["run"]["valid"]),
        (&true.into(), &true.into())
    );
    assert!(count(&result["totals"], "count") > 0);
    let verdict = finished.stdout.lines().last().unwrap();
    assert!(verdict.starts_with("INTERRUPTED after "), "{verdict}");
    assert!(
        verdict.ends_with("FAILED: 1 of 1 threshold did not hold (exit code 105)"),
        "{verdict}"
    );
}

#[test]
fn code_104_lists_every_problem_with_its_place() {
    let finished = Loadgen::scenario(
        r#"name = "bad"
threshold = ["p95 < 300ms"]

[target]
url = "ftp://example.org"

[load]
users = 0
duration = "5 parsecs"

[[task]]
name = "get"
[[task.step]]
get = "/{{nobody}}"
"#,
    )
    .run()
    .expect_code(104);
    for place in ["2:1", "5:7", "8:9", "9:12", "14:"] {
        let place = format!("scenario.toml:{place}");
        assert!(
            finished.stderr.contains(&place),
            "{place}: {}",
            finished.stderr
        );
    }
    assert!(
        finished.stderr.contains("thresholds"),
        "a suggestion: {}",
        finished.stderr
    );
    assert!(
        finished.stderr.contains("5 problems"),
        "{}",
        finished.stderr
    );
    assert_eq!((&*finished.stdout, finished.files().len()), ("", 1));
}

/// A request hangs, and then the teardown does: nobody waits for it after the third signal.
#[test]
fn code_130_at_once_on_a_third_signal() {
    let server = serving(|_| super::silence());
    let text = forever(&server.url()) + "[[teardown.step]]\nget = \"/last\"\ntimeout = \"5m\"\n";
    let mut running = Loadgen::scenario(&text).start();
    running.wait_until("waiting", |_| server.requests() == 1);
    for signal in [SIGINT, SIGTERM] {
        running.signal(signal);
    }
    running.wait_until("waiting again", |_| server.requests() == 2);
    let third = Instant::now();
    running.signal(SIGINT);
    let finished = running.finish().expect_code(130);
    // The teardown would have ten seconds.
    assert!(third.elapsed() < Duration::from_secs(8));
    assert_eq!(finished.stdout, "");
    assert_eq!(finished.files(), ["scenario.toml"]);
}

/// A user who never pauses, until stopped.
fn forever(url: &str) -> String {
    format!(
        "target.url = \"{url}\"\nload.users = 1\n\
         [[task]]\nname = \"get\"\n[[task.step]]\nget = \"/\"\n"
    )
}
