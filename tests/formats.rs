//! Each form of the result, read by the kind of tool that it is meant for.

use nix::sys::signal::Signal;
use serde_json::Value;
use std::{
    fs,
    path::Path,
    process::Command,
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};
use test_support::{
    answer::Answer,
    loadgen::{Finished, Loadgen, Running},
    stalls::Stalls,
    tools::tool,
    truth::TruthServer,
};

const SCHEMA: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/result.schema.json");

/// Files that `--out` writes.
const FILES: [&str; 7] = [
    "result.json",
    "report.html",
    "junit.xml",
    "timeline.csv",
    "latency.hgrm",
    "latency.hlog",
    "summary.md",
];

/// Two seconds of a server that answers every other request with 503; a threshold fails.
fn run() -> Finished {
    let requests = AtomicU32::new(0);
    let server = TruthServer::start(Stalls::none(), move |_| {
        let even = requests.fetch_add(1, Ordering::Relaxed).is_multiple_of(2);
        let status = if even { 200 } else { 503 };
        Answer::new(status, "{}").after(Duration::from_millis(50))
    });
    let finished = Loadgen::scenario(&format!(
        r#"
name = "a, \"b\" <c>"
thresholds = ["p95 < 1m", "errors == 0"]
[target]
url = "{}"
[load]
users = 4
duration = "2s"
[[task]]
name = "get"
[[task.step]]
get = "/work"
headers = {{ authorization = "hunter2" }}
"#,
        server.url()
    ))
    .args(&["--out", "out/all", "--hdr", "own.hgrm", "--hdr", "own.hlog"])
    .args(&["--csv", "own.csv", "--junit", "own.xml"])
    .env("GITHUB_STEP_SUMMARY", "job.md")
    .file("job.md", "before\n\n")
    .run()
    .expect_code(99);
    server.stop();
    finished
}

#[test]
fn every_form_is_read_by_its_tool() {
    let finished = run();
    let all = finished.path("out/all");
    let read = read_by_tools(&all);
    assert_eq!(read["incomplete_is_refused"], true);

    let result = finished.result();
    let count = result["totals"]["count"].as_u64().unwrap();
    let errors = result["totals"]["errors"]["count"].as_u64().unwrap();
    assert!(errors > 0);

    assert_eq!(
        read["cases"],
        serde_json::json!([
            ["p95 < 1m", "passed"],
            ["errors == 0", "failed"],
            ["the run came to its end", "passed"],
            ["the load generator was not the bottleneck", "passed"],
        ])
    );

    assert_eq!(read["total"], count);
    let max = result["totals"]["latency_us"]["max"].as_f64().unwrap();
    assert_eq!(read["max_ns"], (max * 1e3).round() as u64);
    assert_eq!(read["hgrm_header_is_right"], true);
    assert!(read["hgrm_rows"].as_u64().unwrap() > 5);
    let intervals = read["intervals"].as_array().unwrap();
    for tag in [Value::Null, "a__\"b\"_<c>/get/GET_/work".into()] {
        let of_tag = intervals.iter().filter(|interval| interval[0] == tag);
        let logged: u64 = of_tag.map(|interval| interval[1].as_u64().unwrap()).sum();
        assert_eq!(logged, count, "{tag}");
    }

    let sum = |column: &str| -> u64 {
        let rows = read["csv"].as_array().unwrap().iter();
        let cell = |row: &Value| row[column].as_str().unwrap().parse::<u64>().unwrap();
        rows.map(cell).sum()
    };
    assert_eq!((sum("count"), sum("errors")), (count, errors));
    assert_eq!(
        read["steps"],
        serde_json::json!(["a, \"b\" <c>/get/GET /work", "totals"])
    );

    for (own, name) in [
        ("result.json", "result.json"),
        ("own.xml", "junit.xml"),
        ("own.csv", "timeline.csv"),
        ("own.hgrm", "latency.hgrm"),
        ("own.hlog", "latency.hlog"),
    ] {
        assert_eq!(text(&finished.path(own)), text(&all.join(name)), "{own}");
    }
    let summary = text(&all.join("summary.md"));
    assert_eq!(
        text(&finished.path("job.md")),
        format!("before\n\n{summary}")
    );
}

