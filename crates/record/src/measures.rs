//! Everything measured of one step or task over some time.

use super::{Hist, Punctual};
use loadgen_core::metric::{
    Counter, Counters, Distribution, Statuses, Timer, Timers, by_name, is_default,
};
use loadgen_driver::{ByClass, ErrorClass, TraceId};
use serde::{Deserialize, Serialize};
use std::{
    borrow::Cow,
    fmt,
    ops::{Index, IndexMut},
};

/// Most samples kept of each error class.
pub const SAMPLES_PER_CLASS: usize = 10;

/// Most occurrences, or bytes, of one step in an interval.
pub(super) const MOST_COUNTED: u64 = 1 << 40;

/// Histograms and counters of a step, a task or the totals; over an interval or a whole run. Those
/// of a [`Timer`] or a [`Counter`] are had by indexing.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Measures {
    /// Times.
    #[serde(skip_serializing_if = "is_default")]
    pub times: Timers<Hist>,
    /// Counts.
    #[serde(skip_serializing_if = "is_default")]
    pub counts: Counters,
    /// Failures by class.
    #[serde(skip_serializing_if = "is_default")]
    pub by_class: ByClass,
    /// Responses by status code.
    #[serde(skip_serializing_if = "is_default")]
    pub statuses: Statuses,
    /// Checks that were made: each of a step's, for every request that ended.
    #[serde(skip_serializing_if = "is_default")]
    pub checks: u64,
    /// Checks that failed, by their index in the step; of several steps only the sum means
    /// anything. Empty while none did.
    #[serde(skip_serializing_if = "is_default")]
    pub missed: Vec<u64>,
    /// The first failures of each class, at most [`SAMPLES_PER_CLASS`]; different ones where
    /// measures were added.
    #[serde(skip_serializing_if = "is_default")]
    pub samples: Vec<Sample>,
    /// Without loadgen's own lag, where a threshold looks at it.
    #[serde(skip_serializing_if = "is_default")]
    pub punctual: Option<Box<Punctual>>,
}

impl Index<Timer> for Measures {
    type Output = Hist;

    #[inline]
    fn index(&self, timer: Timer) -> &Hist {
        &self.times[timer]
    }
}

impl IndexMut<Timer> for Measures {
    #[inline]
    fn index_mut(&mut self, timer: Timer) -> &mut Hist {
        &mut self.times[timer]
    }
}

impl Index<Counter> for Measures {
    type Output = u64;

    #[inline]
    fn index(&self, counter: Counter) -> &u64 {
        &self.counts[counter]
    }
}

impl IndexMut<Counter> for Measures {
    #[inline]
    fn index_mut(&mut self, counter: Counter) -> &mut u64 {
        &mut self.counts[counter]
    }
}

/// One failure as it was seen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sample {
    /// Its class.
    #[serde(with = "by_name")]
    pub class: ErrorClass,
    /// Message that was seen.
    pub message: String,
    /// Method and URL of the request, secrets hidden.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request: Option<String>,
    /// Status code of its response.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// What was expected.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected: Option<String>,
    /// Beginning of the response's body, secrets hidden.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<String>,
    /// Trace in which it can be looked up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trace: Option<TraceId>,
}

impl Sample {
    /// A failure of which there is no more to tell.
    pub fn new(class: ErrorClass, message: String) -> Self {
        Self {
            class,
            message,
            request: None,
            status: None,
            expected: None,
            body: None,
            trace: None,
        }
    }

    /// Returns true if it says the same; its request, response and trace are its own.
    fn is_like(&self, other: &Sample) -> bool {
        (self.class, &self.message) == (other.class, &other.message)
    }
}

/// All that it says, on one line.
impl fmt::Display for Sample {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        if let Some(expected) = &self.expected {
            write!(f, ", expected {expected}")?;
        }
        if let Some(request) = &self.request {
            write!(f, " ({request})")?;
        }
        match &self.body {
            Some(body) => write!(f, ": `{body}`"),
            None => Ok(()),
        }
    }
}

impl Measures {
    /// Logical requests (or task runs) that ended, whatever the outcome.
    pub fn count(&self) -> u64 {
        self[Timer::Ok].len() + self.errors()
    }

