use super::*;
use crate::{
    driver::ErrorClass,
    metric::{Counter, Timer},
    record::Size,
};
use proptest::prelude::*;

/// Second `second` of a run in which latencies, errors and drops vary from one to the next.
fn second(second: u64) -> Snapshot {
    let mut snapshot = Snapshot::new(second, Size::new(2, 1, 0));
    snapshot.users = second;
    snapshot.in_flight = second % 7;
    snapshot.queued = second % 3;
    snapshot.tasks[0][Counter::Offered] = second % 5;
    snapshot.tasks[0][Counter::Dropped] = second % 2;
    for time in 0..second % 3 {
        snapshot.steps[0][Timer::Ok].record(1_000 * (second % 50 + time));
        snapshot.steps[0][Timer::Service].record(500 * (second % 50 + time));
    }
    if second.is_multiple_of(11) {
        snapshot.steps[1][Timer::Failed].record(3_000);
        snapshot.steps[1].fail(ErrorClass::Timeout, || "late".into());
        snapshot.steps[1][Timer::Cut].record(7_000);
    }
    snapshot
}

fn build(limit: usize, seconds: u64) -> Vec<Entry> {
    let mut timeline = Timeline::with_limit(limit);
    for number in 0..seconds {
        timeline.push(&second(number));
    }
    timeline.finish()
}

/// Buckets and their counts.
fn buckets(hist: &Hist) -> Vec<(u64, u64)> {
    hist.counts().map_or_else(Vec::new, |counts| {
        counts
            .iter_recorded()
            .map(|bucket| (bucket.value_iterated_to(), bucket.count_at_value()))
            .collect()
    })
}

/// Each entry must say what its seconds said.
fn assert_conserved(entries: &[Entry], seconds: u64) {
    let mut next = 0;
    for entry in entries {
        assert_eq!(entry.second, next);
        next += entry.seconds;
        let (mut offered, mut dropped) = (0, 0);
        let mut sums = vec![(0, 0, Hist::default(), Hist::default()); 2];
        for number in entry.second..next {
            let snapshot = second(number);
            offered += snapshot.tasks[0][Counter::Offered];
            dropped += snapshot.tasks[0][Counter::Dropped];
            for (sum, step) in sums.iter_mut().zip(&snapshot.steps) {
                sum.0 += step.count();
                sum.1 += step.errors();
                sum.2.add(&step.latency());
                sum.3.add(&step[Timer::Service]);
            }
        }
        assert_eq!((entry.offered, entry.dropped), (offered, dropped));
        assert_eq!(entry.users, next - 1);
        assert_eq!(entry.in_flight, (next - 1) % 7);
        assert_eq!(entry.queued, (next - 1) % 3);
        for (step, sum) in entry.steps.iter().zip(&sums) {
            assert_eq!((step.count, step.errors), (sum.0, sum.1));
            assert_eq!(buckets(&step.latency.expand()), buckets(&sum.2));
            assert_eq!(buckets(&step.service.expand()), buckets(&sum.3));
        }
    }
    assert_eq!(next, seconds);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]
    #[test]
    fn merging_conserves_everything(limit in 2usize..12, seconds in 0u64..150) {
        let entries = build(limit, seconds);
        prop_assert!(entries.len() <= limit);
        assert_conserved(&entries, seconds);
        // Everything of one power of two, the fewest doublings that fit, but for the rest.
        let mut width = 1;
        while seconds.div_ceil(width) > limit as u64 {
            width *= 2;
        }
        for entry in entries.iter().rev().skip(1) {
            prop_assert_eq!(entry.seconds, width);
        }
    }
}

#[test]
fn the_first_hour_is_kept_by_the_second() {
    let mut timeline = Timeline::default();
    for number in 0..MOST_ENTRIES as u64 {
        timeline.push(&Snapshot::new(number, Size::new(1, 1, 0)));
    }
    let entries = timeline.finish();
    assert_eq!(entries.len(), 3_600);
    assert!(entries.iter().all(|entry| entry.seconds == 1));
}

#[test]
fn after_an_hour_neighbours_merge() {
    let mut timeline = Timeline::default();
    for number in 0..3_601 {
        let mut snapshot = Snapshot::new(number, Size::new(1, 1, 0));
        snapshot.steps[0][Timer::Ok].record(1_000);
        timeline.push(&snapshot);
    }
    let entries = timeline.finish();
    assert_eq!(entries.len(), 1_801);
    assert_eq!(entries[0].seconds, 2);
    assert_eq!(entries[0].steps[0].count, 2);
    assert_eq!(entries[1_800].seconds, 1);
}

#[test]
fn a_day_takes_no_more_memory_than_an_hour() {
    const DAY: u64 = 24 * 3_600;
    let mut timeline = Timeline::with_limit(60);
    let (mut most_entries, mut most_bytes) = (0, 0);
    let mut sent = 0;
    for number in 0..DAY {
        let mut snapshot = Snapshot::new(number, Size::new(1, 1, 0));
        if number % 16 == 0 {
            for time in 1..=20 {
                snapshot.steps[0][Timer::Ok].record(time * 37_000);
                sent += 1;
            }
        }
        timeline.push(&snapshot);
        let entries = timeline.older.iter().chain(&timeline.recent);
        most_entries = most_entries.max(timeline.older.len() + timeline.recent.len());
        if number % 64 == 0 {
            let bytes = entries.map(|e| e.steps[0].latency.size() + e.steps[0].service.size());
            most_bytes = most_bytes.max(bytes.sum());
        }
    }
    assert_eq!(most_entries, 60);
    assert!(most_bytes < 60 * 300, "{most_bytes} bytes");
    let entries = timeline.finish();
    assert!(entries.len() <= 60);
    assert_eq!(entries[0].seconds, 2_048);
    assert_eq!(entries.iter().map(|entry| entry.seconds).sum::<u64>(), DAY);
    let counted: u64 = entries.iter().map(|entry| entry.steps[0].count).sum();
    assert_eq!(counted, sent);
    let expanded: u64 = entries
        .iter()
        .map(|e| e.steps[0].latency.expand().len())
        .sum();
    assert_eq!(expanded, sent);
}
