//! One task run: its values drawn, its steps done one after the other, its outcome recorded.

use super::{
    Pacer,
    draws::{DrawContext, Draws},
    frame::Frame,
    numbering::{Numbering, Numbers},
    sample::describe,
    share::Share,
    walk::{NextOperation, Walk},
};
use loadgen_core::time::Nanos;
use loadgen_driver::{Driver, ErrorClass, Progress};
use loadgen_plan::{Plan, Population, RunData, Task, Think};
use loadgen_record::{Recorder, Start};
use std::{cell::RefCell, mem, rc::Rc, sync::Arc};

/// State that the runs of one population on one worker share.
pub struct Context<D> {
    /// The whole plan.
    pub plan: Arc<Plan>,
    /// The run's rows and extracted values.
    pub data: Arc<RunData>,
    /// Index of the population in the plan.
    pub population: usize,
    /// Does the steps.
    pub driver: Rc<D>,
    /// Keeps the time.
    pub pacer: Pacer,
    /// Records the outcomes.
    pub recorder: Rc<Recorder>,
    /// The users or arrivals that are this worker's.
    pub share: Share,
    /// The numbers of draws.
    pub numbering: Arc<Numbering>,
    /// Counts arrivals for them.
    pub numbers: RefCell<Numbers>,
}

impl<D> Context<D> {
    /// Returns the context that values are drawn in.
    pub fn source(&self) -> DrawContext<'_> {
        DrawContext::new(&self.plan, &self.data, self.population, &self.numbering)
    }

    /// The population that runs.
    pub fn population(&self) -> &Population {
        &self.plan.populations[self.population]
    }

    /// Waits until a step is due that comes after a pause from `since` on.
    async fn pause(&self, due: Start, since: Nanos) -> Start {
        let Start { intended, lag } = due;
        let lag = match self.pacer.sleep_through(intended).await {
            Some(late) => late,
            // The pause was over before the run began, as late as that was.
            None => lag.saturating_sub(intended - since),
        };
        Start { intended, lag }
    }

    /// The named groups that a step is in.
    fn groups(&self, step: usize) -> &[usize] {
        self.plan.steps.get(step).map_or(&[], |label| &label.groups)
    }
}

/// End of a task run.
#[derive(Debug, Clone, Copy)]
pub struct Ended {
    /// Time of the end.
    pub at: Nanos,
    /// True if every step succeeded.
    pub ok: bool,
    /// Time that loadgen's own lateness cost it.
    pub lag: Nanos,
}

/// Does one run of `task`, begun as `start` says. A failed step ends the run: the steps after it
/// would work on what is not there. A run that finds no row left does no step.
pub async fn run<D: Driver>(
    context: &Context<D>,
    session: &mut D::Session,
    draws: &mut Draws,
    task: &Task,
    start: Start,
) -> Ended {
    draws.forget();
    draws.draw_all(context.source(), &task.draws);
    if draws.exhausted().is_some() {
        context.recorder.exhausted(task.index, start.intended);
        return Ended {
            at: context.pacer.clock().now().max(start.intended),
            ok: false,
            lag: start.lag,
        };
    }
    let mut guard = Guard::new(
        context,
        task,
        start.intended,
        std::mem::take(&mut draws.frames),
    );
    let mut ended = start.intended;
    // Until the first step makes it its own.
    let mut lag = start.lag;
    let mut failed = None;
    let mut unknown = false;
    while let Some(operation) = guard.walk.advance(task, draws) {
        let step = match operation {
            NextOperation::Step(step) => step,
            NextOperation::Left(group, start) => {
                context.recorder.group(group, start, ended, None);
                continue;
            }
        };
        let due = Start {
            intended: ended + draws.pause(step.think),
            lag: mem::take(&mut lag),
        };
        let due = match step.think {
            Think::None => due,
            _ => context.pause(due, ended).await,
        };
        draws.draw_all(context.source(), &step.draws);
        guard.begin(step.index, due);
        let outcome = context
            .driver
            .execute(session, step, &mut draws.values, &guard.progress)
            .await;
        guard.step = None;
        ended = outcome.ended_at;
        failed = outcome.failure.as_ref().map(|failure| failure.class);
        if failed.is_some_and(ErrorClass::is_retryable) && guard.walk.retry(task) {
            context.recorder.retried(step.index, due.intended, &outcome);
            draws.restore();
            // Boxed, as below, because it is seldom and should not make every run larger.
            Box::pin(context.driver.abandon(session)).await;
            continue;
        }
        let trace = guard.progress.trace();
        context
            .recorder
            .step(step.index, due, &outcome, trace, |sample| {
                let work = (step, draws.values.as_slice());
                describe(&context.plan, context.population(), work, &outcome, sample);
            });
        unknown |= outcome.unknown;
        if failed.is_some() {
            if guard.walk.is_in_transaction(task) {
                Box::pin(context.driver.abandon(session)).await;
            }
            break;
        }
    }
    let lag = guard.start.lag;
    draws.frames = guard.end(ended, failed, unknown);
    Ended {
        at: ended,
        ok: failed.is_none(),
        lag,
    }
}

