use super::*;
use crate::fixture::{FixtureRun, MS, fail, p95, run, threshold, trace};
use loadgen_core::{
    metric::{Counter, Timer},
    time::SECOND,
};
use loadgen_driver::ErrorClass;
use loadgen_plan::Threshold;
use loadgen_record::{Size, Snapshot};

const WIDE: TerminalStyle = TerminalStyle {
    colour: false,
    unicode: true,
    width: 100,
};

/// Drops as many arrivals as the second has, and makes the others wait.
fn overloaded(snapshot: &mut Snapshot) {
    snapshot.tasks[0][Counter::Offered] += 30;
    snapshot.tasks[0][Counter::Dropped] += 30;
    snapshot.queued = 600;
    for _ in 0..100 {
        for measures in [&mut snapshot.steps[0], &mut snapshot.tasks[0]] {
            measures[Counter::Offered] += 1;
            measures[Timer::Ok].record(900 * MS);
        }
        snapshot.steps[0][Timer::Service].record(12 * MS);
    }
}

fn troubled(snapshot: &mut Snapshot) {
    fail(snapshot, ErrorClass::Status5xx, "status 503", 4 * MS);
    fail(snapshot, ErrorClass::Status5xx, "status 500", 5 * MS);
    if snapshot.second.is_multiple_of(4) {
        fail(
            snapshot,
            ErrorClass::Timeout,
            "no response within 10s",
            10 * SECOND,
        );
        snapshot.steps[0][Counter::Unknown] += 1;
    }
    snapshot.steps[1][Counter::Reconnects] += 1;
}

#[test]
fn requests_that_can_be_looked_up() {
    let course = FixtureRun {
        seconds: 12,
        change: &trace,
        ..FixtureRun::default()
    };
    let style = TerminalStyle { width: 76, ..WIDE };
    let lines = traces::traces(&run(&course).result(), &style);
    insta::assert_snapshot!(lines.join("\n"));
}

#[test]
fn parts_of_connecting_are_told_where_there_are_several() {
    let told = |timers: &'static [Timer]| {
        let result = run(&FixtureRun {
            change: &|snapshot| {
                for timer in timers {
                    snapshot.steps[0][*timer].record(100_000);
                }
            },
            ..FixtureRun::default()
        });
        let summary = summary(&result.result(), &WIDE);
        let words: Vec<&str> = summary.split_whitespace().collect();
        let words = words.join(" ");
        let told = words.split_once("Connecting p95 ");
        told.map(|(_, rest)| rest.split_once(").").unwrap().0.to_owned())
    };
    assert_eq!(told(&[]), None);
    assert_eq!(told(&[Timer::Tcp]), None);
    let parts = told(&[Timer::Tcp, Timer::Tls]).unwrap();
    assert_eq!(parts, "300 µs (tcp 100 µs, tls 100 µs");
}

#[test]
fn a_normal_run() {
    let result = run(&FixtureRun::default()).result();
    insta::assert_snapshot!(summary(&result, &WIDE));
}

#[test]
fn a_normal_run_where_only_ascii_is_shown() {
    let result = run(&FixtureRun::default()).result();
    let text = summary(
        &result,
        &TerminalStyle {
            unicode: false,
            ..WIDE
        },
    );
    assert!(text.is_ascii());
    insta::assert_snapshot!(text);
}

#[test]
fn errors_in_colour() {
    let result = run(&FixtureRun {
        change: &troubled,
        ..FixtureRun::default()
    })
    .result();
    let coloured = summary(
        &result,
        &TerminalStyle {
            colour: true,
            ..WIDE
        },
    );
    insta::assert_snapshot!(coloured.replace('\x1b', "ESC"));
    // Colours change nothing else.
    let mut plain = String::new();
    for (index, part) in coloured.split("\x1b[").enumerate() {
        let text = match part.split_once('m') {
            Some((_, text)) if index > 0 => text,
            _ => part,
        };
        plain.push_str(text);
    }
    let trimmed = |text: &str| {
        text.lines()
            .map(str::trim_end)
            .collect::<Vec<_>>()
            .join("\n")
    };
    assert_eq!(trimmed(&plain), trimmed(&summary(&result, &WIDE)));
}

#[test]
fn a_narrow_terminal() {
    let style = TerminalStyle { width: 48, ..WIDE };
    let text = summary(
        &run(&FixtureRun {
            change: &troubled,
            ..FixtureRun::default()
        })
        .result(),
        &style,
    );
    insta::assert_snapshot!(text);
}

