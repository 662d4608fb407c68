//! The engine on a clock that tests advance, with a driver that only waits.

mod bounds;
mod choices;
mod failures;
mod groups;
mod lateness;
mod lengths;
mod numbers;
mod shapes;
mod starts;
mod users;
mod warmup;

use super::{
    Pacer,
    share::deal,
    stop::EarlyStop,
    worker::{WorkerEnd, work},
};
use loadgen_core::{
    metric::{Counter, Timer},
    time::{Clock, Nanos, SECOND},
};
use loadgen_data::Generator;
use loadgen_driver::{
    ErrorClass, Failure,
    fake::{FakeDriver, Seen},
};
use loadgen_plan::{
    Arrivals, Closed, Curve, Label, Load, Op, Open, Plan, RunData, Scope, Step, Think, Variable,
    testing::PlanBuilder,
};
use loadgen_record::{Hist, Measures, Recorder, Snapshot};
use std::{cell::RefCell, collections::BTreeMap, rc::Rc, sync::Arc, time::Duration};
use tokio::{sync::watch, task::JoinSet};

const MS: Nanos = 1_000_000;

/// A plan of one population whose tasks have so many steps each.
fn plan(load: Load, steps: &[usize]) -> Plan {
    let builder = PlanBuilder::new(load);
    let tasks = steps.iter().copied();
    tasks.fold(builder, PlanBuilder::requests).build()
}

fn closed(users: Curve, seconds: u64, think: Think) -> Load {
    Load::Closed(Closed {
        users,
        duration: Some(Duration::from_secs(seconds)),
        think,
        pacing: None,
        iterations: Default::default(),
        ramp_down: None,
    })
}

fn open(rate: f64, seconds: u64, max_in_flight: u64, max_queue: u64) -> Open {
    Open {
        rate: Curve::constant(rate),
        duration: Some(Duration::from_secs(seconds)),
        arrivals: Arrivals::Constant,
        max_in_flight,
        max_queue,
    }
}

struct Ran {
    seen: Vec<Seen>,
    /// Snapshots of all workers.
    snapshots: Vec<Snapshot>,
    by_worker: Vec<Vec<Snapshot>>,
    /// End of the last worker, with the remains of all of them.
    end: WorkerEnd,
}

impl Ran {
    fn task(&self, index: usize) -> Measures {
        self.sum(|snapshot| &snapshot.tasks[index])
    }

    fn step(&self, index: usize) -> Measures {
        self.sum(|snapshot| &snapshot.steps[index])
    }

    fn sum<'a>(&'a self, part: impl Fn(&'a Snapshot) -> &'a Measures) -> Measures {
        let mut sum = Measures::default();
        self.snapshots
            .iter()
            .for_each(|snapshot| sum.add(part(snapshot)));
        sum
    }
}

/// Runs `plan` on so many workers to its end on virtual time; `interrupt` stops it at that moment.
fn drive(
    plan: Plan,
    workers: usize,
    interrupt: Option<Duration>,
    driver: impl FnOnce(Clock) -> FakeDriver,
) -> Ran {
    let gracefully = interrupt.map(|after| (after, EarlyStop::Gracefully));
    drive_with(plan, workers, gracefully.into_iter().collect(), driver)
}

/// Does what [`drive`] does, with requests to stop at these times.
fn drive_with(
    plan: Plan,
    workers: usize,
    asked: Vec<(Duration, EarlyStop)>,
    driver: impl FnOnce(Clock) -> FakeDriver,
) -> Ran {
    drive_through(plan, workers, asked, Vec::new(), driver)
}

/// Does what [`drive`] does, on one worker that is stalled for so long at these moments.
fn drive_stalled(
    plan: Plan,
    stalls: &[(Nanos, Nanos)],
    driver: impl FnOnce(Clock) -> FakeDriver,
) -> Ran {
    drive_through(plan, ALONE, Vec::new(), stalls.to_vec(), driver)
}

