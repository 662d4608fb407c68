//! However a run with a bundled target ends, no process and no file is left of it. That is what
//! `Running::finish` waits for; a port cannot outlive the process that has it.

use super::{
    measured,
    result::{at, count},
    serving, status, with_code,
};
use nix::{
    errno::Errno,
    sys::signal::{
        Signal::{self, SIGCONT, SIGHUP, SIGINT, SIGKILL, SIGQUIT, SIGSTOP, SIGTERM},
        kill,
    },
};
use test_support::{
    loadgen::{Loadgen, Running},
    truth::TruthServer,
};

/// The bundled orders under load without an end, beside a server that tells when the load is on.
fn under_load(start: impl FnOnce(Loadgen) -> Running) -> (Running, TruthServer) {
    let server = serving(|_| status(200));
    let scenario = format!(
        r#"
thresholds = ["p50 > 60m"]

[[population]]
name = "shop"
target.app = "orders"
load = {{ users = 4, graceful_stop = "90s" }}
[[population.task]]
name = "create"
[[population.task.step]]
post = "/api/order"
json = {{ customer_id = 1, items = [{{ product_id = 1, quantity = 1, unit_price = 1 }}] }}
expect.status = 201

[[population]]
name = "probe"
target.url = "{}"
load = {{ users = 1, think = "20ms" }}
[[population.task]]
name = "look"
[[population.task.step]]
get = "/"
"#,
        server.url()
    );
    let loadgen = Loadgen::new(&["run", "scenario.toml", "--json", "result.json"]);
    let mut running = start(loadgen.file("scenario.toml", &scenario));
    running.wait_until("under load", |_| server.requests() >= 10);
    (running, server)
}

#[test]
fn after_an_interrupt_a_request_to_terminate_or_a_hangup() {
    for signal in [SIGINT, SIGQUIT, SIGTERM, SIGHUP] {
        let (running, _server) = under_load(Loadgen::start);
        running.signal(signal);
        let finished = running.finish().expect_code(105);
        let result = with_code(&finished);
        assert_eq!(result["run"]["interrupted"], true);
        assert_eq!(result["run"]["failures"], serde_json::json!([]));
        assert!(count(&result["totals"], "count") > 0);
        assert!(
            finished.stdout.contains("INTERRUPTED after "),
            "{}",
            finished.stdout
        );
        assert_eq!(finished.files(), ["result.json", "scenario.toml"]);
    }
}

/// The terminal sends it to the whole group in the foreground; the bundled target is not in it.
#[test]
fn after_ctrl_c_in_a_terminal() {
    let (running, _server) = under_load(|loadgen| loadgen.in_group().start());
    running.signal_group(SIGINT);
    let result = with_code(&running.finish().expect_code(105));
    assert_eq!(result["run"]["failures"], serde_json::json!([]));
    assert_eq!(result["totals"]["errors"]["count"], 0);
}

#[test]
fn after_a_kill() {
    let (running, _server) = under_load(Loadgen::start);
    running.signal(SIGKILL);
    let finished = running.finish().expect_signal(SIGKILL);
    assert_eq!(finished.files(), ["scenario.toml"]);
}

#[test]
fn after_any_of_them_while_the_target_is_still_starting() {
    for signal in [SIGINT, SIGQUIT, SIGTERM, SIGHUP, SIGKILL] {
        let running = starting();
        running.signal(signal);
        let finished = running.finish();
        match signal {
            SIGKILL => finished.expect_signal(SIGKILL),
            _ => finished.expect_code(105),
        };
    }
}

#[test]
fn a_target_in_the_foreground_ends_tidily_at_each_of_them() {
    for signal in [SIGINT, SIGQUIT, SIGTERM, SIGHUP] {
        let mut running = Loadgen::new(&["target", "orders", "--port", "0"]).start();
        running.wait_until("serving", |it| it.stdout().contains("Ctrl-C stops"));
        assert!(!running.temporary().is_empty());
        running.signal(signal);
        running.finish().expect_code(0);
    }
}

/// The bundled weather service, which takes a while to be filled.
fn starting() -> Running {
    let scenario = r#"
target.app = "weather"
load.users = 1
[[task]]
name = "look"
[[task.step]]
get = "/health"
"#;
    let mut running = Loadgen::scenario(scenario).start();
    running.wait_until("filling", |it| !it.temporary().is_empty());
    running
}

