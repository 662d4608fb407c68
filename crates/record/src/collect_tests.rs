use super::*;
use loadgen_core::metric::{Counter, Timer};
use loadgen_driver::ErrorClass;
use proptest::prelude::*;

/// One request: its second, its time in ns, and whether it succeeded.
type Request = (u64, u64, bool);

const SECONDS: u64 = 6;

fn requests() -> impl Strategy<Value = Vec<(Request, usize)>> {
    let request = (0..SECONDS, 0..10_000_000_000u64, any::<bool>());
    prop::collection::vec((request, 0usize..4), 0..120)
}

fn record(snapshot: &mut Snapshot, (_, time, ok): Request) {
    let step = &mut snapshot.steps[(time % 2) as usize];
    step[Counter::Offered] += 1;
    step[Counter::BytesSent] += time % 100;
    step[Timer::Service].record(time / 2);
    let task = &mut snapshot.tasks[0];
    task[Counter::Offered] += 1;
    if ok {
        step[Timer::Ok].record(time);
        task[Timer::Ok].record(time);
    } else {
        step[Timer::Failed].record(time);
        step.fail(ErrorClass::Reset, || "reset".into());
        task[Timer::Failed].record(time);
    }
    snapshot.lag.record(time % 1_000);
}

/// The workers' snapshots when each request went to the worker beside it.
fn split(requests: &[(Request, usize)], workers: usize) -> Vec<Vec<Snapshot>> {
    (0..workers)
        .map(|worker| {
            (0..SECONDS)
                .map(|second| {
                    let mut snapshot = Snapshot::new(second, Size::new(2, 1, 0));
                    snapshot.users = 1;
                    for (request, to) in requests {
                        if request.0 == second && to % workers == worker {
                            record(&mut snapshot, *request);
                        }
                    }
                    snapshot
                })
                .collect()
        })
        .collect()
}

/// Everything that must not depend on who measured it, in a form that can be compared.
fn summary(totals: &RunTotals) -> impl PartialEq + std::fmt::Debug + use<> {
    let of = |measures: &crate::Measures| {
        (
            [
                measures[Timer::Ok].buckets(),
                measures[Timer::Failed].buckets(),
                measures[Timer::Service].buckets(),
            ],
            measures.latency().percentile(95.0),
            measures.latency().max(),
            measures[Counter::Offered],
            measures[Counter::BytesSent],
            measures.by_class,
            measures.samples.len(),
        )
    };
    (
        totals.steps.iter().map(of).collect::<Vec<_>>(),
        totals.tasks.iter().map(of).collect::<Vec<_>>(),
        totals.lag.buckets(),
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn any_split_over_workers_and_any_order_gives_the_same(
        requests in requests(),
        workers in 1usize..=4,
        order in prop::collection::vec(0usize..4, 0..60),
    ) {
        let mut alone = Collector::new(1, Size::new(2, 1, 0));
        for snapshot in split(&requests, 1).remove(0) {
            prop_assert_eq!(alone.absorb(0, snapshot).len(), 1);
        }
        let alone = alone.close(SECONDS * SECOND, 0);

        let mut together = Collector::new(workers, Size::new(2, 1, 0));
        let mut queues: Vec<VecDeque<_>> =
            split(&requests, workers).into_iter().map(VecDeque::from).collect();
        let mut given = Vec::new();
        for worker in order.into_iter().map(|worker| worker % workers) {
            if let Some(snapshot) = queues[worker].pop_front() {
                given.extend(together.absorb(worker, snapshot));
            }
        }
        for (worker, queue) in queues.into_iter().enumerate() {
            for snapshot in queue {
                given.extend(together.absorb(worker, snapshot));
            }
            given.extend(together.finish(worker));
        }
        let seconds: Vec<u64> = given.iter().map(|snapshot| snapshot.second).collect();
        prop_assert_eq!(seconds, (0..SECONDS).collect::<Vec<_>>());
        prop_assert!(given.iter().all(|snapshot| snapshot.users == workers as u64));
        prop_assert_eq!(together.totals().elapsed, SECONDS * SECOND);

        let together = together.close(SECONDS * SECOND, 0);
        prop_assert_eq!(summary(&together.totals), summary(&alone.totals));
        prop_assert_eq!(together.timeline.len(), alone.timeline.len());
        for (one, other) in together.timeline.iter().zip(&alone.timeline) {
            for ((index, one), (again, other)) in one.steps.iter().zip(other.steps.iter()) {
                prop_assert_eq!(index, again);
                prop_assert_eq!((one.count, one.errors), (other.count, other.errors));
                prop_assert_eq!(one.latency.to_base64(), other.latency.to_base64());
            }
        }
    }
}

fn of_second(second: u64) -> Snapshot {
    let mut snapshot = Snapshot::new(second, Size::new(2, 1, 0));
    record(&mut snapshot, (second, 5_000, true));
    snapshot
}

#[test]
fn a_second_waits_for_every_live_worker() {
    let mut collector = Collector::new(3, Size::new(2, 1, 0));
    assert!(collector.absorb(0, of_second(0)).is_empty());
    assert!(collector.absorb(0, of_second(1)).is_empty());
    assert!(collector.absorb(1, of_second(0)).is_empty());
    assert_eq!(collector.totals().tasks[0].count(), 0);
    let complete = collector.absorb(2, of_second(0));
    assert_eq!(complete.len(), 1);
    assert_eq!(complete[0].tasks[0].count(), 3);
    assert_eq!(collector.totals().elapsed, SECOND);
}

#[test]
fn a_worker_that_ends_early_holds_nobody_up() {
    let mut collector = Collector::new(2, Size::new(2, 1, 0));
    for second in 0..3 {
        assert!(collector.absorb(0, of_second(second)).is_empty());
    }
    let complete = collector.finish(1);
    assert_eq!(complete.len(), 3);
    assert_eq!(collector.absorb(0, of_second(3)).len(), 1);
    assert!(collector.finish(0).is_empty());
    assert_eq!(collector.totals().tasks[0].count(), 4);
}

#[test]
fn gaps_become_empty_seconds_and_late_ones_count_in_the_next() {
    let mut collector = Collector::new(1, Size::new(2, 1, 0));
    let complete = collector.absorb(0, of_second(2));
    let counts: Vec<u64> = complete.iter().map(|s| s.tasks[0].count()).collect();
    assert_eq!(counts, [0, 0, 1]);
    assert!(collector.absorb(0, of_second(1)).is_empty());
    let complete = collector.absorb(0, of_second(3));
    assert_eq!(complete.len(), 1);
    assert_eq!(complete[0].tasks[0].count(), 2);
}

#[test]
fn closing_includes_what_still_waits() {
    let mut collector = Collector::new(2, Size::new(2, 1, 0));
    collector.absorb(0, of_second(0));
    collector.absorb(0, of_second(1));
    let recording = collector.close(1_300_000_000, 7);
    assert_eq!(recording.totals.tasks[0].count(), 2);
    assert_eq!(recording.totals.elapsed, 1_300_000_000);
    assert_eq!(recording.totals.overdue, 7);
    assert_eq!(recording.timeline.len(), 2);
}