fn drive_through(
    plan: Plan,
    workers: usize,
    asked: Vec<(Duration, EarlyStop)>,
    stalls: Vec<(Nanos, Nanos)>,
    driver: impl FnOnce(Clock) -> FakeDriver,
) -> Ran {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build_local(Default::default())
        .unwrap();
    runtime.block_on(async {
        let clock = Clock::of_runtime();
        let plan = Arc::new(plan);
        let driver = Rc::new(driver(clock));
        let (early, ends) = watch::channel(EarlyStop::No);
        tokio::task::spawn_local(async move {
            for (moment, how) in asked {
                let since = Duration::from_nanos(clock.now());
                tokio::time::sleep(moment.saturating_sub(since)).await;
                early.send_replace(how);
            }
            // Kept open: a closed channel would mean that the engine is gone.
            std::mem::forget(early);
        });
        tokio::task::spawn_local(async move {
            for (moment, length) in stalls {
                tokio::time::sleep_until(clock.instant(moment)).await;
                tokio::time::advance(Duration::from_nanos(length)).await;
            }
        });
        let data = Arc::new(RunData::of(&plan));
        let mut running = JoinSet::new();
        let mut sinks = Vec::new();
        for parts in deal(&plan, &data, workers) {
            let snapshots = Rc::new(RefCell::new(Vec::new()));
            let sink = Rc::clone(&snapshots);
            sinks.push(snapshots);
            let recorder = Recorder::new(&plan, Box::new(move |s| sink.borrow_mut().push(s)));
            let (plan, data) = (Arc::clone(&plan), Arc::clone(&data));
            let (driver, ends) = (Rc::clone(&driver), ends.clone());
            let pacer = Pacer::on_runtime_timers(clock);
            running.spawn_local(work(plan, data, parts, driver, pacer, recorder, ends));
        }
        let mut end = WorkerEnd::default();
        while let Some(ended) = running.join_next().await {
            end = end.and(ended.unwrap().unwrap());
        }
        let by_worker: Vec<_> = sinks.iter().map(|snapshots| snapshots.take()).collect();
        Ran {
            seen: driver.seen.take(),
            snapshots: merged(&by_worker),
            by_worker,
            end,
        }
    })
}

fn merged(by_worker: &[Vec<Snapshot>]) -> Vec<Snapshot> {
    let mut merged: Vec<Snapshot> = Vec::new();
    for snapshot in by_worker.iter().flatten() {
        match merged.get_mut(snapshot.second as usize) {
            Some(same) => same.merge(snapshot),
            None => merged.push(snapshot.clone()),
        }
    }
    merged
}

/// One worker.
const ALONE: usize = 1;

fn steady(service: Nanos) -> impl FnOnce(Clock) -> FakeDriver {
    move |clock| FakeDriver::steady(clock, service)
}

/// Steps of a second, but those from this number on hang: with three users, the second run of each.
fn hanging_from(first: usize) -> impl FnOnce(Clock) -> FakeDriver {
    move |clock| FakeDriver {
        service: Box::new(move |number| match number < first {
            true => SECOND,
            false => 1000 * SECOND,
        }),
        ..FakeDriver::steady(clock, 0)
    }
}

#[test]
fn constant_arrivals_begin_on_their_grid() {
    let ran = drive(
        plan(Load::Open(open(100.0, 10, 50, 10)), &[1]),
        ALONE,
        None,
        steady(3 * MS),
    );
    assert_eq!(ran.seen.len(), 1000);
    for (number, seen) in ran.seen.iter().enumerate() {
        assert_eq!(seen.at, number as Nanos * 10 * MS);
    }
    let task = ran.task(0);
    assert_eq!(
        (task[Counter::Offered], task.count(), task[Counter::Dropped]),
        (1000, 1000, 0)
    );
    // A slot is free again before the next arrival, so one is enough.
    assert!(ran.seen.iter().all(|seen| seen.session == 0));
    assert_eq!(ran.end.overdue, 0);
}

#[test]
fn more_due_arrivals_than_slots_wait_in_order_and_keep_their_intended_time() {
    // Two slots of 100 ms serve 20/s; 40/s come for one second.
    let ran = drive(
        plan(Load::Open(open(40.0, 1, 2, 1000)), &[1]),
        ALONE,
        None,
        steady(100 * MS),
    );
    let task = ran.task(0);
    assert_eq!(
        (
            task[Counter::Offered],
            task.count(),
            task[Counter::Dropped],
            task[Counter::Interrupted]
        ),
        (40, 40, 0, 0)
    );
    // Arrivals 2k and 2k + 1 come at 50 k and 50 k + 25 ms; the slots take them at 100 k and
    // 100 k + 25 ms. The last is done at 19 * 100 + 125 ms.
    assert_eq!(ran.end.at / MS, 2025);
    let mut exact: Vec<Nanos> = (0..20).flat_map(|k| [50 * k + 100; 2]).collect();
    exact.sort_unstable();
    let latency = task.latency();
    for percent in [10.0, 50.0, 90.0, 95.0, 100.0] {
        let rank = (percent / 100.0 * exact.len() as f64).ceil() as usize;
        let got = latency.percentile(percent).unwrap() as f64 / MS as f64;
        let truth = exact[rank - 1] as f64;
        assert!(
            (got - truth).abs() <= truth * 0.001,
            "p{percent}: {got} for {truth}"
        );
    }
    // Service time does not see the queue.
    let step = ran.step(0);
    assert_eq!(step[Timer::Service].percentile(100.0).unwrap() / MS, 100);
    let [least, most] = [Hist::min, Hist::max].map(|figure| figure(&step[Timer::Ttfb]).unwrap());
    assert_eq!([least / (10 * MS), most / (10 * MS)], [4, 5]);
    assert_eq!(step[Timer::Ttfb].len(), step.count());
    // Only what found a free slot has a lag.
    assert_eq!(ran.snapshots.iter().map(|s| s.lag.len()).sum::<u64>(), 2);
}

