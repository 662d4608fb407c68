//! Events: done on time, beside the load.

use super::{
    CallSession, Caller, Databases,
    command::{self, ProcessGroup},
};
use futures_util::{
    StreamExt,
    future::{LocalBoxFuture, join_all},
    stream::FuturesUnordered,
};
use loadgen_core::time::{Clock, Nanos, nanos};
use loadgen_plan::{
    Plan,
    event::{Action, EventTime},
    sql::Secret,
};
use std::{cell::RefCell, rc::Rc, sync::Arc, time::Duration};
use tokio::{
    sync::watch,
    time::{Instant, sleep_until, timeout},
};

/// Longest time that events under way at the end may still take.
const GRACE: Duration = Duration::from_secs(5);

/// An event that was done, or was not.
#[derive(Debug)]
pub struct EventOutcome {
    /// Its place among the plan's events.
    pub event: usize,
    /// Start, on the run's clock.
    pub at: Nanos,
    /// Duration.
    pub took: Nanos,
    /// Note about a success, or the reason for a failure.
    pub result: Result<String, String>,
}

/// Progress of the plan's events.
#[derive(Debug)]
pub enum EventProgress {
    /// A command was begun, which may go on for long: its place among the events, and when.
    Begun(usize, Nanos),
    /// One is over.
    Done(EventOutcome),
}

/// A plan's events. What is done is done while [`Events::next`] is waited for.
pub struct Events {
    runner: Rc<EventRunner>,
    waiting: FuturesUnordered<LocalBoxFuture<'static, Due>>,
    working: FuturesUnordered<LocalBoxFuture<'static, (Due, EventOutcome)>>,
    over: watch::Sender<bool>,
    end: Nanos,
    stopped: bool,
    /// By event: how often it was begun.
    begun: Vec<u64>,
    /// By event: since when it is under way.
    under_way: Vec<Option<Nanos>>,
}

/// A time that an event is to be done.
#[derive(Debug, Clone, Copy)]
struct Due {
    event: usize,
    at: Nanos,
    /// Number of times it has been due before.
    round: u64,
}

/// Does them.
struct EventRunner {
    plan: Arc<Plan>,
    clock: Clock,
    caller: Rc<Caller>,
    own: Arc<[Option<Secret>]>,
    /// By event: its connections, while they are not in use.
    lines: RefCell<Vec<Option<CallSession>>>,
    over: watch::Receiver<bool>,
    /// Groups of commands that are over and left something in the background.
    left: RefCell<Vec<ProcessGroup>>,
}

impl Events {
    /// Schedules the events of a plan by `clock`, none from `end` on; `own` has the database of
    /// each population's bundled service.
    pub fn new(
        plan: &Arc<Plan>,
        caller: &Rc<Caller>,
        own: &Arc<[Option<Secret>]>,
        clock: Clock,
        end: Nanos,
    ) -> Self {
        let (over, ends) = watch::channel(false);
        let events = &plan.background.events;
        let runner = Rc::new(EventRunner {
            plan: Arc::clone(plan),
            clock,
            caller: Rc::clone(caller),
            own: Arc::clone(own),
            lines: RefCell::new(events.iter().map(|_| None).collect()),
            over: ends,
            left: RefCell::default(),
        });
        let all = Self {
            waiting: FuturesUnordered::new(),
            working: FuturesUnordered::new(),
            over,
            end,
            stopped: false,
            begun: vec![0; events.len()],
            under_way: vec![None; events.len()],
            runner,
        };
        for (event, planned) in events.iter().enumerate() {
            if let EventTime::At(at) = planned.when {
                all.wait(Due {
                    event,
                    at: nanos(plan.warmup.saturating_add(at)),
                    round: 0,
                });
            }
        }
        all
    }

    /// Waits for what is next; for ever when there is nothing. May be given up at any time.
    pub async fn next(&mut self) -> EventProgress {
        loop {
            tokio::select! {
                Some(due) = self.waiting.next() => {
                    let at = self.begin(due);
                    let action = &self.runner.plan.background.events[due.event].action;
                    if let Action::Exec(_) = action {
                        return EventProgress::Begun(due.event, at);
                    }
                }
                Some((due, outcome)) = self.working.next() => {
                    self.under_way[due.event] = None;
                    self.wait_again(due);
                    return EventProgress::Done(outcome);
                }
                else => std::future::pending().await,
            }
        }
    }

    /// No further one is begun.
    pub fn stop(&mut self) {
        self.stopped = true;
        self.waiting.clear();
    }

    /// Begins no further one, and ends those that are under way: commands are ended, and others
    /// have a bounded time. Each that is over is given to `tell`. May be given up at any time.
    pub async fn end_those_under_way(&mut self, mut tell: impl FnMut(EventOutcome)) {
        self.stop();
        self.over.send_replace(true);
        let under_way = async {
            while let Some((due, outcome)) = self.working.next().await {
                self.under_way[due.event] = None;
                tell(outcome);
            }
        };
        let runner = Rc::clone(&self.runner);
        let _ = tokio::join!(timeout(GRACE, under_way), runner.end_what_is_left());
    }

