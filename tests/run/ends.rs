//! However a run with a bundled target ends, no process and no file is left of it. That is what
//! `Running::finish` waits for; a port cannot outlive the process that has it.

use super::{result::count, serving, status, with_code};
use crate::support::{
    loadgen::{Loadgen, Running},
    truth::TruthServer,
};
use nix::{
    errno::Errno,
    sys::signal::{
        Signal::{self, SIGCONT, SIGINT, SIGKILL, SIGSTOP, SIGTERM},
        kill,
    },
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
fn after_an_interrupt_or_a_request_to_terminate() {
    for signal in [SIGINT, SIGTERM] {
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
    for signal in [SIGINT, SIGTERM, SIGKILL] {
        let running = starting();
        running.signal(signal);
        let finished = running.finish();
        match signal {
            SIGKILL => finished.expect_signal(SIGKILL),
            _ => finished.expect_code(105),
        };
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

/// A target that hangs makes the graceful stop wait; who interrupts twice will not.
#[test]
fn after_a_second_interrupt_while_requests_hang() {
    for second in [SIGINT, SIGTERM] {
        let (mut running, _server) = under_load(Loadgen::start);
        let target = running.child();
        kill(target, SIGSTOP).unwrap();
        running.signal(SIGINT);
        let told = "interrupted: waiting for what is under way; once more quits at once";
        running.wait_until("told", |it| it.stderr().contains(told));
        running.signal(second);
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
    // What was measured is there all the same, and that a threshold did not hold either.
    let created = super::result::named(&result["tasks"], "id", "shop/create");
    assert!(count(created, "count") > 0);
    assert_eq!(result["thresholds"][0]["ok"], false);
    assert_eq!(result["run"]["interrupted"], false);
    assert!(finished.stdout.contains(failure), "{}", finished.stdout);
}

/// Of a target that is ended from outside in order, the same is told.
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