#[test]
fn a_full_queue_drops_and_counts() {
    // One slot is held for the whole run, two may wait, the rest is dropped.
    let mut load = plan(Load::Open(open(10.0, 2, 1, 2)), &[1]);
    load.populations[0].graceful_stop = Duration::from_secs(1);
    let ran = drive(load, ALONE, None, steady(60 * SECOND));
    let task = ran.task(0);
    assert_eq!(
        (
            task[Counter::Offered],
            task.count(),
            task[Counter::Dropped],
            task[Counter::Interrupted]
        ),
        (20, 0, 17, 3)
    );
    // Cut at 3 s: ages 3, 2.9 and 2.8 s. Only the first was sent.
    assert_eq!(task[Timer::Cut].percentile(100.0).unwrap() / (100 * MS), 30);
    assert_eq!(task[Timer::Cut].percentile(1.0).unwrap() / (100 * MS), 28);
    assert_eq!(task[Counter::Unknown], 1);
    let step = ran.step(0);
    assert_eq!(
        (
            step[Counter::Offered],
            step[Counter::Interrupted],
            step[Counter::Unknown]
        ),
        (3, 3, 1)
    );
    let queued: Vec<u64> = ran.snapshots.iter().map(|second| second.queued).collect();
    assert_eq!(queued, [2, 2, 2, 0]);
}

#[test]
fn arrivals_that_wait_at_the_end_are_still_served() {
    let ran = drive(
        plan(Load::Open(open(10.0, 1, 1, 100)), &[1]),
        ALONE,
        None,
        steady(500 * MS),
    );
    let task = ran.task(0);
    assert_eq!(
        (
            task.count(),
            task[Counter::Dropped],
            task[Counter::Interrupted]
        ),
        (10, 0, 0)
    );
    assert_eq!(ran.end.at / MS, 5000);
}

#[test]
fn an_interrupt_stops_arrivals_and_lets_runs_finish() {
    let load = plan(Load::Open(open(10.0, 100, 10, 10)), &[1]);
    let ran = drive(
        load,
        ALONE,
        Some(Duration::from_millis(1950)),
        steady(400 * MS),
    );
    let task = ran.task(0);
    assert_eq!(
        (
            task[Counter::Offered],
            task.count(),
            task[Counter::Interrupted]
        ),
        (20, 20, 0)
    );
    assert_eq!(ran.end.at / MS, 2300);
}

#[test]
fn a_second_interrupt_cuts_off_what_is_under_way() {
    let at = Duration::from_millis;
    for asked in [
        vec![
            (at(2_000), EarlyStop::Gracefully),
            (at(3_500), EarlyStop::AtOnce),
        ],
        vec![(at(3_500), EarlyStop::AtOnce)],
    ] {
        let load = plan(closed(Curve::constant(3.0), 100, Think::None), &[1]);
        let ran = drive_with(load, ALONE, asked, hanging_from(3));
        let task = ran.task(0);
        assert_eq!(
            (
                task[Counter::Offered],
                task.count(),
                task[Counter::Interrupted],
                task[Counter::Unknown]
            ),
            (6, 3, 3, 3)
        );
        assert_eq!(ran.end.at / MS, 3_500);
    }
}

#[test]
fn the_graceful_stop_is_bounded_and_what_it_cuts_is_recorded_at_its_age() {
    let mut load = plan(closed(Curve::constant(3.0), 2, Think::None), &[1]);
    load.populations[0].graceful_stop = Duration::from_secs(5);
    let ran = drive(load, ALONE, None, hanging_from(3));
    let task = ran.task(0);
    assert_eq!(
        (
            task[Counter::Offered],
            task.count(),
            task[Counter::Interrupted],
            task[Counter::Unknown]
        ),
        (6, 3, 3, 3)
    );
    assert_eq!(ran.end.at / SECOND, 7);
    assert_eq!(task[Timer::Cut].percentile(50.0).unwrap() / (100 * MS), 60);
    assert_eq!(
        ran.snapshots.iter().map(|s| s.second).collect::<Vec<_>>(),
        (0..8).collect::<Vec<_>>()
    );
}

#[test]
fn later_steps_are_due_when_the_one_before_ends_plus_its_pause() {
    let mut load = plan(Load::Open(open(1.0, 3, 10, 10)), &[2]);
    load.populations[0].tasks[0].steps[1].think = Think::Constant(Duration::from_millis(250));
    let ran = drive(load, ALONE, None, steady(100 * MS));
    let starts: Vec<(usize, Nanos)> = ran
        .seen
        .iter()
        .map(|seen| (seen.step, seen.at / MS))
        .collect();
    assert_eq!(
        starts,
        [(0, 0), (1, 350), (0, 1000), (1, 1350), (0, 2000), (1, 2350)]
    );
    // The pause is in the run's latency and not in the step's.
    assert_eq!(ran.step(1)[Timer::Ok].percentile(50.0).unwrap() / MS, 100);
    assert_eq!(ran.task(0)[Timer::Ok].percentile(50.0).unwrap() / MS, 450);
}