    /// Gives up those that are still under way, and gives them to `tell` with the reason.
    pub fn tell_unfinished(&mut self, why: &str, mut tell: impl FnMut(EventOutcome)) {
        self.working.clear();
        let now = self.runner.clock.now();
        for (event, since) in self.under_way.iter_mut().enumerate() {
            if let Some(at) = since.take() {
                tell(EventOutcome {
                    event,
                    at,
                    took: now.saturating_sub(at),
                    result: Err(why.to_owned()),
                });
            }
        }
    }

    /// Does the events of the end, one after the other. Each that is over is given to `tell`. May
    /// be given up at any time; then those that were not done count as under way.
    pub async fn do_those_of_the_end(&mut self, mut tell: impl FnMut(EventOutcome)) {
        let at = self.runner.clock.now();
        let planned = self.runner.plan.background.events.iter().enumerate();
        let last: Vec<usize> = planned
            .filter(|(_, planned)| planned.when == EventTime::End)
            .map(|(event, _)| event)
            .collect();
        for event in &last {
            self.under_way[*event] = Some(at);
        }
        // Nothing is over for them: a command of the end runs to its own.
        let (_lasting, lasts) = watch::channel(false);
        for event in last {
            self.begun[event] += 1;
            let runner = Rc::clone(&self.runner);
            let at = runner.clock.now();
            let outcome = runner.run(event, at, lasts.clone()).await;
            self.under_way[event] = None;
            tell(outcome);
        }
    }

    /// Ends what commands have left in the background.
    pub async fn end_what_is_left(&self) {
        self.runner.end_what_is_left().await;
    }

    /// The events that have never been begun.
    pub fn missed(&self) -> impl Iterator<Item = usize> {
        let begun = self.begun.iter().enumerate();
        begun
            .filter(|(_, times)| **times == 0)
            .map(|(event, _)| event)
    }

    fn wait(&self, due: Due) {
        let moment: Instant = self.runner.clock.instant(due.at);
        self.waiting.push(Box::pin(async move {
            sleep_until(moment).await;
            due
        }));
    }

    /// Begins one; when that was.
    fn begin(&mut self, due: Due) -> Nanos {
        self.begun[due.event] += 1;
        let runner = Rc::clone(&self.runner);
        let at = runner.clock.now();
        self.under_way[due.event] = Some(at);
        let over = runner.over.clone();
        self.working.push(Box::pin(async move {
            (due, runner.run(due.event, at, over).await)
        }));
        at
    }

    /// The next time of an event that is repeated; those that have passed meanwhile are left out.
    fn wait_again(&self, due: Due) {
        let event = &self.runner.plan.background.events[due.event];
        let Some(every) = event.every.map(nanos).filter(|every| *every > 0) else {
            return;
        };
        let passed = self.runner.clock.now().saturating_sub(due.at) / every;
        let rounds = passed + 1;
        let next = Due {
            at: due.at.saturating_add(rounds.saturating_mul(every)),
            round: due.round + rounds,
            ..due
        };
        let stopped = self.stopped || next.at >= self.end;
        if !stopped && event.times.is_none_or(|times| next.round < times) {
            self.wait(next);
        }
    }
}

impl EventRunner {
    /// Does one that was begun then. A command is ended when everything is `over`.
    async fn run(
        self: Rc<Self>,
        event: usize,
        at: Nanos,
        over: watch::Receiver<bool>,
    ) -> EventOutcome {
        let result = self.act(event, over).await;
        EventOutcome {
            event,
            at,
            took: self.clock.now().saturating_sub(at),
            result,
        }
    }

    async fn act(&self, event: usize, over: watch::Receiver<bool>) -> Result<String, String> {
        match &self.plan.background.events[event].action {
            Action::Http(call) => {
                let kept = self.lines.borrow_mut()[event].take();
                let mut line = kept.unwrap_or_else(|| self.caller.line(*call));
                self.caller.call(&mut line).await?;
                self.lines.borrow_mut()[event] = Some(line);
                Ok(String::new())
            }
            Action::Sql(query) => {
                // A connection that idles for minutes may be gone when it is needed.
                let mut databases = Databases::new(&self.plan, &self.own);
                let changed = databases.execute(query).await?;
                Ok(format!("{changed} rows changed"))
            }
            Action::Exec(command) => {
                // Groups whose background has ended by itself are not kept.
                self.left.borrow_mut().retain(|group| !group.is_empty());
                let ended = command::run(&command.words, over).await?;
                self.left.borrow_mut().extend(ended.left);
                ended.result
            }
        }
    }

    async fn end_what_is_left(&self) {
        let left = self.left.take();
        join_all(left.into_iter().map(ProcessGroup::end)).await;
    }
}
