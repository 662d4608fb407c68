//! Requests to end a run early.

use std::sync::Arc;
use tokio::sync::Semaphore;

/// Interrupts of a run or a suite, from whoever holds a clone: another task, another thread, or
/// what listens to signals. The first ends the load gracefully, and what was measured is kept; one
/// more cuts off what is under way, and the run is abandoned.
#[derive(Debug, Clone)]
pub struct Interrupts(Arc<Semaphore>);

impl Interrupts {
    /// Interrupts the run, now or as soon as it can be.
    pub fn send(&self) {
        self.0.add_permits(1);
    }

    /// Waits for the next interrupt, and takes it. May be given up at any time.
    pub async fn next(&self) {
        match self.0.acquire().await {
            Ok(permit) => permit.forget(),
            // It is never closed.
            Err(_) => std::future::pending().await,
        }
    }
}

impl Default for Interrupts {
    /// Without an interrupt so far.
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(0)))
    }
}
