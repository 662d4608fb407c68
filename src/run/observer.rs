//! Observers: displays, journals, exporters, and whoever else watches a run.

use super::{Cause, RunError, RunInfo};
use crate::{
    gate::{Judge, Verdict},
    observe::Scrape,
    record::{RunTotals, Snapshot},
    report::Event,
    time::Clock,
};
use futures_util::future::LocalBoxFuture;
use std::future::ready;

/// Watches a run, in the order in which the methods stand here. Everything is told between two
/// seconds of the run, outside of the threads that drive it: to take long delays what is told,
/// never the load.
pub trait Observer {
    /// Something that may be shown, in words.
    fn message(&mut self, _text: &str) {}

    /// The load is about to begin.
    ///
    /// # Errors
    /// When the run should not go on without this observer.
    fn begin(&mut self, _info: &RunInfo) -> Result<(), Cause> {
        Ok(())
    }

    /// The load has a beginning: the zero of its clock, which may still be milliseconds ahead.
    fn started(&mut self, _clock: Clock) {}

    /// A second of the load is over.
    fn second(&mut self, _second: &Second<'_>) {}

    /// An event has begun that may take long, or is over.
    fn event(&mut self, _event: &Event) {}

    /// A source of the plan's observations was read.
    fn observed(&mut self, _taken: &Scrape) {}

    /// The load is over, and every second of it was told.
    fn load_over(&mut self) {}

    /// Waits, for a bounded time, until everything was handed on. Gives warnings for the result.
    fn settle(&mut self) -> LocalBoxFuture<'_, Vec<String>> {
        Box::pin(ready(Vec::new()))
    }

    /// The run has no result, or its teardown failed after that. RedactingObserver at once: [`RunError`] is
    /// returned when everything is taken down.
    fn failed(&mut self, _error: &RunError) {}
}

/// Observes nothing.
impl Observer for () {}

/// Tells both, the first one first.
impl<A: Observer, B: Observer> Observer for (A, B) {
    fn message(&mut self, text: &str) {
        self.0.message(text);
        self.1.message(text);
    }

    fn begin(&mut self, info: &RunInfo) -> Result<(), Cause> {
        self.0.begin(info)?;
        self.1.begin(info)
    }

    fn started(&mut self, clock: Clock) {
        self.0.started(clock);
        self.1.started(clock);
    }

    fn second(&mut self, second: &Second<'_>) {
        self.0.second(second);
        self.1.second(second);
    }

    fn event(&mut self, event: &Event) {
        self.0.event(event);
        self.1.event(event);
    }

    fn observed(&mut self, scrape: &Scrape) {
        self.0.observed(scrape);
        self.1.observed(scrape);
    }

    fn load_over(&mut self) {
        self.0.load_over();
        self.1.load_over();
    }

    fn settle(&mut self) -> LocalBoxFuture<'_, Vec<String>> {
        Box::pin(async {
            let mut warnings = self.0.settle().await;
            warnings.extend(self.1.settle().await);
            warnings
        })
    }

    fn failed(&mut self, error: &RunError) {
        self.0.failed(error);
        self.1.failed(error);
    }
}

/// A second of the load, all senders merged.
#[derive(Debug, Clone, Copy)]
pub struct Second<'a> {
    /// Measured in it.
    pub snapshot: &'a Snapshot,
    /// Measured up to its end, without the warm-up.
    pub totals: &'a RunTotals,
    pub(super) judge: &'a Judge,
}

impl Second<'_> {
    /// Standing of each threshold of the plan; None for one that cannot be judged yet.
    pub fn standings(&self) -> Vec<Option<Verdict>> {
        self.judge.standings()
    }
}
