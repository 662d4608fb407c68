//! Properties of every result file, and agreement of its figures with each other.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use hdrhistogram::{Histogram, serialization::Deserializer};
use serde_json::Value;
use std::collections::BTreeMap;

const TOP: &str = "schema scenario plan run generators totals tasks groups steps timeline thresholds \
                   checks verify events observed warnings";
const RUN: &str = "id started_at duration_s interrupted valid invalid_reasons exit_code warmup_s";
const STATS: &str = "offered count rate_per_s requests_per_s dropped exhausted interrupted late unknown retries reconnects errors \
                     latency_us ok_latency_us failed_latency_us service_us ttfb_us connect_us bytes_sent \
                     bytes_received hdr";
const FIGURES: [&str; 7] = ["min", "p50", "p75", "p90", "p95", "p99", "p99_9"];
const INTERVAL: &str = "t_s interval_s users in_flight steps";

/// Sums of these are those of the requests.
const OF_REQUESTS: [&str; 7] = [
    "count",
    "unknown",
    "retries",
    "reconnects",
    "bytes_sent",
    "bytes_received",
    "errors.count",
];

/// Sums of these are those of task runs.
const OF_RUNS: [&str; 3] = ["offered", "dropped", "interrupted"];

/// Fails unless every key is there and every number agrees with the others.
pub fn check(result: &Value) {
    has(result, TOP);
    has(&result["scenario"], "name file sha256 seed");
    has(&result["run"], RUN);
    assert_eq!(result["schema"], 1);
    let id: uuid::Uuid = text(&result["run"]["id"]).parse().unwrap();
    assert_eq!(id.get_version_num(), 7);
    let started: jiff::Timestamp = text(&result["run"]["started_at"]).parse().unwrap();
    assert!(started <= jiff::Timestamp::now());
    for generator in list(&result["generators"]) {
        has(
            generator,
            "version workers cpu_seconds max_rss_bytes schedule_lag_us",
        );
        assert!(number(&generator["max_rss_bytes"]) > 1e6, "{generator}");
        if !generator["schedule_lag_us"].is_null() {
            has(&generator["schedule_lag_us"], "p50 p99 max");
        }
    }
    for threshold in list(&result["thresholds"]) {
        has(threshold, "expr scope observed ok");
    }
    totals(result);
    timeline(result);
}

/// A number in an object, by its path.
pub fn at(value: &Value, path: &str) -> f64 {
    let found = path.split('.').fold(value, |value, key| &value[key]);
    assert!(found.is_number(), "no number {path} in {value}");
    number(found)
}

/// A whole number in an object, by its path.
pub fn count(value: &Value, path: &str) -> u64 {
    let found = at(value, path);
    assert_eq!(found.fract(), 0.0, "{path}");
    found as u64
}

/// Finds the element of a list by its name.
#[track_caller]
pub fn named<'a>(list: &'a Value, key: &str, name: &str) -> &'a Value {
    let mut found = self::list(list).iter().filter(|item| item[key] == name);
    let first = found.next().unwrap_or_else(|| panic!("no {name}"));
    assert!(found.next().is_none(), "{name} is there twice");
    first
}

/// A distribution as it is stored; None where there was nothing to store.
pub fn histogram(stored: &Value) -> Option<Histogram<u64>> {
    let bytes = STANDARD.decode(stored.as_str()?).unwrap();
    Some(Deserializer::new().deserialize(&mut &bytes[..]).unwrap())
}

/// A rate is over the time of the load, which is no longer than the run.
#[track_caller]
fn rate(stats: &Value, in_time: u64, duration: f64) {
    let rate = at(stats, "rate_per_s");
    assert!(rate >= in_time as f64 / duration - 1e-6, "{rate}");
    assert_eq!(rate > 0.0, in_time > 0);
}

