//! Shapes of closed loads beyond users over time, and loads that begin later.

use super::*;
use loadgen_plan::Iterations;

fn users(count: f64, seconds: u64) -> Closed {
    match closed(Curve::constant(count), seconds, Think::None) {
        Load::Closed(closed) => closed,
        Load::Open(_) => unreachable!(),
    }
}

/// The starts of each user's runs, in ms.
fn starts(seen: &[Seen]) -> BTreeMap<u64, Vec<Nanos>> {
    let mut starts: BTreeMap<u64, Vec<Nanos>> = BTreeMap::new();
    for seen in seen {
        starts.entry(seen.session).or_default().push(seen.at / MS);
    }
    starts
}

#[test]
fn each_user_does_its_iterations_and_the_run_ends_with_the_last() {
    let load = Closed {
        iterations: Iterations::PerUser(4),
        duration: None,
        ..users(3.0, 0)
    };
    let ran = drive(
        plan(Load::Closed(load), &[1]),
        ALONE,
        None,
        steady(100 * MS),
    );
    let each = vec![0, 100, 200, 300];
    assert_eq!(
        starts(&ran.seen).into_values().collect::<Vec<_>>(),
        vec![each; 3]
    );
    assert_eq!(ran.end.at / MS, 400);
}

#[test]
fn shared_iterations_go_to_whoever_is_free_and_none_is_done_twice() {
    let load = Closed {
        iterations: Iterations::Shared(50),
        duration: None,
        ..users(5.0, 0)
    };
    for workers in [1, 2, 3, 5] {
        // Every seventh run takes ten times as long; others do its user's part.
        let plan = plan(Load::Closed(load.clone()), &[1]);
        let ran = drive(plan, workers, None, |clock| FakeDriver {
            service: Box::new(|number| if number % 7 == 0 { 100 * MS } else { 10 * MS }),
            ..FakeDriver::steady(clock, 0)
        });
        assert_eq!(ran.task(0).count(), 50, "{workers} workers");
        let counts = starts(&ran.seen).into_values().map(|starts| starts.len());
        let counts: Vec<usize> = counts.collect();
        assert!(counts.iter().max() > counts.iter().min(), "{counts:?}");
    }
}

#[test]
fn an_end_before_the_iterations_are_done_is_an_end() {
    let load = Closed {
        iterations: Iterations::PerUser(1000),
        ..users(2.0, 1)
    };
    let ran = drive(
        plan(Load::Closed(load), &[1]),
        ALONE,
        None,
        steady(100 * MS),
    );
    assert_eq!(ran.task(0).count(), 20);
}

#[test]
fn paced_users_begin_on_their_ticks_and_leave_missed_ones_out() {
    let load = Closed {
        pacing: Some(Duration::from_millis(500)),
        ..users(1.0, 5)
    };
    // The third run takes 1.7 s: the ticks at 1.5 and 2 s are passed by, that at 2.5 s is late.
    let ran = drive(plan(Load::Closed(load), &[1]), ALONE, None, |clock| {
        FakeDriver {
            service: Box::new(|number| if number == 2 { 1700 * MS } else { 100 * MS }),
            ..FakeDriver::steady(clock, 0)
        }
    });
    assert_eq!(
        starts(&ran.seen)[&0],
        [0, 500, 1000, 2700, 3000, 3500, 4000, 4500]
    );
    let task = ran.task(0);
    let latency = task.latency();
    // From its tick at 2.5 s to 2.8 s, although it was sent at 2.7 s.
    let times: Vec<Nanos> = [100.0, 80.0, 1.0]
        .map(|percent| latency.percentile(percent).unwrap() / (10 * MS))
        .into();
    assert_eq!(times, [170, 30, 10]);
    // Delays by the target are not the generator's lag.
    let lag: u64 = ran.snapshots.iter().map(|s| s.lag.len()).sum();
    assert_eq!(lag, 7);
}

#[test]
fn a_load_that_begins_later_keeps_its_shape() {
    let ramp = Curve::default()
        .then(Duration::from_secs(2), 4.0)
        .then_hold()
        .delayed(Duration::from_secs(3));
    let think = Think::Constant(Duration::from_millis(900));
    let ran = drive(
        plan(closed(ramp, 8, think), &[1]),
        ALONE,
        None,
        steady(100 * MS),
    );
    let first: Vec<Nanos> = starts(&ran.seen).values().map(|starts| starts[0]).collect();
    assert_eq!(first, [3000, 3500, 4000, 4500]);
    let load = Open {
        rate: Curve::constant(10.0).delayed(Duration::from_secs(2)),
        ..open(10.0, 4, 5, 5)
    };
    let ran = drive(plan(Load::Open(load), &[1]), ALONE, None, steady(MS));
    assert_eq!(ran.seen.len(), 20);
    assert_eq!((ran.seen[0].at, ran.seen[19].at), (2 * SECOND, 3900 * MS));
}