    /// Requests or runs that ended before the end of their load, which rates count.
    pub fn in_time(&self) -> u64 {
        self.count().saturating_sub(self[Counter::Late])
    }

    /// Requests or runs that failed.
    pub fn errors(&self) -> u64 {
        self[Timer::Failed].len()
    }

    /// Failed share of all that ended; None when none did.
    pub fn error_rate(&self) -> Option<f64> {
        (self.count() > 0).then(|| self.errors() as f64 / self.count() as f64)
    }

    /// Response times of every outcome, those cut off at the end included; those of [`Timer::Ok`]
    /// itself where nothing else happened.
    pub fn latency(&self) -> Cow<'_, Hist> {
        let [ok, failed, cut] = self.ends();
        if failed.is_empty() && cut.is_empty() {
            return Cow::Borrowed(ok);
        }
        let mut all = ok.clone();
        all.add(failed);
        all.add(cut);
        Cow::Owned(all)
    }

    /// The parts of [`Measures::latency`]: succeeded, failed, cut off.
    pub fn ends(&self) -> [&Hist; 3] {
        [Timer::Ok, Timer::Failed, Timer::Cut].map(|timer| &self[timer])
    }

    /// Times of one kind.
    pub fn distribution(&self, which: Distribution) -> Cow<'_, Hist> {
        match which {
            Distribution::Latency => self.latency(),
            Distribution::Timer(timer) => Cow::Borrowed(&self[timer]),
        }
    }

    /// [`Measures::distribution`] with the lag taken off; None where there is none to take off.
    pub fn punctual_distribution(&self, which: Distribution) -> Option<Cow<'_, Hist>> {
        let punctual = self.punctual.as_ref()?;
        match which {
            Distribution::Latency => Some(Cow::Owned(punctual.all())),
            Distribution::Timer(timer) => punctual.times(timer).map(Cow::Borrowed),
        }
    }

    /// Measurements without lag.
    pub fn punctual(&mut self) -> &mut Punctual {
        self.punctual.get_or_insert_default()
    }

    /// Counts a failure and keeps its words while its class has room.
    pub fn fail(&mut self, class: ErrorClass, message: impl FnOnce() -> String) {
        self.fail_seen(class, || Sample::new(class, message()));
    }

    /// Counts a failure and keeps what was seen of it while its class has room.
    pub fn fail_seen(&mut self, class: ErrorClass, seen: impl FnOnce() -> Sample) {
        self.by_class[class] += 1;
        if self.room_for(class) {
            self.samples.push(seen());
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
        for (index, failed) in self.missed.iter_mut().enumerate() {
            *failed += missed >> index & 1;
        }
    }

    /// Checks that passed.
    pub fn passed(&self) -> u64 {
        self.checks.saturating_sub(self.missed.iter().sum())
    }

    /// Returns true if an interval can hold these numbers: sums of them do not overflow.
    pub(super) fn is_possible(&self) -> bool {
        let counts = self.counts.iter().map(|(_, count)| count);
        let counts = counts.chain(self.by_class.iter().map(|(_, count)| count));
        counts
            .chain(&self.missed)
            .chain([&self.checks, &self.statuses.total()])
            .all(|count| *count <= MOST_COUNTED)
            && self.times.iter().all(|(_, times)| times.is_possible())
            && self
                .punctual
                .iter()
                .all(|own| own.is_possible() && own.in_time <= MOST_COUNTED)
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
        for (timer, times) in self.times.iter_mut() {
            times.add(&other[timer]);
        }
        self.counts += other.counts;
        if let Some(punctual) = &other.punctual {
            self.punctual().add(punctual);
        }
        self.by_class += other.by_class;
        self.statuses.add(&other.statuses);
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
                second.fail_seen(class, || Sample {
                    trace: Some(TraceId(id)),
                    request: Some(format!("GET /{id}")),
                    ..Sample::new(class, message.into())
                });
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
        assert_eq!(totals.by_class.iter().map(|(_, n)| n).sum::<u64>(), 150);
    }
}
