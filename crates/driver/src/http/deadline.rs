//! The end of the time that a step may take.

use crate::Failure;
use loadgen_core::time::{Clock, Nanos, nanos};
use std::time::Duration;

/// The end of a step's time, which begins with whatever the step does first: connecting or sending.
#[derive(Debug, Clone, Copy)]
pub(super) struct Deadline {
    at: Option<Nanos>,
    timeout: Duration,
}

impl Deadline {
    /// No end.
    pub(super) const NONE: Self = Self {
        at: Some(Nanos::MAX),
        timeout: Duration::MAX,
    };

    /// The end of a step that may take this long and has not begun.
    pub(super) fn after(timeout: Duration) -> Self {
        Self { at: None, timeout }
    }

    /// The time as it was given, for messages.
    pub(super) fn timeout(&self) -> Duration {
        self.timeout
    }

    /// Begins at `now`, unless it has begun.
    pub(super) fn begin(&mut self, now: Nanos) -> Nanos {
        let timeout = self.timeout;
        *self
            .at
            .get_or_insert_with(|| now.saturating_add(nanos(timeout)))
    }

    /// When it is; begins now unless it has begun.
    pub(super) fn at(&mut self, clock: Clock) -> Nanos {
        match self.at {
            Some(at) => at,
            None => self.begin(clock.now()),
        }
    }

    /// The failure of a step that it has ended.
    pub(super) fn passed(&self) -> Failure {
        timed_out(self.timeout)
    }
}

/// The failure of a step without a complete response within `timeout`.
pub(super) fn timed_out(timeout: Duration) -> Failure {
    Failure::timeout("no complete answer", timeout)
}
