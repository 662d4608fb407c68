//! Tests of the length of loads, and of the time at which they stop sending.

use super::*;
use loadgen_plan::Iterations;

fn shared(users: Curve, seconds: u64, runs: u64) -> Plan {
    let Load::Closed(load) = closed(users, seconds, Think::None) else {
        unreachable!()
    };
    let load = Closed {
        iterations: Iterations::Shared(runs),
        ..load
    };
    plan(Load::Closed(load), &[1])
}

/// Returns a curve at this level for a second, then at 0.
fn then_none(level: f64) -> Curve {
    Curve::default()
        .then(Duration::ZERO, level)
        .then(Duration::from_secs(1), level)
        .then(Duration::ZERO, 0.0)
        .then(Duration::from_secs(3), 0.0)
}

#[test]
fn a_last_stage_of_nothing_is_part_of_the_run() {
    let arrivals = Open {
        rate: then_none(10.0),
        ..open(0.0, 4, 5, 5)
    };
    let users = closed(
        then_none(2.0),
        4,
        Think::Constant(Duration::from_millis(99)),
    );
    for load in [Load::Open(arrivals), users] {
        for workers in [1, 3] {
            let ran = drive(plan(load.clone(), &[1]), workers, None, steady(MS));
            assert!(ran.seen.iter().all(|seen| seen.at < SECOND));
            assert_eq!(
                (ran.end.at, &ran.end.stopped),
                (4 * SECOND, &vec![4 * SECOND])
            );
            assert_eq!(ran.snapshots.len(), 5);
        }
    }
}

#[test]
fn an_interrupt_ends_a_silent_stage_at_once() {
    let load = Open {
        rate: then_none(10.0),
        ..open(0.0, 4, 5, 5)
    };
    let interrupt = Some(Duration::from_millis(2_500));
    let ran = drive(plan(Load::Open(load), &[1]), 2, interrupt, steady(MS));
    assert_eq!((ran.end.at, ran.end.stopped[0]), (2_500 * MS, 2_500 * MS));
}

#[test]
fn iterations_end_their_load_and_what_no_user_was_left_for_is_told() {
    for workers in [1, 2] {
        let ran = drive(
            shared(then_none(2.0), 4, 10),
            workers,
            None,
            steady(100 * MS),
        );
        assert_eq!((ran.end.at, ran.end.stopped[0]), (500 * MS, 500 * MS));
        assert_eq!(ran.end.undone, [0]);
        let ran = drive(
            shared(then_none(2.0), 4, 50),
            workers,
            None,
            steady(100 * MS),
        );
        assert_eq!((ran.end.at, ran.end.stopped[0]), (SECOND, SECOND));
        assert_eq!((ran.task(0).count(), ran.end.undone[0]), (20, 30));
    }
}

#[test]
fn iterations_of_users_who_leave_are_told() {
    for workers in [1, 3] {
        let mut plan = shared(then_none(3.0), 4, 0);
        let Load::Closed(load) = &mut plan.populations[0].load else {
            unreachable!()
        };
        load.iterations = Iterations::PerUser(12);
        let ran = drive(plan, workers, None, steady(100 * MS));
        assert_eq!((ran.task(0).count(), ran.end.undone[0]), (30, 6));
    }
}

#[test]
fn what_ends_after_its_load_is_late() {
    // Runs of a second: those of the first one end in time, the last of them at the very end.
    let ran = drive(
        plan(Load::Open(open(10.0, 2, 20, 20)), &[1]),
        2,
        None,
        steady(SECOND),
    );
    for measures in [ran.task(0), ran.step(0)] {
        assert_eq!((measures.count(), measures.in_time()), (20, 11));
    }
    assert_eq!(ran.end.stopped, [2 * SECOND]);
    // An interrupt brings the end of the load forward.
    let interrupt = Some(Duration::from_millis(1_550));
    let ran = drive(
        plan(Load::Open(open(10.0, 2, 20, 20)), &[1]),
        2,
        interrupt,
        steady(SECOND),
    );
    assert_eq!((ran.task(0).count(), ran.task(0).in_time()), (16, 6));
}
