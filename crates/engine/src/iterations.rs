//! Iterations that are left to users, where they are bounded: shared by the workers of a
//! population.

use loadgen_plan::{Closed, Iterations};
use std::sync::atomic::{AtomicU64, Ordering};

/// Iterations of a closed load. Nothing hangs on the order of other memory, so all is relaxed.
#[derive(Debug, Default)]
pub struct IterationsLeft {
    /// Shared iterations: those that may still begin. Iterations per user: those of users who have
    /// not left.
    left: AtomicU64,
    /// Shared ones that have begun.
    begun: AtomicU64,
    /// Runs that have begun in the warm-up, before them.
    begun_before: AtomicU64,
}

impl IterationsLeft {
    /// All that a load asks for.
    pub fn of(load: &Closed) -> Self {
        let left = match load.iterations {
            Iterations::Shared(runs) => runs,
            Iterations::PerUser(runs) => runs.saturating_mul(load.users.peak().ceil() as u64),
            Iterations::Unlimited => 0,
        };
        Self {
            left: AtomicU64::new(left),
            ..Self::default()
        }
    }

    /// The number of them.
    pub fn count(&self) -> u64 {
        self.left.load(Ordering::Relaxed)
    }

    /// Takes a shared one, if there is one.
    pub fn take(&self) -> bool {
        let less = |left: u64| left.checked_sub(1);
        self.left
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, less)
            .is_ok()
    }

    /// Gives back a shared one that was taken for something that is no run.
    pub fn give_back(&self) {
        self.left.fetch_add(1, Ordering::Relaxed);
    }

    /// A user has done so many of its own.
    pub fn done(&self, count: u64) {
        self.left.fetch_sub(count, Ordering::Relaxed);
    }

    /// The number of a shared one that begins.
    pub fn begin(&self) -> u64 {
        self.begun.fetch_add(1, Ordering::Relaxed)
    }

    /// The number of a run that begins in the warm-up.
    pub fn begin_before(&self) -> u64 {
        self.begun_before.fetch_add(1, Ordering::Relaxed)
    }
}
