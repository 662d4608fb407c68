//! Pauses between attempts to open a connection.

use loadgen_core::time::{Nanos, SECOND};
use std::cell::Cell;

/// The pause after the first attempt that failed; it doubles with each further one.
const FIRST: Nanos = SECOND / 100;

/// The longest pause.
const LONGEST: Nanos = SECOND;

/// Keeps attempts to reach a server that is down apart.
#[derive(Debug)]
pub struct Backoff {
    failures: Cell<u32>,
    until: Cell<Nanos>,
    lost: Cell<u32>,
    /// Spreads the attempts of those who fail at the same time.
    salt: u64,
}

impl Backoff {
    /// Open; `salt` differs from one user to the next.
    pub fn new(salt: u64) -> Self {
        Self {
            failures: Cell::new(0),
            until: Cell::new(0),
            lost: Cell::new(0),
            salt,
        }
    }

    /// The time of the next attempt, if there is something to wait for.
    pub fn paused_until(&self) -> Option<Nanos> {
        (self.failures.get() > 0).then(|| self.until.get())
    }

    /// An attempt failed at `now`.
    pub fn failed(&self, now: Nanos) {
        let failures = self.failures.get();
        self.failures.set(failures.saturating_add(1));
        let pause = FIRST.saturating_mul(1 << failures.min(16)).min(LONGEST);
        // Half of it, and a part of the other half that looks random.
        let spread = (self.salt + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 44;
        let pause = pause / 2 + (pause / 2 * (spread & 0xff)) / 0xff;
        self.until.set(now + pause);
    }

    /// A connection that was open was lost.
    pub fn lost(&self) {
        self.lost.set(self.lost.get().saturating_add(1));
    }

    /// An attempt succeeded; tells whether the connection replaces one that was lost.
    pub fn opened(&self) -> bool {
        self.failures.set(0);
        let lost = self.lost.get();
        self.lost.set(lost.saturating_sub(1));
        lost > 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_a_second_and_are_spread() {
        let backoffs: Vec<Backoff> = (0..100).map(Backoff::new).collect();
        let pauses: Vec<Vec<Nanos>> = backoffs
            .iter()
            .map(|backoff| {
                assert_eq!(backoff.paused_until(), None);
                let pause = |_| {
                    backoff.failed(SECOND);
                    backoff.paused_until().unwrap() - SECOND
                };
                (0..40).map(pause).collect()
            })
            .collect();
        for pauses in &pauses {
            for (attempt, pause) in pauses.iter().enumerate() {
                let whole = (FIRST << attempt.min(16)).min(LONGEST);
                assert!((whole / 2..=whole).contains(pause), "{attempt}: {pause}");
            }
        }
        let mut longest: Vec<Nanos> = pauses.iter().map(|pauses| pauses[39]).collect();
        longest.sort_unstable();
        longest.dedup();
        assert!(longest.len() > 50);
    }

    #[test]
    fn a_success_forgets_the_failures() {
        let backoff = Backoff::new(0);
        backoff.lost();
        backoff.failed(0);
        assert!(backoff.opened());
        assert_eq!(backoff.paused_until(), None);
        assert!(!backoff.opened());
    }
}
