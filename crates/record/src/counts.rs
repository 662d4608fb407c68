//! Outcomes of all requests, counted from the first request on: verifications compare them with
//! what is stored. Nothing is left out of it, least of all the warm-up, because what it wrote is
//! stored as well.

use super::{Measures, Size, Snapshot};
use loadgen_core::metric::{Counter, Timer};

/// Counts of a plan's steps, tasks and groups.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Counts {
    /// Requests, by step index.
    pub steps: Vec<Count>,
    /// Runs, by task index.
    pub tasks: Vec<Count>,
    /// Their parts, by group index.
    pub groups: Vec<Count>,
}

/// Number of requests by outcome.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Count {
    /// Succeeded.
    pub ok: u64,
    /// Ended and failed.
    pub failed: u64,
    /// Sent without a response being seen, whether it ended by that or was cut off.
    pub unknown: u64,
}

impl Counts {
    /// Counts of nothing yet.
    pub fn new(size: Size) -> Self {
        Self {
            steps: vec![Count::default(); size.steps],
            tasks: vec![Count::default(); size.tasks],
            groups: vec![Count::default(); size.groups],
        }
    }

    /// Adds what was measured in a second.
    pub fn add(&mut self, snapshot: &Snapshot) {
        if let Some(late) = &snapshot.late {
            self.add(late);
        }
        let parts = [
            (&mut self.steps, &snapshot.steps),
            (&mut self.tasks, &snapshot.tasks),
            (&mut self.groups, &snapshot.groups),
        ];
        for (counts, measured) in parts {
            for (count, measures) in counts.iter_mut().zip(measured) {
                count.add(measures);
            }
        }
    }
}

impl Count {
    fn add(&mut self, measures: &Measures) {
        self.ok += measures[Timer::Ok].len();
        self.failed += measures.errors();
        self.unknown += measures[Counter::Unknown];
    }
}
