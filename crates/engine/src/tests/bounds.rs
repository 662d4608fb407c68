//! Bounds are the run's: what is sent, dropped and waited for does not hang on how many workers
//! there are.

use super::*;
use crate::{Engine, Event, RunningLoad};
use loadgen_data::Value;
use loadgen_driver::{Driver, Outcome, Progress};
use loadgen_plan::Iterations;
use proptest::prelude::*;
use std::{
    collections::BTreeSet,
    sync::atomic::{AtomicU64, Ordering},
};

/// A run as the target and the report see it.
#[derive(Debug, PartialEq)]
struct Sent {
    /// Start of each step, with its index and its values.
    steps: Vec<(Nanos, usize, String)>,
    /// Sums of latencies, in ms, by what became of the runs.
    waits: [u64; 2],
    dropped: u64,
    interrupted: u64,
    end: Nanos,
}

impl Sent {
    fn of(ran: &Ran) -> Self {
        let task = ran.task(0);
        let sum = |hist: &loadgen_record::Hist| match hist.moments() {
            Some((mean, _)) => (mean * hist.len() as f64 / MS as f64).round() as u64,
            None => 0,
        };
        let mut steps: Vec<_> = ran
            .seen
            .iter()
            .map(|seen| (seen.at, seen.step, format!("{:?}", seen.values)))
            .collect();
        steps.sort();
        Self {
            steps,
            waits: [sum(&task[Timer::Ok]), sum(&task[Timer::Cut])],
            dropped: task[Counter::Dropped],
            interrupted: task[Counter::Interrupted],
            end: ran.end.at,
        }
    }
}

/// Returns the number of sessions.
fn sessions(ran: &Ran) -> usize {
    let sessions: BTreeSet<u64> = ran.seen.iter().map(|seen| seen.session).collect();
    sessions.len()
}

