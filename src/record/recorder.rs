//! A worker's own recorder: plain memory that no other worker touches, one snapshot sent a second.

use super::{
    Ending, Measures, Periods, Size, Snapshot, Span, Traced,
    batch::{Batch, Success},
    period::Part,
    traces::SPANS,
};
use crate::{
    driver::{ErrorClass, Outcome, Progress, Trace},
    metric::{Counter, Timer},
    plan::Plan,
    time::{Nanos, SECOND, nanos},
};
use std::{
    cell::{Cell, RefCell, RefMut},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

/// Where a worker's snapshots go.
pub type Sink = Box<dyn Fn(Snapshot)>;

/// Records outcomes into the current second's snapshot and hands it on when the second is over.
/// What ended in a second is counted in that second, however late the hand-over is.
pub struct Recorder {
    current: RefCell<Snapshot>,
    /// What is to be counted in it.
    batch: RefCell<Batch>,
    boundary: Cell<Nanos>,
    /// When the warm-up ends: what is due before is set aside.
    warmup: Nanos,
    /// When the loads end: what ends later is in no rate.
    periods: RefCell<Periods>,
    /// When the first of them ends.
    first_end: Cell<Nanos>,
    sink: Sink,
    /// How many checks each step makes.
    checks: Box<[usize]>,
    /// Spans are kept of sampled requests.
    spans: bool,
    /// Active users (closed model).
    pub users: Gauge,
    /// Task runs under way.
    pub in_flight: Gauge,
    /// How many arrivals wait, in the queues that this recorder tells of: they belong to no worker.
    queues: RefCell<Vec<Arc<AtomicU64>>>,
}

/// A level that rises and falls.
#[derive(Debug, Default)]
pub struct Gauge(Cell<u64>);

impl Gauge {
    /// One more.
    pub fn up(&self) {
        self.0.set(self.0.get() + 1);
    }

    /// One less.
    pub fn down(&self) {
        self.0.set(self.0.get().saturating_sub(1));
    }

    /// The level now.
    pub fn level(&self) -> u64 {
        self.0.get()
    }
}

impl Recorder {
    /// A recorder for the plan's steps, groups and tasks, beginning at second 0.
    pub fn new(plan: &Plan, sink: Sink) -> Self {
        let warmup = nanos(plan.warmup);
        let mut first = Snapshot::new(0, Size::of(plan));
        first.warmup = SECOND <= warmup;
        let periods = Periods::of(plan);
        Self {
            current: RefCell::new(first),
            batch: RefCell::new(Batch::new()),
            boundary: Cell::new(SECOND),
            warmup,
            first_end: Cell::new(periods.first_end()),
            periods: RefCell::new(periods),
            sink,
            checks: (0..plan.steps.len())
                .map(|step| plan.written.checks(step).len())
                .collect(),
            spans: plan.trace.is_some_and(|trace| trace.spans),
            users: Gauge::default(),
            in_flight: Gauge::default(),
            queues: RefCell::default(),
        }
    }

    /// Tells of the length of a queue, too.
    pub fn watch_queue(&self, length: &Arc<AtomicU64>) {
        self.queues.borrow_mut().push(Arc::clone(length));
    }

    /// All loads stop at `at`, before their end.
    pub fn loads_end(&self, at: Nanos) {
        let mut periods = self.periods.borrow_mut();
        periods.end_by(at);
        self.first_end.set(periods.first_end());
    }

    /// Returns true if a request or run of this part ended after the end of its load.
    #[inline]
    fn is_late(&self, part: Part, ended: Nanos) -> bool {
        ended > self.first_end.get() && ended > self.periods.borrow().end_of(part)
    }

    /// Where something that was due then is taken down.
    #[inline]
    fn place(&self, intended: Nanos) -> RefMut<'_, Snapshot> {
        let current = self.current.borrow_mut();
        if intended >= self.warmup || current.warmup {
            current
        } else {
            RefMut::map(current, Snapshot::late)
        }
    }

    /// Lets a success wait to be counted.
    #[inline]
    fn keep(&self, success: Success) {
        if self.batch.borrow_mut().push(success) {
            self.count();
        }
    }

    #[inline(never)]
    fn count(&self) {
        let mut current = self.current.borrow_mut();
        self.batch.borrow_mut().count(&mut current, &self.checks);
    }

    /// A run of the task that was due then began.
    pub fn task_offered(&self, task: usize, intended: Nanos) {
        self.turn(intended);
        self.place(intended).tasks[task][Counter::Offered] += 1;
    }

    /// A repetition of a group that was due then began.
    pub fn group_offered(&self, group: usize, intended: Nanos) {
        self.turn(intended);
        self.place(intended).groups[group][Counter::Offered] += 1;
    }

    /// A step ended, and was the root of a trace if there is one.
    pub fn step(&self, step: usize, intended: Nanos, outcome: &Outcome, trace: Option<Trace>) {
        self.turn(outcome.ended_at);
        let late = self.is_late(Part::Step(step), outcome.ended_at);
        if intended >= self.warmup
            && trace.is_none()
            && !late
            && let Some(success) = Success::of_step(step, intended, outcome)
        {
            return self.keep(success);
        }
        let mut place = self.place(intended);
        let measures = &mut place.steps[step];
        measures[Counter::Offered] += 1;
        let latency = outcome.ended_at.saturating_sub(intended);
        match &outcome.failure {
            None => measures[Timer::Ok].record(latency),
            Some(failure) => {
                measures[Timer::Failed].record(latency);
                let trace = trace.map(|trace| trace.id);
                measures.fail_traced(failure.class, trace, || failure.detail.to_string());
            }
        }
        time(measures, outcome.response_times());
        measures.check(self.checks[step], outcome.missed);
        measures[Counter::Unknown] += u64::from(outcome.unknown);
        measures[Counter::Late] += u64::from(late);
        aside(measures, outcome);
        if let Some(trace) = trace {
            let span = Span {
                trace,
                step,
                start: outcome.sent_at.unwrap_or(outcome.ended_at),
                end: outcome.ended_at,
                ending: match &outcome.failure {
                    None => Ending::Ok,
                    Some(failure) => Ending::Failed(failure.class),
                },
            };
            self.traced(&mut place, span, latency, outcome.sent_at.is_some());
        }
    }

    /// Keeps a request that was the root of a trace, if it is worth it, and its span, if it was
    /// sent and somebody wants that.
    fn traced(&self, place: &mut Snapshot, span: Span, latency: Nanos, sent: bool) {
        let Trace { id, sampled, .. } = span.trace;
        place.traces_of(span.step).note(Traced {
            id,
            sampled,
            latency,
            ended: span.end,
            ending: span.ending,
        });
        if self.spans && sampled && sent {
            if place.spans.len() < SPANS {
                place.spans.push(span);
            } else {
                place.spans_lost += 1;
            }
        }
    }

    /// A step failed for others' doing, and its group is done once more from its start: a retry of
    /// the step, which has not ended by this.
    pub fn retried(&self, step: usize, intended: Nanos, outcome: &Outcome) {
        self.turn(outcome.ended_at);
        let measures = &mut self.place(intended).steps[step];
        measures[Counter::Retries] += 1;
        aside(measures, outcome);
    }

    /// A task run ended, with the class of the step that failed it.
    pub fn task(
        &self,
        task: usize,
        intended: Nanos,
        ended: Nanos,
        failed: Option<ErrorClass>,
        unknown: bool,
    ) {
        self.turn(ended);
        let latency = ended.saturating_sub(intended);
        let late = self.is_late(Part::Task(task), ended);
        if intended >= self.warmup && failed.is_none() && !unknown && !late {
            return self.keep(Success::Task(task, latency));
        }
        let mut place = self.place(intended);
        let measures = &mut place.tasks[task];
        end(measures, latency, failed);
        measures[Counter::Unknown] += u64::from(unknown);
        measures[Counter::Late] += u64::from(late);
    }

    /// A repetition of a group ended, with the class of the step that failed it.
    pub fn group(&self, group: usize, intended: Nanos, ended: Nanos, failed: Option<ErrorClass>) {
        self.turn(ended);
        let latency = ended.saturating_sub(intended);
        let late = self.is_late(Part::Group(group), ended);
        if intended >= self.warmup && failed.is_none() && !late {
            return self.keep(Success::Group(group, latency));
        }
        let measures = &mut self.place(intended).groups[group];
        end(measures, latency, failed);
        measures[Counter::Late] += u64::from(late);
    }

    /// A run was cut off at `now`; `sent`: its request may have happened.
    pub fn cut_run(&self, task: usize, intended: Nanos, now: Nanos, sent: bool) {
        self.turn(now);
        cut(
            &mut self.place(intended).tasks[task],
            now.saturating_sub(intended),
            sent,
        );
    }

    /// The same of the step that the run was in, and had come so far with.
    pub fn cut_step(&self, step: usize, intended: Nanos, now: Nanos, progress: &Progress) {
        self.turn(now);
        let mut place = self.place(intended);
        let measures = &mut place.steps[step];
        measures[Counter::Offered] += 1;
        let age = now.saturating_sub(intended);
        let sent = progress.sent_at();
        cut(measures, age, sent.is_some());
        if let Some(trace) = progress.trace() {
            let span = Span {
                trace,
                step,
                start: sent.unwrap_or(now),
                end: now,
                ending: Ending::Interrupted,
            };
            self.traced(&mut place, span, age, sent.is_some());
        }
    }

    /// The same of a group that the run was in.
    pub fn cut_group(&self, group: usize, intended: Nanos, now: Nanos, sent: bool) {
        self.turn(now);
        cut(
            &mut self.place(intended).groups[group],
            now.saturating_sub(intended),
            sent,
        );
    }

    /// An arrival for the task that was due then found the queue full.
    pub fn dropped(&self, task: usize, intended: Nanos) {
        self.turn(intended);
        let mut place = self.place(intended);
        place.tasks[task][Counter::Offered] += 1;
        place.tasks[task][Counter::Dropped] += 1;
    }

    /// A run that was due then began only at `now`, although a slot was free.
    pub fn lag(&self, intended: Nanos, now: Nanos) {
        self.turn(intended);
        let lag = now.saturating_sub(intended);
        self.place(intended).lag.record(lag);
    }

    /// Hands on every second that is over at `now`.
    #[inline]
    pub fn turn(&self, now: Nanos) {
        if now >= self.boundary.get() {
            self.hand_on(now);
        }
    }

    #[cold]
    fn hand_on(&self, now: Nanos) {
        while now >= self.boundary.get() {
            self.send();
            self.boundary.set(self.boundary.get() + SECOND);
        }
    }

    /// Sends the last, unfinished second.
    pub fn finish(&self, now: Nanos) {
        self.turn(now);
        self.send();
    }

    fn send(&self) {
        self.count();
        let mut current = self.current.borrow_mut();
        let mut next = Snapshot::new(current.second + 1, current.size());
        next.warmup = (next.second + 1).saturating_mul(SECOND) <= self.warmup;
        let mut done = std::mem::replace(&mut *current, next);
        drop(current);
        done.users = self.users.level();
        done.in_flight = self.in_flight.level();
        let queues = self.queues.borrow();
        done.queued = queues.iter().map(|it| it.load(Ordering::Relaxed)).sum();
        (self.sink)(done);
    }
}

/// What is measured of a step beside its end.
fn aside(measures: &mut Measures, outcome: &Outcome) {
    time(measures, outcome.times());
    for (counter, count) in outcome.counts() {
        measures[counter] += count;
    }
}

fn time<const N: usize>(measures: &mut Measures, times: [(Timer, Option<Nanos>); N]) {
    for (timer, time) in times {
        if let Some(time) = time {
            measures[timer].record(time);
        }
    }
}

fn end(measures: &mut Measures, latency: Nanos, failed: Option<ErrorClass>) {
    match failed {
        None => measures[Timer::Ok].record(latency),
        Some(class) => {
            measures[Timer::Failed].record(latency);
            measures.by_class[class] += 1;
        }
    }
}

fn cut(measures: &mut Measures, age: Nanos, sent: bool) {
    measures[Counter::Interrupted] += 1;
    measures[Timer::Cut].record(age);
    measures[Counter::Unknown] += u64::from(sent);
}
