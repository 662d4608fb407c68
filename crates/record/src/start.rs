//! Starts: when something was meant to begin, and how late loadgen itself made it.

use loadgen_core::time::Nanos;

/// Intended start of a request, a run or a repetition of a group.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Start {
    /// Intended start: response times count from here.
    pub intended: Nanos,
    /// Time that loadgen's own lateness has cost it so far. Waiting for a slot is in it as far as
    /// the run before it in that slot was late itself.
    pub lag: Nanos,
}

impl Start {
    /// Response time of what ended then.
    #[inline]
    pub fn latency(self, ended: Nanos) -> Nanos {
        ended.saturating_sub(self.intended)
    }

    /// Response time with the lag taken off.
    #[inline]
    pub fn punctual_latency(self, ended: Nanos) -> Nanos {
        self.latency(ended).saturating_sub(self.lag)
    }

    /// Returns the time at which it would have ended without the lag.
    #[inline]
    pub fn punctual_end(self, ended: Nanos) -> Nanos {
        self.intended.saturating_add(self.punctual_latency(ended))
    }
}

/// A start without lag.
impl From<Nanos> for Start {
    fn from(intended: Nanos) -> Self {
        Self { intended, lag: 0 }
    }
}
