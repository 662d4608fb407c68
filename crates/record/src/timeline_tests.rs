use super::*;
use crate::Size;
use loadgen_core::metric::{Counter, Timer};
use loadgen_driver::ErrorClass;
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

fn build(limit: usize, most_steps: usize, seconds: u64) -> Vec<Entry> {
    let mut timeline = Timeline::with_limits(limit, most_steps);
    for number in 0..seconds {
        timeline.push(&second(number));
        // The one that waits for its neighbour may be too much.
        let held: usize = timeline
            .recent
            .iter()
            .chain(&timeline.older)
            .map(|e| e.steps.len())
            .sum();
        assert_eq!(held, timeline.steps);
        assert!(held <= most_steps.saturating_add(4), "{held} step entries");
    }
    timeline.finish()
}

fn first_step(entry: &Entry) -> StepEntry {
    let (index, step) = entry.steps.iter().next().unwrap();
    assert_eq!(index, 0);
    step
}

/// Each entry must say what its seconds said.
fn assert_conserved(entries: &[Entry], seconds: u64) {
    let mut next = 0;
    for entry in entries {
        assert_eq!(entry.second, next);
        next += entry.seconds;
        let (mut offered, mut dropped) = (0, 0);
        let mut sums = vec![(0, 0, Hist::default(), Hist::default(), ByClass::default()); 2];
        for number in entry.second..next {
            let snapshot = second(number);
            offered += snapshot.tasks[0][Counter::Offered];
            dropped += snapshot.tasks[0][Counter::Dropped];
            for (sum, step) in sums.iter_mut().zip(&snapshot.steps) {
                sum.0 += step.count();
                sum.1 += step.errors();
                sum.2.add(&step.latency());
                sum.3.add(&step[Timer::Service]);
                sum.4 += step.by_class;
            }
        }
        assert_eq!((entry.offered, entry.dropped), (offered, dropped));
        assert_eq!(entry.users, next - 1);
        assert_eq!(entry.in_flight, (next - 1) % 7);
        assert_eq!(entry.queued, (next - 1) % 3);
        let steps: BTreeMap<usize, StepEntry> = entry.steps.iter().collect();
        assert_eq!(steps.len(), entry.steps.len());
        for (index, sum) in sums.iter().enumerate() {
            assert_eq!(steps.contains_key(&index), !sum.2.is_empty());
            let step = steps.get(&index).cloned().unwrap_or_default();
            assert_eq!((step.count, step.errors), (sum.0, sum.1));
            assert_eq!(step.by_class, sum.4);
            assert_eq!(step.latency.expand().buckets(), sum.2.buckets());
            assert_eq!(step.service.expand().buckets(), sum.3.buckets());
        }
    }
    assert_eq!(next, seconds);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]
    #[test]
    fn merging_conserves_everything(
        limit in 2usize..12,
        most_steps in prop_oneof![Just(usize::MAX), 2usize..20],
        seconds in 0u64..150,
    ) {
        let entries = build(limit, most_steps, seconds);
        prop_assert!(entries.len() <= limit);
        assert_conserved(&entries, seconds);
        let steps: usize = entries.iter().map(|entry| entry.steps.len()).sum();
        prop_assert!(steps <= most_steps || entries.len() <= 2);
        if most_steps < usize::MAX {
            let width = entries.first().map_or(1, |entry| entry.seconds);
            let same = |entry: &Entry| entry.seconds == width && width.is_power_of_two();
            prop_assert!(entries.iter().rev().skip(1).all(same));
            return Ok(());
        }
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
    assert_eq!(first_step(&entries[0]).count, 2);
    assert_eq!(entries[1_800].seconds, 1);
}

#[test]
fn a_day_takes_no_more_memory_than_an_hour() {
    const DAY: u64 = 24 * 3_600;
    let mut timeline = Timeline::with_limits(60, usize::MAX);
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
            let bytes = entries.map(|entry| entry.steps.size());
            most_bytes = most_bytes.max(bytes.sum());
        }
    }
    assert_eq!(most_entries, 60);
    assert!(most_bytes < 60 * 300, "{most_bytes} bytes");
    let entries = timeline.finish();
    assert!(entries.len() <= 60);
    assert_eq!(entries[0].seconds, 2_048);
    assert_eq!(entries.iter().map(|entry| entry.seconds).sum::<u64>(), DAY);
    let counted: u64 = entries.iter().map(|entry| first_step(entry).count).sum();
    assert_eq!(counted, sent);
    let expanded: u64 = entries
        .iter()
        .map(|entry| first_step(entry).latency.expand().len())
        .sum();
    assert_eq!(expanded, sent);
}

/// A run of `steps` steps, of which each second does every `apart`-th one twice.
fn of_many_steps(steps: usize, apart: usize, seconds: u64) -> Vec<(usize, usize, usize)> {
    let mut timeline = Timeline::default();
    let mut held = Vec::new();
    for number in 0..seconds {
        let mut snapshot = Snapshot::new(number, Size::new(steps, 1, 0));
        for (index, step) in snapshot.steps.iter_mut().enumerate() {
            let turn = index as u64 + number;
            if turn.is_multiple_of(apart as u64) {
                for time in [2_000_000 + turn * 7_919 % 500_000, 9_000_000] {
                    step[Timer::Ok].record(time);
                    step[Timer::Service].record(time);
                }
            }
        }
        timeline.push(&snapshot);
        let entries = timeline.older.iter().chain(&timeline.recent);
        let of_entries = entries
            .clone()
            .map(|entry| size_of::<Entry>() + entry.steps.size());
        let parts = entries.clone().map(|entry| entry.steps.len());
        held.push((entries.count(), parts.sum(), of_entries.sum()));
    }
    held
}

#[test]
fn two_hundred_steps_are_kept_by_the_second_for_two_hundred_seconds() {
    let held = of_many_steps(200, 1, 720);
    for (index, (entries, parts, _)) in held[..200].iter().enumerate() {
        assert_eq!((*entries, *parts), (index + 1, 200 * (index + 1)));
    }
    for (entries, parts, _) in &held[200..] {
        assert!(*entries <= 200 && *parts <= 40_000, "{entries} {parts}");
    }
    // 400 requests a second, kept exactly: 12,000 step entries in the second minute, and in all some
    // more bytes once entries are longer.
    let minute = held[119].2 - held[59].2;
    assert!(minute < 12_000 * 30, "{minute} bytes a minute");
    let most = held.iter().map(|(_, _, bytes)| *bytes).max();
    assert!(most < Some(40_000 * 60), "{most:?} bytes");
}

#[test]
fn ten_thousand_steps_take_little_room() {
    // A hundred steps each second, all of them in a hundred seconds. The last entry may have to wait
    // for the next before it can be merged.
    let most = of_many_steps(10_000, 100, 500).into_iter();
    let (parts, bytes) = most.fold((0, 0), |most, (_, parts, bytes)| {
        (most.0.max(parts), most.1.max(bytes))
    });
    assert!(
        parts <= 40_000 + 1_600 && bytes < 40_000 * 30,
        "{parts} {bytes}"
    );
}
