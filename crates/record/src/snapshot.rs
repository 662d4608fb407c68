//! Snapshots: the measurements of one worker in one second, or of all workers, merged.

use super::{Hist, Measures, Periods, Span, Traces, UserTime, period::MeasuredPart};
use loadgen_core::{
    metric::is_default,
    time::{Nanos, SECOND},
};
use loadgen_driver::Shortages;
use loadgen_plan::{Plan, threshold::Scope};
use serde::{Deserialize, Serialize};

/// The version of the serialized form of a [`Snapshot`], for the header of whatever holds some.
pub const WIRE_VERSION: u32 = 3;

/// Measures of one interval. A worker sends its own each second; the collector merges them.
///
/// Its serialized form is what journals hold and machines exchange: complete, with nothing that is
/// zero or empty, at version [`WIRE_VERSION`].
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Snapshot {
    /// Interval number: it covers `[second, second + 1)` of the run. What ends later than the
    /// last whole second of the run is in the intervals after it.
    pub second: u64,
    /// True if it lies in the warm-up as a whole: shown, but in no statistics.
    #[serde(skip_serializing_if = "is_default")]
    pub warmup: bool,
    /// Measurements due in the warm-up that ended in this interval, after it.
    #[serde(skip_serializing_if = "is_default")]
    pub late: Option<Box<Snapshot>>,
    /// Active users at the end of the interval (closed model).
    #[serde(skip_serializing_if = "is_default")]
    pub users: u64,
    /// Task runs under way at the end of the interval.
    #[serde(skip_serializing_if = "is_default")]
    pub in_flight: u64,
    /// Arrivals waiting for a slot at the end of the interval.
    #[serde(skip_serializing_if = "is_default")]
    pub queued: u64,
    /// By [`loadgen_plan::Step::index`].
    #[serde(skip_serializing_if = "is_default")]
    pub steps: Vec<Measures>,
    /// By [`loadgen_plan::Task::index`].
    #[serde(skip_serializing_if = "is_default")]
    pub tasks: Vec<Measures>,
    /// By [`loadgen_plan::Group::index`].
    #[serde(skip_serializing_if = "is_default")]
    pub groups: Vec<Measures>,
    /// Delay of runs that had a free slot.
    #[serde(skip_serializing_if = "is_default")]
    pub lag: Hist,
    /// Time of users, by population as far as there are some (closed model).
    #[serde(skip_serializing_if = "is_default")]
    pub user_time: Vec<UserTime>,
    /// Requests that failed for want of something of this machine.
    #[serde(skip_serializing_if = "is_default")]
    pub shortages: Shortages,
    /// By step index, as far as there is something; empty when nothing is traced.
    #[serde(skip_serializing_if = "is_default")]
    pub traces: Vec<Traces>,
    /// Sampled requests, where they are to be handed on.
    #[serde(skip_serializing_if = "is_default")]
    pub spans: Vec<Span>,
    /// Number of spans for which there was no room.
    #[serde(skip_serializing_if = "is_default")]
    pub spans_lost: u64,
}

/// Number of things to measure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Size {
    /// Steps of the plan.
    pub steps: usize,
    /// Its tasks.
    pub tasks: usize,
    /// Its groups that have names.
    pub groups: usize,
}

impl Size {
    /// Size for these numbers of steps, tasks and groups.
    pub const fn new(steps: usize, tasks: usize, groups: usize) -> Self {
        Self {
            steps,
            tasks,
            groups,
        }
    }

    /// Size for a plan.
    pub fn of(plan: &Plan) -> Self {
        Self::new(plan.steps.len(), plan.tasks.len(), plan.groups.len())
    }
}

/// All that was measured over the same time.
#[derive(Debug, Clone, Copy)]
pub struct Parts<'a> {
    /// By step index.
    pub steps: &'a [Measures],
    /// By task index.
    pub tasks: &'a [Measures],
    /// By group index.
    pub groups: &'a [Measures],
}

fn empty(count: usize) -> Vec<Measures> {
    vec![Measures::default(); count]
}

fn add(mine: &mut [Measures], more: &[Measures]) {
    for (mine, more) in mine.iter_mut().zip(more) {
        mine.add(more);
    }
}

fn add_traces(mine: &mut Vec<Traces>, more: &[Traces]) {
    if mine.len() < more.len() {
        mine.resize_with(more.len(), Traces::default);
    }
    for (mine, more) in mine.iter_mut().zip(more) {
        mine.add(more);
    }
}

impl Snapshot {
    /// Hands each message of a failure to `change`, which may put another one in its place.
    pub fn each_message(&mut self, change: &mut dyn FnMut(&mut String)) {
        let parts = [&mut self.steps, &mut self.tasks, &mut self.groups];
        for sample in parts.into_iter().flatten().flat_map(|it| &mut it.samples) {
            change(&mut sample.message);
        }
        if let Some(late) = &mut self.late {
            late.each_message(change);
        }
    }

    /// An empty one.
    pub fn new(second: u64, size: Size) -> Self {
        Self {
            second,
            steps: empty(size.steps),
            tasks: empty(size.tasks),
            groups: empty(size.groups),
            ..Self::default()
        }
    }

