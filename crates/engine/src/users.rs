//! The closed model: users who wait for their answer before they go on.

use super::{
    draws::Draws,
    iterations::IterationsLeft,
    numbering::Counts,
    run::{Context, run},
    stop::Stop,
};
use loadgen_core::time::{Nanos, nanos};
use loadgen_data::rng::Purpose;
use loadgen_driver::Driver;
use loadgen_plan::{Closed, Iterations, Think};
use loadgen_record::Start;
use std::{rc::Rc, sync::Arc};
use tokio::task::JoinSet;

/// Starts this worker's users as the curve asks for them; returns when none is left to start.
/// `left` has the iterations of the users of all workers.
pub async fn start<D: Driver + 'static>(
    context: Rc<Context<D>>,
    load: &Closed,
    left: Arc<IterationsLeft>,
    stop: &Stop,
    tasks: &mut JoinSet<()>,
) {
    let users = load.users.peak().ceil() as u64;
    let mut starts: Vec<(u64, Vec<(Nanos, Nanos)>)> = (0..context.share.of(users))
        .map(|local| context.share.global(local))
        .map(|user| (user, load.users.windows_above(user as f64)))
        .filter(|(_, windows)| !windows.is_empty())
        .collect();
    // The sort is stable: users that start at the same time start in the order of their numbers.
    starts.sort_by_key(|(_, windows)| windows[0].0);
    let load = Rc::new(load.clone());
    for (user, windows) in starts {
        // A ramp may be longer than the load: nobody is waited for who will not start.
        if !begins(&context, stop, windows[0].0).await {
            return;
        }
        let user = User {
            context: Rc::clone(&context),
            stop: stop.clone(),
            index: user,
            load: Rc::clone(&load),
            left: Arc::clone(&left),
        };
        tasks.spawn_local(user.live(windows));
    }
}

/// Waits until `start`, or until it is clear that the load ends before; tells whether it begins.
async fn begins<D>(context: &Context<D>, stop: &Stop, start: Nanos) -> bool {
    if start < stop.time() {
        context.pacer.sleep_until(start).await;
    }
    start < stop.time()
}

struct User<D> {
    context: Rc<Context<D>>,
    stop: Stop,
    index: u64,
    load: Rc<Closed>,
    /// Iterations of the users of all workers.
    left: Arc<IterationsLeft>,
}

impl<D: Driver> User<D> {
    /// Lives in each of its windows; a run that is under way at a window's end is finished.
    async fn live(self, windows: Vec<(Nanos, Nanos)>) {
        let mut draws = Draws::of_user(self.context.source(), self.index);
        let mut done = Done {
            count: 0,
            left: match self.load.iterations {
                Iterations::PerUser(_) => Some(&self.left),
                Iterations::Unlimited | Iterations::Shared(_) => None,
            },
        };
        for (start, end) in windows {
            if !begins(&self.context, &self.stop, start).await {
                return;
            }
            if draws.exhausted().is_some() {
                self.stay_away(start, &mut draws);
                return;
            }
            self.work(start, end, &mut draws, &mut done).await;
            if self.is_done(done.count, &draws) {
                return;
            }
        }
    }

