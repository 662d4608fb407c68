use super::*;
use crate::{
    Event, Observed,
    background::Series,
    fixture::{FixtureRun, MS, fail, p95, run, trace},
    model::Threshold,
};
use loadgen_core::time::SECOND;
use loadgen_driver::ErrorClass;
use loadgen_observe as observe;

fn page(made: crate::fixture::Made) -> String {
    text(&made.result()).unwrap()
}

/// Without the pictures, which have tests of their own and are looked at.
fn without_pictures(page: &str) -> String {
    let (_, body) = page.split_once("<body>").unwrap();
    let parts = body
        .split("<svg")
        .map(|part| match part.split_once("</svg>") {
            Some((_, after)) => format!("(picture){after}"),
            None => part.to_owned(),
        });
    parts.collect()
}

#[test]
fn the_page_says_all_there_is() {
    let mut made = run(&FixtureRun {
        change: &|snapshot| fail(snapshot, ErrorClass::Timeout, "no answer in 1 s", 900 * MS),
        ..FixtureRun::default()
    });
    made.thresholds.push(p95(5));
    made.metadata.exit_code = 99;
    insta::assert_snapshot!(without_pictures(&page(made)));
}

/// With a slow database between two events, as a pool of connections saw it.
fn watched() -> crate::fixture::Made {
    let mut made = run(&FixtureRun::default());
    let event = |name: &str, t_s: f64, ok: bool| Event {
        name: name.into(),
        t_s,
        took_s: 0.012,
        ok,
        message: (!ok).then(|| "status 500".to_owned()),
    };
    made.metadata.background.events = vec![
        event("slow queries", 5.0, true),
        event("poke", 5.1, true),
        event("poke", 10.1, true),
        event("reset", 15.0, false),
    ];
    let mut observed = observe::Observed::default();
    for second in 0..=20 {
        let busy = if (5..15).contains(&second) { 97 } else { 3 };
        let sample = |metric: &str, value: f64, rose: Option<f64>| observe::Sample {
            metric: metric.into(),
            unit: if rose.is_some() { "/s" } else { "" }.into(),
            value,
            rose,
        };
        let samples = vec![
            sample("pool{state=\"active\"}", f64::from(busy), None),
            sample("pool{state=\"idle\"}", f64::from(100 - busy), None),
            sample("always", 7.0, None),
            sample("requests_total", 12.5, Some(12.5)),
        ];
        observed.take(u64::from(second as u32) * SECOND, &Ok(samples));
    }
    observed.take(21 * SECOND, &Err("connection refused".to_owned()));
    let own = Observed::of(&observed);
    made.metadata.background.observed.insert("app".into(), own);
    made.metadata.background.limits.push(Threshold {
        expr: "observe.app.pool{state=\"active\"} max < 95".into(),
        scope: "observed".into(),
        observed: Some(97.0),
        ok: false,
        limit: 95.0,
        unit: String::new(),
        samples: 21,
        message: None,
    });
    made
}

#[test]
fn events_and_what_was_observed_stand_on_the_same_time_axis() {
    let page = page(watched());
    insta::assert_snapshot!(without_pictures(&page));
    // Three charts over time, the heatmap and that of the pool: what never moves has none.
    let of_time = 5;
    assert_eq!(page.matches("<path class=\"event\"").count(), 3 * of_time);
    assert_eq!(page.matches("<path class=\"event wrong\"").count(), of_time);
    // If two events meet, the second number stands below the first.
    assert_eq!(page.matches("<circle class=\"event").count(), 4 * of_time);
    assert_eq!(page.matches("<path class=\"limit\"").count(), 1);
    assert!(
        page.contains("4s to 5s: p50") && page.contains("; event 1: slow queries; event 2: poke")
    );
    assert!(page.contains("state=active 97, state=idle 3; event 2: poke"));
}

