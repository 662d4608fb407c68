//! End of a population: the time from which no task run starts.

use super::Pacer;
use loadgen_core::time::{Nanos, nanos};
use std::{cell::Cell, rc::Rc, time::Duration};

/// End of a run before its planned end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum EarlyStop {
    /// Not at all.
    No,
    /// No further task run starts; those under way have the graceful stop.
    Gracefully,
    /// Cut off everything under way.
    AtOnce,
}

/// The end of one population on one worker: planned, and possibly brought forward by an interrupt.
#[derive(Clone)]
pub struct Stop {
    at: Rc<Cell<Nanos>>,
    graceful: Rc<Cell<Duration>>,
}

impl Stop {
    /// Stops at `planned`; what is under way then may go on for as long as `graceful`.
    pub fn at(planned: Nanos, graceful: Duration) -> Self {
        Self {
            at: Rc::new(Cell::new(planned)),
            graceful: Rc::new(Cell::new(graceful)),
        }
    }

    /// No run whose intended start is at this moment or later may begin.
    pub fn time(&self) -> Nanos {
        self.at.get()
    }

    /// Brings the end forward; the caller wakes the sleepers.
    pub fn now(&self, now: Nanos) {
        self.at.set(self.at.get().min(now));
    }

    /// Cuts off everything under way; the caller wakes the sleepers.
    pub fn at_once(&self) {
        self.graceful.set(Duration::ZERO);
    }

    /// Returns at the end, if there is one, however early that comes to be.
    pub async fn come(&self, pacer: &Pacer) {
        while self.time() != Nanos::MAX && pacer.clock().now() < self.time() {
            pacer.sleep_until(self.time()).await;
        }
    }

    /// Returns when runs still under way have to be cut off.
    pub async fn cut(&self, pacer: &Pacer) {
        loop {
            let cut = self.time().saturating_add(nanos(self.graceful.get()));
            if pacer.clock().now() >= cut {
                return;
            }
            pacer.sleep_until(cut).await;
        }
    }
}
