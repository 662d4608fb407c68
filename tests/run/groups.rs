//! Groups of steps, against what the server was asked.

use super::{
    measured,
    result::{at, count, named},
    serving, with_code,
};
use std::time::Duration;
use test_support::{answer::Answer, loadgen::Loadgen, request::Request};

const SHOP: &str = r#"
name = "shop"
seed = 7
thresholds = [
    { task = "buy/browse", expr = "p95 < 10s" },
    { task = "shop/buy/look", expr = "count == 24" },
]
[load]
users = 2
iterations = 3
[data]
item = { sequence = {}, scope = "step" }
[[task]]
name = "buy"
[[task.step]]
get = "/work/start"
[[task.step]]
name = "browse"
repeat = 2
[[task.step.step]]
get = "/work/list"
[[task.step.step]]
name = "look"
repeat = 2
step = [{ name = "item", get = "/work/item/{{item}}" }]
[[task.step]]
get = "/work/end"
repeat = "1..4"
"#;

/// So many ms before each response.
const DELAY: u64 = 5;

fn delayed(_: &Request) -> Answer {
    Answer::new(200, "{}").after(Duration::from_millis(DELAY))
}

#[test]
fn groups_are_done_as_often_as_asked_for_and_measured_from_start_to_end() {
    let server = serving(delayed);
    let run = Loadgen::scenario(SHOP).args(&["--target", &server.url(), "--workers", "2"]);
    let run = run.args(&["--csv", "timeline.csv", "--hdr", "latency.hlog"]);
    let finished = run.run();
    let result = measured(&finished);
    let log = server.stop();
    let asked = |path: &str| {
        let served = log.served.iter();
        served.filter(|s| s.request.path.starts_with(path)).count() as u64
    };
    // Six runs of two repetitions, each of one list and two items.
    assert_eq!(asked("/work/start"), 6);
    assert_eq!(asked("/work/list"), 12);
    assert_eq!(asked("/work/item"), 24);
    assert!((6..=24).contains(&asked("/work/end")));
    let mut items: Vec<&str> = log
        .served
        .iter()
        .filter_map(|served| served.request.path.strip_prefix("/work/item/"))
        .collect();
    items.sort_unstable();
    items.dedup();
    assert_eq!(items.len(), 24, "each repetition draws its own");

    let timeline = result["timeline"].as_array().unwrap();
    let over_time = timeline
        .iter()
        .filter_map(|interval| interval["groups"]["shop/buy/look"]["count"].as_u64());
    assert_eq!(over_time.sum::<u64>(), 24);
    let written = |name| std::fs::read_to_string(finished.path(name)).unwrap();
    let rows = written("timeline.csv");
    let rows = rows.lines().map(|row| row.split(',').collect::<Vec<_>>());
    let counts = rows
        .filter(|row| row.get(2) == Some(&"shop/buy/look"))
        .map(|row| row[8].parse::<u64>().unwrap());
    assert_eq!(counts.sum::<u64>(), 24);
    assert!(written("latency.hlog").contains("\nTag=shop/buy/look,"));
    let groups = &result["groups"];
    let browse = named(groups, "id", "shop/buy/browse");
    let look = named(groups, "id", "shop/buy/look");
    assert_eq!((count(browse, "count"), count(look, "count")), (12, 24));
    assert_eq!(look["within"][0], "shop/buy/browse");
    let item = named(&result["steps"], "name", "item");
    assert_eq!(item["within"][1], "shop/buy/look");
    // A group of one step takes as long as that, one of three at least as long as their answers.
    for figure in ["latency_us.min", "latency_us.max"] {
        assert_eq!(at(look, figure), at(item, figure));
    }
    assert!(at(browse, "latency_us.min") >= (3 * DELAY * 1000) as f64);
    assert_eq!(result["thresholds"][0]["scope"], "shop/buy/browse");
    assert_eq!(result["thresholds"][1]["observed"], 24.0);
    let shown = |name: &str| {
        finished
            .stdout
            .lines()
            .position(|line| line.starts_with(name))
    };
    let places = [
        "buy ",
        "  browse ",
        "    GET /work/list ",
        "    look ",
        "      item ",
    ];
    let places: Vec<_> = places.iter().map(|name| shown(name)).collect();
    assert!(
        places.is_sorted() && places[0].is_some(),
        "{}",
        finished.stdout
    );
}

#[test]
fn a_killed_run_keeps_its_groups() {
    let server = serving(delayed);
    let run = Loadgen::scenario(SHOP)
        .args(&["--target", &server.url(), "--out", "out"])
        .run();
    let result = with_code(&run);
    let journal = std::fs::read_to_string(run.path("out/intervals.jsonl")).unwrap();
    let again = Loadgen::retold(&journal).expect_code(0).result();
    assert_eq!(again["groups"], result["groups"]);
    assert_eq!(again["thresholds"], result["thresholds"]);
}
