//! Everything measured of one step or task over some time.

use super::Hist;
use crate::driver::{ErrorClass, TraceId};
use std::borrow::Cow;

/// Most samples kept of each error class.
pub const SAMPLES_PER_CLASS: usize = 10;

/// Histograms and counters of a step, a task or the totals; over an interval or a whole run.
#[derive(Debug, Clone, Default)]
pub struct Measures {
    /// Intended start to last byte, of successes.
    pub ok: Hist,
    /// The same of failures.
    pub failed: Hist,
    /// Age of what was cut off at the end of the run.
    pub cut: Hist,
    /// First byte sent to last byte received, of all that sent anything and ended.
    pub service: Hist,
    /// Opening connections.
    pub connect: Hist,
    /// Waiting for a free connection of a pool.
    pub pool_wait: Hist,
    /// Steps: attempts that were due, counted at their end. Tasks: runs that were due, dropped ones
    /// included.
    pub offered: u64,
    /// Arrivals that found the queue full (tasks only).
    pub dropped: u64,
    /// Sent, but no answer seen.
    pub unknown: u64,
    /// Requests made once more by policy.
    pub retries: u64,
    /// Reused connections that had gone.
    pub reconnects: u64,
    /// Bytes written to connections.
    pub bytes_sent: u64,
    /// Bytes read from connections.
    pub bytes_received: u64,
    /// Failures by [`ErrorClass`], in the order of [`ErrorClass::ALL`].
    pub by_class: [u64; ErrorClass::ALL.len()],
    /// Checks that were made: each of a step's, for every request that ended.
    pub checks: u64,
    /// Checks that failed, by their place in the step; of several steps only the sum means
    /// anything. Empty while none did.
    pub missed: Vec<u64>,
    /// The first failures of each class, at most [`SAMPLES_PER_CLASS`]; different ones where
    /// measures were added.
    pub samples: Vec<Sample>,
}

/// One failure as it was seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sample {
    /// Its class.
    pub class: ErrorClass,
    /// What was seen, in words.
    pub message: String,
    /// Where it can be looked up.
    pub trace: Option<TraceId>,
}

impl Sample {
    /// Whether it says the same; its trace is its own.
    fn is_like(&self, other: &Sample) -> bool {
        (self.class, &self.message) == (other.class, &other.message)
    }
}

impl Measures {
    /// Logical requests (or task runs) that ended, whatever the outcome.
    pub fn count(&self) -> u64 {
        self.ok.len() + self.failed.len()
    }

    /// Those that failed.
    pub fn errors(&self) -> u64 {
        self.failed.len()
    }

    /// Those cut off at the end of the run.
    pub fn interrupted(&self) -> u64 {
        self.cut.len()
    }

    /// Failed share of all that ended; None when none did.
    pub fn error_rate(&self) -> Option<f64> {
        (self.count() > 0).then(|| self.errors() as f64 / self.count() as f64)
    }

    /// Response times of every outcome, those cut off at the end included; [`Measures::ok`] itself
    /// where nothing else happened.
    pub fn latency(&self) -> Cow<'_, Hist> {
        if self.failed.is_empty() && self.cut.is_empty() {
            return Cow::Borrowed(&self.ok);
        }
        let mut all = self.ok.clone();
        all.add(&self.failed);
        all.add(&self.cut);
        Cow::Owned(all)
    }

    /// Counts a failure and keeps its words while its class has room.
    pub fn fail(&mut self, class: ErrorClass, message: impl FnOnce() -> String) {
        self.fail_traced(class, None, message);
    }

    /// The same of a request that was the root of a trace.
    pub fn fail_traced(
        &mut self,
        class: ErrorClass,
        trace: Option<TraceId>,
        message: impl FnOnce() -> String,
    ) {
        self.by_class[class as usize] += 1;
        if self.room_for(class) {
            self.samples.push(Sample {
                class,
                message: message(),
                trace,
            });
        }
    }

    /// Counts the checks of a request, of which there are `count`; `missed` has a bit for each that
    /// failed.
    pub fn check(&mut self, count: usize, missed: u64) {
        self.checks += count as u64;
        if missed == 0 || count == 0 {
            return;
        }
        self.missed.resize(count, 0);
        for (place, failed) in self.missed.iter_mut().enumerate() {
            *failed += missed >> place & 1;
        }
    }

    /// Checks that passed.
    pub fn passed(&self) -> u64 {
        self.checks.saturating_sub(self.missed.iter().sum())
    }

    fn room_for(&self, class: ErrorClass) -> bool {
        self.samples.len() < SAMPLES_PER_CLASS * ErrorClass::ALL.len()
            && self
                .samples
                .iter()
                .filter(|sample| sample.class == class)
                .count()
                < SAMPLES_PER_CLASS
    }

    /// Adds what `other` measured.
    pub fn add(&mut self, other: &Measures) {
        self.ok.add(&other.ok);
        self.failed.add(&other.failed);
        self.cut.add(&other.cut);
        self.service.add(&other.service);
        self.connect.add(&other.connect);
        self.pool_wait.add(&other.pool_wait);
        self.offered += other.offered;
        self.dropped += other.dropped;
        self.unknown += other.unknown;
        self.retries += other.retries;
        self.reconnects += other.reconnects;
        self.bytes_sent += other.bytes_sent;
        self.bytes_received += other.bytes_received;
        for (mine, more) in self.by_class.iter_mut().zip(other.by_class) {
            *mine += more;
        }
        self.checks += other.checks;
        if self.missed.len() < other.missed.len() {
            self.missed.resize(other.missed.len(), 0);
        }
        for (mine, more) in self.missed.iter_mut().zip(&other.missed) {
            *mine += more;
        }
        // Many fail alike; those that failed otherwise should be seen too.
        for sample in &other.samples {
            let known = |own: &Sample| own.is_like(sample);
            if self.room_for(sample.class) && !self.samples.iter().any(known) {
                self.samples.push(sample.clone());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_are_few_and_when_added_different() {
        let mut totals = Measures::default();
        for (class, message) in [
            (ErrorClass::Expectation, "302"),
            (ErrorClass::Reset, "gone"),
        ] {
            let mut second = Measures::default();
            for id in 0..30 {
                second.fail_traced(class, Some(TraceId(id)), || message.into());
            }
            assert_eq!(second.samples.len(), SAMPLES_PER_CLASS);
            totals.add(&second);
            totals.add(&second);
        }
        let mut second = Measures::default();
        (0..30).for_each(|n| second.fail(ErrorClass::Expectation, || format!("body {n}")));
        totals.add(&second);
        let messages: Vec<&str> = totals.samples.iter().map(|s| s.message.as_str()).collect();
        assert_eq!(messages[..4], ["302", "gone", "body 0", "body 1"]);
        assert_eq!(messages.len(), 1 + SAMPLES_PER_CLASS);
        assert_eq!(totals.by_class.iter().sum::<u64>(), 150);
    }
}