/// Times of steps that differ, by the number of the step.
pub(super) fn uneven(longest: Nanos) -> impl FnOnce(Clock) -> FakeDriver {
    move |clock| FakeDriver {
        service: Box::new(move |number| {
            (1 + (number as Nanos).wrapping_mul(2_654_435_761) % longest) * MS
        }),
        ..FakeDriver::steady(clock, 0)
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn arrivals_fare_alike_on_any_number_of_workers(
        // Whole milliseconds between arrivals, which virtual time is kept in.
        gap in prop::sample::select(vec![1u64, 2, 4, 5, 8, 10, 20, 25, 40, 50, 100]),
        max_in_flight in 1u64..24,
        max_queue in 0u64..40,
        longest in 1u64..400,
        graceful in 0u64..3,
        workers in 2usize..17,
        interrupt in prop::option::of(1u64..3000),
    ) {
        let run = |workers| {
            let load = open(1000.0 / gap as f64, 2, max_in_flight, max_queue);
            let mut plan = plan(Load::Open(load), &[1, 1, 1]);
            plan.populations[0].graceful_stop = Duration::from_secs(graceful);
            plan.populations[0].variables = vec![Variable {
                name: "id".into(),
                scope: Scope::Task,
                source: 0,
                generator: Generator::uniform_int(0, 1_000_000).unwrap(),
            }];
            for task in &mut plan.populations[0].tasks {
                task.draws = vec![0];
            }
            let interrupt = interrupt.map(Duration::from_millis);
            drive(plan, workers, interrupt, uneven(longest))
        };
        let (one, many) = (run(1), run(workers));
        prop_assert_eq!(Sent::of(&one), Sent::of(&many));
        prop_assert!(sessions(&many) <= max_in_flight as usize);
        // Each worker may open one that others have idle.
        prop_assert!(sessions(&many) < sessions(&one) + workers);
    }

    #[test]
    fn shared_runs_are_all_done_on_any_number_of_workers(
        users in 1u64..20, runs in 1u64..60, longest in 1u64..50, workers in 1usize..17,
    ) {
        let load = Closed {
            iterations: Iterations::Shared(runs),
            duration: None,
            users: Curve::constant(users as f64),
            think: Think::None,
            pacing: None,
            ramp_down: None,
        };
        let ran = drive(plan(Load::Closed(load), &[1]), workers, None, uneven(longest));
        prop_assert_eq!(ran.task(0).count(), runs);
        prop_assert_eq!(ran.task(0)[Counter::Offered], runs);
    }
}

/// Two populations, of which the second wants many workers.
pub(super) fn one_step_plan(load: Load) -> Plan {
    PlanBuilder::new(load)
        .requests(1)
        .population("wide", Load::Open(open(20.0, 2, 64, 64)))
        .requests(1)
        .build()
}

#[test]
fn one_slot_serves_all_arrivals_whatever_else_runs() {
    for workers in [1, 2, 4, 16] {
        let plan = one_step_plan(Load::Open(open(10.0, 2, 1, 20)));
        let ran = drive(plan, workers, None, steady(30 * MS));
        assert_eq!(
            (ran.task(0).count(), ran.task(0)[Counter::Dropped]),
            (20, 0)
        );
        assert_eq!(ran.task(1).count(), 40);
        // None waited beside a free slot.
        assert_eq!(ran.task(0)[Timer::Ok].max().unwrap() / MS, 30);
    }
}

#[test]
fn one_user_does_all_shared_runs_whatever_else_runs() {
    for workers in [1, 2, 4, 16] {
        let Load::Closed(one) = closed(Curve::constant(1.0), 0, Think::None) else {
            unreachable!()
        };
        let load = Closed {
            iterations: Iterations::Shared(10),
            duration: None,
            ..one
        };
        let ran = drive(
            one_step_plan(Load::Closed(load)),
            workers,
            None,
            steady(10 * MS),
        );
        assert_eq!(ran.task(0).count(), 10);
    }
}

/// Counts on any thread how many of its steps are under way at once.
struct Counting {
    clock: Clock,
    now: Arc<AtomicU64>,
    most: Arc<AtomicU64>,
}

impl Driver for Counting {
    type Session = ();

    fn session(&self, _population: usize, _index: u64) {}

    async fn execute(
        &self,
        (): &mut (),
        _step: &Step,
        _values: &mut [Value],
        progress: &Progress,
    ) -> Outcome {
        let number = self.now.fetch_add(1, Ordering::SeqCst) + 1;
        self.most.fetch_max(number, Ordering::SeqCst);
        progress.sent(self.clock.now());
        // Some end at once, as it were, and others while more arrive.
        for _ in 0..self.clock.now() % 64 {
            tokio::task::yield_now().await;
        }
        self.now.fetch_sub(1, Ordering::SeqCst);
        Outcome {
            failure: None,
            ..Outcome::unsent(self.clock.now(), String::new())
        }
    }
}

#[tokio::test]
async fn no_arrival_is_lost_between_threads_and_no_slot_is_used_twice() {
    for (slots, queue) in [(1, 100_000), (3, 100_000), (3, 4), (8, 0)] {
        let mut plan = plan(Load::Open(open(40_000.0, 1, slots, queue)), &[1]);
        let Load::Open(load) = &mut plan.populations[0].load else {
            unreachable!()
        };
        load.duration = Some(Duration::from_millis(250));
        let (now, most) = (Arc::default(), Arc::new(AtomicU64::new(0)));
        let counted = Arc::clone(&most);
        let driver = move |clock, _| {
            let (now, most) = (Arc::clone(&now), Arc::clone(&counted));
            Ok(Counting { clock, now, most })
        };
        let workers = 4.min(slots as usize);
        let data = Arc::new(RunData::of(&plan));
        let mut engine = Engine::start(&Arc::new(plan), &data, workers, driver).unwrap();
        let mut task = Measures::default();
        while let Some(event) = engine.next().await {
            match event {
                Event::Snapshot(_, snapshot) => task.add(&snapshot.tasks[0]),
                Event::End(_, end) => drop(end.unwrap()),
            }
        }
        assert_eq!(task[Counter::Offered], 10_000);
        assert_eq!(task.count() + task[Counter::Dropped], 10_000);
        assert!(most.load(Ordering::SeqCst) <= slots);
        assert!(queue < 100_000 || task[Counter::Dropped] == 0);
    }
}