    /// Its measures.
    pub fn parts(&self) -> Parts<'_> {
        Parts {
            steps: &self.steps,
            tasks: &self.tasks,
            groups: &self.groups,
        }
    }

    /// Measures of a part.
    pub fn of(&mut self, part: MeasuredPart) -> &mut Measures {
        match part {
            MeasuredPart::Task(index) => &mut self.tasks[index],
            MeasuredPart::Group(index) => &mut self.groups[index],
            MeasuredPart::Step(index) => &mut self.steps[index],
        }
    }

    /// Time that lateness took from the users of a population.
    pub fn lose(&mut self, population: usize, lost: Nanos) {
        if self.user_time.len() <= population {
            self.user_time
                .resize_with(population + 1, UserTime::default);
        }
        self.user_time[population].lost += lost;
    }

    /// Returns the measurements due in the warm-up of an interval that ends after it.
    pub fn late(&mut self) -> &mut Snapshot {
        let (second, size) = (self.second, self.size());
        self.late
            .get_or_insert_with(|| Box::new(Snapshot::new(second, size)))
    }

    /// Checks that it can belong to a plan of this size, wherever it comes from.
    ///
    /// # Errors
    /// In words, when it is of another plan or damaged.
    pub fn check(&self, size: Size) -> Result<(), String> {
        if self.size() != size || self.traces.len() > size.steps {
            return Err("an interval has other steps or tasks than the run".to_owned());
        }
        let measured = self.steps.iter().chain(&self.tasks).chain(&self.groups);
        if !measured.into_iter().all(Measures::is_possible) || !self.lag.is_possible() {
            return Err("an interval counts more than a second holds".to_owned());
        }
        match &self.late {
            Some(late) if late.late.is_some() => Err("an interval is late twice".to_owned()),
            Some(late) => late.check(size),
            None => Ok(()),
        }
    }

    /// Returns the number of things that it measures.
    pub fn size(&self) -> Size {
        Size::new(self.steps.len(), self.tasks.len(), self.groups.len())
    }

    /// Adds another worker's snapshot of the same interval.
    pub fn merge(&mut self, other: &Snapshot) {
        if let Some(late) = &other.late {
            self.late().merge(late);
        }
        self.users += other.users;
        self.in_flight += other.in_flight;
        self.queued += other.queued;
        add(&mut self.steps, &other.steps);
        add(&mut self.tasks, &other.tasks);
        add(&mut self.groups, &other.groups);
        self.lag.add(&other.lag);
        UserTime::add_all(&mut self.user_time, &other.user_time);
        self.shortages += other.shortages;
        add_traces(&mut self.traces, &other.traces);
        self.spans.extend_from_slice(&other.spans);
        self.spans_lost += other.spans_lost;
    }

    /// Leaves those traces alone that the run keeps: others need not be handed on.
    pub(super) fn forget_traces_but(&mut self, kept: &[Traces]) {
        for (own, kept) in self.traces.iter_mut().zip(kept) {
            own.forget_all_but(kept);
        }
    }

    /// The traces of a step.
    pub fn traces_of(&mut self, step: usize) -> &mut Traces {
        if self.traces.len() <= step {
            self.traces.resize_with(step + 1, Traces::default);
        }
        &mut self.traces[step]
    }
}

/// Everything measured from the start of the run to now; what the report is made of.
#[derive(Debug, Clone, Default)]
pub struct RunTotals {
    /// Length of the warm-up before it.
    pub warmup: Nanos,
    /// Length measured so far: from the end of the warm-up to that of the last interval, or to the
    /// true end of the run.
    pub elapsed: Nanos,
    /// Periods in which the loads send; empty if unknown.
    pub periods: Periods,
    /// By step index.
    pub steps: Vec<Measures>,
    /// By task index.
    pub tasks: Vec<Measures>,
    /// By group index.
    pub groups: Vec<Measures>,
    /// Delay of runs that had a free slot.
    pub lag: Hist,
    /// Time of users, by population as far as there are some (closed model).
    pub user_time: Vec<UserTime>,
    /// Requests that failed for want of something of this machine.
    pub shortages: Shortages,
    /// Arrivals that had come due before the end but were only looked at after it: the generator's
    /// doing. They are among the offered.
    pub overdue: u64,
    /// By step index, as far as there is something; empty when nothing is traced.
    pub traces: Vec<Traces>,
}

impl RunTotals {
    /// Empty ones.
    pub fn new(size: Size) -> Self {
        Self {
            steps: empty(size.steps),
            tasks: empty(size.tasks),
            groups: empty(size.groups),
            ..Self::default()
        }
    }

    /// Their measures.
    pub fn parts(&self) -> Parts<'_> {
        Parts {
            steps: &self.steps,
            tasks: &self.tasks,
            groups: &self.groups,
        }
    }

    /// Adds what one interval measured; `elapsed` is left to the caller.
    pub fn add(&mut self, snapshot: &Snapshot) {
        add(&mut self.steps, &snapshot.steps);
        add(&mut self.tasks, &snapshot.tasks);
        add(&mut self.groups, &snapshot.groups);
        self.lag.add(&snapshot.lag);
        UserTime::add_all(&mut self.user_time, &snapshot.user_time);
        self.shortages += snapshot.shortages;
        add_traces(&mut self.traces, &snapshot.traces);
    }

    /// Seconds that the load of a scope has had so far, which its rates are over.
    pub fn seconds_of(&self, scope: Scope) -> f64 {
        let seconds = self.periods.seconds(scope, self.warmup + self.elapsed);
        seconds.unwrap_or_else(|| self.seconds())
    }

    /// Seconds that the load of a task, group or step has had so far, which its rates are over.
    pub fn seconds_of_part(&self, part: MeasuredPart) -> f64 {
        let seconds = self.periods.seconds_of(part, self.warmup + self.elapsed);
        seconds.unwrap_or_else(|| self.seconds())
    }

    /// [`RunTotals::elapsed`] in seconds.
    pub fn seconds(&self) -> f64 {
        self.elapsed as f64 / SECOND as f64
    }
}

#[cfg(test)]
#[path = "snapshot_tests.rs"]
mod tests;
