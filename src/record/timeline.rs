//! The course of a run in bounded memory: a second per entry at first, and twice as long each
//! time that the entries have become too many.

use super::{Hist, Snapshot, hist::Compact};
use crate::{
    driver::ByClass,
    metric::{Counter, Timer},
};
use std::collections::VecDeque;

/// Most entries of a timeline.
pub const MOST_ENTRIES: usize = 3_600;

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
    /// By [`crate::plan::Step::index`].
    pub steps: Vec<StepEntry>,
    /// By [`crate::plan::Group::index`].
    pub groups: Vec<StepEntry>,
}

/// One step's or group's part of an entry.
#[derive(Debug, Clone)]
pub struct StepEntry {
    /// Requests that ended, or runs of a group.
    pub count: u64,
    /// Those that failed.
    pub errors: u64,
    /// The same by class.
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
    /// Made anew of even a single second: packed, a histogram tells how far its buckets reach, which
    /// must not depend on how many measured it.
    times: Vec<(Hist, Hist)>,
}

impl Default for Timeline {
    fn default() -> Self {
        Self::with_limit(MOST_ENTRIES)
    }
}

impl Timeline {
    /// An empty one that keeps at most `limit` entries (at least two).
    pub fn with_limit(limit: usize) -> Self {
        Self {
            limit: limit.max(2),
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
        self.recent.push_back(open.close());
        if self.older.len() + self.recent.len() > self.limit {
            self.merge_oldest_pair();
        }
    }

    /// Merges the two entries at the border between `older` and `recent`; when all are merged,
    /// the next round begins.
    fn merge_oldest_pair(&mut self) {
        if let (Some(first), Some(second)) = (self.recent.pop_front(), self.recent.pop_front()) {
            self.older.push(first.merge(&second));
        }
        if self.recent.is_empty() {
            self.recent = std::mem::take(&mut self.older).into();
            self.width *= 2;
        }
    }

    /// All entries, each of the same length but for the last, which may be shorter.
    pub fn finish(mut self) -> Vec<Entry> {
        if let Some(open) = self.open.take() {
            self.recent.push_back(open.close());
        }
        if self.older.is_empty() && self.recent.len() <= self.limit {
            return self.recent.into();
        }
        let mut entries = self.older;
        while let Some(first) = self.recent.pop_front() {
            entries.push(match self.recent.pop_front() {
                Some(second) => first.merge(&second),
                None => first,
            });
        }
        entries
    }
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
                steps: empty(snapshot.steps.len()),
                groups: empty(snapshot.groups.len()),
            },
            times: vec![Default::default(); snapshot.steps.len() + snapshot.groups.len()],
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
        let measured = snapshot.steps.iter().chain(&snapshot.groups);
        for ((step, times), measures) in entry.parts().zip(&mut self.times).zip(measured) {
            step.count += measures.count();
            step.errors += measures.errors();
            step.by_class += measures.by_class;
            let (latency, service) = times;
            measures
                .ends()
                .into_iter()
                .for_each(|times| latency.add(times));
            service.add(&measures[Timer::Service]);
        }
    }

    fn close(mut self) -> Entry {
        for (step, (latency, service)) in self.entry.parts().zip(self.times) {
            step.latency = latency.compact();
            step.service = service.compact();
        }
        self.entry
    }
}

fn empty(number: usize) -> Vec<StepEntry> {
    let nothing = || StepEntry {
        count: 0,
        errors: 0,
        by_class: ByClass::default(),
        latency: Compact::default(),
        service: Compact::default(),
    };
    std::iter::repeat_with(nothing).take(number).collect()
}

impl Entry {
    /// Its steps, then its groups.
    fn parts(&mut self) -> impl Iterator<Item = &mut StepEntry> {
        self.steps.iter_mut().chain(&mut self.groups)
    }

    /// This one and the `next` as one.
    fn merge(mut self, next: &Entry) -> Entry {
        self.seconds += next.seconds;
        self.users = next.users;
        self.in_flight = next.in_flight;
        self.queued = next.queued;
        self.offered += next.offered;
        self.dropped += next.dropped;
        let parts = next.steps.iter().chain(&next.groups);
        for (step, more) in self.parts().zip(parts) {
            step.count += more.count;
            step.errors += more.errors;
            step.by_class += more.by_class;
            step.latency = step.latency.plus(&more.latency);
            step.service = step.service.plus(&more.service);
        }
        self
    }
}

#[cfg(test)]
#[path = "timeline_tests.rs"]
mod tests;