    async fn work(&self, start: Nanos, end: Nanos, draws: &mut Draws, done: &mut Done<'_>) {
        let context = &*self.context;
        let _active = Active::new(context);
        let mut session = context.driver.session(context.population, self.index);
        let warmup = nanos(context.plan.warmup);
        // Whoever is there at the end of the curve does not leave before the load ends.
        let last = self.load.users.segments().last();
        let leaves = last.is_none_or(|last| end < last.end || last.to <= self.index as f64);
        let ramp_down = self.load.ramp_down.filter(|_| leaves);
        let waits = self.load.think != Think::None || self.load.pacing.is_some();
        // Steps that must succeed before the first task run.
        let mut beginning = context.population().user_start.as_ref();
        let mut intended = start;
        // End of the run before.
        let mut free = start;
        loop {
            let mut lag = 0;
            // Runs right after one another are late by nobody's doing, and need no look at the clock.
            if intended == start || waits {
                let latest = end.min(self.stop.time());
                context.pacer.sleep_until(intended.min(latest)).await;
                // A run that is overdue because the run before took so long is not late either.
                if free <= intended && intended < end.min(self.stop.time()) {
                    let now = context.pacer.clock().now();
                    lag = now.saturating_sub(intended);
                    context.recorder.lag(intended, now);
                }
            }
            // Iterations are those after the warm-up.
            let counts = intended >= warmup;
            if intended >= end.min(self.stop.time()) || counts && !self.take() {
                return;
            }
            let task = match beginning {
                Some(steps) => {
                    draws.leave_iteration();
                    steps
                }
                None => {
                    self.begin_iteration(draws, counts);
                    draws.task(context.population())
                }
            };
            let run = run(context, &mut session, draws, task, Start { intended, lag });
            let ended = match ramp_down {
                Some(bound) if end < Nanos::MAX => {
                    let cut = end.saturating_add(nanos(bound));
                    tokio::select! {
                        biased;
                        ended = run => ended,
                        // Dropping the run takes it down as interrupted.
                        _ = context.pacer.sleep_through(cut) => return,
                    }
                }
                _ => run.await,
            };
            free = ended.at;
            // A start that failed stands for a run, and is tried again when the next is due.
            if beginning.is_some() && ended.ok {
                beginning = None;
                intended = ended.at;
                if counts {
                    self.give_back();
                }
                continue;
            }
            done.count += u64::from(counts);
            if self.is_done(done.count, draws) {
                return;
            }
            intended = match self.load.pacing {
                Some(interval) => next_tick(intended, ended.at, nanos(interval)),
                None => ended.at + draws.pause(self.load.think),
            };
        }
    }

    /// Takes down a user who has no row of its own, and does none of what others can do.
    fn stay_away(&self, start: Nanos, draws: &mut Draws) {
        let population = self.context.population();
        let first = population.user_start.as_ref();
        let task = first.unwrap_or_else(|| draws.task(population));
        self.context.recorder.exhausted(task.index, start);
    }

    fn is_shared(&self) -> bool {
        matches!(self.load.iterations, Iterations::Shared(_))
    }

    /// Takes one of the runs that are shared, if there is one.
    fn take(&self) -> bool {
        !self.is_shared() || self.left.take()
    }

    /// Gives back what was taken for something that is no run.
    fn give_back(&self) {
        if self.is_shared() {
            self.left.give_back();
        }
    }

    /// Makes choices and values those of the iteration, not the user's, where users share them:
    /// then it makes no difference who is free first. `counts`: it is none of the warm-up.
    fn begin_iteration(&self, draws: &mut Draws, counts: bool) {
        if !self.is_shared() {
            return;
        }
        let context = &*self.context;
        let source = context.source();
        if counts {
            let index = self.left.begin();
            let mut numbers = context.numbers.borrow_mut();
            let counts = numbers.of(context.population(), index);
            draws.begin_iteration(source, Purpose::Iteration, index, counts);
        } else {
            let index = self.left.begin_before();
            draws.begin_iteration(source, Purpose::WarmupIteration, index, Counts::default());
        }
    }

    /// Returns true if this user has nothing left to do.
    fn is_done(&self, done: u64, draws: &Draws) -> bool {
        let counted = match self.load.iterations {
            Iterations::Unlimited => false,
            Iterations::PerUser(most) => done >= most,
            Iterations::Shared(_) => self.left.count() == 0,
        };
        counted || draws.exhausted().is_some()
    }
}

/// Returns the start of a paced user's next run: its next tick, or, when the run lasted longer than
/// that, at the last tick that has passed. Ticks before it are left out, so that one slow answer
/// does not make all later ones late.
fn next_tick(intended: Nanos, ended: Nanos, interval: Nanos) -> Nanos {
    let passed = ended.saturating_sub(intended) / interval.max(1);
    intended.saturating_add(passed.max(1).saturating_mul(interval))
}

/// Iterations that a user has done; taken off those that are left when it leaves, or is cut off.
struct Done<'a> {
    count: u64,
    left: Option<&'a IterationsLeft>,
}

impl Drop for Done<'_> {
    fn drop(&mut self) {
        if let Some(left) = self.left {
            left.done(self.count);
        }
    }
}

/// Counts a user as long as it is there, also when it is cut off.
struct Active<'a, D>(&'a Context<D>);

impl<'a, D> Active<'a, D> {
    fn new(context: &'a Context<D>) -> Self {
        let now = context.pacer.clock().now();
        context.recorder.user_came(context.population, now);
        Self(context)
    }
}

impl<D> Drop for Active<'_, D> {
    fn drop(&mut self) {
        let Self(context) = self;
        let now = context.pacer.clock().now();
        context.recorder.user_left(context.population, now);
    }
}