#[test]
fn a_user_that_leaves_is_cut_off_when_its_time_is_over() {
    let curve = Curve::default()
        .then(Duration::ZERO, 2.0)
        .then(Duration::from_secs(1), 2.0)
        .then(Duration::ZERO, 1.0)
        .then(Duration::from_secs(4), 1.0);
    let load = Closed {
        users: curve,
        ramp_down: Some(Duration::from_millis(1500)),
        ..users(2.0, 5)
    };
    let ran = drive(
        plan(Load::Closed(load), &[1]),
        ALONE,
        None,
        steady(3 * SECOND),
    );
    // User 1 leaves at 1 s and is cut off at 2.5 s; user 0 goes on.
    let task = ran.task(0);
    assert_eq!(
        (
            task.count(),
            task[Counter::Interrupted],
            task[Counter::Unknown]
        ),
        (2, 1, 1)
    );
    assert_eq!(task[Timer::Cut].percentile(50.0).unwrap() / (100 * MS), 25);
    assert_eq!(ran.snapshots[1].users, 2);
    assert_eq!(ran.snapshots[2].users, 1);
}

#[test]
fn who_is_there_at_the_end_of_the_curve_has_the_graceful_stop() {
    let hold = |curve: Curve| curve.then(Duration::from_secs(1), 2.0);
    let falls = hold(Curve::default().then(Duration::ZERO, 2.0)).then(Duration::ZERO, 0.0);
    for (curve, done, cut) in [
        (hold(Curve::default().then(Duration::ZERO, 2.0)), 2, 0),
        (falls, 0, 2),
    ] {
        let load = Closed {
            users: curve,
            ramp_down: Some(Duration::from_millis(500)),
            ..users(2.0, 1)
        };
        let plan = plan(Load::Closed(load), &[1]);
        let ran = drive(plan, ALONE, None, steady(3 * SECOND));
        let task = ran.task(0);
        assert_eq!((task.count(), task[Counter::Interrupted]), (done, cut));
    }
}

#[test]
fn pauses_have_the_distribution_that_is_asked_for() {
    let second = Duration::from_secs(1);
    let cases = [
        (Think::Normal(2 * second, second / 2), 2.0, 0.5),
        (Think::Exponential(2 * second), 2.0, 2.0),
    ];
    for (think, mean, deviation) in cases {
        let load = Closed {
            think,
            ..users(50.0, 400)
        };
        let ran = drive(plan(Load::Closed(load), &[1]), ALONE, None, steady(MS));
        let starts = starts(&ran.seen);
        let gaps = starts.values().flat_map(|starts| starts.windows(2));
        let pauses: Vec<f64> = gaps
            .map(|pair| (pair[1] - pair[0] - 1) as f64 / 1e3)
            .collect();
        let count = pauses.len() as f64;
        assert!(count > 5000.0);
        let found = pauses.iter().sum::<f64>() / count;
        let spread = pauses.iter().map(|p| (p - found).powi(2)).sum::<f64>() / count;
        // The seed is fixed; the bounds are five deviations of the mean and more.
        assert!((found - mean).abs() < 0.15, "{think:?}: mean {found}");
        assert!(
            (spread.sqrt() - deviation).abs() < 0.15,
            "{think:?}: {}",
            spread.sqrt()
        );
    }
}

#[test]
fn unique_rows_are_taken_once_over_all_users_and_workers_and_then_no_more() {
    use loadgen_data::{Generator, Value, generator::Order};
    use loadgen_plan::{Scope, Variable};
    let with_rows = |load: Load| {
        let mut plan = plan(load, &[1]);
        let rows: Vec<Value> = (0..25).map(Value::Int).collect();
        let generator = Generator::rows(rows.into(), Order::Unique).unwrap();
        plan.populations[0].variables = vec![Variable {
            name: "customer".into(),
            scope: Scope::Task,
            source: 0,
            generator,
        }];
        plan.populations[0].tasks[0].draws = vec![0];
        plan
    };
    let think = Think::Constant(Duration::from_millis(100));
    for (load, exhausted) in [
        // Each of ten users finds out for itself, and stays away from then on.
        (closed(Curve::constant(10.0), 5, think), 10),
        (Load::Open(open(10.0, 5, 9, 9)), 25),
    ] {
        let ran = drive(with_rows(load), 3, None, steady(MS));
        let seen = ran.seen.iter();
        let mut taken: Vec<String> = seen.map(|seen| format!("{:?}", seen.values[0])).collect();
        taken.sort_unstable();
        let mut all: Vec<String> = (0..25).map(|n| format!("Int({n})")).collect();
        all.sort_unstable();
        assert_eq!(taken, all);
        // Dropped arrivals are no requests, and no failures.
        let (task, step) = (ran.task(0), ran.step(0));
        assert_eq!(task[Counter::Exhausted], exhausted);
        assert_eq!((task.count(), task[Counter::Offered]), (25, 25 + exhausted));
        assert_eq!((step.count(), step[Counter::Offered]), (25, 25));
        assert_eq!((task.errors(), step.errors()), (0, 0));
    }
}