/// A target that hangs makes the graceful stop wait. The second signal cuts it off, and what was
/// measured is reported; the third waits for nothing, not even for a target that does not end.
#[test]
fn after_a_second_and_a_third_signal_while_requests_hang() {
    for [first, second, third] in [
        [SIGINT, SIGTERM, SIGHUP],
        [SIGHUP, SIGINT, SIGTERM],
        [SIGTERM, SIGHUP, SIGINT],
    ] {
        let (mut running, _server) = under_load(Loadgen::start);
        let target = running.child();
        kill(target, SIGSTOP).unwrap();
        running.signal(first);
        let told = "interrupted: waiting for what is under way; once more cuts it off";
        running.wait_until("told", |it| it.stderr().contains(told));
        running.signal(second);
        let told = "interrupted again: what is under way is cut off; once more leaves at once";
        running.wait_until("told again", |it| it.stderr().contains(told));
        running.signal(third);
        running.wait_for_end();
        // It can only see that its parent is gone when it runs again. The kernel wakes the stopped
        // processes of an orphaned group too, so it may have seen it, and be gone, already.
        let woken = kill(target, SIGCONT);
        assert!(matches!(woken, Ok(()) | Err(Errno::ESRCH)), "{woken:?}");
        let finished = running.finish().expect_code(130);
        assert_eq!(finished.files(), ["scenario.toml"]);
        assert_eq!(finished.stdout, "");
    }
}

/// A SIGHUP that was ignored at the start, as `nohup` has it, stays so.
#[test]
fn not_after_a_hangup_that_is_ignored() {
    let server = serving(|_| status(200));
    let text = format!(
        "target.url = \"{}\"\nload = {{ users = 1, think = \"5ms\", duration = \"1500ms\" }}\n\
         [[task]]\nname = \"get\"\n[[task.step]]\nget = \"/\"\n",
        server.url()
    );
    let mut running = Loadgen::scenario(&text).with_hangup_ignored().start();
    running.wait_until("under load", |_| server.requests() >= 10);
    running.signal(SIGHUP);
    let result = measured(&running.finish());
    assert_eq!(result["run"]["interrupted"], false);
    assert!(at(&result, "run.duration_s") >= 1.5);
}

/// Nobody is left who could tell the folder of its data, but loadgen made it.
#[test]
fn after_the_targets_own_death_while_it_was_starting() {
    let running = starting();
    kill(running.child(), SIGKILL).unwrap();
    let finished = running.finish().expect_code(98);
    let told = "the bundled target ended before it was ready";
    assert!(finished.stderr.contains(told), "{}", finished.stderr);
}

#[test]
fn folders_of_its_data_are_nobody_elses() {
    use std::os::unix::fs::PermissionsExt;
    let text = "target.app = \"orders\"\nload.users = 1\n[[task]]\nname = \"look\"\n\
                [[task.step]]\nget = \"/health\"\n";
    let mut running = Loadgen::scenario(text).with_umask(0).start();
    running.wait_until("filling", |it| !it.temporary().is_empty());
    for name in running.temporary() {
        let about = std::fs::metadata(running.path("../tmp").join(&name)).unwrap();
        assert_eq!(about.permissions().mode() & 0o777, 0o700, "{name}");
    }
    running.signal(SIGINT);
    running.finish().expect_code(105);
}

#[test]
fn after_the_targets_own_death() {
    let (running, _server) = under_load(Loadgen::start);
    kill(running.child(), SIGKILL).unwrap();
    let finished = running.finish().expect_code(98);
    let result = with_code(&finished);
    let failure = result["run"]["failures"][0].as_str().unwrap();
    assert!(
        failure.starts_with("the bundled target ended during the run (signal: 9"),
        "{failure}"
    );
    // The measurements are there all the same, and the threshold that did not hold.
    let created = super::result::named(&result["tasks"], "id", "shop/create");
    assert!(count(created, "count") > 0);
    assert_eq!(result["thresholds"][0]["ok"], false);
    assert_eq!(result["run"]["interrupted"], false);
    assert!(finished.stdout.contains(failure), "{}", finished.stdout);
}

/// A target that is ended from outside in order is told of alike.
#[test]
fn after_the_target_was_terminated() {
    let (running, _server) = under_load(Loadgen::start);
    kill(running.child(), Signal::SIGTERM).unwrap();
    let result = with_code(&running.finish().expect_code(98));
    let failure = result["run"]["failures"][0].as_str().unwrap();
    assert!(
        failure.contains("ended during the run (exit status: 0)"),
        "{failure}"
    );
}
