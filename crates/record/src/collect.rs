//! Merges what the workers measured, second by second, into one stream.

use super::{Counts, Periods, RunTotals, Size, Snapshot, Timeline, timeline};
use loadgen_core::time::{Nanos, SECOND};
use std::collections::VecDeque;

/// Takes every worker's snapshots and gives out those of the whole run.
///
/// A second is complete when each worker that still runs has delivered it. Workers send theirs in
/// order, so what waits here is no more than the seconds by which the slowest is behind. Nothing
/// is lost: what comes for a second that was given out already counts in the next one.
#[derive(Debug)]
pub struct Collector {
    size: Size,
    /// The second that each worker owes; None for those that ended.
    owed: Vec<Option<u64>>,
    /// Number of the first second in `waiting`.
    first: u64,
    waiting: VecDeque<Snapshot>,
    /// End of the warm-up.
    warmup: Nanos,
    warm: RunTotals,
    totals: RunTotals,
    counts: Counts,
    /// Timelines of the warm-up, and of what comes after it.
    timelines: [Timeline; 2],
}

/// A whole run, as [`Collector::close`] leaves it.
#[derive(Debug)]
pub struct Recording {
    /// Sums over the run without its warm-up.
    pub totals: RunTotals,
    /// Sums over the warm-up, which are in no statistics.
    pub warmup: RunTotals,
    /// Outcomes of all requests.
    pub counts: Counts,
    /// Its course, the warm-up included.
    pub timeline: Vec<timeline::Entry>,
}

impl Collector {
    /// For so many workers and a plan of this size.
    pub fn new(workers: usize, size: Size) -> Self {
        Self {
            size,
            owed: vec![Some(0); workers],
            first: 0,
            waiting: VecDeque::new(),
            warmup: 0,
            warm: RunTotals::new(size),
            totals: RunTotals::new(size),
            counts: Counts::new(size),
            timelines: Default::default(),
        }
    }

    /// For a run whose warm-up ends then.
    pub fn with_warmup(mut self, end: Nanos) -> Self {
        self.warmup = end;
        self
    }

    /// For a run whose loads send then.
    pub fn with_periods(mut self, periods: Periods) -> Self {
        self.totals.periods = periods;
        self
    }

    /// Returns the periods in which the loads send, to be changed where they stop early.
    pub fn periods(&mut self) -> &mut Periods {
        &mut self.totals.periods
    }

    /// Takes a worker's next snapshot. Returns the seconds that became complete, in order.
    pub fn absorb(&mut self, worker: usize, snapshot: Snapshot) -> Vec<Snapshot> {
        if let Some(Some(owed)) = self.owed.get_mut(worker) {
            *owed = (*owed).max(snapshot.second + 1);
        }
        let slot = self.slot(snapshot.second);
        // One that comes too late for its second is of the warm-up all the same.
        if snapshot.warmup && !slot.warmup {
            slot.late().merge(&snapshot);
        } else {
            slot.merge(&snapshot);
        }
        self.complete()
    }

    /// Notes that a worker ended and sends no more. Returns the seconds that became complete.
    pub fn finish(&mut self, worker: usize) -> Vec<Snapshot> {
        if let Some(owed) = self.owed.get_mut(worker) {
            *owed = None;
        }
        self.complete()
    }

    /// Everything given out so far, merged, without the warm-up.
    pub fn totals(&self) -> &RunTotals {
        &self.totals
    }

    /// Returns the totals of the warm-up.
    pub fn warmup(&self) -> &RunTotals {
        &self.warm
    }

    /// Ends the recording. `elapsed` is the true length of the run, warm-up included, `overdue` the
    /// number of arrivals that were only looked at after the end. What still waits is included.
    pub fn close(mut self, elapsed: Nanos, overdue: u64) -> Recording {
        self.owed.fill(None);
        self.complete();
        self.has_come_to(elapsed);
        self.totals.overdue = overdue;
        Recording {
            totals: self.totals,
            warmup: self.warm,
            counts: self.counts,
            timeline: self
                .timelines
                .into_iter()
                .flat_map(Timeline::finish)
                .collect(),
        }
    }

    fn has_come_to(&mut self, elapsed: Nanos) {
        self.totals.warmup = elapsed.min(self.warmup);
        self.totals.elapsed = elapsed - self.totals.warmup;
    }

    fn slot(&mut self, second: u64) -> &mut Snapshot {
        let index = second.saturating_sub(self.first) as usize;
        while self.waiting.len() <= index {
            let next = self.first + self.waiting.len() as u64;
            let mut empty = Snapshot::new(next, self.size);
            empty.warmup = (next + 1).saturating_mul(SECOND) <= self.warmup;
            self.waiting.push_back(empty);
        }
        &mut self.waiting[index]
    }

    fn complete(&mut self) -> Vec<Snapshot> {
        let mut completed = Vec::new();
        while self.owed.iter().flatten().all(|owed| *owed > self.first)
            && let Some(mut snapshot) = self.waiting.pop_front()
        {
            self.first += 1;
            let totals = match snapshot.warmup {
                true => &mut self.warm,
                false => &mut self.totals,
            };
            totals.add(&snapshot);
            snapshot.forget_traces_but(&totals.traces);
            if let Some(late) = &snapshot.late {
                self.warm.add(late);
            }
            self.counts.add(&snapshot);
            self.has_come_to(self.first * SECOND);
            self.timelines[usize::from(!snapshot.warmup)].push(&snapshot);
            completed.push(snapshot);
        }
        completed
    }
}

#[cfg(test)]
#[path = "collect_tests.rs"]
mod tests;
