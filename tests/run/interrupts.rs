//! Fate of what is under way when a run is ended early.

use super::{
    result::{at, count, named},
    serving, silence, status, with_code,
};
use nix::sys::signal::Signal::{SIGINT, SIGTERM};
use std::{thread::sleep, time::Duration};
use test_support::{
    answer::Answer,
    loadgen::{Finished, Loadgen},
    truth::MEASURED,
};

fn scenario(url: &str, top: &str, load: &str) -> Loadgen {
    Loadgen::scenario(&format!(
        "{top}\ntarget.url = \"{url}\"\nload = {{ {load} }}\n\
         [[task]]\nname = \"get\"\n[[task.step]]\nget = \"{MEASURED}\"\n"
    ))
}

/// Ends a run as soon as `ready` says so.
fn interrupt(loadgen: Loadgen, ready: impl Fn() -> bool) -> Finished {
    let mut running = loadgen.start();
    running.wait_until("ready", |_| ready());
    running.signal(SIGTERM);
    running.finish()
}

#[test]
fn what_never_ends_is_cut_off_and_recorded_at_its_age() {
    let server = serving(|_| silence());
    let load = "users = 3, graceful_stop = \"1s\"";
    let finished = interrupt(scenario(&server.url(), "", load), || server.requests() == 3);
    let result = with_code(&finished.expect_code(105));
    for stats in [&result["totals"], &result["tasks"][0], &result["steps"][0]] {
        assert_eq!(
            ["offered", "count", "interrupted", "unknown"].map(|key| count(stats, key)),
            [3, 0, 3, 3]
        );
        // They had the whole graceful stop, and began with the run or later.
        let ages = ["min", "max"].map(|key| at(stats, &format!("latency_us.{key}")) / 1e6);
        assert!(ages[0] >= 0.999, "{ages:?}");
        assert!(ages[1] <= at(&result, "run.duration_s") * 1.001, "{ages:?}");
        for empty in ["ok_latency_us", "failed_latency_us", "service_us"] {
            assert!(stats[empty].is_null(), "{empty}");
        }
    }
    assert!(at(&result, "run.duration_s") >= 1.0);
    let warnings = result["warnings"].to_string();
    assert!(
        warnings.contains("3 runs had not ended when the graceful stop was over"),
        "{warnings}"
    );
}

#[test]
fn what_was_not_sent_is_not_unknown() {
    let server = serving(|_| silence());
    let load = "rate = 50, max_in_flight = 2, graceful_stop = \"200ms\"";
    let finished = interrupt(scenario(&server.url(), "", load), || {
        sleep(Duration::from_millis(500)); // Meanwhile others come due.
        server.requests() == 2
    });
    let result = with_code(&finished.expect_code(105));
    let totals = &result["totals"];
    assert_eq!((count(totals, "count"), count(totals, "unknown")), (0, 2));
    assert_eq!(count(totals, "interrupted"), count(totals, "offered"));
    assert!(count(totals, "offered") > 5, "{}", totals["offered"]);
    assert_eq!((server.requests(), count(totals, "dropped")), (2, 0));
}

#[test]
fn arrivals_that_had_come_due_are_still_sent() {
    let work = Duration::from_millis(25);
    let server = serving(move |_| status(200).after(work));
    // Twice as many come as can be served.
    let load = "rate = 80, max_in_flight = 1, graceful_stop = \"90s\"";
    let finished = interrupt(scenario(&server.url(), "", load), || server.requests() > 20);
    let result = with_code(&finished.expect_code(105));
    let totals = &result["totals"];
    assert_eq!(count(totals, "count"), count(totals, "offered"));
    assert_eq!(
        (count(totals, "interrupted"), count(totals, "unknown")),
        (0, 0)
    );
    let served = server.stop().served;
    assert_eq!(served.len() as u64, count(totals, "count"));
    // The last one waited its turn behind the others, and its latency says so.
    assert!(at(totals, "latency_us.max") > 3.0 * at(totals, "service_us.p50"));
}