fn totals(result: &Value) {
    let (tasks, steps) = (list(&result["tasks"]), list(&result["steps"]));
    let duration = at(result, "run.duration_s");
    for task in tasks {
        has(task, "id");
        stats(task, count(task, "interrupted"));
        let became = ["count", "interrupted", "dropped", "exhausted"].map(|it| count(task, it));
        let became: u64 = became.iter().sum();
        assert_eq!(count(task, "offered"), became, "{}", task["id"]);
    }
    for step in steps {
        has(step, "id population task name kind tags");
        stats(step, count(step, "interrupted"));
        assert_eq!(
            count(step, "offered"),
            count(step, "count") + count(step, "interrupted"),
            "{}",
            step["id"]
        );
        near(at(step, "rate_per_s"), at(step, "requests_per_s"));
        rate(step, count(step, "count") - count(step, "late"), duration);
    }
    for group in list(&result["groups"]) {
        has(group, "id population task name");
        stats(group, count(group, "interrupted"));
        assert_eq!(
            count(group, "offered"),
            count(group, "count") + count(group, "interrupted"),
            "{}",
            group["id"]
        );
    }
    let totals = &result["totals"];
    stats(totals, sum(steps, "interrupted"));
    for path in OF_REQUESTS {
        assert_eq!(count(totals, path), sum(steps, path), "{path}");
    }
    for path in OF_RUNS {
        assert_eq!(count(totals, path), sum(tasks, path), "{path}");
    }
    rate(totals, sum(tasks, "count") - sum(tasks, "late"), duration);
    for (class, of_class) in totals["errors"]["by_class"].as_object().unwrap() {
        let path = format!("errors.by_class.{class}");
        let parts = steps
            .iter()
            .filter(|step| !step["errors"]["by_class"][class].is_null());
        assert_eq!(
            number(of_class),
            parts.map(|step| at(step, &path)).sum::<f64>()
        );
    }
    statuses(totals, steps);
}

/// Fails unless the status codes of the whole are those of its parts.
fn statuses<'a>(whole: &Value, parts: impl IntoIterator<Item = &'a Value>) {
    let mut sum = BTreeMap::new();
    for part in parts {
        for (code, count) in part["statuses"].as_object().into_iter().flatten() {
            *sum.entry(code).or_insert(0.0) += number(count);
        }
    }
    let given = whole["statuses"].as_object().into_iter().flatten();
    let given: BTreeMap<_, _> = given.map(|(code, count)| (code, number(count))).collect();
    assert_eq!(given, sum);
    assert!(given.values().sum::<f64>() <= at(whole, "count"), "{whole}");
}

/// Stats of what was cut off so many times.
fn stats(stats: &Value, cut: u64) {
    has(stats, STATS);
    has(&stats["hdr"], "latency ok service");
    let (all, errors) = (count(stats, "count"), &stats["errors"]);
    has(errors, "count rate by_class samples");
    let classes = errors["by_class"].as_object().unwrap();
    let failed: f64 = classes.values().map(number).sum();
    assert_eq!(number(&errors["count"]), failed);
    match all {
        0 => assert!(errors["rate"].is_null()),
        all => near(number(&errors["rate"]), failed / all as f64),
    }
    for class in list(&errors["samples"])
        .iter()
        .map(|sample| text(&sample["class"]))
    {
        let kept = list(&errors["samples"])
            .iter()
            .filter(|sample| sample["class"] == class);
        assert!(
            kept.count() as f64 <= number(&classes[class]).min(10.0),
            "{errors}"
        );
    }
    let ok = all - failed as u64;
    distribution(&stats["latency_us"], &stats["hdr"]["latency"], all + cut);
    distribution(&stats["ok_latency_us"], &stats["hdr"]["ok"], ok);
    assert_eq!(stats["failed_latency_us"].is_null(), failed == 0.0);
    let served = histogram(&stats["hdr"]["service"]).map_or(0, |times| times.len());
    distribution(&stats["service_us"], &stats["hdr"]["service"], served);
    if !stats["ttfb_us"].is_null() {
        // Each is within the service time of its request.
        for figure in ["min", "p50", "p95", "max"] {
            let ttfb = at(&stats["ttfb_us"], figure);
            assert!(ttfb <= at(&stats["service_us"], "max"), "{figure}: {ttfb}");
        }
        assert!(at(&stats["ttfb_us"], "min") >= 0.0);
    }
}

