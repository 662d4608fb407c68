//! Lateness of loadgen's own: time jumps, as it does for a process that was not let run.

use super::*;
use loadgen_core::metric::Distribution;
use loadgen_plan::{
    Iterations, Threshold,
    threshold::{Metric, Statistic},
};
use loadgen_record::UserTime;

/// A threshold that looks at response times.
fn on_latency(scope: loadgen_plan::threshold::Scope) -> Threshold {
    Threshold {
        scope,
        metric: Metric::Time(Distribution::Latency, Statistic::Max),
        ..Threshold::implied()
    }
}

/// A plan whose response times thresholds look at.
fn watched(load: Load, steps: &[usize]) -> Plan {
    use loadgen_plan::threshold::Scope;
    let mut plan = plan(load, steps);
    let tasks = (0..plan.tasks.len()).map(Scope::Task);
    plan.thresholds = tasks.chain([Scope::Totals]).map(on_latency).collect();
    plan
}

fn in_ms(times: &Hist) -> Vec<(Nanos, u64)> {
    let buckets = times.buckets().into_iter();
    buckets.map(|(time, count)| (time / MS, count)).collect()
}

/// Latencies in ms of a part as they were measured, and without lag.
fn both(measures: &Measures) -> [Vec<(Nanos, u64)>; 2] {
    let punctual = measures.punctual_distribution(Distribution::Latency);
    [&measures.latency(), &punctual.unwrap()].map(|times| in_ms(times))
}

fn user_time(ran: &Ran) -> Vec<UserTime> {
    let mut sum = Vec::new();
    for snapshot in &ran.snapshots {
        UserTime::add_all(&mut sum, &snapshot.user_time);
    }
    sum
}

#[test]
fn arrivals_that_had_a_slot_are_told_without_their_lag() {
    // At ten a second, the arrivals due at 400 to 1300 ms begin at 1305 ms.
    let ran = drive_stalled(
        watched(Load::Open(open(10.0, 2, 50, 10)), &[1]),
        &[(315 * MS, 990 * MS)],
        steady(10 * MS),
    );
    let late = (0..10).map(|number| (5 + 100 * number + 10, 1));
    let measured: Vec<_> = [(10, 10)].into_iter().chain(late).collect();
    for measures in [ran.step(0), ran.task(0)] {
        assert_eq!(both(&measures), [measured.clone(), vec![(10, 20)]]);
    }
    assert_eq!(user_time(&ran), []);
}

#[test]
fn waiting_for_a_slot_is_no_lag() {
    // One slot for 40 arrivals a second that take 100 ms each.
    let ran = drive(
        watched(Load::Open(open(40.0, 1, 1, 100)), &[1]),
        ALONE,
        None,
        steady(100 * MS),
    );
    let [measured, punctual] = both(&ran.task(0));
    assert_eq!(measured, punctual);
    assert!(measured.last().unwrap().0 > 2000);
}

#[test]
fn what_waited_for_a_late_slot_is_told_without_the_lag_of_the_run_before_it() {
    // The arrivals due at 400 to 1300 ms follow one another in the one slot from 1305 ms on, and
    // the one due at 1400 ms still waits for the last of them.
    let ran = drive_stalled(
        watched(Load::Open(open(10.0, 2, 1, 10)), &[1]),
        &[(315 * MS, 990 * MS)],
        steady(10 * MS),
    );
    let late = (0..10).map(|number| (15 + 90 * (number + 1), 1));
    let measured: Vec<_> = [(10, 9), (15, 1)].into_iter().chain(late).collect();
    for measures in [ran.step(0), ran.task(0)] {
        assert_eq!(both(&measures), [measured.clone(), vec![(10, 20)]]);
    }
}

#[test]
fn users_lose_the_time_by_which_they_are_woken_too_late() {
    // Runs of 50 ms every 150 ms; the one that is due at 1200 ms begins at 2110 ms.
    let think = Think::Constant(Duration::from_millis(100));
    let ran = drive_stalled(
        watched(closed(Curve::constant(2.0), 3, think), &[1]),
        &[(1110 * MS, 1000 * MS)],
        steady(50 * MS),
    );
    let [measured, punctual] = both(&ran.task(0));
    // Eight runs before it, and five after it: at 2260, 2410, 2560, 2710, 2860 ms.
    assert_eq!(measured, [(50, 2 * 13), (960, 2)]);
    assert_eq!(punctual, [(50, 2 * 14)]);
    let [time] = user_time(&ran)[..] else {
        panic!("one population has users");
    };
    assert_eq!(time.present / MS, 2 * 3000);
    assert_eq!(time.lost / MS, 2 * 910);
}

#[test]
fn lag_within_a_run_is_of_the_step_its_groups_and_the_run() {
    // The second step pauses from 10 to 110 ms, and begins at 260 ms.
    let once = Load::Closed(Closed {
        users: Curve::constant(1.0),
        duration: None,
        think: Think::None,
        pacing: None,
        iterations: Iterations::PerUser(1),
        ramp_down: None,
    });
    let mut plan = watched(once, &[2]);
    plan.populations[0].tasks[0].steps[1].think = Think::Constant(Duration::from_millis(100));
    let ran = drive_stalled(plan, &[(60 * MS, 200 * MS)], steady(10 * MS));
    assert_eq!(both(&ran.step(0)), [[(10, 1)], [(10, 1)]].map(Vec::from));
    assert_eq!(both(&ran.step(1)), [[(160, 1)], [(10, 1)]].map(Vec::from));
    assert_eq!(both(&ran.task(0)), [[(270, 1)], [(120, 1)]].map(Vec::from));
    assert_eq!(user_time(&ran)[0].lost / MS, 150);
    // Only its own runs' starts are schedule lag.
    let lags = ran.snapshots.iter().map(|snapshot| snapshot.lag.len());
    assert_eq!(lags.sum::<u64>(), 1);
}

#[test]
fn what_no_threshold_looks_at_has_no_second_histogram() {
    let load = || Load::Open(open(100.0, 2, 50, 10));
    let of_first = || {
        let mut plan = plan(load(), &[1, 1]);
        plan.thresholds = vec![on_latency(loadgen_plan::threshold::Scope::Task(0))];
        plan
    };
    for (plan, first) in [(plan(load(), &[1, 1]), false), (of_first(), true)] {
        let ran = drive(plan, ALONE, None, steady(MS));
        for index in 0..2 {
            assert!(ran.step(index).punctual.is_none());
            let punctual = ran.task(index).punctual;
            assert_eq!(punctual.is_some(), first && index == 0, "{index}");
        }
    }
}

#[test]
fn runs_past_the_end_by_their_lag_alone_are_told() {
    // The arrivals due at 700, 800 and 900 ms begin at 955 ms and end at 1015 ms; without lag the
    // last would have ended at 960 ms.
    let ran = drive_stalled(
        watched(Load::Open(open(10.0, 1, 50, 10)), &[1]),
        &[(655 * MS, 300 * MS)],
        steady(60 * MS),
    );
    let task = ran.task(0);
    assert_eq!(
        (task.count(), task[Counter::Late], task.in_time()),
        (10, 3, 7)
    );
    assert_eq!(task.punctual.unwrap().in_time, 3);
    // Without any stop, nothing is late by lag.
    let ran = drive(
        watched(Load::Open(open(10.0, 1, 50, 10)), &[1]),
        ALONE,
        None,
        steady(160 * MS),
    );
    let task = ran.task(0);
    assert_eq!(
        (task[Counter::Late], task.punctual.unwrap().in_time),
        (1, 0)
    );
}