#[test]
fn requests_can_be_looked_up_by_their_traces() {
    let made = run(&FixtureRun {
        change: &trace,
        ..FixtureRun::default()
    });
    let page = without_pictures(&page(made));
    let (_, section) = page.split_once("<h2>Requests by trace</h2>").unwrap();
    let (section, _) = section.split_once("</section>").unwrap();
    insta::assert_snapshot!(section);
}

#[test]
fn text_from_outside_stays_text() {
    let evil = "<script>alert(1)</script>\"'&";
    let mut made = run(&FixtureRun {
        change: &|snapshot| fail(snapshot, ErrorClass::Protocol, evil, MS),
        ..FixtureRun::default()
    });
    made.metadata.scenario.name = evil.into();
    made.metadata.scenario.arguments = vec!["--set".into(), format!("load.users={evil}")];
    made.metadata.target = evil.into();
    made.metadata.failures = vec![evil.into()];
    made.metadata.warnings = vec![evil.into()];
    made.steps[0].name = evil.into();
    made.thresholds[0].expr = evil.into();
    let level = |start: f64, to: f64| serde_json::json!({"start_s": start, "from": to, "to": to, "end_s": start + 10.0});
    let users = [level(0.0, 5.0), level(10.0, 10.0)];
    made.metadata.plan =
        serde_json::json!({"populations": [{"name": evil, "load": {"users": users}}]});
    let page = page(made);
    assert!(!page.contains("<script"), "{page}");
    assert!(page.matches("alert(1)").count() >= 8);
}

#[test]
fn a_run_without_samples_has_a_page() {
    let empty = run(&FixtureRun {
        seconds: 1,
        change: &|snapshot| {
            *snapshot =
                loadgen_record::Snapshot::new(snapshot.second, loadgen_record::Size::new(3, 2, 0))
        },
        ..FixtureRun::default()
    });
    assert!(page(empty).contains("no request ended"));
    let nothing = run(&FixtureRun {
        seconds: 0,
        ..FixtureRun::default()
    });
    assert!(!page(nothing).contains("<svg"));
}

#[test]
fn an_hour_stays_below_two_megabytes() {
    let mut result = run(&FixtureRun {
        seconds: 60,
        change: &|snapshot| {
            for class in ErrorClass::ALL {
                let time = MS + (snapshot.second * 7_919 + class as u64 * 104_729) % 5_000 * MS;
                fail(snapshot, class, &"long ".repeat(100), time);
            }
        },
        ..FixtureRun::default()
    })
    .result();
    let minute = std::mem::take(&mut result.timeline);
    for second in 0..3_600 {
        let mut interval = minute[second % minute.len()].clone();
        interval.t_s = second as u64;
        result.timeline.push(interval);
    }
    let event = |second: usize| Event {
        name: format!("event {}", second % 50),
        t_s: second as f64,
        took_s: 0.1,
        ok: true,
        message: None,
    };
    result.events = (0..3_600).map(event).collect();
    let points: Vec<(f64, f64)> = (0..3_600)
        .map(|second| (f64::from(second), f64::from(second * 7_919 % 1_000)))
        .collect();
    let series = (0..500).map(|index| Series {
        metric: format!("metric_{}{{of=\"{}\"}}", index % 40, index),
        unit: "/s".to_owned(),
        points: points.clone(),
        min: 0.0,
        mean: 500.0,
        max: 999.0,
        last: 3.0,
        delta: Some(1.0),
    });
    let observed = Observed {
        series: series.collect(),
        ..Observed::default()
    };
    result.observed.insert("much".to_owned(), observed);
    result.run.duration_s = 3_600.0;
    let size = text(&result).unwrap().len();
    assert!(size < 2_000_000, "{size} bytes");
}

#[test]
fn numbers_beyond_what_a_chart_expects_make_no_nonsense() {
    assert_eq!(quoted("it's"), "'it'\\''s'");
    let picture = page(run(&FixtureRun::default()));
    assert!(!picture.contains("NaN") && !picture.contains("inf"));
}
