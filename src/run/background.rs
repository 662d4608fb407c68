//! Events, observations and verifications: done in the background of the load.

use super::{Cause, Interrupt, Interrupts, Observer, interrupts::LAST_THINGS, measured::Measured};
use crate::{
    background::{Activities, Caller, Databases, EventOutcome, EventProgress, Events, Questions},
    gate, human,
    observe::{Observers, Scrape},
    plan::{Plan, sql::Secret},
    report::{self, Text, Texts as _, Verification},
    time::{Clock, Nanos, SECOND},
};
use std::{rc::Rc, sync::Arc, time::Duration};
use tokio::time::sleep;
use url::Url;

/// Time that events under way have after the second interrupt: commands are told to end first.
const TO_END: Duration = Duration::from_secs(2);

/// BackgroundRunner of one run.
pub struct BackgroundRunner {
    plan: Arc<Plan>,
    caller: Rc<Caller>,
    /// The database of each population's bundled service.
    own: Arc<[Option<Secret>]>,
    questions: Questions,
    activities: Activities,
    observers: Observers,
    /// None before the load.
    events: Option<Events>,
    /// For the report, as far as it has come.
    done: report::BackgroundResults,
}

/// News of the background.
pub enum BackgroundUpdate {
    /// An event that may go on for long has begun.
    Begun(report::Event),
    /// An event is over.
    Event(EventReport),
    /// A source was read.
    Observed(Scrape),
}

/// An event that was done, or was not.
pub struct EventReport {
    /// For the report.
    pub event: report::Event,
    /// Reason for the run to fail, in words.
    pub failure: Option<String>,
}

impl BackgroundRunner {
    /// For a plan whose populations drive these URLs, of bundled services on these databases. Asks
    /// verifications for the values from before the load, and reads each source once.
    ///
    /// # Errors
    /// In words, when something of it could not be done.
    pub async fn prepare(
        plan: &Arc<Plan>,
        urls: &[Vec<Url>],
        databases: Arc<[Option<Secret>]>,
        observer: &mut impl Observer,
    ) -> Result<Self, String> {
        let caller = Caller::new(plan, urls, Clock::start()).map_err(|error| error.to_string())?;
        let (caller, own) = (Rc::new(caller), databases);
        let databases = Databases::new(plan, &own);
        let mut questions = Questions::new(plan, &caller, databases);
        for warning in questions.before().await? {
            observer.message(&warning);
        }
        Ok(Self {
            plan: Arc::clone(plan),
            questions,
            activities: Activities::begin(plan).await,
            observers: Observers::begin(plan, &caller, &own).await,
            events: None,
            caller,
            own,
            done: report::BackgroundResults::default(),
        })
    }

    /// The load begins, and ends at `end` unless it is stopped before.
    pub fn begin(&mut self, clock: Clock, end: Option<Nanos>) {
        let (plan, caller, own) = (&self.plan, &self.caller, &self.own);
        let end = end.unwrap_or(Nanos::MAX);
        self.events = Some(Events::new(plan, caller, own, clock, end));
        self.observers.start(clock);
    }

    /// Waits for the next update. May be given up at any time.
    pub async fn next(&mut self) -> BackgroundUpdate {
        let Some(events) = &mut self.events else {
            return std::future::pending().await;
        };
        tokio::select! {
            progress = events.next() => match progress {
                EventProgress::Begun(event, at) => BackgroundUpdate::Begun(report::Event {
                    name: name(&self.plan, event).to_owned(),
                    t_s: seconds(at),
                    took_s: 0.0,
                    ok: true,
                    message: Some("under way".to_owned()),
                }),
                EventProgress::Done(outcome) => {
                    let report = report(&self.plan, outcome);
                    self.done.events.push(report.event.clone());
                    BackgroundUpdate::Event(report)
                }
            },
            scrape = self.observers.next() => BackgroundUpdate::Observed(shown(&self.plan, scrape)),
        }
    }

    /// No further event is begun.
    pub fn stop(&mut self) {
        if let Some(events) = &mut self.events {
            events.stop();
        }
    }

