//! Orders that are lost on purpose, so that there is something to find out.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Chooses them: one of each so many.
#[derive(Debug, Clone)]
pub(super) struct Losses {
    each: u64,
    asked: Arc<AtomicU64>,
}

impl Losses {
    /// The last of each `each` orders.
    pub(super) fn of(each: u64) -> Self {
        Self {
            each,
            asked: Arc::default(),
        }
    }

    /// Returns true if the next order is lost.
    pub(super) fn next(&self) -> bool {
        let number = self.asked.fetch_add(1, Ordering::Relaxed) + 1;
        number.is_multiple_of(self.each)
    }
}