/// Figures, the histogram that they are of, and how many times it must hold.
fn distribution(figures: &Value, stored: &Value, count: u64) {
    let histogram = histogram(stored);
    assert_eq!(histogram.as_ref().map_or(0, Histogram::len), count);
    let Some(times) = histogram else {
        return assert!(figures.is_null());
    };
    has(figures, "min mean stddev p50 p75 p90 p95 p99 p99_9 max");
    let in_order = FIGURES.map(|name| at(figures, name));
    assert!(in_order.is_sorted(), "{figures}");
    let (min, mean, max) = (in_order[0], at(figures, "mean"), at(figures, "max"));
    assert!(
        in_order[6] <= max && min <= mean && mean <= max,
        "{figures}"
    );
    for (name, percent) in [
        ("p50", 50.0),
        ("p95", 95.0),
        ("p99_9", 99.9),
        ("max", 100.0),
    ] {
        // 99.9 / 100 is a little more than 0.999, which would make it the next rank.
        let exact = times.value_at_percentile(percent - 1e-9) as f64 / 1e3;
        let given = at(figures, name);
        assert!(
            (given / exact - 1.0).abs() < 0.002,
            "{name} is {given}, not {exact}"
        );
    }
}

fn timeline(result: &Value) {
    let intervals = list(&result["timeline"]);
    let warm = |interval: &Value| interval["warmup"] == true;
    let mut next = 0;
    for interval in intervals {
        has(interval, INTERVAL);
        assert_eq!(
            count(interval, "t_s"),
            next,
            "the seconds follow one another"
        );
        next += count(interval, "interval_s");
    }
    let (warmup, duration) = (at(result, "run.warmup_s"), at(result, "run.duration_s"));
    assert!(next as f64 >= warmup + duration, "to the end");
    for interval in intervals {
        let end = count(interval, "t_s") + count(interval, "interval_s");
        assert_eq!(warm(interval), end as f64 <= warmup, "{}", interval["t_s"]);
    }
    let measured: Vec<Value> = intervals.iter().filter(|i| !warm(i)).cloned().collect();
    let intervals = &measured[..];
    for key in ["offered", "dropped"] {
        assert_eq!(sum(intervals, key), count(&result["totals"], key), "{key}");
    }
    for step in list(&result["steps"]) {
        let id = text(&step["id"]);
        // The step's parts of the intervals in which it had requests.
        let parts: Vec<&Value> = intervals
            .iter()
            .filter_map(|interval| interval["steps"].get(id))
            .collect();
        for part in &parts {
            has(part, "count rate errors latency service hdr");
        }
        let sum = |key| parts.iter().map(|part| count(part, key)).sum::<u64>();
        assert_eq!(sum("count"), count(step, "count"), "{id}");
        assert_eq!(sum("errors"), count(step, "errors.count"), "{id}");
        statuses(step, parts.iter().copied());
        for which in ["latency", "service"] {
            let stored = parts
                .iter()
                .filter_map(|part| histogram(&part["hdr"][which]));
            let whole = histogram(&step["hdr"][which]).map_or(0, |times| times.len());
            assert_eq!(
                stored.map(|times| times.len()).sum::<u64>(),
                whole,
                "{id} {which}"
            );
        }
    }
}

fn has(value: &Value, keys: &str) {
    for key in keys.split_whitespace() {
        assert!(value.get(key).is_some(), "no key {key} in {value}");
    }
}

fn sum(parts: &[Value], path: &str) -> u64 {
    parts.iter().map(|part| count(part, path)).sum()
}

fn list(value: &Value) -> &[Value] {
    value
        .as_array()
        .unwrap_or_else(|| panic!("no list: {value}"))
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_else(|| panic!("no text: {value}"))
}

fn number(value: &Value) -> f64 {
    value
        .as_f64()
        .unwrap_or_else(|| panic!("no number: {value}"))
}

/// Equal but for what rounding does, which is most to the length of very short runs.
fn near(found: f64, expected: f64) {
    assert!(
        (found - expected).abs() <= 1e-3 * expected.max(0.01),
        "{found} is not {expected}"
    );
}
