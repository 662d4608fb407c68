//! Steps that fail.

use super::*;
use loadgen_driver::{Detail, Shortage};

#[test]
fn a_failed_step_ends_the_run_and_is_counted_by_class() {
    let load = plan(Load::Open(open(10.0, 1, 1, 10)), &[3]);
    let ran = drive(load, ALONE, None, |clock| FakeDriver {
        // Every second step fails: the second of each run.
        failure: Box::new(|number| {
            (number % 2 == 1).then_some(Failure {
                class: ErrorClass::Status5xx,
                detail: Detail::Status(503),
            })
        }),
        ..FakeDriver::steady(clock, MS)
    });
    assert_eq!(ran.task(0).errors(), 10);
    assert_eq!(ran.task(0).by_class[ErrorClass::Status5xx], 10);
    assert_eq!(ran.step(0)[Timer::Ok].len(), 10);
    assert_eq!(ran.step(1)[Timer::Failed].len(), 10);
    // All failures were alike.
    assert_eq!(ran.step(1).samples.len(), 1);
    assert_eq!(ran.step(1).samples[0].message, "status 503");
    assert_eq!(ran.step(2)[Counter::Offered], 0);
}

#[test]
fn what_this_machine_ran_out_of_is_counted_apart() {
    let mut plan = plan(Load::Open(open(10.0, 2, 5, 10)), &[1]);
    plan.warmup = Duration::from_secs(1);
    let ran = drive(plan, ALONE, None, |clock| FakeDriver {
        // Every fourth request finds no port, and every tenth is refused.
        failure: Box::new(|number| match (number % 4, number % 10) {
            (0, _) => Some(Failure::for_want_of(
                Some(Shortage::Ports),
                ErrorClass::Other,
                "none".into(),
            )),
            (_, 9) => Some(Failure::text(ErrorClass::Refused, "no")),
            _ => None,
        }),
        ..FakeDriver::steady(clock, MS)
    });
    let ports = |second: usize| ran.snapshots[second].shortages[Shortage::Ports];
    // Multiples of 3 among the numbers 0 to 9, and 10 to 19.
    assert_eq!((ports(0), ports(1)), (3, 2));
    let step = ran.step(0);
    assert_eq!(step.by_class[ErrorClass::LocalLimit], 5);
    assert_eq!(step.samples[0].message, "no local port was left: none");
    let descriptors = ran.snapshots.iter();
    let descriptors = descriptors.map(|snapshot| snapshot.shortages[Shortage::Descriptors]);
    assert_eq!(descriptors.sum::<u64>(), 0);
}
