use super::*;
use loadgen_core::metric::{Counter, Timer};
use loadgen_driver::ErrorClass;
use loadgen_plan::{
    http::StatusRange,
    threshold::{Distribution, Op, Statistic, Unit},
};
use loadgen_record::{Collector, Size};
use proptest::prelude::*;
use std::time::Duration;

const MS: u64 = 1_000_000;

fn p95_below(ms: u64) -> Threshold {
    Threshold {
        expr: format!("p95 < {ms}ms"),
        scope: Scope::Totals,
        metric: Metric::Time(Distribution::Latency, Statistic::Percentile(95.0)),
        op: Op::Less,
        limit: (ms * MS) as f64,
        unit: Unit::Milliseconds,
        window: None,
        abort: false,
        after: Duration::ZERO,
        implied: false,
    }
}

fn on(metric: Metric, op: Op, limit: f64) -> Threshold {
    Threshold {
        expr: String::new(),
        metric,
        op,
        limit,
        ..p95_below(1)
    }
}

fn window(threshold: Threshold, seconds: u64) -> Threshold {
    Threshold {
        window: Some(Duration::from_secs(seconds)),
        ..threshold
    }
}

fn abort(threshold: Threshold) -> Threshold {
    Threshold {
        abort: true,
        ..threshold
    }
}

/// Two tasks of one step each.
fn steps() -> Vec<Label> {
    (0..2)
        .map(|index| Label {
            id: format!("p/t{index}/s"),
            population: "p".into(),
            task: format!("t{index}"),
            name: "s".into(),
            task_index: index,
            groups: Vec::new(),
        })
        .collect()
}

/// A second in which each task had a run for each of these latencies.
fn second(number: u64, latencies: &[u64]) -> Snapshot {
    let mut snapshot = Snapshot::new(number, Size::new(2, 2, 0));
    for index in 0..2 {
        for ms in latencies {
            // The second task takes twice as long.
            let time = ms * MS * (index as u64 + 1);
            snapshot.steps[index][Timer::Ok].record(time);
            snapshot.tasks[index][Timer::Ok].record(time);
            snapshot.tasks[index][Counter::Offered] += 1;
        }
    }
    snapshot
}

/// A run under judgement.
struct Run {
    judge: Judge,
    collector: Collector,
    aborts: Vec<(u64, usize)>,
}

impl Run {
    fn of(thresholds: Vec<Threshold>) -> Self {
        Self {
            judge: Judge::new(&thresholds, &steps()),
            collector: Collector::new(1, Size::new(2, 2, 0)),
            aborts: Vec::new(),
        }
    }

    fn second(&mut self, snapshot: Snapshot) -> &mut Self {
        for snapshot in self.collector.absorb(0, snapshot) {
            if let Some(index) = self.judge.update(&snapshot, self.collector.totals()) {
                self.aborts.push((snapshot.second, index));
            }
        }
        self
    }

    fn seconds(&mut self, seconds: &[&[u64]]) -> &mut Self {
        for latencies in seconds {
            let number = self.collector.totals().elapsed / SECOND;
            self.second(second(number, latencies));
        }
        self
    }

    fn verdicts(&self) -> Vec<Verdict> {
        self.judge.verdicts(self.collector.totals())
    }
}

#[test]
fn the_whole_run_decides_unless_there_is_a_window() {
    let mut run = Run::of(vec![p95_below(500), p95_below(100)]);
    run.seconds(&[&[200, 200], &[10, 20]]);
    let verdicts = run.verdicts();
    assert!(verdicts[0].ok);
    assert!(!verdicts[1].ok);
    assert_eq!(verdicts[0].samples, 8);
    let observed = verdicts[0].observed.unwrap();
    assert_eq!(verdicts[1].observed, Some(observed));
    // The greatest of eight is the p95, reported within 0.1 % above.
    assert!((400e6..400.4e6).contains(&observed), "{observed}");
}

#[test]
fn a_task_is_judged_by_its_own_runs() {
    let of_task = |task| Threshold {
        scope: Scope::Task(task),
        ..p95_below(15)
    };
    let mut run = Run::of(vec![of_task(0), of_task(1)]);
    run.seconds(&[&[10, 10]]);
    let verdicts = run.verdicts();
    assert!(verdicts[0].ok);
    assert!(!verdicts[1].ok);
    assert_eq!((verdicts[0].samples, verdicts[1].samples), (2, 2));
}