#[test]
fn eighty_columns() {
    let style = TerminalStyle { width: 80, ..WIDE };
    let mut made = run(&FixtureRun {
        change: &troubled,
        ..FixtureRun::default()
    });
    made.thresholds.push(p95(1));
    made.thresholds[3].window = Some(std::time::Duration::from_secs(60));
    let text = summary(&made.result(), &style);
    assert!(text.lines().all(|line| line.chars().count() <= 80));
    insta::assert_snapshot!(text);
}

#[test]
fn errors() {
    let result = run(&FixtureRun {
        change: &troubled,
        ..FixtureRun::default()
    })
    .result();
    insta::assert_snapshot!(summary(&result, &WIDE));
}

#[test]
fn failed_thresholds() {
    let mut made = run(&FixtureRun::default());
    made.thresholds.extend([
        p95(10),
        Threshold {
            window: Some(std::time::Duration::from_secs(30)),
            ..p95(5)
        },
        threshold("rate > 250/s"),
        threshold("dropped == 0"),
        threshold("failed.p99 < 1s"),
        threshold("p99.9 < 1s"),
    ]);
    made.metadata.exit_code = 99;
    insta::assert_snapshot!(summary(&made.result(), &WIDE));
}

#[test]
fn no_samples() {
    let mut made = run(&FixtureRun {
        change: &|snapshot| *snapshot = Snapshot::new(snapshot.second, Size::new(3, 2, 0)),
        ..FixtureRun::default()
    });
    made.metadata.exit_code = 99;
    insta::assert_snapshot!(summary(&made.result(), &WIDE));
}

#[test]
fn groups_stand_above_their_steps() {
    use crate::model::Group;
    let mut result = run(&FixtureRun::default()).result();
    let group = |name: &str, within: &[&str], of: &crate::model::Step| Group {
        id: format!("read-heavy/create order/{name}"),
        population: of.population.clone(),
        task: of.task.clone(),
        name: name.into(),
        within: within.iter().map(|id| (*id).to_owned()).collect(),
        stats: of.stats.clone(),
    };
    result.groups = vec![
        group("try", &[], &result.steps[1]),
        group("again", &["read-heavy/create order/try"], &result.steps[2]),
    ];
    let ids: Vec<String> = result.groups.iter().map(|group| group.id.clone()).collect();
    result.steps[1].within = ids[..1].to_vec();
    result.steps[2].within = ids;
    insta::assert_snapshot!(summary(&result, &WIDE));
}

#[test]
fn dropped_arrivals() {
    let mut made = run(&FixtureRun {
        change: &overloaded,
        ..FixtureRun::default()
    });
    made.metadata.load = "200/s, at most 50 in flight".into();
    made.thresholds.clear();
    insta::assert_snapshot!(summary(&made.result(), &WIDE));
}

#[test]
fn an_invalid_run() {
    let mut made = run(&FixtureRun {
        lag: 9 * MS,
        overdue: 300,
        ..FixtureRun::default()
    });
    made.metadata.exit_code = 96;
    insta::assert_snapshot!(summary(&made.result(), &WIDE));
}

#[test]
fn an_interrupted_run_whose_service_failed_as_well() {
    let mut made = run(&FixtureRun {
        seconds: 7,
        elapsed: 6 * SECOND + 402 * MS,
        change: &|snapshot| {
            if snapshot.second == 6 {
                for measures in [&mut snapshot.steps[0], &mut snapshot.tasks[0]] {
                    measures[Timer::Cut].record(2 * SECOND);
                    measures[Counter::Interrupted] += 1;
                }
            }
        },
        ..FixtureRun::default()
    });
    made.metadata.interrupted = true;
    made.metadata.exit_code = 105;
    made.metadata.failures =
        vec!["the bundled service `orders` ended by itself (exit status 1)".into()];
    made.thresholds.push(p95(10));
    insta::assert_snapshot!(summary(&made.result(), &WIDE));
}

#[test]
fn a_saved_result_shows_the_same() {
    let result = run(&FixtureRun {
        change: &troubled,
        ..FixtureRun::default()
    })
    .result();
    let text = crate::json::text(&result);
    let again = crate::json::parse(&text).unwrap();
    assert_eq!(summary(&again, &WIDE), summary(&result, &WIDE));
}
