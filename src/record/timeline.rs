//! The course of a run in bounded memory: a second per entry at first, and twice as long each
//! time that the entries have become too many.

use super::{Hist, Measures, Snapshot, hist::Compact};
use crate::{
    driver::ByClass,
    metric::{Counter, Timer},
};
use std::collections::{BTreeMap, VecDeque, btree_map::Entry as Slot};

/// Most entries of a timeline.
pub const MOST_ENTRIES: usize = 3_600;
/// Most step entries of all its entries together.
const MOST_STEP_ENTRIES: usize = 40_000;

/// What was measured in some seconds of the run.
#[derive(Debug, Clone)]
pub struct Entry {
    /// Its first second, from the start of the run.
    pub second: u64,
    /// How many seconds it covers.
    pub seconds: u64,
    /// Whether it lies in the warm-up.
    pub warmup: bool,
    /// Active users at its end.
    pub users: u64,
    /// Task runs under way at its end.
    pub in_flight: u64,
    /// Arrivals waiting for a slot at its end.
    pub queued: u64,
    /// Task runs that were due, dropped ones included.
    pub offered: u64,
    /// Arrivals that found the queue full.
    pub dropped: u64,
    /// Steps that had requests, by [`crate::plan::Step::index`].
    pub steps: BTreeMap<usize, StepEntry>,
    /// Groups that had runs, by [`crate::plan::Group::index`].
    pub groups: BTreeMap<usize, StepEntry>,
}

/// One step's or group's part of an entry.
#[derive(Debug, Clone, Default)]
pub struct StepEntry {
    /// Requests that ended, or runs of a group.
    pub count: u64,
    /// Requests or runs that failed.
    pub errors: u64,
    /// Failures by class.
    pub by_class: ByClass,
    /// Response times of every outcome, those cut off at the end included.
    pub latency: Compact,
    /// Service times.
    pub service: Compact,
}

/// Entries in order. While it grows, the older part is merged pair by pair, one with each new
/// entry, so that no second has to pay for all of them; [`Timeline::finish`] evens out the rest.
#[derive(Debug)]
pub struct Timeline {
    limit: usize,
    /// Most step entries.
    most_steps: usize,
    /// Step entries of `older` and `recent`.
    steps: usize,
    /// Seconds per entry of `recent`; half of those in `older`.
    width: u64,
    older: Vec<Entry>,
    recent: VecDeque<Entry>,
    open: Option<Open>,
}

/// The entry that seconds are being added to.
#[derive(Debug)]
struct Open {
    entry: Entry,
    steps: BTreeMap<usize, Times>,
    groups: BTreeMap<usize, Times>,
}

/// Latency and service times. Made anew of even a single second: packed, a histogram tells how far its
/// buckets reach, which must not depend on how many measured it.
#[derive(Debug, Default)]
struct Times {
    latency: Hist,
    service: Hist,
}

impl Default for Timeline {
    fn default() -> Self {
        Self::with_limits(MOST_ENTRIES, MOST_STEP_ENTRIES)
    }
}

impl Timeline {
    /// An empty one that keeps at most `limit` entries (at least two), with at most `most_steps` step
    /// entries as long as it has more than two of them.
    fn with_limits(limit: usize, most_steps: usize) -> Self {
        Self {
            limit: limit.max(2),
            most_steps,
            steps: 0,
            width: 1,
            older: Vec::new(),
            recent: VecDeque::new(),
            open: None,
        }
    }

    /// Appends the next second.
    pub fn push(&mut self, snapshot: &Snapshot) {
        let open = match self.open.take() {
            Some(mut open) => {
                open.add(snapshot);
                open
            }
            None => Open::new(snapshot),
        };
        if open.entry.seconds < self.width {
            self.open = Some(open);
            return;
        }
        self.keep(open);
        // A single one waits for the next, to be as long as the older ones.
        while self.is_full(self.older.len() + self.recent.len(), self.steps)
            && self.recent.len() >= 2
        {
            self.merge_oldest_pair();
        }
    }

    fn keep(&mut self, open: Open) {
        let entry = open.close();
        self.steps += entry.steps.len();
        self.recent.push_back(entry);
    }

    /// Returns true if this many entries, with this many step entries, exceed the limits.
    fn is_full(&self, entries: usize, steps: usize) -> bool {
        entries > self.limit || steps > self.most_steps && entries > 2
    }