#[test]
fn what_ends_within_the_graceful_stop_counts_as_usual() {
    let server = serving(|_| status(200).after(Duration::from_millis(700)));
    let finished = interrupt(scenario(&server.url(), "", "users = 4"), || {
        server.requests() == 4
    });
    let result = with_code(&finished.expect_code(105));
    let totals = &result["totals"];
    assert_eq!(
        ["offered", "count", "interrupted"].map(|key| count(totals, key)),
        [4, 4, 0]
    );
    assert!(at(totals, "ok_latency_us.min") >= 700_000.0);
}

/// In the second of two steps the run is cut off, the first one counts.
#[test]
fn steps_that_ended_before_the_cut_count() {
    let server = serving(|request| match &*request.path {
        "/work/first" => status(200),
        _ => silence(),
    });
    let text = format!(
        "target.url = \"{}\"\nload = {{ users = 1, graceful_stop = \"100ms\" }}\n\
         [[task]]\nname = \"two\"\n[[task.step]]\nget = \"/work/first\"\n\
         [[task.step]]\nget = \"/work/second\"\n",
        server.url()
    );
    let finished = interrupt(Loadgen::scenario(&text), || server.requests() == 2);
    let result = with_code(&finished.expect_code(105));
    let task = named(&result["tasks"], "id", "scenario/two");
    assert_eq!(
        ["count", "interrupted", "unknown"].map(|key| count(task, key)),
        [0, 1, 1]
    );
    let steps = ["GET /work/first", "GET /work/second"].map(|name| {
        let step = named(&result["steps"], "name", name);
        ["count", "interrupted", "unknown"].map(|key| count(step, key))
    });
    assert_eq!(steps, [[1, 0, 0], [0, 1, 1]]);
}

#[test]
fn pauses_end_with_the_run() {
    let server = serving(|_| status(200));
    let load = "users = 2, think = \"1h\"";
    let finished = interrupt(scenario(&server.url(), "", load), || server.requests() == 2);
    let result = with_code(&finished.expect_code(105));
    assert_eq!(count(&result["totals"], "count"), 2);
    assert!(at(&result, "run.duration_s") < 60.0);
}

#[test]
fn a_threshold_with_abort_ends_the_run() {
    for (threshold, code) in [
        (r#"{ expr = "error_rate < 10%", abort = true }"#, 500),
        (
            r#"{ expr = "errors == 0", abort = true, window = "1s" }"#,
            404,
        ),
    ] {
        let answer = move |_: &_| Answer::new(code, "{}").after(Duration::from_millis(10));
        let server = serving(answer);
        let top = format!("thresholds = [{threshold}]");
        let load = "users = 2, duration = \"10m\"";
        let finished = scenario(&server.url(), &top, load).run().expect_code(99);
        let result = with_code(&finished);
        assert!(at(&result, "run.duration_s") < 60.0);
        assert_eq!(result["run"]["interrupted"], false);
        assert_eq!(result["thresholds"][0]["ok"], false);
        assert!(count(&result["totals"], "errors.count") > 0);
    }
}

#[test]
fn an_interrupt_before_the_load_is_told() {
    // The server accepts, but the handshake never ends.
    let server = serving(|_| status(200));
    let text = format!(
        "target.url = \"https://{}\"\nhttp = {{ connect_timeout = \"5m\", insecure = true }}\n\
         load.users = 1\n[[task]]\nname = \"get\"\n[[task.step]]\nget = \"/\"\n",
        server.address()
    );
    let mut running = Loadgen::scenario(&text).start();
    running.wait_until("connected", |_| server.connections() > 0);
    running.signal(SIGINT);
    let finished = running.finish().expect_code(105);
    assert_eq!(
        finished.stderr,
        "error: interrupted before the load began\n"
    );
    assert_eq!(finished.stdout, "");
}
