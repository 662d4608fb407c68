//! Timers of the drivers: the runtime's, or those of a thread of their own.

use std::{convert::Infallible, io, sync::Arc, thread, time::Duration};
use tokio::{
    runtime::{Builder, Handle},
    sync::oneshot,
    time::{Instant, Sleep, Timeout, sleep_until, timeout, timeout_at},
};

/// Timers that can be waited for in any runtime; by default those of the one that they are made in.
///
/// A runtime with timers looks at the clock each time that it waits for a response, and tells the
/// kernel until when it does. Workers wait once for each response, and set timers that hardly ever
/// ring, so they leave them to a thread of its own.
#[derive(Debug, Clone, Default)]
pub struct Timers(Option<Arc<Apart>>);

/// A thread that keeps timers as long as this is there.
#[derive(Debug)]
struct Apart {
    runtime: Handle,
    _needed: oneshot::Sender<Infallible>,
}

impl Timers {
    /// Timers of a thread of their own, which ends when the last clone is gone.
    ///
    /// # Errors
    /// When the system refuses the thread.
    pub fn apart() -> io::Result<Self> {
        let runtime = Builder::new_current_thread().enable_time().build()?;
        let (needed, unneeded) = oneshot::channel();
        let apart = Apart {
            runtime: runtime.handle().clone(),
            _needed: needed,
        };
        thread::Builder::new()
            .name("timers".to_owned())
            .spawn(move || runtime.block_on(unneeded))?;
        Ok(Self(Some(Arc::new(apart))))
    }

    /// Waits until `deadline`.
    pub(super) fn sleep_until(&self, deadline: Instant) -> Sleep {
        self.make(|| sleep_until(deadline))
    }

    /// Waits for `work` until `deadline`.
    pub(super) fn timeout_at<W: Future>(&self, deadline: Instant, work: W) -> Timeout<W> {
        self.make(|| timeout_at(deadline, work))
    }

    /// Waits for `work`, and no longer than `limit` from now.
    pub(super) fn timeout<W: Future>(&self, limit: Duration, work: W) -> Timeout<W> {
        self.make(|| timeout(limit, work))
    }

    fn make<T>(&self, timer: impl FnOnce() -> T) -> T {
        let _inside = self.0.as_ref().map(|apart| apart.runtime.enter());
        timer()
    }
}
