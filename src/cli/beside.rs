//! What is done beside the load of a run.

use super::{
    live::{Killed, Measured},
    signals::Signals,
};
use crate::{
    dashboard::Display,
    gate,
    observe::{Observers, Taken},
    plan::{Plan, event::Action, sql::Secret},
    report::{self, Verification},
    time::{Clock, Nanos, SECOND},
    world::{Activities, Caller, Databases, Events, Happened, Progress, Questions},
};
use std::{rc::Rc, sync::Arc};
use url::Url;

/// All of it.
pub struct Beside {
    plan: Arc<Plan>,
    caller: Rc<Caller>,
    /// The database of each population's bundled service.
    own: Arc<[Option<Secret>]>,
    questions: Questions,
    activities: Activities,
    observers: Observers,
    /// None before the load.
    events: Option<Events>,
    /// What was done so far.
    done: report::Beside,
}

/// What has come of it.
pub enum News {
    /// An event that may go on for long has begun.
    Begun(report::Event),
    /// An event is over.
    Event(Happening),
    /// A look at one of the sources.
    Observed(Taken),
}

/// An event that was done, or was not.
pub struct Happening {
    /// For the report.
    pub event: report::Event,
    /// What the run fails by, in words.
    pub failure: Option<String>,
}

/// Why a plan may not be run: it has commands, which were not allowed.
pub fn forbidden(plan: &Plan, allowed: bool) -> Option<String> {
    let mut events = plan.beside.events.iter();
    let command = events.find_map(|event| match &event.action {
        Action::Exec(command) if !allowed => Some(command),
        _ => None,
    })?;
    Some(format!(
        "this scenario runs commands on this machine (`{}`): give --allow-exec if it may",
        command.written
    ))
}

impl Beside {
    /// For a plan whose populations drive these URLs, of bundled services on these databases. Asks
    /// what is to be known before the load.
    ///
    /// # Errors
    /// In words, when something of it could not be done.
    pub async fn prepare(
        plan: &Arc<Plan>,
        urls: &[Vec<Url>],
        databases: Vec<Option<Secret>>,
        display: &Display,
    ) -> Result<Self, String> {
        let caller = Caller::new(plan, urls, Clock::start()).map_err(|error| error.to_string())?;
        let (caller, own) = (Rc::new(caller), databases.into());
        let databases = Databases::new(plan, &own);
        let mut questions = Questions::new(plan, &caller, databases);
        for warning in questions.before().await? {
            display.message(&warning);
        }
        Ok(Self {
            plan: Arc::clone(plan),
            questions,
            activities: Activities::begin(plan).await,
            observers: Observers::begin(plan, &caller, &own).await,
            events: None,
            caller,
            own,
            done: report::Beside::default(),
        })
    }

    /// The load begins, and ends at `end` unless it is stopped before.
    pub fn begin(&mut self, clock: Clock, end: Option<Nanos>) {
        let (plan, caller, own) = (&self.plan, &self.caller, &self.own);
        let end = end.unwrap_or(Nanos::MAX);
        self.events = Some(Events::new(plan, caller, own, clock, end));
        self.observers.start(clock);
    }

    /// Waits for what is next. May be given up at any time.
    pub async fn next(&mut self) -> News {
        let Some(events) = &mut self.events else {
            return std::future::pending().await;
        };
        tokio::select! {
            progress = events.next() => match progress {
                Progress::Begun(event, at) => News::Begun(report::Event {
                    name: name(&self.plan, event).to_owned(),
                    t_s: seconds(at),
                    took_s: 0.0,
                    ok: true,
                    message: Some("under way".to_owned()),
                }),
                Progress::Done(happened) => {
                    let happening = happening(&self.plan, happened);
                    self.done.events.push(happening.event.clone());
                    News::Event(happening)
                }
            },
            taken = self.observers.next() => News::Observed(taken),
        }
    }

    /// No further event is begun.
    pub fn stop(&mut self) {
        if let Some(events) = &mut self.events {
            events.stop();
        }
    }

    /// The load is over: ends what is under way, does what is to be done then, and asks what is to
    /// be verified. An interrupt ends it: what was not answered by then does not hold.
    ///
    /// # Errors
    /// On an interrupt after another one.
    pub async fn finish(
        &mut self,
        measured: &mut Measured,
        signals: &mut Signals,
    ) -> Result<(), Killed> {
        let mut verified = Vec::new();
        let finish = async {
            // First, so that it is the load that they tell of.
            self.done.databases = self.activities.end().await;
            self.observers.end().await;
            if let Some(events) = &mut self.events {
                let tell = |happened| {
                    let happening = happening(&self.plan, happened);
                    measured.failures.extend(happening.failure);
                    self.done.events.push(happening.event);
                };
                events.finish(tell).await;
            }
            let counts = &measured.recording.counts;
            self.questions.after(counts, &mut verified).await;
        };
        let interrupted = tokio::select! {
            () = finish => false,
            () = signals.next() => true,
        };
        if interrupted && measured.interrupted {
            return Err(Killed);
        }
        measured.interrupted |= interrupted;
        self.conclude();
        let verify = self.plan.beside.verify.iter();
        self.done.verify = verify
            .zip(verified)
            .map(|(verify, verified)| Verification::of(verify, verified))
            .collect();
        Ok(())
    }

    /// What was observed, and whether it is as it had to be.
    fn conclude(&mut self) {
        let observed = self.observers.observed();
        let beside = &self.plan.beside;
        for (observe, observed) in beside.observe.iter().zip(observed) {
            let observed = report::Observed::of(observed);
            self.done.observed.insert(observe.name.clone(), observed);
        }
        let judged = beside.limits.iter().map(|limit| {
            let series = observed.get(limit.source).map(|own| own.series.as_slice());
            let verdict = gate::observed(limit, series.unwrap_or_default());
            report::limit(limit, &verdict)
        });
        self.done.limits = judged.collect();
    }

    /// What should be known of it, in words: events that never were, in a run that came to its end.
    pub fn warnings(&self) -> Vec<String> {
        let missed = self.events.iter().flat_map(Events::missed);
        let missed = missed.filter_map(|place| self.plan.beside.events.get(place));
        missed
            .map(|event| format!("the event `{}` was not done: the load was over", event.name))
            .collect()
    }

    /// What was done.
    pub fn into_report(self) -> report::Beside {
        self.done
    }
}

fn name(plan: &Plan, event: usize) -> &str {
    let event = plan.beside.events.get(event);
    event.map_or("", |event| event.name.as_str())
}

fn seconds(ns: Nanos) -> f64 {
    (ns as f64 / SECOND as f64 * 1e6).round() / 1e6
}

fn happening(plan: &Plan, happened: Happened) -> Happening {
    let name = name(plan, happened.event);
    let (ok, message) = match happened.result {
        Ok(note) => (true, note),
        Err(problem) => (false, problem),
    };
    let at = report::words::at(
        happened.at as f64 / SECOND as f64,
        plan.warmup.as_secs_f64(),
    );
    Happening {
        failure: (!ok).then(|| format!("the event `{name}` failed at {at}: {message}")),
        event: report::Event {
            name: name.to_owned(),
            t_s: seconds(happened.at),
            took_s: seconds(happened.took),
            ok,
            message: Some(message).filter(|message| !message.is_empty()),
        },
    }
}
