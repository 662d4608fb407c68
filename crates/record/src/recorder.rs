//! A worker's own recorder: plain memory that no other worker touches, one snapshot sent a second.

use super::{
    Ending, Measures, Periods, Sample, Size, Snapshot, Span, Start, Traced, UserTime,
    batch::{Batch, Success},
    period::MeasuredPart,
    presence::Presence,
    punctual::ThresholdScopes,
    traces::SPANS,
};
use loadgen_core::{
    metric::{Counter, Timer},
    time::{Nanos, SECOND, nanos},
};
use loadgen_driver::{ErrorClass, Failure, Outcome, Progress, Trace};
use loadgen_plan::{Load, Plan};
use std::{
    cell::{Cell, RefCell, RefMut},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

/// Receiver of a worker's snapshots.
pub type Sink = Box<dyn Fn(Snapshot)>;

/// Records outcomes into the current second's snapshot and hands it on when the second is over.
/// What ended in a second is counted in that second, however late the hand-over is.
pub struct Recorder {
    current: RefCell<Snapshot>,
    /// Successes to be counted in it.
    batch: RefCell<Batch>,
    boundary: Cell<Nanos>,
    /// End of the warm-up: anything due before is recorded apart.
    warmup: Nanos,
    /// Ends of the loads: anything that ends later is in no rate.
    periods: RefCell<Periods>,
    /// End of the load that ends first.
    first_end: Cell<Nanos>,
    sink: Sink,
    /// Number of checks of each step.
    checks: Box<[usize]>,
    /// Spans are kept of sampled requests.
    spans: bool,
    /// Parts that are measured without lag too; None: no threshold looks at response times.
    watched: Option<Box<ThresholdScopes>>,
    /// By population: it has users (closed model).
    closed: Box<[bool]>,
    /// Active users (closed model).
    users: RefCell<Presence>,
    /// Task runs under way.
    pub in_flight: Gauge,
    /// Number of arrivals that wait, in the queues that this recorder reports: they belong to no
    /// worker.
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
        let loads = plan.populations.iter().map(|population| &population.load);
        let closed = loads.map(|load| matches!(load, Load::Closed(_)));
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
            watched: ThresholdScopes::of(plan),
            closed: closed.collect(),
            users: RefCell::default(),
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
    fn is_late(&self, part: MeasuredPart, ended: Nanos) -> bool {
        ended > self.first_end.get() && ended > self.periods.borrow().end_of(part)
    }

    /// Returns the snapshot for something with this intended start.
    #[inline]
    fn snapshot(&self, intended: Nanos) -> RefMut<'_, Snapshot> {
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

    /// Lets a success of a part wait to be counted without its lag, where a threshold looks at that.
    #[inline]
    fn keep_punctual(&self, part: MeasuredPart, start: Start, ended: Nanos) {
        if let Some(watched) = &self.watched
            && watched.has(part)
        {
            self.keep(Success::Punctual(part, start.punctual_latency(ended)));
        }
    }

    /// Counts the end of a part without its lag, where a threshold looks at that.
    fn punctual(&self, measures: &mut Measures, timer: Timer, part: MeasuredPart, ended: Ended) {
        if let Some(watched) = &self.watched
            && watched.has(part)
        {
            let latency = ended.start.punctual_latency(ended.at);
            measures.punctual().record(timer, latency);
        }
        let end = || self.periods.borrow().end_of(part);
        if ended.late && ended.start.punctual_end(ended.at) <= end() {
            measures.punctual().in_time += 1;
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
        self.snapshot(intended).tasks[task][Counter::Offered] += 1;
    }

    /// A repetition of a group that was due then began.
    pub fn group_offered(&self, group: usize, intended: Nanos) {
        self.turn(intended);
        self.snapshot(intended).groups[group][Counter::Offered] += 1;
    }

    /// A step ended, and was the root of a trace if there is one; `describe` adds what is known of the
    /// request, where a sample of its failure is kept.
    pub fn step(
        &self,
        step: usize,
        start: Start,
        outcome: &Outcome,
        trace: Option<Trace>,
        describe: impl FnOnce(&mut Sample),
    ) {
        self.turn(outcome.ended_at);
        let part = MeasuredPart::Step(step);
        let late = self.is_late(part, outcome.ended_at);
        let intended = start.intended;
        if intended >= self.warmup
            && trace.is_none()
            && !late
            && let Some(success) = Success::of_step(step, intended, outcome)
        {
            self.keep(success);
            return self.keep_punctual(part, start, outcome.ended_at);
        }
        let mut snapshot = self.snapshot(intended);
        let measures = &mut snapshot.steps[step];
        measures[Counter::Offered] += 1;
        let latency = start.latency(outcome.ended_at);
        let ended = Ended {
            start,
            at: outcome.ended_at,
            late,
        };
        self.punctual(measures, timer_of(outcome.failure.is_some()), part, ended);
        match &outcome.failure {
            None => measures[Timer::Ok].record(latency),
            Some(failure) => {
                measures[Timer::Failed].record(latency);
                measures.fail_seen(failure.class, || {
                    let mut sample = Sample {
                        trace: trace.map(|trace| trace.id),
                        ..Sample::new(failure.class, failure.detail.to_string())
                    };
                    describe(&mut sample);
                    sample
                });
            }
        }
        time(measures, outcome.response_times());
        if let Some(status) = outcome.status {
            measures.statuses.count(status.get());
        }
        measures.check(self.checks[step], outcome.missed);
        measures[Counter::Unknown] += u64::from(outcome.unknown);
        measures[Counter::Late] += u64::from(late);
        aside(measures, outcome);
        if let Some(shortage) = outcome.failure.as_ref().and_then(Failure::shortage) {
            snapshot.shortages[shortage] += 1;
        }
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
            self.traced(&mut snapshot, span, latency, outcome.sent_at.is_some());
        }
    }

    /// Keeps a request that was the root of a trace, if it is worth it, and its span, if it was
    /// sent and somebody wants that.
    fn traced(&self, snapshot: &mut Snapshot, span: Span, latency: Nanos, sent: bool) {
        let Trace { id, sampled, .. } = span.trace;
        snapshot.traces_of(span.step).note(Traced {
            id,
            sampled,
            latency,
            ended: span.end,
            ending: span.ending,
        });
        if self.spans && sampled && sent {
            if snapshot.spans.len() < SPANS {
                snapshot.spans.push(span);
            } else {
                snapshot.spans_lost += 1;
            }
        }
    }

    /// A step failed for others' doing, and its group is done once more from its start: a retry of
    /// the step, which has not ended by this.
    pub fn retried(&self, step: usize, intended: Nanos, outcome: &Outcome) {
        self.turn(outcome.ended_at);
        let measures = &mut self.snapshot(intended).steps[step];
        measures[Counter::Retries] += 1;
        aside(measures, outcome);
    }

    /// A task run ended, with the class of the step that failed it.
    pub fn task(
        &self,
        task: usize,
        start: Start,
        ended: Nanos,
        failed: Option<ErrorClass>,
        unknown: bool,
    ) {
        let success = Success::Task(task, start.latency(ended));
        self.end(
            MeasuredPart::Task(task),
            success,
            start,
            ended,
            failed,
            unknown,
        );
    }

    /// A repetition of a group ended, with the class of the step that failed it.
    pub fn group(&self, group: usize, start: Start, ended: Nanos, failed: Option<ErrorClass>) {
        let success = Success::Group(group, start.latency(ended));
        self.end(
            MeasuredPart::Group(group),
            success,
            start,
            ended,
            failed,
            false,
        );
    }

    /// Counts `success` if that is all there is to tell of a run or repetition.
    fn end(
        &self,
        part: MeasuredPart,
        success: Success,
        start: Start,
        ended: Nanos,
        failed: Option<ErrorClass>,
        unknown: bool,
    ) {
        self.turn(ended);
        let late = self.is_late(part, ended);
        if start.intended >= self.warmup && failed.is_none() && !unknown && !late {
            self.keep(success);
            return self.keep_punctual(part, start, ended);
        }
        let mut snapshot = self.snapshot(start.intended);
        let measures = snapshot.of(part);
        end(measures, start.latency(ended), failed);
        measures[Counter::Unknown] += u64::from(unknown);
        measures[Counter::Late] += u64::from(late);
        let at = ended;
        self.punctual(
            measures,
            timer_of(failed.is_some()),
            part,
            Ended { start, at, late },
        );
    }

    /// A run was cut off at `now`; `sent`: its request may have happened.
    pub fn cut_run(&self, task: usize, start: Start, now: Nanos, sent: bool) {
        self.cut(MeasuredPart::Task(task), start, now, sent);
    }

    fn cut(&self, part: MeasuredPart, start: Start, at: Nanos, sent: bool) {
        self.turn(at);
        let mut snapshot = self.snapshot(start.intended);
        let measures = snapshot.of(part);
        cut(measures, start.latency(at), sent);
        let late = false;
        self.punctual(measures, Timer::Cut, part, Ended { start, at, late });
    }

    /// Records that the run's current step was cut off, with its progress.
    pub fn cut_step(&self, step: usize, start: Start, now: Nanos, progress: &Progress) {
        let sent = progress.sent_at();
        self.cut(MeasuredPart::Step(step), start, now, sent.is_some());
        let mut snapshot = self.snapshot(start.intended);
        snapshot.steps[step][Counter::Offered] += 1;
        if let Some(trace) = progress.trace() {
            let span = Span {
                trace,
                step,
                start: sent.unwrap_or(now),
                end: now,
                ending: Ending::Interrupted,
            };
            self.traced(&mut snapshot, span, start.latency(now), sent.is_some());
        }
    }

    /// Records that a group of the run was cut off.
    pub fn cut_group(&self, group: usize, start: Start, now: Nanos, sent: bool) {
        self.cut(MeasuredPart::Group(group), start, now, sent);
    }

    /// An arrival for the task that was due then found the queue full.
    pub fn dropped(&self, task: usize, intended: Nanos) {
        self.turn(intended);
        let mut snapshot = self.snapshot(intended);
        snapshot.tasks[task][Counter::Offered] += 1;
        snapshot.tasks[task][Counter::Dropped] += 1;
    }

    /// A run of the task that was due then found no row left, and did nothing.
    pub fn exhausted(&self, task: usize, intended: Nanos) {
        self.turn(intended);
        let mut snapshot = self.snapshot(intended);
        snapshot.tasks[task][Counter::Offered] += 1;
        snapshot.tasks[task][Counter::Exhausted] += 1;
    }

    /// A run that was due then began only at `now`, although a slot was free.
    pub fn lag(&self, intended: Nanos, now: Nanos) {
        self.turn(intended);
        let lag = now.saturating_sub(intended);
        self.snapshot(intended).lag.record(lag);
    }

    /// A user of the population begins.
    pub fn user_came(&self, population: usize, now: Nanos) {
        self.turn(now);
        self.users.borrow_mut().come(population, now);
    }

    /// A user of the population leaves.
    pub fn user_left(&self, population: usize, now: Nanos) {
        self.turn(now);
        self.users.borrow_mut().leave(population, now);
    }

    /// Somebody of the population waited for loadgen to do a step, which was late.
    #[inline]
    pub fn waited(&self, population: usize, step: Start) {
        if step.lag > 0 && self.closed[population] {
            self.snapshot(step.intended).lose(population, step.lag);
        }
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
            self.send(self.boundary.get());
            self.boundary.set(self.boundary.get() + SECOND);
        }
    }

    /// Sends the last, unfinished second.
    pub fn finish(&self, now: Nanos) {
        self.turn(now);
        self.send(now);
    }

    /// Hands on what was measured up to `end`.
    fn send(&self, end: Nanos) {
        self.count();
        let mut current = self.current.borrow_mut();
        let mut next = Snapshot::new(current.second + 1, current.size());
        next.warmup = (next.second + 1).saturating_mul(SECOND) <= self.warmup;
        let mut done = std::mem::replace(&mut *current, next);
        drop(current);
        let mut users = self.users.borrow_mut();
        done.users = users.level();
        UserTime::add_all(&mut done.user_time, &users.take(end));
        drop(users);
        done.in_flight = self.in_flight.level();
        let queues = self.queues.borrow();
        done.queued = queues.iter().map(|it| it.load(Ordering::Relaxed)).sum();
        (self.sink)(done);
    }
}

/// End of a part.
#[derive(Clone, Copy)]
struct Ended {
    start: Start,
    at: Nanos,
    /// After the end of its load.
    late: bool,
}

/// The timer of an outcome.
fn timer_of(failed: bool) -> Timer {
    match failed {
        false => Timer::Ok,
        true => Timer::Failed,
    }
}

/// Records the measurements of a step other than its end.
fn aside(measures: &mut Measures, outcome: &Outcome) {
    time(measures, outcome.times());
    for (counter, count) in outcome.counts() {
        measures[counter] += count;
    }
}

fn time(measures: &mut Measures, times: impl IntoIterator<Item = (Timer, Option<Nanos>)>) {
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