    /// Ends what is under way after the load, does the events of its end, and asks verifications.
    ///
    /// An interrupt ends what can be left out: the second, or the first where none came during the
    /// load. A verification without a value by then does not hold. Events of the end are done
    /// all the same, and have a bounded time after the second.
    ///
    /// # Errors
    /// [`Cause::Abandoned`] on the third interrupt.
    pub async fn finish(
        &mut self,
        measured: &mut Measured,
        interrupts: &Interrupts,
    ) -> Result<(), Cause> {
        let observed = async {
            // First, so that it is the load that they tell of.
            self.done.databases = self.activities.end().await;
            self.observers.end().await;
        };
        tokio::select! {
            () = observed => {}
            () = interrupts.impatience() => {}
        }
        tokio::select! {
            () = self.end_events(measured, interrupts) => {}
            () = interrupts.reach(Interrupt::Leave) => return Err(Cause::Abandoned),
        }
        let mut verified = self.questions.unasked();
        tokio::select! {
            () = self.questions.after(&measured.recording.counts, &mut verified) => {}
            () = interrupts.impatience() => {}
        }
        measured.interrupted |= interrupts.reached(Interrupt::End);
        self.conclude();
        let verify = self.plan.background.verify.iter();
        self.done.verify = verify
            .zip(verified)
            .map(|(verify, verified)| Verification::of(verify, verified))
            .collect();
        self.done.each(&mut |text| match text {
            Text::Line(text) => *text = self.plan.shown_line(text),
            Text::Lines(text) => *text = self.plan.shown_lines(text),
        });
        Ok(())
    }

    /// Ends the events that are under way, and does those of the end.
    async fn end_events(&mut self, measured: &mut Measured, interrupts: &Interrupts) {
        let Some(events) = &mut self.events else {
            return;
        };
        let (plan, done) = (&self.plan, &mut self.done.events);
        let mut tell = |outcome: EventOutcome| {
            let outcome = report(plan, outcome);
            measured.failures.extend(outcome.failure);
            done.push(outcome.event);
        };
        tokio::select! {
            () = events.end_those_under_way(&mut tell) => {}
            () = async {
                interrupts.reach(Interrupt::CutOff).await;
                sleep(TO_END).await;
            } => {}
        }
        events.tell_unfinished("it was cut off at the end of the run", &mut tell);
        let late = tokio::select! {
            () = events.do_those_of_the_end(&mut tell) => false,
            () = interrupts.out_of_time() => true,
        };
        if late {
            let limit = human::duration(LAST_THINGS);
            let why = format!("it was not over {limit} after the second interrupt");
            events.tell_unfinished(&why, &mut tell);
        }
        events.end_what_is_left().await;
    }

    /// Takes down what was observed, and judges limits on it.
    fn conclude(&mut self) {
        let observed = self.observers.observed();
        let background = &self.plan.background;
        for (observe, observed) in background.observe.iter().zip(observed) {
            let observed = report::Observed::of(observed);
            self.done.observed.insert(observe.name.clone(), observed);
        }
        let judged = background.limits.iter().map(|limit| {
            let series = observed.get(limit.source).map(|own| own.series.as_slice());
            let verdict = gate::observed(limit, series.unwrap_or_default());
            report::limit(limit, &verdict)
        });
        self.done.limits = judged.collect();
    }

    /// Warnings in words: events that never began, in a run that came to its end.
    pub fn warnings(&self) -> Vec<String> {
        let missed = self.events.iter().flat_map(Events::missed);
        let missed = missed.filter_map(|index| self.plan.background.events.get(index));
        missed
            .map(|event| format!("the event `{}` was not done: the load was over", event.name))
            .collect()
    }

    /// Everything that was done, as the report has it.
    pub fn into_report(self) -> report::BackgroundResults {
        self.done
    }
}

fn name(plan: &Plan, event: usize) -> &str {
    let event = plan.background.events.get(event);
    event.map_or("", |event| event.name.as_str())
}

fn seconds(ns: Nanos) -> f64 {
    (ns as f64 / SECOND as f64 * 1e6).round() / 1e6
}

/// Hides secrets in the samples of a scrape.
fn shown(plan: &Plan, scrape: Scrape) -> Scrape {
    let samples = scrape.samples.map(|mut samples| {
        for sample in &mut samples {
            sample.metric = plan.shown_line(&sample.metric);
        }
        samples
    });
    Scrape {
        samples: samples.map_err(|problem| plan.shown_line(&problem)),
        ..scrape
    }
}

fn report(plan: &Plan, outcome: EventOutcome) -> EventReport {
    let name = name(plan, outcome.event);
    let (ok, message) = match outcome.result {
        Ok(note) => (true, plan.shown_line(&note)),
        Err(problem) => (false, plan.shown_line(&problem)),
    };
    let at = report::words::at(outcome.at as f64 / SECOND as f64, plan.warmup.as_secs_f64());
    EventReport {
        failure: (!ok).then(|| format!("the event `{name}` failed at {at}: {message}")),
        event: report::Event {
            name: name.to_owned(),
            t_s: seconds(outcome.at),
            took_s: seconds(outcome.took),
            ok,
            message: Some(message).filter(|message| !message.is_empty()),
        },
    }
}
