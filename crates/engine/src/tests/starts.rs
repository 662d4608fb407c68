//! Users that have something to do before their first task run.

use super::*;
use loadgen_core::metric::Counter;
use loadgen_plan::Iterations;

/// Users of one task (step 0) who start with step 1.
fn with_start(load: Closed) -> Plan {
    PlanBuilder::new(Load::Closed(load))
        .requests(1)
        .user_start()
        .build()
}

fn users(count: f64, seconds: u64) -> Closed {
    Closed {
        users: Curve::constant(count),
        duration: Some(Duration::from_secs(seconds)),
        think: Think::None,
        pacing: None,
        iterations: Iterations::Unlimited,
        ramp_down: None,
    }
}

/// Returns the steps of one user with their starts in ms.
fn of(ran: &Ran, user: u64) -> Vec<(usize, Nanos)> {
    let own = ran.seen.iter().filter(|seen| seen.session == user);
    own.map(|seen| (seen.step, seen.at / MS)).collect()
}

/// Every step takes `service`, and these fail, counted from 0.
fn failing(service: Nanos, failing: &'static [usize]) -> impl FnOnce(Clock) -> FakeDriver {
    move |clock| FakeDriver {
        failure: Box::new(|number| {
            let fails = failing.contains(&number);
            fails.then(|| Failure::text(ErrorClass::Status4xx, "status 401"))
        }),
        ..FakeDriver::steady(clock, service)
    }
}

#[test]
fn each_user_starts_once_and_goes_on_at_once() {
    let load = Closed {
        think: Think::Constant(Duration::from_millis(300)),
        ..users(3.0, 1)
    };
    let ran = drive(with_start(load), ALONE, None, steady(100 * MS));
    for user in 0..3 {
        assert_eq!(of(&ran, user), [(1, 0), (0, 100), (0, 500), (0, 900)]);
    }
    assert_eq!((ran.task(1).count(), ran.task(0).count()), (3, 9));
}

#[test]
fn a_start_that_fails_is_tried_again_in_the_place_of_a_run() {
    let load = Closed {
        pacing: Some(Duration::from_millis(500)),
        iterations: Iterations::PerUser(4),
        duration: None,
        ..users(1.0, 0)
    };
    let ran = drive(with_start(load), ALONE, None, failing(100 * MS, &[0, 1]));
    // Ticks at 0 and 500 ms in vain; from 1 s on it starts, and its runs have ticks of their own.
    let seen = [(1, 0), (1, 500), (1, 1000), (0, 1100), (0, 1600)];
    assert_eq!(of(&ran, 0), seen);
    let start = ran.task(1);
    assert_eq!((start.count(), start.errors()), (3, 2));
    assert_eq!(
        ran.task(0).count(),
        2,
        "four in all, of which two were lost"
    );
}

#[test]
fn users_who_never_start_do_nothing_else_and_end() {
    let load = Closed {
        iterations: Iterations::Shared(10),
        duration: None,
        ..users(2.0, 0)
    };
    let ran = drive(with_start(load), ALONE, None, |clock| FakeDriver {
        failure: Box::new(|_| Some(Failure::text(ErrorClass::Status4xx, "status 401"))),
        ..FakeDriver::steady(clock, MS)
    });
    assert_eq!(
        (ran.task(1).errors(), ran.task(0)[Counter::Offered]),
        (10, 0)
    );
    // A start that succeeds takes no shared iteration.
    let load = Closed {
        iterations: Iterations::Shared(10),
        duration: None,
        ..users(2.0, 0)
    };
    let ran = drive(with_start(load), ALONE, None, steady(MS));
    assert_eq!((ran.task(1).count(), ran.task(0).count()), (2, 10));
}

#[test]
fn a_user_that_comes_back_starts_again() {
    let curve = Curve::default()
        .then(Duration::ZERO, 1.0)
        .then(Duration::from_secs(1), 1.0)
        .then(Duration::ZERO, 0.0)
        .then(Duration::from_secs(1), 0.0)
        .then(Duration::ZERO, 1.0)
        .then(Duration::from_secs(1), 1.0);
    let load = Closed {
        users: curve,
        ..users(1.0, 3)
    };
    let ran = drive(with_start(load), ALONE, None, steady(400 * MS));
    let seen = [(1, 0), (0, 400), (0, 800), (1, 2000), (0, 2400), (0, 2800)];
    assert_eq!(of(&ran, 0), seen);
}

#[test]
fn a_start_under_way_at_the_end_is_interrupted() {
    let mut plan = with_start(users(1.0, 1));
    plan.populations[0].graceful_stop = Duration::from_millis(500);
    let ran = drive(plan, ALONE, None, steady(3 * SECOND));
    assert_eq!(
        (
            ran.task(1)[Counter::Interrupted],
            ran.task(0)[Counter::Offered]
        ),
        (1, 0)
    );
}
