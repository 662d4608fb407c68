//! The warm-up: it loads the server, is shown, and is in no statistics.

use super::{measured, result::count, serving, status};
use std::{
    sync::atomic::{AtomicU64, Ordering::SeqCst},
    time::Duration,
};
use test_support::{answer::Answer, loadgen::Loadgen, request::Request, truth::TruthServer};

/// Service time of the warm-up's arrivals. None of the others takes as long on any machine.
const SLOW: Duration = Duration::from_secs(4);

/// Keeps what is posted, which is numbered. The first hundred are answered slowly, the first seven
/// of them refused.
fn store() -> TruthServer {
    let kept = AtomicU64::new(0);
    serving(move |request: &Request| {
        let Some(number) = request.path.strip_prefix("/work/") else {
            return Answer::new(200, &kept.load(SeqCst).to_string());
        };
        let number: u64 = number.parse().unwrap();
        let answer = if number <= 7 {
            Answer::new(503, "not yet")
        } else {
            kept.fetch_add(1, SeqCst);
            status(201)
        };
        answer.after(if number <= 100 { SLOW } else { Duration::ZERO })
    })
}

#[test]
fn what_is_due_in_the_warm_up_is_in_no_statistics_but_verified() {
    let server = store();
    let text = format!(
        r#"
        thresholds = ["error_rate == 0%", "max < 3s", "count == 200"]
        [target]
        url = "{}"
        [load]
        rate = 100
        warmup = "1s"
        duration = "2s"
        [data]
        n = {{ sequence = {{}} }}
        [[task]]
        name = "order"
        [[task.step]]
        post = "/work/{{{{n}}}}"
        [[verify]]
        get = "/kept"
        expect = "before == 0 and value == ok('order') and value == 293 and failed('order') == 7"
        "#,
        server.url()
    );
    let args = "run scenario.toml --dashboard plain --json result.json --out out --csv course.csv";
    let finished = Loadgen::new(&args.split(' ').collect::<Vec<_>>())
        .file("scenario.toml", &text)
        .folder("out")
        .run();
    let result = measured(&finished);
    let log = server.stop();
    assert_eq!(log.served.len(), 300);
    assert_eq!(count(&result["totals"], "count"), 200);
    assert_eq!(count(&result["totals"], "offered"), 200);
    assert_eq!(count(&result["totals"], "errors.count"), 0);
    assert_eq!(result["run"]["warmup_s"], 1.0);
    for threshold in result["thresholds"].as_array().unwrap() {
        assert_eq!(threshold["ok"], true, "{threshold}");
    }
    assert_eq!(result["verify"][0]["ok"], true, "{}", result["verify"]);
    let warned = result["warnings"].to_string();
    let words = "in the warm-up, which is in no statistics: 100 requests, 7 failed (status_5xx 7)";
    assert!(warned.contains(words), "{warned}");
    let stderr = &finished.stderr;
    // Nothing had ended by then.
    assert!(stderr.contains("the warm-up is over: "), "{stderr}");
    assert!(finished.stdout.contains("1s of warm-up before"));
    let read = |name: &str| std::fs::read_to_string(finished.path(name)).unwrap();
    let rows = read("course.csv");
    let mut rows = rows.lines();
    let mut columns = rows.next().unwrap().split(',');
    let column = columns.position(|name| name == "warmup").unwrap();
    let flags: Vec<&str> = rows.filter_map(|row| row.split(',').nth(column)).collect();
    // The totals and the step, in the first second.
    assert!(flags.iter().take(2).all(|flag| *flag == "1"), "{flags:?}");
    assert!(flags.iter().skip(2).all(|flag| *flag == "0"), "{flags:?}");
    assert!(read("out/report.html").contains("class=\"warmup\""));
    // The journal tells the same.
    let again = Loadgen::retold(&read("out/intervals.jsonl"));
    let again = again.expect_code(0).result();
    for part in [
        "run",
        "totals",
        "steps",
        "timeline",
        "thresholds",
        "warnings",
    ] {
        assert_eq!(again[part], result[part], "{part}");
    }
}

#[test]
fn iterations_and_events_count_from_the_end_of_the_warm_up() {
    let server = TruthServer::steady(Duration::from_millis(5));
    let text = format!(
        r#"
        [target]
        url = "{}"
        [[population]]
        name = "users"
        load = {{ users = 3, iterations = 20, warmup = "1500ms", think = "10ms" }}
        task = [{{ name = "t", step = [{{ get = "/work" }}] }}]
        [[population]]
        name = "arrivals"
        load = {{ rate = 40, warmup = "1s", duration = "1s" }}
        task = [{{ name = "t", step = [{{ get = "/work" }}] }}]
        [[event]]
        name = "mark"
        at = "500ms"
        post = "/mark"
        "#,
        server.url()
    );
    let finished = Loadgen::scenario(&text).args(&["--workers", "2"]).run();
    let result = measured(&finished);
    let log = server.stop();
    assert_eq!(count(&result["tasks"][0], "count"), 60);
    assert_eq!(count(&result["tasks"][1], "count"), 40);
    assert!(log.served.len() > 60 + 80, "{}", log.served.len());
    assert_eq!(result["run"]["warmup_s"], 1.5);
    let at = result["events"][0]["t_s"].as_f64().unwrap();
    assert!(at >= 2.0, "{at}");
}
