//! When a population stops starting task runs.

use super::Pacer;
use crate::time::Nanos;
use std::{cell::Cell, rc::Rc, time::Duration};

/// The end of one population on one worker: planned, and possibly brought forward by an interrupt.
#[derive(Clone)]
pub struct Stop {
    at: Rc<Cell<Nanos>>,
}

impl Stop {
    /// Stops at `planned`.
    pub fn at(planned: Nanos) -> Self {
        Self {
            at: Rc::new(Cell::new(planned)),
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

    /// Returns when runs still under way have to be cut off: `graceful` after the end.
    pub async fn cut(&self, pacer: &Pacer, graceful: Duration) {
        loop {
            let cut = self.time().saturating_add(crate::time::nanos(graceful));
            if pacer.clock().now() >= cut {
                return;
            }
            pacer.sleep_until(cut).await;
        }
    }
}
