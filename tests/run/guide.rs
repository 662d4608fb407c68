//! The examples of docs/background.md, run as they stand there.

use super::measured;
use serde_json::Value;
use test_support::loadgen::Loadgen;

const GUIDE: &str = include_str!("../../docs/background.md");

fn example(name: &str) -> &str {
    let examples = GUIDE.split("```toml\n").skip(1);
    let mut texts = examples.map(|rest| rest.split("```").next().unwrap());
    texts
        .find(|text| text.starts_with(&format!("name = \"{name}\"")))
        .unwrap_or_else(|| panic!("no example {name}"))
}

fn run(name: &str, duration: &str, args: &[&str]) -> Loadgen {
    Loadgen::scenario(example(name))
        .args(&["--duration", duration])
        .args(args)
}

/// Each event was done, each threshold and verification held.
fn holds(result: &Value) {
    for kind in ["events", "thresholds", "verify"] {
        for judged in result[kind].as_array().unwrap() {
            assert_eq!(judged["ok"], true, "{judged}");
        }
    }
}

#[test]
fn no_example_is_left_out() {
    assert_eq!(GUIDE.matches("```toml\n").count(), 3);
}

#[test]
fn events_are_done_and_undone() {
    let result = measured(&run("slow-spell", "6s", &[]).run());
    holds(&result);
    assert_eq!(result["events"].as_array().unwrap().len(), 3);
    let slowest = result["totals"]["latency_us"]["max"].as_f64().unwrap();
    assert!(slowest >= 1e6, "{slowest}");
}

#[test]
fn the_pool_is_seen_to_be_exhausted_and_to_recover() {
    let result = measured(&run("exhausted", "20s", &[]).run());
    holds(&result);
    assert_eq!(result["thresholds"].as_array().unwrap().len(), 4);
}

#[test]
fn promises_are_kept_unless_the_service_forgets() {
    holds(&measured(&run("kept-promises", "3s", &[]).run()));
    let command = GUIDE
        .lines()
        .find(|line| line.starts_with("loadgen run kept-promises.toml"))
        .unwrap();
    let (_, set) = command.split_once(" --set ").unwrap();
    // As few as come on a slow machine have one among them that is lost.
    let set = set.trim_matches('\'').replace("100", "3");
    let forgetful = run("kept-promises", "3s", &["--set", &set]).run();
    let result = forgetful.result();
    let lost = &result["verify"][0];
    assert_eq!(lost["ok"], false, "{lost}");
    assert_eq!(result["totals"]["errors"]["count"], 0);
    let told = "✗ every acknowledged order is stored, and nothing else";
    assert!(forgetful.stdout.contains(told) && GUIDE.contains(told));
    assert!(matches!(forgetful.code(), Some(99 | 96)));
}