#[test]
fn a_saved_result_gives_the_same_files_again() {
    let finished = run();
    let saved = text(&finished.path("result.json"));
    let again = Loadgen::new(&["report", "saved.json", "--out", "again"])
        .file("saved.json", &saved)
        .run()
        .expect_code(0);
    assert_eq!(again.stdout, finished.stdout);
    for name in FILES {
        let (first, second) = (
            finished.path("out/all").join(name),
            again.path("again").join(name),
        );
        assert_eq!(text(&first), text(&second), "{name}");
        assert!(!text(&first).contains("hunter2"), "{name}");
    }
}

#[test]
fn what_was_written_each_second_comes_to_the_same_result() {
    let finished = run();
    let journal = text(&finished.path("out/all/intervals.jsonl"));
    assert!(!journal.contains("hunter2"));
    let again = |journal: &str| {
        Loadgen::new(&["report", "intervals.jsonl", "--json", "result.json"])
            .file("intervals.jsonl", journal)
            .run()
    };
    let whole = again(&journal).expect_code(0);
    assert_eq!(whole.result(), finished.result());

    // The last line is missing, and the one before is torn.
    let torn = journal.trim_end().rsplit_once('\n').unwrap().0;
    let torn = &torn[..torn.len() - 10];
    let killed = again(torn).expect_code(0);
    let result = killed.result();
    assert_eq!(result["run"]["interrupted"], true);
    let warnings = result["warnings"].to_string();
    assert!(warnings.contains("the run was killed"), "{warnings}");
    let lines = torn.lines().count() - 2;
    assert_eq!(result["timeline"].as_array().unwrap().len(), lines);

    for damaged in [
        "",
        "{\n",
        "{\"schema\": 7}\n",
        &journal.replace("\"HIST", "\"?"),
    ] {
        let refused = again(damaged).expect_code(2);
        let told = refused.stderr.starts_with("error: intervals.jsonl: ");
        assert!(told, "{}", refused.stderr);
    }
}

#[test]
fn a_run_that_is_killed_can_be_reported() {
    let server = TruthServer::start(Stalls::none(), |_| Answer::new(200, "{}"));
    let mut running = Loadgen::scenario(&format!(
        r#"
[target]
url = "{}"
[load]
rate = "50/s"
duration = "1m"
[[task]]
name = "get"
[[task.step]]
get = "/work"
"#,
        server.url()
    ))
    .args(&["--out", "."])
    .start();
    let lines = |it: &Running| {
        let journal = fs::read_to_string(it.path("intervals.jsonl"));
        journal.unwrap_or_default().lines().count()
    };
    running.wait_until("measured for a second", |it| lines(it) >= 3);
    running.signal(Signal::SIGKILL);
    let killed = running.finish().expect_signal(Signal::SIGKILL);
    server.stop();
    let report = Loadgen::new(&["report", "intervals.jsonl", "--json", "result.json"])
        .file("intervals.jsonl", &text(&killed.path("intervals.jsonl")))
        .run()
        .expect_code(0);
    assert!(
        report.stdout.contains("INTERRUPTED after"),
        "{}",
        report.stdout
    );
    assert!(report.result()["totals"]["count"].as_u64().unwrap() > 0);
}

#[test]
fn what_is_no_result_or_cannot_be_written_is_a_usage_error() {
    let refused = |args: &[&str]| {
        let finished = Loadgen::new(args)
            .file("other.json", "{\"schema\": 99}")
            .run()
            .expect_code(2);
        finished.stderr
    };
    let newer = refused(&["report", "other.json"]);
    assert!(
        newer.starts_with("error: other.json: this result has schema 99"),
        "{newer}"
    );
    let missing = refused(&["report", "missing.json"]);
    assert!(
        missing.starts_with("error: cannot read missing.json: "),
        "{missing}"
    );
    let file = refused(&["report", "other.json", "--out", "other.json"]);
    assert!(file.starts_with("error: "), "{file}");
}

fn text(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Content of these files as Python's junitparser, hdrhistogram, jsonschema and csv read them.
fn read_by_tools(folder: &Path) -> Value {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let output = Command::new(tool("python3"))
        .arg(root.join("tests/formats.py"))
        .args([folder, Path::new(SCHEMA)])
        .output()
        .unwrap();
    let problem = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{problem}");
    serde_json::from_slice(&output.stdout).unwrap()
}
