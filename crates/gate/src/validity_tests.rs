use super::*;
use loadgen_core::{
    metric::Timer,
    time::{SECOND, nanos},
};
use loadgen_driver::Shortage;
use loadgen_plan::{MAX_LAG, threshold::parse};
use loadgen_record::{Size, UserTime};

const MS: u64 = 1_000_000;
const CALM: Usage = Usage {
    workers: 2,
    cpu_seconds: 4.0,
    host: None,
};

/// A run without thresholds.
fn grounds(totals: &RunTotals, usage: Usage) -> Grounds<'_> {
    Grounds {
        totals,
        usage,
        max_lag: nanos(MAX_LAG),
        tasks: &[],
        thresholds: &[],
        verdicts: &[],
    }
}

fn judged(totals: &RunTotals, usage: Usage) -> Validity {
    Validity::of(&grounds(totals, usage))
}

fn totals(lag: Nanos, latency: Nanos) -> RunTotals {
    let mut totals = RunTotals::new(Size::new(1, 1, 0));
    totals.elapsed = 10 * SECOND;
    for _ in 0..1_000 {
        totals.lag.record(lag);
        totals.steps[0][Timer::Ok].record(latency);
        totals.tasks[0][Timer::Ok].record(latency);
        totals.tasks[0][Counter::Offered] += 1;
    }
    totals
}

#[test]
fn lag_counts_when_it_is_long_and_a_good_part_of_what_is_reported() {
    for (lag, latency, valid) in [
        (MS, 2 * MS, true),
        (3 * MS, 20 * MS, false),
        (3 * MS, 40 * MS, true),
        (30 * MS, 200 * MS, false),
    ] {
        let validity = judged(&totals(lag, latency), CALM);
        assert_eq!(validity.is_valid(), valid, "{lag} {latency}");
        assert!(validity.warnings.is_empty());
    }
    insta::assert_snapshot!(
        judged(&totals(3 * MS, 20 * MS), CALM).reasons[0],
        @"loadgen itself was late: 1 run in 100 began more than 3.00 ms after it was due although a slot was free, which is above max_lag (2ms) and above a tenth of the reported p99 of 20.0 ms; use more workers, or cores that nothing else uses"
    );
}

#[test]
fn the_bound_of_lag_can_be_set() {
    let totals = totals(3 * MS, 20 * MS);
    for (max_lag, valid) in [(0, false), (MS, false), (4 * MS, true), (5 * MS, true)] {
        let validity = Validity::of(&Grounds {
            max_lag,
            ..grounds(&totals, CALM)
        });
        assert_eq!(validity.is_valid(), valid, "{max_lag}");
        assert!(validity.warnings.is_empty());
    }
}

#[test]
fn a_few_late_runs_of_a_short_run_are_a_warning() {
    let mut totals = totals(0, 5 * MS);
    totals.lag = Default::default();
    for late in 0..50 {
        totals.lag.record(if late < 9 { 3 * MS } else { 0 });
    }
    let validity = judged(&totals, CALM);
    assert_eq!((validity.reasons.len(), validity.warnings.len()), (0, 1));
    totals.lag.record(3 * MS);
    let validity = judged(&totals, CALM);
    assert_eq!((validity.reasons.len(), validity.warnings.len()), (1, 0));
}

#[test]
fn nearly_all_due_arrivals_must_have_been_dispatched() {
    let mut totals = totals(0, 20 * MS);
    totals.overdue = 10;
    assert!(judged(&totals, CALM).is_valid());
    totals.overdue = 200;
    insta::assert_snapshot!(
        judged(&totals, CALM).reasons[0],
        @"loadgen could not keep up: only 80% of 1,000 arrivals were dispatched before the end of the load"
    );
}