    /// Merges the two entries at the border between `older` and `recent`; when all are merged,
    /// the next round begins.
    fn merge_oldest_pair(&mut self) {
        if let (Some(first), Some(second)) = (self.recent.pop_front(), self.recent.pop_front()) {
            self.steps -= first.steps.len() + second.steps.len();
            let both = first.merge(second);
            self.steps += both.steps.len();
            self.older.push(both);
        }
        if self.recent.is_empty() {
            self.recent = std::mem::take(&mut self.older).into();
            self.width *= 2;
        }
    }

    /// All entries, each of the same length but for the last, which may be shorter.
    pub fn finish(mut self) -> Vec<Entry> {
        if let Some(open) = self.open.take() {
            self.keep(open);
        }
        let mut entries = std::mem::take(&mut self.older);
        let recent = std::mem::take(&mut self.recent);
        match entries.is_empty() {
            true => entries = recent.into(),
            false => entries.extend(in_pairs(recent)),
        }
        let steps = |entries: &[Entry]| entries.iter().map(|entry| entry.steps.len()).sum();
        while self.is_full(entries.len(), steps(&entries)) {
            entries = in_pairs(entries).collect();
        }
        entries
    }
}

/// Each two neighbours as one, and the last alone where their number is odd.
fn in_pairs(entries: impl IntoIterator<Item = Entry>) -> impl Iterator<Item = Entry> {
    let mut entries = entries.into_iter();
    std::iter::from_fn(move || {
        let first = entries.next()?;
        Some(match entries.next() {
            Some(second) => first.merge(second),
            None => first,
        })
    })
}

impl Open {
    fn new(snapshot: &Snapshot) -> Self {
        let mut new = Self {
            entry: Entry {
                second: snapshot.second,
                seconds: 0,
                warmup: snapshot.warmup,
                users: 0,
                in_flight: 0,
                queued: 0,
                offered: 0,
                dropped: 0,
                steps: BTreeMap::new(),
                groups: BTreeMap::new(),
            },
            steps: BTreeMap::new(),
            groups: BTreeMap::new(),
        };
        new.add(snapshot);
        new
    }

    fn add(&mut self, snapshot: &Snapshot) {
        let entry = &mut self.entry;
        entry.seconds += 1;
        entry.users = snapshot.users;
        entry.in_flight = snapshot.in_flight;
        entry.queued = snapshot.queued;
        let of_tasks = |counter| snapshot.tasks.iter().map(|task| task[counter]).sum::<u64>();
        entry.offered += of_tasks(Counter::Offered);
        entry.dropped += of_tasks(Counter::Dropped);
        add(&mut entry.steps, &mut self.steps, &snapshot.steps);
        add(&mut entry.groups, &mut self.groups, &snapshot.groups);
    }

    fn close(mut self) -> Entry {
        let entry = &mut self.entry;
        for (own, times) in [
            (&mut entry.steps, self.steps),
            (&mut entry.groups, self.groups),
        ] {
            // Both maps have the same keys, in the same order.
            for (step, times) in own.values_mut().zip(times.into_values()) {
                step.latency = times.latency.compact();
                step.service = times.service.compact();
            }
        }
        self.entry
    }
}

/// Adds what was measured of those that had anything.
fn add(
    steps: &mut BTreeMap<usize, StepEntry>,
    times: &mut BTreeMap<usize, Times>,
    measured: &[Measures],
) {
    for (place, measures) in measured.iter().enumerate() {
        if measures.ends().into_iter().all(Hist::is_empty) {
            continue;
        }
        let step = steps.entry(place).or_default();
        step.count += measures.count();
        step.errors += measures.errors();
        step.by_class += measures.by_class;
        let times = times.entry(place).or_default();
        for ended in measures.ends() {
            times.latency.add(ended);
        }
        times.service.add(&measures[Timer::Service]);
    }
}

impl Entry {
    /// This one and the `next` as one.
    fn merge(mut self, next: Entry) -> Entry {
        self.seconds += next.seconds;
        self.users = next.users;
        self.in_flight = next.in_flight;
        self.queued = next.queued;
        self.offered += next.offered;
        self.dropped += next.dropped;
        for (own, more) in [
            (&mut self.steps, next.steps),
            (&mut self.groups, next.groups),
        ] {
            for (place, more) in more {
                match own.entry(place) {
                    Slot::Vacant(slot) => {
                        slot.insert(more);
                    }
                    Slot::Occupied(mut step) => step.get_mut().add(&more),
                }
            }
        }
        self
    }
}

impl StepEntry {
    fn add(&mut self, more: &StepEntry) {
        self.count += more.count;
        self.errors += more.errors;
        self.by_class += more.by_class;
        self.latency = self.latency.plus(&more.latency);
        self.service = self.service.plus(&more.service);
    }
}

#[cfg(test)]
#[path = "timeline_tests.rs"]
mod tests;
