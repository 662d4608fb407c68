//! Thresholds on what was observed.

use super::Verdict;
use loadgen_plan::observe::{Limit, Statistic, family};
use loadgen_record::Series;

/// Judges a threshold by the series of its source.
pub fn observed(limit: &Limit, series: &[Series]) -> Verdict {
    let condition = &limit.condition;
    let found = series.iter().find(|own| own.metric == condition.metric);
    let samples = found.map_or(0, Series::samples);
    let value = found.and_then(|found| match condition.statistic {
        Statistic::Share => share(found, series),
        statistic => found.statistic(statistic),
    });
    let note = match (value, found) {
        (Some(_), _) => None,
        (None, Some(found)) => Some(match found.statistic(Statistic::Delta) {
            None => "it is no counter: write `max` or `last`".to_owned(),
            Some(_) => "it did not rise".to_owned(),
        }),
        (None, None) => Some(no_samples(&condition.metric, series)),
    };
    Verdict {
        doubtful: false,
        ok: value.is_some_and(|value| condition.op.holds(value, condition.limit)),
        observed: value,
        samples,
        note,
    }
}

/// The part of a series in what all series of its metric rose by; None when nothing rose.
fn share(own: &Series, series: &[Series]) -> Option<f64> {
    let rose = |series: &Series| series.statistic(Statistic::Delta);
    let of_metric = series
        .iter()
        .filter(|other| family(&other.metric) == family(&own.metric));
    let all: f64 = of_metric.filter_map(rose).sum();
    rose(own).filter(|_| all > 0.0).map(|own| own / all)
}

fn no_samples(metric: &str, series: &[Series]) -> String {
    let names = series.iter().map(|own| own.metric.as_str());
    let nearest = names
        .map(|name| (strsim::damerau_levenshtein(metric, name), name))
        .min();
    match nearest {
        Some((distance, name)) if distance <= metric.len() / 3 => {
            format!("no samples: there is no such metric; did you mean `{name}`?")
        }
        Some(_) => "no samples: there is no such metric".to_owned(),
        None => "no samples: nothing was observed".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use loadgen_plan::observe::parse;

    fn judged(expr: &str) -> Verdict {
        let mut pool = Series::new("pool_in_use", "");
        let mut orders = Series::new("orders_total", "/s");
        for at in 0..4 {
            pool.push(f64::from(at), f64::from(at * 10), None);
            orders.push(f64::from(at), 5.0, Some(5.0));
        }
        let (_, condition) = parse(expr).unwrap();
        let limit = Limit {
            expr: expr.to_owned(),
            source: 0,
            condition,
        };
        observed(&limit, &[pool, orders])
    }

    #[test]
    fn a_statistic_of_all_samples_is_compared() {
        for (expr, ok, value) in [
            ("observe.app.pool_in_use max < 95", true, 30.0),
            ("observe.app.pool_in_use max < 30", false, 30.0),
            ("observe.app.pool_in_use min == 0", true, 0.0),
            ("observe.app.pool_in_use mean <= 15", true, 15.0),
            ("observe.app.orders_total last >= 300/m", true, 5.0),
            ("observe.app.orders_total delta == 20", true, 20.0),
        ] {
            let verdict = judged(expr);
            assert_eq!((verdict.ok, verdict.observed), (ok, Some(value)), "{expr}");
            assert_eq!(verdict.samples, 4);
        }
    }

    #[test]
    fn a_share_is_that_of_the_series_of_a_metric() {
        let counter = |metric: &str, rose: f64| {
            let mut series = Series::new(metric, "/s");
            series.push(1.0, rose, Some(rose));
            series
        };
        let series = [
            counter("requests{instance=\"1\"}", 30.0),
            counter("requests{instance=\"2\"}", 10.0),
            counter("requests_other", 60.0),
            counter("idle{instance=\"1\"}", 0.0),
        ];
        let of = |expr: &str| {
            let (_, condition) = parse(expr).unwrap();
            let limit = Limit {
                expr: expr.to_owned(),
                source: 0,
                condition,
            };
            observed(&limit, &series)
        };
        let verdict = of(r#"observe.app.requests{instance="1"} share <= 75%"#);
        assert_eq!((verdict.ok, verdict.observed), (true, Some(0.75)));
        let idle = of(r#"observe.app.idle{instance="1"} share <= 75%"#);
        assert_eq!(
            (idle.ok, idle.note.as_deref()),
            (false, Some("it did not rise"))
        );
    }

    #[test]
    fn no_samples_fail() {
        for (expr, note) in [
            (
                "observe.app.pool_in_usage max < 95",
                "no samples: there is no such metric; did you mean `pool_in_use`?",
            ),
            (
                "observe.app.x max < 95",
                "no samples: there is no such metric",
            ),
            (
                "observe.app.pool_in_use delta < 95",
                "it is no counter: write `max` or `last`",
            ),
        ] {
            let verdict = judged(expr);
            assert!(!verdict.ok);
            assert_eq!(verdict.note.as_deref(), Some(note));
        }
        let (_, condition) = parse("observe.app.x max > 0").unwrap();
        let limit = Limit {
            expr: String::new(),
            source: 0,
            condition,
        };
        assert!(!observed(&limit, &[]).ok);
    }
}
