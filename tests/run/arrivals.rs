//! Arrivals and users over time, as the server saw them.
//!
//! Their precision is for `truth` and the benches; here they may be half a second late.

use super::{measured, result::count};
use serde_json::Value;
use std::{
    collections::{BTreeMap, BTreeSet},
    ops::Range,
    time::Duration,
};
use test_support::{
    loadgen::Loadgen,
    truth::{Log, MEASURED, TruthServer},
};

fn run(load: &str, args: &[&str]) -> (Value, Log) {
    let server = TruthServer::steady(Duration::ZERO);
    let text = format!(
        "target.url = \"{}\"\nload = {{ {load} }}\n\
         [[task]]\nname = \"get\"\n[[task.step]]\nget = \"{MEASURED}\"\n",
        server.url()
    );
    let finished = Loadgen::scenario(&text).args(args).run();
    let result = measured(&finished);
    let log = server.stop();
    assert_eq!(log.problems, [""; 0]);
    assert_eq!(log.served.len() as u64, count(&result["totals"], "count"));
    assert_eq!(
        count(&result["totals"], "offered"),
        count(&result["totals"], "count")
    );
    (result, log)
}

/// Number of requests in these seconds since the first.
fn came(log: &Log, seconds: Range<f64>) -> usize {
    let within = |arrival: u64| seconds.contains(&(arrival as f64 / 1e9));
    log.served
        .iter()
        .filter(|served| within(served.arrival))
        .count()
}

#[test]
fn a_constant_rate_is_exact() {
    for (rate, length, args, arrivals) in [
        ("130", "2s", &[][..], 260),
        ("12000/m", "1500ms", &["--workers", "2"], 300),
        ("3", "2s", &["--rate", "60"], 120),
        ("60", "1m", &["--duration", "1s"], 60),
    ] {
        let (_, log) = run(&format!("rate = \"{rate}\", duration = \"{length}\""), args);
        assert_eq!(log.served.len(), arrivals, "{rate} for {length}");
    }
}

#[test]
fn poisson_arrivals_are_about_as_many_and_not_even() {
    let load = "rate = 200, duration = \"2s\", arrivals = \"poisson\"";
    let (_, log) = run(load, &["--seed", "1"]);
    // 400 expected; the seed is fixed, so this is no matter of luck.
    assert!(
        (340..460).contains(&log.served.len()),
        "{}",
        log.served.len()
    );
}

#[test]
fn stages_follow_one_another() {
    let stages = r#"stages = [
        { duration = "0s", rate = 20 }, { duration = "2s", rate = 20 },
        { duration = "0s", rate = 200 }, { duration = "2s", rate = 200 },
        { duration = "0s", rate = 20 }, { duration = "2s", rate = 20 },
    ]"#;
    let (result, log) = run(&stages.replace('\n', " ").replace(", ]", " ]"), &[]);
    assert_eq!(log.served.len(), 40 + 400 + 40);
    // The peak begins 2 s after the first arrival, or less if that one was late itself.
    let [before, peak, after] = [0.0..1.4, 1.4..4.6, 4.6..99.0].map(|part| came(&log, part));
    assert!((10..=40).contains(&before), "{before}");
    assert!((400..=470).contains(&peak), "{peak}");
    assert!((5..=40).contains(&after), "{after}");
    let offered: Vec<u64> = (result["timeline"].as_array().unwrap().iter())
        .map(|second| count(second, "offered"))
        .collect();
    assert_eq!(offered.iter().sum::<u64>(), 480);
}

#[test]
fn a_ramp_of_arrivals_grows() {
    let load = "stages = [{ duration = \"3s\", rate = 200 }]";
    let (_, log) = run(load, &[]);
    assert_eq!(log.served.len(), 300);
    // By the integral 33 come in the first second, and 225 after the middle.
    let [first, last] = [0.0..1.0, 1.5..99.0].map(|part| came(&log, part));
    assert!(first < 80 && last > 160, "{first} and {last}");
}

#[test]
fn users_come_and_go_with_the_stages() {
    let stages = "stages = [{ duration = \"0s\", users = 2 }, { duration = \"2s\", users = 2 }, \
                  { duration = \"0s\", users = 9 }, { duration = \"2s\", users = 9 }, \
                  { duration = \"0s\", users = 2 }, { duration = \"2s\", users = 2 }], \
                  think = \"20ms\"";
    let (result, log) = run(stages, &[]);
    // A user is a connection. The middle second of each stage.
    let users = [0.5..1.5, 2.5..3.5, 4.5..5.5].map(|middle: Range<f64>| {
        let within = |arrival: u64| middle.contains(&(arrival as f64 / 1e9));
        let mut connections = BTreeSet::new();
        for served in log.served.iter().filter(|served| within(served.arrival)) {
            connections.insert(served.request.connection);
        }
        connections.len()
    });
    assert_eq!(users, [2, 9, 2]);
    // One more was opened before the run, to see whether the server is there.
    assert_eq!(log.connections, 1 + 9);
    let timeline = result["timeline"].as_array().unwrap();
    let at_end_of = |second: usize| count(&timeline[second], "users");
    assert_eq!([0, 2, 4].map(at_end_of), [2, 9, 2]);
}

#[test]
fn users_spawn_at_their_rate() {
    let load = "users = 8, spawn_rate = 4, duration = \"3s\", think = \"20ms\"";
    let (result, log) = run(load, &[]);
    let mut first = BTreeMap::new();
    for served in &log.served {
        first
            .entry(served.request.connection)
            .or_insert(served.arrival);
    }
    let mut came: Vec<u64> = first.into_values().collect();
    came.sort_unstable();
    assert_eq!(came.len(), 8);
    for (user, came) in came.iter().enumerate() {
        let (came, due) = (*came as f64 / 1e9, user as f64 / 4.0);
        assert!((came - due).abs() < 0.7, "user {user} came at {came}");
    }
    assert_eq!(count(&result["timeline"][2], "users"), 8);
}
