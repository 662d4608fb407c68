use super::*;
use proptest::prelude::*;

#[test]
fn limits_are_read_in_the_metrics_own_unit() {
    for (expr, name, metric, statistic, limit) in [
        (
            "observe.app.pool_in_use max < 95",
            "app",
            "pool_in_use",
            Statistic::Max,
            95.0,
        ),
        (
            "  observe.host.cpu  mean<=80% ",
            "host",
            "cpu",
            Statistic::Mean,
            0.8,
        ),
        (
            "observe.a-b.x_p95 avg < 250 ms",
            "a-b",
            "x_p95",
            Statistic::Mean,
            0.25,
        ),
        (
            "observe.db.deadlocks delta == 0",
            "db",
            "deadlocks",
            Statistic::Delta,
            0.0,
        ),
        (
            "observe.host.disk_read last < 1.5MiB/s",
            "host",
            "disk_read",
            Statistic::Last,
            1_572_864.0,
        ),
        (
            "observe.app.n min >= 120/m",
            "app",
            "n",
            Statistic::Min,
            2.0,
        ),
        (
            "observe.app.requests{path=\"/a b\",status=\"5.0\"} max != 3",
            "app",
            "requests{path=\"/a b\",status=\"5.0\"}",
            Statistic::Max,
            3.0,
        ),
    ] {
        let (span, condition) = parse(expr).unwrap_or_else(|error| panic!("{expr}: {error}"));
        assert_eq!(&expr[span], name);
        assert_eq!(condition.metric, metric);
        assert_eq!(condition.statistic, statistic, "{expr}");
        assert!(
            (condition.limit - limit).abs() < 1e-9,
            "{expr}: {}",
            condition.limit
        );
        assert!(is_of_observed(expr));
    }
    assert!(!is_of_observed("p95 < 3ms"));
}

#[test]
fn mistakes_are_placed_and_say_what_to_write() {
    let wrong = [
        "observe.",
        "observe.app",
        "observe..x max < 1",
        "observe.app. max < 1",
        "observe.app.x",
        "observe.app.x < 1",
        "observe.app.x p95 < 1",
        "observe.app.x max 1",
        "observe.app.x max <",
        "observe.app.x max < many",
        "observe.app.x max < 1 apples",
        "observe.app.x max < 1 %/s",
    ];
    let lines: Vec<String> = wrong
        .iter()
        .map(|expr| format!("`{expr}`\n    {}", parse(expr).unwrap_err()))
        .collect();
    insta::assert_snapshot!(lines.join("\n"));
}

#[test]
fn a_star_is_any_text() {
    for (pattern, yes, no) in [
        ("http_*", "http_requests", "xhttp_requests"),
        ("*_total", "http_requests_total", "total_http"),
        ("a*b*c", "a-b-b-c", "a-c-b"),
        ("*", "", "\u{0}never"),
        ("abc", "abc", "abcd"),
        ("a*a", "aba", "a"),
        ("**x**", "yxy", "y"),
    ] {
        assert!(matches(pattern, yes), "{pattern} {yes}");
        assert!(!matches(pattern, no) || pattern == "*", "{pattern} {no}");
    }
}

proptest! {
    #[test]
    fn any_text_is_read_or_placed(rest in "[ a-z.<>=!%/0-9{}\"é]*") {
        let expr = format!("observe.{rest}");
        match parse(&expr) {
            Ok((span, _)) => prop_assert!(expr.get(span).is_some()),
            Err(error) => {
                prop_assert!(expr.get(error.span.clone()).is_some(), "{error:?}");
                prop_assert!(!error.help.is_empty());
            }
        }
    }
}
