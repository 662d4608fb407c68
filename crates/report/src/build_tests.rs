use crate::{
    fixture::{FixtureRun, MS, fail, run},
    json::{self, ReadError},
    model::{ResultFile, SCHEMA},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use hdrhistogram::{Histogram, serialization::Deserializer};
use loadgen_core::{
    metric::{Counter, Timer},
    time::SECOND,
};
use loadgen_driver::ErrorClass;
use loadgen_record::{Hist, Size, Snapshot};
use proptest::prelude::*;
use serde_json::{Value, json};

fn decode(text: &Value) -> Histogram<u64> {
    let bytes = STANDARD.decode(text.as_str().unwrap()).unwrap();
    Deserializer::new().deserialize(&mut &bytes[..]).unwrap()
}

fn to_value(result: &ResultFile) -> Value {
    serde_json::from_str(&json::text(result)).unwrap()
}

#[test]
fn the_file_is_as_documented() {
    let mut made = run(&FixtureRun {
        seconds: 2,
        elapsed: 2 * SECOND,
        ..FixtureRun::default()
    });
    made.recording.timeline.truncate(1);
    let result = made.result();
    insta::assert_json_snapshot!(result, {
        ".**.hdr.latency" => "[base64]",
        ".**.hdr.ok" => "[base64]",
        ".**.hdr.service" => "[base64]",
    });
}

#[test]
fn without_samples_there_are_nulls() {
    let result = run(&FixtureRun {
        seconds: 1,
        change: &|snapshot| *snapshot = Snapshot::new(snapshot.second, Size::new(3, 2, 0)),
        ..FixtureRun::default()
    })
    .result();
    let value = to_value(&result);
    for key in [
        "latency_us",
        "ok_latency_us",
        "failed_latency_us",
        "service_us",
        "connect_us",
    ] {
        assert_eq!(value["totals"][key], Value::Null, "{key}");
        assert_eq!(value["steps"][0][key], Value::Null, "{key}");
    }
    assert_eq!(value["totals"]["hdr"]["latency"], Value::Null);
    assert_eq!(value["totals"]["errors"]["rate"], Value::Null);
    assert_eq!(value["generators"][0]["schedule_lag_us"], Value::Null);
    assert_eq!(value["timeline"][0]["steps"], serde_json::json!({}));
    assert_eq!(value["thresholds"][0]["observed"], Value::Null);
    assert_eq!(value["thresholds"][0]["ok"], false);
    assert_eq!(json::parse(&json::text(&result)).unwrap(), result);
}

#[test]
fn rates_count_task_runs_and_requests_where_each_belongs() {
    let mut made = run(&FixtureRun::default());
    made.recording.totals.elapsed = 20 * SECOND;
    let result = made.result();
    assert_eq!(result.totals.count, 20 * 240);
    assert_eq!(result.totals.rate_per_s, 200.0);
    assert_eq!(result.tasks[1].stats.rate_per_s, 40.0);
    assert_eq!(result.steps[2].stats.rate_per_s, 40.0);
    assert_eq!(result.totals.requests_per_s, 240.0);
    assert_eq!(result.tasks[1].stats.requests_per_s, 80.0);
    assert_eq!(result.steps[2].stats.requests_per_s, 40.0);
    assert_eq!(result.totals[Counter::Offered], 20 * 200);
}

#[test]
fn histograms_hold_what_was_counted() {
    let result = run(&FixtureRun {
        change: &|snapshot| fail(snapshot, ErrorClass::Timeout, "no answer", 900 * MS),
        ..FixtureRun::default()
    })
    .result();
    let value = to_value(&result);
    let totals = &value["totals"];
    let latency = decode(&totals["hdr"]["latency"]);
    assert_eq!(Some(latency.len()), totals["count"].as_u64());
    assert_eq!(
        latency.max() / 1_000,
        totals["latency_us"]["max"].as_f64().unwrap() as u64
    );
    let steps = value["steps"].as_array().unwrap();
    for part in ["latency", "ok", "service"] {
        let sum: u64 = steps
            .iter()
            .map(|step| decode(&step["hdr"][part]).len())
            .sum();
        assert_eq!(sum, decode(&totals["hdr"][part]).len(), "{part}");
    }
    for step in steps {
        let id = step["id"].as_str().unwrap();
        let intervals = value["timeline"].as_array().unwrap();
        let of_interval = |interval: &Value| decode(&interval["steps"][id]["hdr"]["latency"]).len();
        let sum: u64 = intervals.iter().map(of_interval).sum();
        assert_eq!(Some(sum), step["count"].as_u64(), "{id}");
    }
    assert_eq!(totals["errors"]["by_class"], json!({"timeout": 20}));
    assert_eq!(totals["errors"]["samples"].as_array().unwrap().len(), 1);
}

#[test]
fn unknown_keys_are_ignored_and_later_ones_may_be_missing() {
    let result = run(&FixtureRun::default()).result();
    let mut value = to_value(&result);
    value["novelty"] = json!({"deep": [1]});
    value["run"]["weather"] = json!("rain");
    value["totals"]["latency_us"]["p42"] = json!(1.0);
    for key in ["target", "load", "failures"] {
        value["run"].as_object_mut().unwrap().remove(key);
    }
    let read = json::parse(&value.to_string()).unwrap();
    assert_eq!(read.totals, result.totals);
    assert_eq!(read.run.target, "");
}

#[test]
fn what_cannot_be_read_is_refused_in_words() {
    let newer = json::parse(&format!("{{\"schema\": {}, \"run\": 7}}", SCHEMA + 1)).unwrap_err();
    assert!(matches!(newer, ReadError::Newer(2)));
    let texts = [
        newer,
        json::parse("{}").unwrap_err(),
        json::parse("{").unwrap_err(),
        json::parse("{\"schema\": 1}").unwrap_err(),
    ]
    .map(|error| error.to_string());
    insta::assert_snapshot!(texts.join("\n"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn what_is_written_reads_back_the_same(
        seconds in 1u64..4,
        times in prop::collection::vec(1u64..3_000_000_000_000, 1..30),
        elapsed in 1u64..10_000_000_000,
    ) {
        let result = run(&FixtureRun {
            seconds,
            elapsed,
            change: &|snapshot| for time in &times {
                snapshot.steps[1][Timer::Ok].record(*time);
                fail(snapshot, ErrorClass::Reset, "gone", *time);
            },
            ..FixtureRun::default()
        }).result();
        let text = json::text(&result);
        let read = json::parse(&text).unwrap();
        prop_assert_eq!(&read, &result);
        prop_assert_eq!(json::text(&read), text);
    }

    #[test]
    fn figures_are_the_histograms(times in prop::collection::vec(1u64..10_000_000_000, 1..200)) {
        let mut hist = Hist::default();
        times.iter().for_each(|time| hist.record(*time));
        let figures = crate::figures::figures(&hist).unwrap();
        for (figure, percent) in [
            (figures.p50, 50.0), (figures.p75, 75.0), (figures.p90, 90.0), (figures.p95, 95.0),
            (figures.p99, 99.0), (figures.p99_9, 99.9), (figures.max, 100.0),
        ] {
            let ns = hist.percentile(percent).unwrap();
            prop_assert_eq!((figure * 1_000.0).round() as u64, ns);
        }
    }
}
