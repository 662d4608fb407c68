//! The last seconds of a scope, as a sum that slides.

use super::evidence::{Tally, punctual_times, times};
use loadgen_core::metric::Counter;
use loadgen_plan::threshold::Metric;
use loadgen_record::{Compact, Hist, UserTime, View};
use std::{collections::VecDeque, time::Duration};

/// Sums over the last so many whole seconds. Each second is kept in its compact form until it
/// leaves; adding and taking out counts is exact, so the sum is what merging would give.
#[derive(Debug)]
pub(super) struct Window {
    length: usize,
    seconds: VecDeque<Second>,
    tally: Tally,
    times: Hist,
    /// Times without lag, in the seconds that have any.
    punctual: Hist,
    /// Runs that were due and have not ended.
    outstanding: u64,
}

#[derive(Debug)]
struct Second {
    tally: Tally,
    times: Compact,
    /// With loadgen's own lag taken off; None: lag makes no difference.
    punctual: Option<Compact>,
    users: UserTime,
}

impl Window {
    /// Returns a window of `length`, rounded up to whole seconds.
    pub(super) fn new(length: Duration) -> Self {
        let seconds = length.as_nanos().div_ceil(1_000_000_000).max(1);
        Self {
            length: usize::try_from(seconds).unwrap_or(usize::MAX),
            seconds: VecDeque::new(),
            tally: Tally::default(),
            times: Hist::default(),
            punctual: Hist::default(),
            outstanding: 0,
        }
    }

    /// Adds the next second and forgets the one that is too old by then.
    pub(super) fn push(&mut self, metric: Metric, view: &View, users: UserTime) {
        if self.seconds.len() == self.length
            && let Some(oldest) = self.seconds.pop_front()
        {
            self.tally -= oldest.tally;
            self.times.subtract(&oldest.times.expand());
            if let Some(punctual) = oldest.punctual {
                self.punctual.subtract(&punctual.expand());
            }
        }
        let tally = Tally::of(metric, view);
        let times = times(metric, view).unwrap_or_default();
        let punctual = punctual_times(metric, view);
        self.tally += tally;
        self.times.add(&times);
        if let Some(punctual) = &punctual {
            self.punctual.add(punctual);
        }
        self.seconds.push_back(Second {
            tally,
            times: times.compact(),
            punctual: punctual.map(|times| times.compact()),
            users,
        });
        let counts = &tally.counts;
        let without = [Counter::Dropped, Counter::Exhausted, Counter::Interrupted];
        let without: u64 = without.iter().map(|counter| counts[*counter]).sum();
        let ended = tally.runs + without;
        self.outstanding = (self.outstanding + counts[Counter::Offered]).saturating_sub(ended);
    }

    /// Returns true if as many seconds have passed as the window is long.
    pub(super) fn is_full(&self) -> bool {
        self.seconds.len() == self.length
    }

    /// Returns true if anything was due in it or still is under way, so that silence is a finding.
    pub(super) fn is_busy(&self) -> bool {
        self.tally.counts[Counter::Offered] > 0 || self.outstanding > 0
    }

    /// Its length in seconds.
    pub(super) fn seconds(&self) -> f64 {
        self.length as f64
    }

    /// Counters over it.
    pub(super) fn tally(&self) -> &Tally {
        &self.tally
    }

    /// Times over it, if the metric has any.
    pub(super) fn times(&self) -> &Hist {
        &self.times
    }

    /// Times over it with loadgen's own lag taken off; None where lag makes no difference.
    pub(super) fn punctual_times(&self) -> Option<&Hist> {
        let mut seconds = self.seconds.iter();
        seconds
            .any(|second| second.punctual.is_some())
            .then_some(&self.punctual)
    }

    /// Time of users over it.
    pub(super) fn users(&self) -> UserTime {
        let mut sum = vec![UserTime::default()];
        for second in &self.seconds {
            UserTime::add_all(&mut sum, &[second.users]);
        }
        sum[0]
    }
}