#[test]
fn every_metric_looks_at_its_own_counter() {
    let mut snapshot = second(0, &[10, 10]);
    for index in 0..2 {
        snapshot.steps[index][Timer::Failed].record(50 * MS);
        snapshot.steps[index].fail(ErrorClass::Timeout, || "late".into());
        snapshot.steps[index][Timer::Service].record(5 * MS);
        snapshot.steps[index][Counter::Unknown] = 3;
        snapshot.steps[index][Counter::Retries] = 4;
        snapshot.steps[index][Counter::Reconnects] = 5;
        snapshot.steps[index].check(2, 0b10);
        for status in [200, 404, 503, 503] {
            snapshot.steps[index].statuses.count(status);
        }
        snapshot.tasks[index][Counter::Dropped] = 6;
        snapshot.tasks[index][Counter::Offered] += 7;
        snapshot.tasks[index][Timer::Cut].record(9 * MS);
        snapshot.tasks[index][Counter::Interrupted] += 1;
    }
    let time = |which, statistic| Metric::Time(which, statistic);
    let codes = |first, last| StatusRange { first, last };
    let cases = [
        (Metric::Count, 6.0),
        (Metric::Rate, 4.0),
        (Metric::Errors, 2.0),
        (Metric::ErrorRate, 2.0 / 6.0),
        (Metric::Checks, 0.5),
        (Metric::Status(codes(503, 503)), 4.0),
        (Metric::Status(codes(400, 499)), 2.0),
        (Metric::StatusShare(codes(400, 599)), 0.75),
        (Metric::Counter(Counter::Dropped), 12.0),
        (Metric::Counter(Counter::Interrupted), 2.0),
        (Metric::Counter(Counter::Unknown), 6.0),
        (Metric::Counter(Counter::Retries), 8.0),
        (Metric::Counter(Counter::Reconnects), 10.0),
        (time(Distribution::Latency, Statistic::Max), 50e6),
        (time(Distribution::Latency, Statistic::Min), 10e6),
        (time(Distribution::Timer(Timer::Ok), Statistic::Mean), 15e6),
        (
            time(
                Distribution::Timer(Timer::Failed),
                Statistic::Percentile(1.0),
            ),
            50e6,
        ),
        (
            time(
                Distribution::Timer(Timer::Service),
                Statistic::Percentile(50.0),
            ),
            5e6,
        ),
    ];
    let mut run = Run::of(
        cases
            .iter()
            .map(|(metric, value)| on(*metric, Op::GreaterOrEqual, value * 0.999))
            .collect(),
    );
    run.second(snapshot);
    for (verdict, (metric, value)) in run.verdicts().iter().zip(cases) {
        let observed = verdict.observed.unwrap();
        assert!(
            (observed / value - 1.0).abs() < 0.001,
            "{metric:?} {observed}"
        );
        assert!(verdict.ok, "{metric:?}");
    }
}

#[test]
fn comparisons() {
    for (op, below, same, above) in [
        (Op::Less, true, false, false),
        (Op::LessOrEqual, true, true, false),
        (Op::Greater, false, false, true),
        (Op::GreaterOrEqual, false, true, true),
        (Op::Equal, false, true, false),
        (Op::NotEqual, true, false, true),
    ] {
        let mut run = Run::of(
            [5.0, 4.0, 3.0]
                .map(|limit| on(Metric::Count, op, limit))
                .into(),
        );
        run.seconds(&[&[1, 1]]);
        let ok: Vec<bool> = run.verdicts().iter().map(|verdict| verdict.ok).collect();
        assert_eq!(ok, [below, same, above], "{op:?}");
    }
}

