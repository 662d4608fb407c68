//! One task run: its values drawn, its steps done one after the other, its outcome recorded.

use super::{
    Pacer,
    share::Share,
    walk::{Turn, Walk},
};
use crate::{
    data::{
        Position, Value,
        rng::{Purpose, Stream, stream},
    },
    driver::{Driver, ErrorClass, Outcome, Progress},
    plan::{Plan, Population, PopulationData, RunData, Scope, Task, Think},
    record::{Recorder, Start},
    time::{Nanos, nanos},
};
use rand::{RngExt, distr::Distribution};
use rand_distr::{Exp1, StandardNormal};
use std::{mem, rc::Rc, sync::Arc};

/// What the runs of one population on one worker share.
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
}

/// A population of a plan, which values are drawn for.
#[derive(Debug, Clone, Copy)]
pub struct Source<'a> {
    seed: u64,
    index: usize,
    population: &'a Population,
    data: &'a PopulationData,
}

impl<'a> Source<'a> {
    /// The population at `index` of the plan.
    pub fn new(plan: &'a Plan, data: &'a RunData, index: usize) -> Self {
        Self {
            seed: plan.seed,
            index,
            population: &plan.populations[index],
            data: data.of_population(index),
        }
    }

    fn stream(&self, purpose: Purpose, index: u64) -> Stream {
        stream(self.seed, self.index, purpose, index)
    }
}

impl<D> Context<D> {
    /// What values are drawn for.
    pub fn source(&self) -> Source<'_> {
        Source::new(&self.plan, &self.data, self.population)
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

/// The random choices and values of one user, or of one arrival.
pub struct Draws {
    rng: Stream,
    at: Position,
    /// By variable: how often it was drawn.
    rounds: Vec<u64>,
    /// By variable: how many places of a sequence one arrival takes; 1 for users, who go on.
    widths: Vec<u64>,
    /// By variable, then what steps extracted.
    pub values: Vec<Value>,
    /// All of that as it was when a transaction began, to begin it anew.
    saved: Option<Box<Saved>>,
    spent: Option<usize>,
    /// The way of the run before, for its memory.
    walk: Walk,
}

/// What [`Draws::save`] keeps.
struct Saved {
    rng: Stream,
    rounds: Vec<u64>,
    values: Vec<Value>,
}

impl Draws {
    /// Values of scope `run` are the same for everyone; those of scope `user` are drawn now.
    pub fn new(source: Source<'_>, purpose: Purpose, index: u64, stride: u64) -> Self {
        let population = source.population;
        let variables = &population.variables;
        let mut draws = Self {
            rng: source.stream(purpose, index),
            at: Position {
                index,
                round: 0,
                stride,
            },
            rounds: vec![0; variables.len()],
            widths: match purpose {
                Purpose::Arrival => widths(population),
                _ => vec![1; variables.len()],
            },
            values: vec![Value::Unset; variables.len() + population.extracted.len()],
            saved: None,
            spent: None,
            walk: Walk::default(),
        };
        for (place, variable) in variables.iter().enumerate() {
            match variable.scope {
                Scope::Run => {
                    let mut rng = source.stream(Purpose::Run, place as u64);
                    let at = Position {
                        index: 0,
                        round: 0,
                        stride: 1,
                    };
                    draws.values[place] = source.data.draw(population, place, &mut rng, at);
                }
                Scope::User => draws.draw(source, place),
                Scope::Task | Scope::Step => {}
            }
        }
        source.data.fill(&mut draws.values);
        draws
    }

    /// Begins anew as arrival `index`; what was drawn for the whole run stays.
    pub fn renew<D>(&mut self, context: &Context<D>, index: u64) {
        self.rng = context.source().stream(Purpose::Arrival, index);
        self.at.index = index;
        self.rounds.fill(0);
        self.spent = None;
    }

    /// Chooses a task by weight.
    pub fn task<'p>(&mut self, population: &'p Population) -> &'p Task {
        let place = population
            .choice
            .as_ref()
            .map_or(0, |choice| choice.sample(&mut self.rng));
        &population.tasks[place]
    }

    /// Draws a pause.
    pub fn pause(&mut self, think: Think) -> Nanos {
        match think {
            Think::None => 0,
            Think::Constant(length) => nanos(length),
            Think::Uniform(shortest, longest) => {
                self.rng.random_range(nanos(shortest)..=nanos(longest))
            }
            Think::Normal(mean, stddev) => {
                let deviations: f64 = StandardNormal.sample(&mut self.rng);
                let length = nanos(mean) as f64 + deviations * nanos(stddev) as f64;
                // The conversion stops at zero.
                length.round() as Nanos
            }
            Think::Exponential(mean) => {
                let means: f64 = Exp1.sample(&mut self.rng);
                (means * nanos(mean) as f64).round() as Nanos
            }
        }
    }

    /// Draws how often something is done.
    pub fn count(&mut self, least: u64, most: u64) -> u64 {
        if least < most {
            self.rng.random_range(least..=most)
        } else {
            least
        }
    }

    /// Keeps what is drawn so far, for [`Draws::restore`].
    pub fn save(&mut self) {
        match &mut self.saved {
            Some(saved) => {
                saved.rng.clone_from(&self.rng);
                saved.rounds.clone_from(&self.rounds);
                saved.values.clone_from(&self.values);
            }
            None => {
                self.saved = Some(Box::new(Saved {
                    rng: self.rng.clone(),
                    rounds: self.rounds.clone(),
                    values: self.values.clone(),
                }));
            }
        }
    }

    /// Goes back to what was kept: what is done once more is done with the same values.
    pub fn restore(&mut self) {
        if let Some(saved) = &self.saved {
            self.rng.clone_from(&saved.rng);
            self.rounds.clone_from(&saved.rounds);
            self.values.clone_from(&saved.values);
        }
    }

    /// The variable that has no further value for this user or arrival.
    pub fn spent(&self) -> Option<usize> {
        self.spent
    }

    /// Draws the variables at these places, in this order.
    pub fn draw_all(&mut self, source: Source<'_>, places: &[usize]) {
        for place in places {
            self.draw(source, *place);
        }
    }

    fn draw(&mut self, source: Source<'_>, place: usize) {
        let at = Position {
            index: self.at.index.saturating_mul(self.widths[place]),
            round: self.rounds[place],
            ..self.at
        };
        self.rounds[place] += 1;
        let drawn = source
            .data
            .draw(source.population, place, &mut self.rng, at);
        self.values[place] = drawn;
        if self.values[place] == Value::Unset {
            self.spent = Some(place);
        }
    }
}

