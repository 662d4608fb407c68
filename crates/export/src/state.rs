//! Measurements so far, as far as metrics show them.

use super::{
    About,
    family::{Distribution, Family, Labels, MetricType},
};
pub(super) use loadgen_core::metric::Distribution as Times;
use loadgen_core::metric::{self, Counter, CounterInfo, Exported, Of, Statuses, Timer, Timers};
use loadgen_driver::ByClass;
use loadgen_plan::Label;
use loadgen_record::{Hist, Measures, Snapshot};
use std::{
    collections::VecDeque,
    time::{SystemTime, UNIX_EPOCH},
};

/// Everything since the start as counters, and the last interval as it was measured.
#[derive(Debug)]
pub(super) struct State {
    pub about: About,
    /// Start of the first snapshot's second.
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
    pub by_class: ByClass,
    pub counts: metric::Counters,
    pub statuses: Statuses,
    pub passed: u64,
    pub missed: u64,
    latency: Sum,
    times: Timers<Sum>,
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

impl Counters {
    fn add(&mut self, measures: &Measures) {
        self.ok += measures[Timer::Ok].len();
        self.by_class += measures.by_class;
        self.counts += measures.counts;
        self.statuses.add(&measures.statuses);
        self.passed += measures.passed();
        self.missed += measures.missed.iter().sum::<u64>();
        self.latency.add(&measures.latency());
        let exported = |timer: &Timer| timer.info().exported.is_some();
        for timer in Timer::ALL.into_iter().filter(exported) {
            self.times[timer].add(&measures[timer]);
        }
    }

    pub(super) fn failed(&self) -> u64 {
        self.by_class.iter().map(|(_, count)| count).sum()
    }

    /// Requests or runs that ended, whatever the outcome.
    pub(super) fn count(&self) -> u64 {
        self.ok + self.failed()
    }

    fn sum(&self, which: Times) -> Sum {
        match which {
            Times::Latency => self.latency,
            Times::Timer(timer) => self.times[timer],
        }
    }
}

/// The counters of requests or of runs, by the names that an exporter has for them.
pub(super) fn counters<'a>(
    of: Of,
    named: fn(&CounterInfo) -> Option<Exported>,
    counted: impl Iterator<Item = (&'a Counters, &'a Label)> + Clone,
    labels: impl Fn(&Label) -> Labels,
) -> Vec<Family> {
    let mut families = Vec::new();
    for counter in Counter::ALL.into_iter().filter(|it| it.info().of == of) {
        if let Some((name, help)) = named(counter.info()) {
            let mut family = Family::new(name, MetricType::Counter, help);
            for (counters, label) in counted.clone() {
                family.number(labels(label), counters.counts[counter] as f64);
            }
            families.push(family);
        }
    }
    families
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
                all.add(&measures.distribution(which));
            }
        }
        all
    }

    /// Lateness with which runs began in the last interval.
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
