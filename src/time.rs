//! The run's clock: nanoseconds since the run began.

use std::time::Duration;
use tokio::time::Instant;

/// Nanoseconds, as an offset from the start of the run or as a length; u64 holds 584 years.
pub type Nanos = u64;

/// One second.
pub const SECOND: Nanos = 1_000_000_000;

/// Reads monotonic time relative to the start of the run. Copied to every worker, so that all of
/// them share one origin. It reads tokio's clock, which tests can pause and advance.
#[derive(Debug, Clone, Copy)]
pub struct Clock {
    origin: Instant,
}

impl Clock {
    /// A clock whose zero is `origin`, which may lie in the future.
    pub fn starting_at(origin: Instant) -> Self {
        Self { origin }
    }

    /// A clock whose zero is now.
    pub fn start() -> Self {
        Self::starting_at(Instant::now())
    }

    /// Time since the origin; zero before it.
    pub fn now(&self) -> Nanos {
        nanos(Instant::now().saturating_duration_since(self.origin))
    }

    /// The moment at `offset`.
    pub fn instant(&self, offset: Nanos) -> Instant {
        self.origin + Duration::from_nanos(offset)
    }
}

/// A length of time in nanoseconds, saturating after 584 years.
pub fn nanos(duration: Duration) -> Nanos {
    u64::try_from(duration.as_nanos()).unwrap_or(Nanos::MAX)
}
