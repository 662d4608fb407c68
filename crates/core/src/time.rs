//! The run's clock: nanoseconds since the run began.

use std::time::Duration;
use tokio::time::Instant;

/// Nanoseconds, as an offset from the start of the run or as a length; u64 holds 584 years.
pub type Nanos = u64;

/// One second.
pub const SECOND: Nanos = 1_000_000_000;

/// Reads monotonic time relative to the start of the run. Made once and copied to every worker, so
/// that all of them share one origin.
#[derive(Debug, Clone, Copy)]
pub struct Clock {
    /// Origin on the system's clock; None: time is the runtime's.
    zero: Option<Nanos>,
    /// Origin on the runtime's clock, which timers use.
    origin: Instant,
}

impl Clock {
    /// A clock whose zero is now.
    pub fn start() -> Self {
        Self::starting_in(Duration::ZERO)
    }

    /// A clock whose zero lies so far in the future.
    pub fn starting_in(lead: Duration) -> Self {
        Self {
            // Read first: if anything comes between the two, timers are late, never early.
            zero: monotonic().map(|now| now.saturating_add(nanos(lead))),
            origin: Instant::now() + lead,
        }
    }

    /// A clock whose zero is now, and whose time is that of the runtime, which tests pause and
    /// advance.
    pub fn of_runtime() -> Self {
        Self {
            zero: None,
            origin: Instant::now(),
        }
    }

    /// Time since the origin; zero before it.
    ///
    /// Read from the system where it can be: each step does this twice, and the difference of two
    /// `Instant`s costs as much as reading one.
    pub fn now(&self) -> Nanos {
        match self.zero.and_then(|zero| Some((zero, monotonic()?))) {
            Some((zero, now)) => now.saturating_sub(zero),
            None => nanos(Instant::now().saturating_duration_since(self.origin)),
        }
    }

    /// The moment at `offset`.
    pub fn instant(&self, offset: Nanos) -> Instant {
        self.origin + Duration::from_nanos(offset)
    }
}

/// Reads the clock behind `Instant`, in nanoseconds.
#[cfg(target_os = "linux")]
fn monotonic() -> Option<Nanos> {
    use nix::time::{ClockId, clock_gettime};
    // Only a clock that does not exist is refused.
    let now = clock_gettime(ClockId::CLOCK_MONOTONIC).expect("every Linux has this clock");
    Some(now.tv_sec() as Nanos * SECOND + now.tv_nsec() as Nanos)
}

/// Elsewhere time is the runtime's.
#[cfg(not(target_os = "linux"))]
fn monotonic() -> Option<Nanos> {
    None
}

/// A length of time in nanoseconds, saturating after 584 years.
pub fn nanos(duration: Duration) -> Nanos {
    u64::try_from(duration.as_nanos()).unwrap_or(Nanos::MAX)
}

#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests {
    use super::*;
    use std::{thread::sleep, time::Instant};

    #[test]
    fn the_clock_that_is_read_goes_as_instants_do() {
        let outer = Instant::now();
        let begin = monotonic().unwrap();
        let inner = Instant::now();
        sleep(Duration::from_millis(5));
        let least = nanos(inner.elapsed());
        let passed = monotonic().unwrap() - begin;
        let most = nanos(outer.elapsed());
        assert!((least..=most).contains(&passed), "{least} {passed} {most}");
    }
}
