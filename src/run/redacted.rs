//! A run's observer, told everything as it may be shown.

use super::{Cause, Observer, RunError, RunInfo, Second};
use crate::{observe::Scrape, plan::Plan, report::Event, time::Clock};
use futures_util::future::LocalBoxFuture;

/// Hands on what a run tells; messages and errors may have words of servers in them.
pub struct RedactingObserver<'a, O> {
    observer: &'a mut O,
    plan: &'a Plan,
}

impl<'a, O> RedactingObserver<'a, O> {
    /// Tells `observer` of a run of this plan.
    pub fn new(observer: &'a mut O, plan: &'a Plan) -> Self {
        Self { observer, plan }
    }
}

impl<O: Observer> Observer for RedactingObserver<'_, O> {
    fn message(&mut self, text: &str) {
        self.observer.message(&self.plan.shown_lines(text));
    }

    fn begin(&mut self, info: &RunInfo) -> Result<(), Cause> {
        self.observer.begin(info)
    }

    fn started(&mut self, clock: Clock) {
        self.observer.started(clock);
    }

    fn second(&mut self, second: &Second<'_>) {
        self.observer.second(second);
    }

    fn event(&mut self, event: &Event) {
        self.observer.event(event);
    }

    fn observed(&mut self, scrape: &Scrape) {
        self.observer.observed(scrape);
    }

    fn load_over(&mut self) {
        self.observer.load_over();
    }

    fn settle(&mut self) -> LocalBoxFuture<'_, Vec<String>> {
        self.observer.settle()
    }

    fn failed(&mut self, error: &RunError) {
        self.observer.failed(&error.shown(self.plan));
    }
}
