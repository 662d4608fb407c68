//! What was measured so far, as far as metrics tell it.

use super::{About, family::Distribution};
use crate::{
    driver::ErrorClass,
    record::{Hist, Measures, Snapshot},
};
use std::{
    borrow::Cow,
    collections::VecDeque,
    time::{SystemTime, UNIX_EPOCH},
};

/// Everything since the start as counters, and the last interval as it was measured.
#[derive(Debug)]
pub(super) struct State {
    pub about: About,
    /// When the first snapshot's second began.
    pub started: SystemTime,
    /// By step index.
    pub steps: Vec<Counters>,
    /// By task index.
    pub tasks: Vec<Counters>,
    /// Most users at once so far.
    pub most_users: u64,
    recent: VecDeque<Snapshot>,
    interval: usize,
}

/// Counts since the start.
#[derive(Debug, Clone, Default)]
pub(super) struct Counters {
    pub ok: u64,
    pub by_class: [u64; ErrorClass::ALL.len()],
    pub dropped: u64,
    pub interrupted: u64,
    pub unknown: u64,
    pub retries: u64,
    pub reconnects: u64,
    pub bytes_sent: u64,
    pub bytes_received: u64,
    pub passed: u64,
    pub missed: u64,
    latency: Sum,
    service: Sum,
    connect: Sum,
}

/// Number and sum of times.
#[derive(Debug, Clone, Copy, Default)]
struct Sum {
    count: u64,
    seconds: f64,
}

impl Sum {
    fn add(&mut self, hist: &Hist) {
        self.count += hist.len();
        self.seconds += hist.mean().unwrap_or(0.0) * hist.len() as f64 / 1e9;
    }
}

/// Which times.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Times {
    Latency,
    Service,
    Connect,
}

impl Times {
    fn of(self, measures: &Measures) -> Cow<'_, Hist> {
        match self {
            Times::Latency => measures.latency(),
            Times::Service => Cow::Borrowed(&measures.service),
            Times::Connect => Cow::Borrowed(&measures.connect),
        }
    }
}

impl Counters {
    fn add(&mut self, measures: &Measures) {
        self.ok += measures.ok.len();
        for (mine, more) in self.by_class.iter_mut().zip(measures.by_class) {
            *mine += more;
        }
        self.dropped += measures.dropped;
        self.interrupted += measures.interrupted();
        self.unknown += measures.unknown;
        self.retries += measures.retries;
        self.reconnects += measures.reconnects;
        self.bytes_sent += measures.bytes_sent;
        self.bytes_received += measures.bytes_received;
        self.passed += measures.passed();
        self.missed += measures.missed.iter().sum::<u64>();
        self.latency.add(&measures.latency());
        self.service.add(&measures.service);
        self.connect.add(&measures.connect);
    }

    pub(super) fn failed(&self) -> u64 {
        self.by_class.iter().sum()
    }

    /// What ended, whatever the outcome.
    pub(super) fn count(&self) -> u64 {
        self.ok + self.failed()
    }

    fn sum(&self, which: Times) -> Sum {
        match which {
            Times::Latency => self.latency,
            Times::Service => self.service,
            Times::Connect => self.connect,
        }
    }
}

/// A step or a task.
#[derive(Debug, Clone, Copy)]
pub(super) enum Scope {
    Step(usize),
    Task(usize),
}

impl State {
    /// Percentiles are of the last `interval` seconds.
    pub(super) fn new(about: About, interval: u64) -> Self {
        Self {
            steps: vec![Counters::default(); about.plan.steps.len()],
            tasks: vec![Counters::default(); about.plan.tasks.len()],
            about,
            started: SystemTime::now(),
            most_users: 0,
            recent: VecDeque::new(),
            interval: usize::try_from(interval).unwrap_or(usize::MAX),
        }
    }

    pub(super) fn add(&mut self, snapshot: Snapshot) {
        for (mine, more) in self.steps.iter_mut().zip(&snapshot.steps) {
            mine.add(more);
        }
        for (mine, more) in self.tasks.iter_mut().zip(&snapshot.tasks) {
            mine.add(more);
        }
        self.most_users = self.most_users.max(snapshot.users);
        self.recent.push_back(snapshot);
        while self.recent.len() > self.interval {
            self.recent.pop_front();
        }
    }

    /// The last second.
    pub(super) fn now(&self) -> Option<&Snapshot> {
        self.recent.back()
    }

    /// Times of the last interval, merged.
    pub(super) fn recent(&self, scope: Scope, which: Times) -> Hist {
        let mut all = Hist::default();
        for snapshot in &self.recent {
            let measures = match scope {
                Scope::Step(index) => snapshot.steps.get(index),
                Scope::Task(index) => snapshot.tasks.get(index),
            };
            if let Some(measures) = measures {
                all.add(&which.of(measures));
            }
        }
        all
    }

    /// How late runs began in the last interval.
    pub(super) fn lag(&self) -> Hist {
        let mut all = Hist::default();
        self.recent
            .iter()
            .for_each(|snapshot| all.add(&snapshot.lag));
        all
    }

    /// Percentiles of the last interval, sum and count since the start.
    pub(super) fn distribution(
        &self,
        scope: Scope,
        which: Times,
        quantiles: &[f64],
    ) -> Distribution {
        let counters = match scope {
            Scope::Step(index) => self.steps.get(index),
            Scope::Task(index) => self.tasks.get(index),
        };
        let sum = counters.map(|counters| counters.sum(which));
        let sum = sum.unwrap_or_default();
        let recent = self.recent(scope, which);
        let quantiles = quantiles.iter().filter_map(|quantile| {
            let value = recent.percentile(quantile * 100.0)?;
            Some((*quantile, value as f64 / 1e9))
        });
        Distribution {
            quantiles: quantiles.collect(),
            sum: sum.seconds,
            count: sum.count,
        }
    }

    /// Milliseconds since 1970.
    pub(super) fn millis(time: SystemTime) -> i64 {
        let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
        i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
    }
}