/// Takes down a run that is dropped before its end, when the graceful stop is over.
struct Guard<'a, D> {
    context: &'a Context<D>,
    task: &'a Task,
    /// Start of the run; its lag is that of all its steps so far.
    start: Start,
    walk: Walk,
    /// The step that is being done.
    step: Option<(usize, Start)>,
    progress: Progress,
    ended: bool,
}

impl<'a, D> Guard<'a, D> {
    fn new(context: &'a Context<D>, task: &'a Task, intended: Nanos, frames: Vec<Frame>) -> Self {
        context.recorder.task_offered(task.index, intended);
        context.recorder.in_flight.up();
        Self {
            context,
            task,
            start: intended.into(),
            walk: Walk::new(frames),
            step: None,
            progress: Progress::default(),
            ended: false,
        }
    }

    fn begin(&mut self, step: usize, due: Start) {
        let recorder = &self.context.recorder;
        self.start.lag += due.lag;
        recorder.waited(self.context.population, due);
        self.walk.begin(self.task, due, |group| {
            recorder.group_offered(group, due.intended);
        });
        self.progress.reset();
        self.step = Some((step, due));
    }

    /// Takes down the end of the run, and of the groups that it was in when a step failed.
    fn end(mut self, ended: Nanos, failed: Option<ErrorClass>, unknown: bool) -> Vec<Frame> {
        let recorder = &self.context.recorder;
        for (group, start) in self.walk.open(self.task) {
            recorder.group(group, start, ended, failed);
        }
        recorder.task(self.task.index, self.start, ended, failed, unknown);
        self.ended = true;
        std::mem::take(&mut self.walk).into_frames()
    }
}

impl<D> Drop for Guard<'_, D> {
    fn drop(&mut self) {
        let recorder = &self.context.recorder;
        recorder.in_flight.down();
        if self.ended {
            return;
        }
        let now = self.context.pacer.clock().now();
        let sent = self.progress.sent_at().is_some();
        recorder.cut_run(self.task.index, self.start, now, sent);
        for (group, start) in self.walk.open(self.task) {
            recorder.cut_group(group, start, now, sent);
        }
        if let Some((step, due)) = self.step {
            recorder.cut_step(step, due, now, &self.progress);
        }
    }
}

/// Takes down an arrival that never got a slot before the graceful stop was over.
pub fn cut_waiting<D>(context: &Context<D>, task: &Task, start: Start, now: Nanos) {
    let recorder = &context.recorder;
    recorder.task_offered(task.index, start.intended);
    recorder.cut_run(task.index, start, now, false);
    if let Some(first) = task.steps.first() {
        for group in context.groups(first.index) {
            recorder.group_offered(*group, start.intended);
            recorder.cut_group(*group, start, now, false);
        }
        recorder.cut_step(first.index, start, now, &Progress::default());
    }
}
