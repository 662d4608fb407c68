//! Warm-ups: what is due in them is done and set aside, to the exact run.

use super::*;
use loadgen_core::metric::Counter;
use loadgen_plan::Iterations;
use loadgen_record::{Collector, Recording, Size};

fn warming(mut plan: Plan, warmup: Duration) -> Plan {
    plan.warmup = warmup;
    plan.populations[0].warmup = warmup;
    plan
}

/// Records a run of a plan of one step.
fn recorded(ran: Ran, warmup: Duration) -> Recording {
    let warmup = warmup.as_nanos() as Nanos;
    let size = Size::new(1, 1, 0);
    let mut collector = Collector::new(ran.by_worker.len(), size).with_warmup(warmup);
    for (worker, snapshots) in ran.by_worker.into_iter().enumerate() {
        for snapshot in snapshots {
            collector.absorb(worker, snapshot);
        }
        collector.finish(worker);
    }
    collector.close(ran.end.at, ran.end.overdue)
}

/// Offered, ended and dropped runs.
fn counts(measures: &Measures) -> (u64, u64, u64) {
    (
        measures[Counter::Offered],
        measures.count(),
        measures[Counter::Dropped],
    )
}

#[test]
fn arrivals_of_the_warm_up_are_counted_apart_even_when_they_end_after_it() {
    for (warmup, inside, outside) in [(2_000, 20, 30), (1_500, 15, 35), (5_000, 50, 0)] {
        let warmup = Duration::from_millis(warmup);
        for workers in [1, 2, 3] {
            // Arrivals of the warm-up take 3 s, so most of them end while others are measured.
            let load = plan(Load::Open(open(10.0, 5, 60, 10)), &[1]);
            let ran = drive(warming(load, warmup), workers, None, move |clock| {
                FakeDriver {
                    service: Box::new(move |number| match (number as u64) < inside {
                        true => 3 * SECOND,
                        false => 10 * MS,
                    }),
                    ..FakeDriver::steady(clock, 0)
                }
            });
            let recording = recorded(ran, warmup);
            let (measured, warm) = (&recording.totals, &recording.warmup);
            assert_eq!(counts(&measured.tasks[0]), (outside, outside, 0));
            assert_eq!(counts(&warm.tasks[0]), (inside, inside, 0));
            assert_eq!(measured.steps[0].count(), outside);
            assert_eq!(measured.steps[0][Counter::BytesSent], outside);
            // Acknowledged requests count in the warm-up too.
            assert_eq!(recording.counts.tasks[0].ok, 50);
            assert_eq!(recording.counts.steps[0].ok, 50);
            let slowest = measured.steps[0].latency().max();
            assert_eq!(slowest.map(|ns| ns / (10 * MS)), (outside > 0).then_some(1));
            assert!(warm.steps[0].latency().min().unwrap() > 2_900 * MS);
            assert_eq!((measured.lag.len(), warm.lag.len()), (outside, inside));
            assert_eq!(measured.warmup, warmup.as_nanos() as Nanos);
        }
    }
}

#[test]
fn the_course_has_the_warm_up_in_its_place() {
    let warmup = Duration::from_millis(2_500);
    let load = plan(Load::Open(open(10.0, 5, 5, 5)), &[1]);
    let ran = drive(warming(load, warmup), ALONE, None, steady(10 * MS));
    let recording = recorded(ran, warmup);
    // The rest of the second in which the run ends has no steps: look at whole seconds only.
    let course = recording.timeline.iter().take(5);
    let shown: Vec<(u64, bool, u64)> = course
        .map(|entry| {
            let requests = entry.steps.iter().map(|(_, step)| step.count).sum();
            (entry.second, entry.warmup, requests)
        })
        .collect();
    // The second in which it ends belongs to what is measured, without the part before.
    let expected = [
        (0, true, 10),
        (1, true, 10),
        (2, false, 5),
        (3, false, 10),
        (4, false, 10),
    ];
    assert_eq!(shown, expected);
    assert_eq!(recording.totals.elapsed, 5_000 * MS - 2_500 * MS);
}

#[test]
fn what_is_dropped_or_cut_off_in_the_warm_up_is_no_finding() {
    // One slot, held until it is cut off: two wait, the rest is dropped.
    let warmup = Duration::from_secs(1);
    let mut load = plan(Load::Open(open(10.0, 2, 1, 2)), &[1]);
    load.populations[0].graceful_stop = Duration::from_secs(1);
    let ran = drive(warming(load, warmup), ALONE, None, steady(60 * SECOND));
    let recording = recorded(ran, warmup);
    let (measured, warm) = (&recording.totals.tasks[0], &recording.warmup.tasks[0]);
    assert_eq!(
        (measured[Counter::Offered], measured[Counter::Dropped]),
        (10, 10)
    );
    assert_eq!(
        (measured[Counter::Interrupted], measured[Counter::Unknown]),
        (0, 0)
    );
    assert_eq!(
        (
            warm[Counter::Offered],
            warm[Counter::Dropped],
            warm[Counter::Interrupted]
        ),
        (10, 7, 3)
    );
    // The request may have been executed all the same.
    assert_eq!(recording.counts.tasks[0].unknown, 1);
}

#[test]
fn iterations_are_those_after_the_warm_up() {
    let warmup = Duration::from_secs(1);
    for (iterations, all) in [(Iterations::PerUser(4), 12), (Iterations::Shared(50), 50)] {
        for workers in [1, 2] {
            let load = Closed {
                users: Curve::constant(3.0),
                duration: None,
                think: Think::None,
                pacing: None,
                iterations,
                ramp_down: None,
            };
            let plan = warming(plan(Load::Closed(load), &[1]), warmup);
            let recording = recorded(drive(plan, workers, None, steady(100 * MS)), warmup);
            assert_eq!(recording.totals.tasks[0].count(), all, "{iterations:?}");
            assert_eq!(recording.warmup.tasks[0].count(), 30);
            assert_eq!(recording.counts.tasks[0].ok, all + 30);
        }
    }
}

#[test]
fn a_run_that_ends_in_its_warm_up_has_measured_nothing() {
    let warmup = Duration::from_secs(60);
    let load = plan(Load::Open(open(10.0, 100, 5, 5)), &[1]);
    let interrupt = Some(Duration::from_millis(2_950));
    let ran = drive(warming(load, warmup), ALONE, interrupt, steady(10 * MS));
    let recording = recorded(ran, warmup);
    assert_eq!(recording.totals.tasks[0][Counter::Offered], 0);
    assert_eq!(recording.totals.elapsed, 0);
    assert_eq!(recording.totals.warmup / (10 * MS), 295);
    assert_eq!(recording.warmup.tasks[0].count(), 30);
    assert!(recording.timeline.iter().all(|entry| entry.warmup));
}
