//! The course of a run in bounded memory: a second per entry at first, and twice as long each
//! time that the entries have become too many.

use super::{
    Hist, Measures, Snapshot,
    step_entries::{StepEntries, StepEntry},
};
use loadgen_core::metric::{Counter, Statuses, Timer};
use loadgen_driver::ByClass;
use std::collections::{BTreeMap, VecDeque};

/// Most entries of a timeline.
pub const MOST_ENTRIES: usize = 3_600;
/// Most step entries of all its entries together.
const MOST_STEP_ENTRIES: usize = 40_000;

/// Measurements of some seconds of the run.
#[derive(Debug, Clone)]
pub struct Entry {
    /// Its first second, from the start of the run.
    pub second: u64,
    /// Number of seconds.
    pub seconds: u64,
    /// True if it lies in the warm-up.
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
    /// Steps that had requests, by [`loadgen_plan::Step::index`].
    pub steps: StepEntries,
    /// Groups that had runs, by [`loadgen_plan::Group::index`].
    pub groups: StepEntries,
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
    /// Without steps and groups.
    entry: Entry,
    steps: BTreeMap<usize, Sums>,
    groups: BTreeMap<usize, Sums>,
}

/// A step's or group's sums. Histograms are made anew of even a single second: packed, a histogram tells
/// how far its buckets reach, which must not depend on how many measured it.
#[derive(Debug, Default)]
struct Sums {
    count: u64,
    errors: u64,
    by_class: ByClass,
    statuses: Statuses,
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
                steps: StepEntries::default(),
                groups: StepEntries::default(),
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
        add(&mut self.steps, &snapshot.steps);
        add(&mut self.groups, &snapshot.groups);
    }

    fn close(self) -> Entry {
        let entries = |sums: BTreeMap<usize, Sums>| {
            let sums = sums.into_iter();
            sums.map(|(index, sums)| (index, sums.close())).collect()
        };
        Entry {
            steps: entries(self.steps),
            groups: entries(self.groups),
            ..self.entry
        }
    }
}

impl Sums {
    fn close(self) -> StepEntry {
        StepEntry {
            count: self.count,
            errors: self.errors,
            by_class: self.by_class,
            statuses: self.statuses,
            latency: self.latency.compact(),
            service: self.service.compact(),
        }
    }
}

/// Adds what was measured of those that had anything.
fn add(steps: &mut BTreeMap<usize, Sums>, measured: &[Measures]) {
    for (index, measures) in measured.iter().enumerate() {
        if measures.ends().into_iter().all(Hist::is_empty) {
            continue;
        }
        let sums = steps.entry(index).or_default();
        sums.count += measures.count();
        sums.errors += measures.errors();
        sums.by_class += measures.by_class;
        sums.statuses.add(&measures.statuses);
        for ended in measures.ends() {
            sums.latency.add(ended);
        }
        sums.service.add(&measures[Timer::Service]);
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
        self.steps = self.steps.plus(&next.steps);
        self.groups = self.groups.plus(&next.groups);
        self
    }
}

#[cfg(test)]
#[path = "timeline_tests.rs"]
mod tests;