#[test]
fn no_samples_is_a_failure_in_words() {
    let server_error = StatusRange {
        first: 500,
        last: 599,
    };
    let metrics = [
        Metric::Time(Distribution::Latency, Statistic::Max),
        Metric::Time(Distribution::Timer(Timer::Failed), Statistic::Max),
        Metric::Time(Distribution::Timer(Timer::Connect), Statistic::Max),
        Metric::ErrorRate,
        Metric::Checks,
        Metric::Errors,
        Metric::Counter(Counter::Dropped),
        Metric::Rate,
        Metric::Status(server_error),
        Metric::StatusShare(server_error),
    ];
    let run = Run::of(
        metrics
            .map(|metric| on(metric, Op::GreaterOrEqual, 0.0))
            .into(),
    );
    let verdicts = run.verdicts();
    assert!(
        verdicts
            .iter()
            .all(|verdict| !verdict.ok && verdict.observed.is_none())
    );
    let notes: Vec<_> = verdicts.iter().filter_map(|v| v.note.as_deref()).collect();
    insta::assert_snapshot!(notes.join("\n"), @r"
    no samples: no request ended
    no samples: no request failed
    no samples: no connection was opened
    no samples: no request ended
    no samples: nothing was checked
    no samples: no request ended
    no samples: nothing was due
    no samples: nothing was due
    no samples: nothing was due
    no samples: no response came
    ");
}

#[test]
fn zero_is_an_observation_once_something_happened() {
    let mut run = Run::of(vec![
        on(Metric::Counter(Counter::Dropped), Op::Equal, 0.0),
        on(Metric::Errors, Op::Equal, 0.0),
    ]);
    run.seconds(&[&[1]]);
    assert!(
        run.verdicts()
            .iter()
            .all(|v| v.ok && v.observed == Some(0.0))
    );
}

#[test]
fn a_window_must_hold_all_the_time_and_reports_the_worst() {
    let mut run = Run::of(vec![window(p95_below(300), 2), p95_below(3_000)]);
    run.seconds(&[&[10], &[10], &[400], &[500], &[10], &[10], &[10]]);
    let verdicts = run.verdicts();
    assert!(!verdicts[0].ok);
    assert!((1_000e6..1_001e6).contains(&verdicts[0].observed.unwrap()));
    // The window of the two slow seconds comes first; the next has the same p95.
    assert_eq!(
        verdicts[0].note.as_deref(),
        Some("worst 2s window, from 2s to 4s")
    );
    assert!(verdicts[1].ok);
    // The threshold stays failed while the run goes on.
    assert!(!run.judge.standings()[0].as_ref().unwrap().ok);
}

#[test]
fn a_window_is_judged_when_it_is_full_and_after_after() {
    let later = Threshold {
        after: Duration::from_secs(4),
        ..window(p95_below(300), 2)
    };
    let mut run = Run::of(vec![window(p95_below(300), 3), later]);
    run.seconds(&[&[900], &[900]]);
    assert_eq!(run.judge.standings(), [None, None]);
    run.seconds(&[&[10], &[10], &[10]]);
    let verdicts = run.verdicts();
    assert!(!verdicts[0].ok);
    assert!(verdicts[1].ok);
}

#[test]
fn a_run_shorter_than_the_window_is_judged_as_a_whole() {
    let mut run = Run::of(vec![window(p95_below(300), 10)]);
    run.seconds(&[&[900], &[10]]);
    let verdicts = run.verdicts();
    assert!(!verdicts[0].ok);
    assert_eq!(
        verdicts[0].note.as_deref(),
        Some("no full window could be judged: this is the whole run")
    );
}

#[test]
fn silence_fails_a_window_only_while_something_is_due() {
    // Nothing was due in seconds 2 to 5: a pause in the load.
    let mut run = Run::of(vec![window(p95_below(300), 2)]);
    run.seconds(&[&[10], &[10], &[], &[], &[], &[], &[10]]);
    assert!(run.verdicts()[0].ok);

    // A run became due in second 1 and is never answered: the target is silent.
    let mut run = Run::of(vec![abort(window(p95_below(300), 2))]);
    run.seconds(&[&[10]]);
    let mut hangs = second(1, &[10]);
    hangs.tasks[0][Counter::Offered] += 1;
    run.second(hangs).seconds(&[&[], &[], &[]]);
    let verdicts = run.verdicts();
    assert_eq!(verdicts[0].observed, None);
    assert_eq!(
        verdicts[0].note.as_deref(),
        Some("no samples: no request ended (worst 2s window, from 2s to 4s)")
    );
    assert_eq!(run.aborts, [(3, 0)]);
}

#[test]
fn windows_in_the_graceful_stop_do_not_fail_for_the_load_that_is_gone() {
    let rate = window(on(Metric::Rate, Op::GreaterOrEqual, 4.0), 2);
    let mut run = Run::of(vec![rate, window(p95_below(300), 2)]);
    run.judge.load_ends(3 * SECOND);
    run.judge.load_ends(30 * SECOND);
    run.seconds(&[&[10, 10], &[10, 10], &[10, 10], &[10], &[], &[]]);
    let verdicts = run.verdicts();
    assert!(verdicts[0].ok);
    assert!(verdicts[1].ok);
    // But what ends slowly then still counts.
    run.seconds(&[&[900]]);
    assert!(!run.verdicts()[1].ok);
}

#[test]
fn an_abort_comes_once_and_is_final() {
    let late = Threshold {
        after: Duration::from_secs(3),
        ..abort(p95_below(300))
    };
    let mut run = Run::of(vec![p95_below(300), late]);
    run.seconds(&[&[400], &[400], &[400], &[400]]);
    assert_eq!(run.aborts, [(2, 1)]);
    // Add so many fast requests that the threshold would hold over the whole run again.
    run.seconds(&[&[10; 300]]);
    let verdicts = run.verdicts();
    assert!(verdicts[0].ok);
    assert!(!verdicts[1].ok);
    assert_eq!(verdicts[1].note.as_deref(), Some("ended the run at 3s"));
    assert_eq!(run.aborts.len(), 1);
}

#[test]
fn nothing_is_aborted_for_lack_of_samples_or_after_the_end() {
    let mut run = Run::of(vec![abort(p95_below(300))]);
    run.seconds(&[&[], &[]]);
    run.judge.load_ends(2 * SECOND);
    run.seconds(&[&[900]]);
    assert!(run.aborts.is_empty());
    assert!(!run.verdicts()[0].ok);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn a_window_is_what_merging_its_seconds_gives(
        seconds in prop::collection::vec(prop::collection::vec(1u64..5_000, 1..5), 1..12),
        length in 1usize..5,
    ) {
        let mut run = Run::of(vec![window(p95_below(1), length as u64)]);
        for (number, latencies) in seconds.iter().enumerate() {
            run.second(second(number as u64, latencies));
            if number + 1 < length {
                continue;
            }
            let mut merged = RunTotals::new(Size::new(2, 2, 0));
            for (index, latencies) in seconds.iter().enumerate().take(number + 1).skip(number + 1 - length) {
                merged.add(&second(index as u64, latencies));
            }
            let view = View::totals(&merged.steps, &merged.tasks);
            let expected = view.measures.latency();
            let now = run.judge.standings.first().unwrap().now.clone().unwrap();
            prop_assert_eq!(now.samples, expected.len());
            prop_assert_eq!(now.observed, expected.percentile(95.0).map(|ns| ns as f64));
        }
    }
}

mod texts {
    use super::*;
    use crate::samples;
    use loadgen_plan::threshold::{Scopes, parse};

    #[test]
    fn units_are_those_of_the_expression() {
        for (expr, value, text) in [
            ("max < 300ms", 212.34e6, "212ms"),
            ("max<0.3s", 0.300_000_1e9, "0.3000001s"),
            ("max < 300 us", 1_500.0, "1.5us"),
            ("error_rate < 1%", 0.0132, "1.32%"),
            ("error_rate < 0.01", 0.0132, "0.0132"),
            ("rate > 90/s", 95.25, "95.2/s"),
            ("rate > 90/m", 1.6, "96/m"),
            ("dropped == 0", 12_345.0, "12345"),
        ] {
            let unit = parse(expr).unwrap().unit;
            let limit = if expr.contains("0.3s") { 0.3 } else { 90.0 };
            assert_eq!(unit.text(unit.convert(value), limit), text, "{expr}");
        }
    }

    #[test]
    fn few_samples_beyond_a_percentile_are_a_warning() {
        let p99 = |window: Option<u64>| Threshold {
            expr: "p99 < 1s".into(),
            metric: Metric::Time(Distribution::Latency, Statistic::Percentile(99.0)),
            window: window.map(Duration::from_secs),
            ..p95_below(1)
        };
        let verdict = |samples| Verdict {
            doubtful: false,
            ok: true,
            observed: Some(1.0),
            samples,
            note: None,
        };
        const NONE: Scopes<'_> = Scopes {
            tasks: &[],
            groups: &[],
        };
        let warnings = samples::warnings(
            &[p99(None), p99(None), p99(Some(10)), p99(None), p95_below(1)],
            &[
                verdict(420),
                verdict(1_000),
                verdict(42),
                verdict(0),
                verdict(199),
            ],
            NONE,
        );
        insta::assert_snapshot!(warnings.join("\n"));
        let median = on(
            Metric::Time(Distribution::Latency, Statistic::Max),
            Op::Less,
            1.0,
        );
        assert!(samples::warnings(&[median], &[verdict(1)], NONE).is_empty());
    }
}

#[test]
fn nothing_is_judged_in_the_warm_up_and_times_count_from_its_end() {
    let late = Threshold {
        after: Duration::from_secs(2),
        ..abort(p95_below(100))
    };
    let mut run = Run::of(vec![late, window(p95_below(1_000), 2)]);
    run.judge = run.judge.with_warmup(3 * SECOND);
    run.collector = run.collector.with_warmup(3 * SECOND);
    for number in 0..6 {
        let mut second = second(number, &[if number < 3 { 5_000 } else { 400 }]);
        second.warmup = number < 3;
        run.second(second);
        let standings = run.judge.standings();
        assert_eq!(standings[0].is_some(), number >= 4, "{number}");
        assert_eq!(standings[1].is_some(), number >= 4, "{number}");
    }
    // The first second that ends two seconds after the warm-up.
    assert_eq!(run.aborts, [(4, 0)]);
    let verdicts = run.verdicts();
    assert_eq!((verdicts[1].ok, verdicts[1].samples), (true, 4));
    let notes = verdicts.iter().map(|verdict| verdict.note.clone().unwrap());
    let expected = ["ended the run at 2s", "worst 2s window, from 0s to 2s"];
    assert_eq!(notes.collect::<Vec<_>>(), expected);
}