/// The most draws of each variable in one task run.
fn widths(population: &Population) -> Vec<u64> {
    let mut widths = vec![1; population.variables.len()];
    for task in &population.tasks {
        let mut drawn = vec![0u64; widths.len()];
        for (step, times) in task.most_often() {
            for place in &step.draws {
                drawn[*place] = drawn[*place].saturating_add(times);
            }
        }
        for (width, drawn) in widths.iter_mut().zip(drawn) {
            *width = drawn.max(*width);
        }
    }
    widths
}

/// How a task run ended.
#[derive(Debug, Clone, Copy)]
pub struct Ended {
    /// When.
    pub at: Nanos,
    /// Whether every step succeeded.
    pub ok: bool,
}

/// Does one run of `task`, begun as `start` says. A failed step ends the run: the steps
/// after it would work on what is not there.
pub async fn run<D: Driver>(
    context: &Context<D>,
    session: &mut D::Session,
    draws: &mut Draws,
    task: &Task,
    start: Start,
) -> Ended {
    draws.draw_all(context.source(), &task.draws);
    if let Some(place) = draws.spent {
        return Ended {
            at: fail_unsent(context, task, place, start.intended),
            ok: false,
        };
    }
    let mut guard = Guard::new(
        context,
        task,
        start.intended,
        std::mem::take(&mut draws.walk),
    );
    let mut ended = start.intended;
    // Until the first step makes it its own.
    let mut lag = start.lag;
    let mut failed = None;
    let mut unknown = false;
    while let Some(turn) = guard.walk.turn(task, draws) {
        let step = match turn {
            Turn::Step(step) => step,
            Turn::Left(group, start) => {
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
        context.recorder.step(step.index, due, &outcome, trace);
        unknown |= outcome.unknown;
        if failed.is_some() {
            if guard.walk.is_in_transaction(task) {
                Box::pin(context.driver.abandon(session)).await;
            }
            break;
        }
    }
    draws.walk = guard.end(ended, failed, unknown);
    Ended {
        at: ended,
        ok: failed.is_none(),
    }
}

/// Takes down a run that cannot be done for want of a value: a failure of its first step.
fn fail_unsent<D>(context: &Context<D>, task: &Task, variable: usize, intended: Nanos) -> Nanos {
    let recorder = &context.recorder;
    let start = Start::from(intended);
    let ended = context.pacer.clock().now().max(intended);
    let name = &context.population().variables[variable].name;
    recorder.task_offered(task.index, intended);
    let failed = Some(ErrorClass::Other);
    if let Some(first) = task.steps.first() {
        let words = format!("each row of `{name}` was taken once");
        for group in context.groups(first.index) {
            recorder.group_offered(*group, intended);
            recorder.group(*group, start, ended, failed);
        }
        let outcome = Outcome::unsent(ended, words);
        recorder.step(first.index, start, &outcome, None);
    }
    recorder.task(task.index, start, ended, failed, false);
    ended
}

/// Takes down a run that is dropped before its end, when the graceful stop is over.
struct Guard<'a, D> {
    context: &'a Context<D>,
    task: &'a Task,
    /// Of the run; its lag is that of all its steps so far.
    start: Start,
    walk: Walk,
    /// The step that is being done.
    step: Option<(usize, Start)>,
    progress: Progress,
    ended: bool,
}

impl<'a, D> Guard<'a, D> {
    fn new(context: &'a Context<D>, task: &'a Task, intended: Nanos, mut walk: Walk) -> Self {
        context.recorder.task_offered(task.index, intended);
        context.recorder.in_flight.up();
        walk.restart();
        Self {
            context,
            task,
            start: intended.into(),
            walk,
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
    fn end(mut self, ended: Nanos, failed: Option<ErrorClass>, unknown: bool) -> Walk {
        let recorder = &self.context.recorder;
        for (group, start) in self.walk.open(self.task) {
            recorder.group(group, start, ended, failed);
        }
        recorder.task(self.task.index, self.start, ended, failed, unknown);
        self.ended = true;
        std::mem::take(&mut self.walk)
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