#[test]
fn requests_that_failed_for_want_of_something_were_none_of_the_targets() {
    let mut totals = totals(0, 20 * MS);
    totals.shortages[Shortage::Ports] = 1_234;
    totals.shortages[Shortage::Descriptors] = 1;
    insta::assert_snapshot!(judged(&totals, CALM).reasons.join("\n"), @r"
    this machine ran out of local ports: 1,234 requests failed for want of one, which the target had no part in; reuse connections, let more ports be used (sysctl net.ipv4.ip_local_port_range, net.ipv4.tcp_tw_reuse = 1), or take more addresses of the target or more machines
    this machine ran out of file descriptors: 1 request failed for want of one, which the target had no part in; raise the limit (`ulimit -Hn`, sysctl fs.file-max), or use fewer users or a smaller max_in_flight
    ");
}

#[test]
fn a_busy_generator_is_a_warning() {
    let usage = Usage {
        workers: 2,
        cpu_seconds: 19.0,
        host: None,
    };
    let validity = judged(&totals(0, 20 * MS), usage);
    assert!(validity.is_valid());
    insta::assert_snapshot!(
        validity.warnings[0],
        @"loadgen kept its 2 cores 95% busy, so it may itself be part of what was measured: use more workers, or cores that nothing else uses"
    );
}

#[test]
fn a_short_run_says_nothing_of_how_busy_the_generator_was() {
    let mut short = totals(0, 20 * MS);
    short.elapsed = 2 * MS;
    let usage = Usage {
        workers: 1,
        cpu_seconds: 0.0021,
        host: None,
    };
    assert_eq!(judged(&short, usage), Validity::default());
}

/// A threshold on a late run that failed, doubtfully or not.
fn of_late(expr: &str, doubtful: bool) -> Validity {
    let condition = parse(expr).unwrap();
    let threshold = Threshold {
        expr: expr.to_owned(),
        metric: condition.metric,
        op: condition.op,
        implied: expr.starts_with("error_rate < 100%"),
        ..Threshold::implied()
    };
    let verdict = Verdict {
        ok: false,
        observed: Some(1.0),
        samples: 1_000,
        note: None,
        doubtful,
    };
    Validity::of(&Grounds {
        thresholds: &[threshold],
        verdicts: &[verdict],
        ..grounds(&totals(3 * MS, 20 * MS), CALM)
    })
}

#[test]
fn only_verdicts_that_lateness_may_have_made_make_a_run_invalid() {
    for (expr, doubtful, valid) in [
        ("p95 < 300ms", false, true),
        ("p95 < 300ms", true, false),
        ("rate > 10/s", true, false),
        ("errors == 0", false, true),
        // Nobody wrote it: the run is judged as one without thresholds.
        ("error_rate < 100%", false, false),
    ] {
        let validity = of_late(expr, doubtful);
        assert_eq!(validity.is_valid(), valid, "{expr} {doubtful}");
        assert_eq!(validity.warnings.len(), usize::from(valid), "{expr}");
    }
    let told = [
        &of_late("p95 < 300ms", true).reasons[0],
        &of_late("p95 < 300ms", false).warnings[0],
    ];
    insta::assert_snapshot!(told.map(String::as_str).join("\n"), @r"
    loadgen itself was late, by up to 3.00 ms (p99 3.00 ms), and that may be what decided about `p95 < 300ms`; use more workers, or cores that nothing else uses
    loadgen itself was late: 1 run in 100 began more than 3.00 ms after it was due although a slot was free, which is above max_lag (2ms) and above a tenth of the reported p99 of 20.0 ms; use more workers, or cores that nothing else uses. The thresholds are decided all the same: without it they come out as they did
    ");
}

#[test]
fn lateness_counts_however_short_it_was_where_a_verdict_hangs_on_it() {
    let mut calm = totals(0, 20 * MS);
    calm.lag.record(400_000);
    let verdict = Verdict {
        ok: false,
        observed: Some(1.0),
        samples: 1_000,
        note: None,
        doubtful: true,
    };
    let threshold = Threshold {
        implied: false,
        ..Threshold::implied()
    };
    let validity = Validity::of(&Grounds {
        thresholds: &[threshold.clone(), threshold],
        verdicts: &[verdict.clone(), verdict],
        ..grounds(&calm, CALM)
    });
    insta::assert_snapshot!(validity.reasons.join("\n"), @"loadgen itself was late, by up to 400 µs (p99 63 ns), and that may be what decided about `error_rate < 100%`; use more workers, or cores that nothing else uses");
}

#[test]
fn users_who_waited_for_loadgen_had_too_little_load() {
    let lost = |present: u64, lost: u64| {
        let mut totals = totals(0, 20 * MS);
        totals.user_time = vec![UserTime { present, lost }];
        judged(&totals, CALM)
    };
    // Lost time of ten users in ten seconds.
    for (time, valid) in [(0, true), (SECOND, true), (SECOND + MS, false)] {
        assert_eq!(lost(100 * SECOND, time).is_valid(), valid, "{time}");
    }
    // A short run is mostly its beginning.
    let mut short = totals(0, MS);
    short.elapsed = 500 * MS;
    for (lost, warnings) in [(2 * MS, 0), (20 * MS, 1)] {
        let present = 500 * MS;
        short.user_time = vec![UserTime { present, lost }];
        let validity = judged(&short, CALM);
        assert_eq!(
            (validity.reasons.len(), validity.warnings.len()),
            (0, warnings)
        );
    }
    insta::assert_snapshot!(lost(100 * SECOND, 4 * SECOND).reasons[0], @"loadgen itself was late: its users waited for it in 4% of their time, so that less load came than was meant; use more workers, or cores that nothing else uses");
}

#[test]
fn who_was_to_blame_is_told_with_figures() {
    let blamed = |cpu_seconds: f64, busy_seconds: f64, longest: Nanos| {
        let mut late = totals(3 * MS, 20 * MS);
        late.lag.record(longest);
        let host = Some(Host {
            busy_seconds,
            all_seconds: 40.0,
        });
        let usage = Usage {
            workers: 2,
            cpu_seconds,
            host,
        };
        blame(&late, usage)
    };
    let told = [
        blamed(19.0, 39.0, 0),
        blamed(1.0, 39.0, 0),
        blamed(1.0, 2.0, 4 * SECOND),
        blamed(1.0, 2.0, 0),
    ];
    insta::assert_snapshot!(told.join("\n"), @r"
    its 2 workers were 95% busy: use more of them, or more machines
    other programs took 95% of this machine's processors, and loadgen 2.5%: run it where it has a core to itself
    it did not run at all for up to 4.00 s, while other programs took 2.5% of this machine's processors: was it stopped, or the machine suspended?
    loadgen took 2.5% of this machine's processors and other programs 2.5%: if it is a virtual machine, its host may have been busy
    ");
}

#[test]
fn an_empty_run_is_not_invalid() {
    let validity = judged(&RunTotals::new(Size::new(1, 1, 0)), CALM);
    assert_eq!(validity, Validity::default());
}
