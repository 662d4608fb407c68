use super::*;
use crate::http::StatusRange;
use loadgen_core::metric::{Counter, Timer};
use proptest::prelude::*;

fn read(expr: &str) -> (Metric, Op, f64) {
    let condition = parse(expr).unwrap_or_else(|error| panic!("`{expr}`: {error}"));
    (condition.metric, condition.op, condition.limit)
}

fn percentile(percent: f64) -> Metric {
    Metric::Time(Distribution::Latency, Statistic::Percentile(percent))
}

#[test]
fn every_metric_is_read() {
    assert_eq!(read("p95 < 300ms"), (percentile(95.0), Op::Less, 300e6));
    assert_eq!(read("p99.9<1s").0, percentile(99.9));
    assert_eq!(read("p99_9 < 1s").0, percentile(99.9));
    assert_eq!(read("p(95) < 1s").0, percentile(95.0));
    assert_eq!(read("p(99.9) < 1s").0, percentile(99.9));
    assert_eq!(read("med < 1s").0, percentile(50.0));
    assert_eq!(read("p100 < 1s").0, percentile(100.0));
    let time = |distribution, statistic| Metric::Time(distribution, statistic);
    assert_eq!(
        read("ok.p99.9 < 1s").0,
        time(Distribution::Timer(Timer::Ok), Statistic::Percentile(99.9))
    );
    assert_eq!(
        read("failed.avg < 1s").0,
        time(Distribution::Timer(Timer::Failed), Statistic::Mean)
    );
    assert_eq!(
        read("service.min < 1s").0,
        time(Distribution::Timer(Timer::Service), Statistic::Min)
    );
    assert_eq!(
        read("connect.max < 1s").0,
        time(Distribution::Timer(Timer::Connect), Statistic::Max)
    );
    assert_eq!(
        read("ttfb.p95 < 100ms"),
        (
            time(
                Distribution::Timer(Timer::Ttfb),
                Statistic::Percentile(95.0)
            ),
            Op::Less,
            100e6
        )
    );
    assert_eq!(read("rate > 90/s"), (Metric::Rate, Op::Greater, 90.0));
    assert_eq!(
        read("checks >= 99%"),
        (Metric::Checks, Op::GreaterOrEqual, 0.99)
    );
    assert_eq!(
        read("dropped == 0"),
        (Metric::Counter(Counter::Dropped), Op::Equal, 0.0)
    );
    let codes = |first, last| StatusRange { first, last };
    for (expr, metric, limit) in [
        ("status.404 == 0", Metric::Status(codes(404, 404)), 0.0),
        ("status.5xx == 7", Metric::Status(codes(500, 599)), 7.0),
        (
            "status.5xx == 1%",
            Metric::StatusShare(codes(500, 599)),
            0.01,
        ),
    ] {
        assert_eq!(read(expr), (metric, Op::Equal, limit));
        assert!(expr.starts_with(&metric.to_string()));
    }
    for name in [
        "count",
        "errors",
        "exhausted",
        "interrupted",
        "unknown",
        "retries",
        "reconnects",
    ] {
        assert_eq!(read(&format!("{name} <= 5")).0.to_string(), name);
    }
}

#[test]
fn units_are_brought_to_the_metrics_own() {
    assert_eq!(read("max < 1.5ns").2, 2.0, "whole nanoseconds");
    assert_eq!(read("max < 0.3us").2, 300.0);
    assert_eq!(read("max < 1.1ms").2, 1_100_000.0);
    assert_eq!(read("max < 2s").2, 2e9);
    assert_eq!(read("max < 1m").2, 60e9);
    assert_eq!(read("max < 300 ms").2, 300e6);
    assert_eq!(read("rate >= 600/m").2, 10.0);
    assert_eq!(read("error_rate < 0.1%").2, 0.001);
    assert_eq!(read("error_rate < 0.001").2, 0.001);
    assert_eq!(read("error_rate != 100%").2, 1.0);
    assert_eq!(read("  p95   >=   1s  ").1, Op::GreaterOrEqual);
}

#[test]
fn mistakes_are_placed_and_say_what_to_write() {
    let wrong = [
        "",
        "p95",
        "p95 300ms",
        "p95 < ",
        "p95 < 300",
        "p95 < 300 requests",
        "p95 < fast",
        "p95 < -3ms",
        "p95 < 1e3ms",
        "p95 = 3ms",
        "p95 =< 3ms",
        "p0 < 1s",
        "p101 < 1s",
        "p(95 < 1s",
        "p9x < 1s",
        "eror_rate < 1%",
        "latency < 1s",
        "tail.p95 < 1s",
        "ok.count > 1",
        "rate > 90",
        "rate > 90%",
        "error_rate < 5",
        "error_rate < 1s",
        "dropped == 0%",
        "count > 1k",
        "status.20x == 0",
        "status.099 == 0",
        "status == 0",
        "status.404 < 200%",
        "status.404 < 2/s",
        "p95 < 1..2s",
        "< 3s",
        "p95 < 3s and p99 < 4s",
    ];
    let lines: Vec<String> = wrong
        .iter()
        .map(|expr| format!("`{expr}`\n    {}", parse(expr).unwrap_err()))
        .collect();
    insta::assert_snapshot!(lines.join("\n"));
}

#[test]
fn comparisons_mean_what_they_say() {
    let ops = [
        (Op::Less, [true, false, false]),
        (Op::LessOrEqual, [true, true, false]),
        (Op::Greater, [false, false, true]),
        (Op::GreaterOrEqual, [false, true, true]),
        (Op::Equal, [false, true, false]),
        (Op::NotEqual, [true, false, true]),
    ];
    for (op, expected) in ops {
        assert_eq!(
            [1.0, 2.0, 3.0].map(|observed| op.holds(observed, 2.0)),
            expected
        );
        assert!(!op.holds(f64::NAN, 2.0), "{op} of nothing");
    }
}

proptest! {
    #[test]
    fn any_text_is_read_or_placed(expr in "[ a-z0-9.<>=!%/()_é]*") {
        if let Err(error) = parse(&expr) {
            prop_assert!(expr.get(error.span.clone()).is_some(), "{error:?}");
            prop_assert!(!error.help.is_empty());
        }
    }

    #[test]
    fn what_is_shown_is_read_back(percent in 1u32..=1000, limit in 0u32..1000) {
        let percent = f64::from(percent) / 10.0;
        let metric = Metric::Time(Distribution::Timer(Timer::Service), Statistic::Percentile(percent));
        let expr = format!("{metric} {} {limit}ms", Op::LessOrEqual);
        prop_assert_eq!(read(&expr), (metric, Op::LessOrEqual, f64::from(limit) * 1e6));
    }
}
