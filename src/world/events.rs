//! Events: done on time, beside the load.

use super::{Caller, Databases, Line, command};
use crate::{
    plan::{
        Plan,
        event::{Action, When},
        sql::Secret,
    },
    time::{Clock, Nanos, nanos},
};
use futures_util::{StreamExt, future::LocalBoxFuture, stream::FuturesUnordered};
use std::{cell::RefCell, rc::Rc, sync::Arc, time::Duration};
use tokio::{
    sync::watch,
    time::{Instant, sleep_until, timeout},
};

/// How long what is under way at the end may still take.
const GRACE: Duration = Duration::from_secs(5);

/// An event that was done, or was not.
#[derive(Debug)]
pub struct Happened {
    /// Its place among the plan's events.
    pub event: usize,
    /// When it was begun, on the run's clock.
    pub at: Nanos,
    /// How long it took.
    pub took: Nanos,
    /// What there is to say of it, or why it could not be done.
    pub result: Result<String, String>,
}

/// What has come of the plan's events.
#[derive(Debug)]
pub enum Progress {
    /// A command was begun, which may go on for long: its place among the events, and when.
    Begun(usize, Nanos),
    /// One is over.
    Done(Happened),
}

/// A plan's events. What is done is done while [`Events::next`] is waited for.
pub struct Events {
    doer: Rc<Doer>,
    waiting: FuturesUnordered<LocalBoxFuture<'static, Due>>,
    working: FuturesUnordered<LocalBoxFuture<'static, (Due, Happened)>>,
    over: watch::Sender<bool>,
    end: Nanos,
    stopped: bool,
    /// By event: how often it was begun.
    begun: Vec<u64>,
}

/// A time that an event is to be done.
#[derive(Debug, Clone, Copy)]
struct Due {
    event: usize,
    at: Nanos,
    /// How often it has been due before.
    round: u64,
}

/// Does them.
struct Doer {
    plan: Arc<Plan>,
    clock: Clock,
    caller: Rc<Caller>,
    own: Arc<[Option<Secret>]>,
    /// By event: its connections, while they are not in use.
    lines: RefCell<Vec<Option<Line>>>,
    over: watch::Receiver<bool>,
}

impl Events {
    /// Of a plan, each at its time of `clock`, none from `end` on; `own` has the database of each population's bundled
    /// service.
    pub fn new(
        plan: &Arc<Plan>,
        caller: &Rc<Caller>,
        own: &Arc<[Option<Secret>]>,
        clock: Clock,
        end: Nanos,
    ) -> Self {
        let (over, ends) = watch::channel(false);
        let events = &plan.beside.events;
        let doer = Rc::new(Doer {
            plan: Arc::clone(plan),
            clock,
            caller: Rc::clone(caller),
            own: Arc::clone(own),
            lines: RefCell::new(events.iter().map(|_| None).collect()),
            over: ends,
        });
        let all = Self {
            waiting: FuturesUnordered::new(),
            working: FuturesUnordered::new(),
            over,
            end,
            stopped: false,
            begun: vec![0; events.len()],
            doer,
        };
        for (event, planned) in events.iter().enumerate() {
            if let When::At(at) = planned.when {
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
    pub async fn next(&mut self) -> Progress {
        loop {
            tokio::select! {
                Some(due) = self.waiting.next() => {
                    let at = self.begin(due);
                    let action = &self.doer.plan.beside.events[due.event].action;
                    if let Action::Exec(_) = action {
                        return Progress::Begun(due.event, at);
                    }
                }
                Some((due, happened)) = self.working.next() => {
                    self.wait_again(due);
                    return Progress::Done(happened);
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

    /// Ends what is under way, and does what is to be done at the end. What comes of it is given
    /// to `tell` one by one.
    pub async fn finish(&mut self, mut tell: impl FnMut(Happened)) {
        self.stop();
        self.over.send_replace(true);
        let under_way = async {
            while let Some((_, happened)) = self.working.next().await {
                tell(happened);
            }
        };
        let late = timeout(GRACE, under_way).await.is_err();
        if late {
            self.working.clear();
        }
        for event in 0..self.begun.len() {
            if self.doer.plan.beside.events[event].when == When::End {
                self.begun[event] += 1;
                let at = self.doer.clock.now();
                tell(Rc::clone(&self.doer).happen(event, at).await);
            }
        }
    }

    /// The events that have never been begun.
    pub fn missed(&self) -> impl Iterator<Item = usize> {
        let begun = self.begun.iter().enumerate();
        begun
            .filter(|(_, times)| **times == 0)
            .map(|(event, _)| event)
    }

    fn wait(&self, due: Due) {
        let moment: Instant = self.doer.clock.instant(due.at);
        self.waiting.push(Box::pin(async move {
            sleep_until(moment).await;
            due
        }));
    }

    /// Begins one; when that was.
    fn begin(&mut self, due: Due) -> Nanos {
        self.begun[due.event] += 1;
        let doer = Rc::clone(&self.doer);
        let at = doer.clock.now();
        self.working.push(Box::pin(
            async move { (due, doer.happen(due.event, at).await) },
        ));
        at
    }

    /// The next time of an event that is repeated; those that have passed meanwhile are left out.
    fn wait_again(&self, due: Due) {
        let event = &self.doer.plan.beside.events[due.event];
        let Some(every) = event.every.map(nanos).filter(|every| *every > 0) else {
            return;
        };
        let passed = self.doer.clock.now().saturating_sub(due.at) / every;
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

impl Doer {
    /// Does one that was begun then.
    async fn happen(self: Rc<Self>, event: usize, at: Nanos) -> Happened {
        let result = self.act(event).await;
        Happened {
            event,
            at,
            took: self.clock.now().saturating_sub(at),
            result,
        }
    }

    async fn act(&self, event: usize) -> Result<String, String> {
        match &self.plan.beside.events[event].action {
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
            Action::Exec(command) => command::run(&command.words, self.over.clone()).await,
        }
    }
}
