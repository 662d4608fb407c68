//! The run while it goes on: merges what workers send, shows it, and decides when to stop.

use super::{
    beside::{Beside, Happening, News},
    outputs::Written,
    signals::Signals,
};
use crate::{
    bundled::Bundled,
    dashboard::{self, Display, Reading, Web},
    engine::{Engine, Event},
    gate::Judge,
    observe::Taken,
    plan::{Plan, Threshold},
    record::{Collector, Recording, Size, Snapshot},
    report,
    time::{Nanos, SECOND, nanos},
};
use std::time::Duration;
use tokio::{
    sync::mpsc::UnboundedReceiver,
    time::{Instant, sleep_until},
};

/// A run that is over.
pub struct Measured {
    /// Everything that was recorded.
    pub recording: Recording,
    /// Ended by a signal.
    pub interrupted: bool,
    /// What went wrong with the bundled target, in words.
    pub failures: Vec<String>,
    /// What went wrong in loadgen itself, in words.
    pub internal: Vec<String>,
    /// Knows what became of the thresholds.
    pub judge: Judge,
    /// When the load was stopped before its end.
    pub stopped: Option<Nanos>,
    /// Shows the run in browsers, still.
    pub web: Option<Web>,
}

/// The user wants to go, now.
pub struct Killed;

/// How long a second interrupt waits for servers to be told that nobody wants their answers.
const CUT: Duration = Duration::from_secs(1);

/// What may end a run from outside.
pub struct Outside<'a> {
    /// The bundled target, which may fail.
    pub bundled: Option<&'a mut Bundled>,
    /// Interrupts.
    pub signals: &'a mut Signals,
}

/// Follows a run to its end.
///
/// # Errors
/// On a second interrupt: what is under way is cut off. On a third, nothing is waited for.
pub async fn follow(
    engine: &Engine,
    plan: &Plan,
    mut events: UnboundedReceiver<Event>,
    outside: Outside<'_>,
    mut display: Display,
    written: &mut Written,
    beside: &mut Beside,
) -> Result<Measured, Killed> {
    let Outside {
        mut bundled,
        signals,
    } = outside;
    let warmup = nanos(plan.warmup);
    let mut run = Following {
        engine,
        thresholds: &plan.thresholds,
        collector: Collector::new(engine.workers(), Size::of(plan)).with_warmup(warmup),
        judge: Judge::new(&plan.thresholds, &plan.steps).with_warmup(warmup),
        warming: warmup > 0,
        display: &mut display,
        written,
        stopped: None,
        interrupted: false,
        failures: Vec::new(),
        internal: Vec::new(),
        ended: 0,
        overdue: 0,
    };
    if let Some(end) = planned_end(plan) {
        run.judge.load_ends(end);
    }
    beside.begin(engine.clock(), planned_end(plan));
    let mut working = engine.workers();
    let mut killed = None;
    while working > 0 {
        tokio::select! {
            event = events.recv() => match event {
                Some(Event::Snapshot(worker, snapshot)) => {
                    let complete = run.collector.absorb(worker, *snapshot);
                    run.take(&complete);
                }
                Some(Event::End(worker, end)) => {
                    working -= 1;
                    let complete = run.collector.finish(worker);
                    run.take(&complete);
                    match end {
                        Ok(end) => {
                            run.ended = run.ended.max(end.at);
                            run.overdue += end.overdue;
                        }
                        Err(problem) => {
                            run.internal.push(problem);
                            run.stop();
                        }
                    }
                }
                // Every sender is gone: no worker is left.
                None => working = 0,
            },
            () = signals.next() => {
                if killed.is_some() {
                    return Err(Killed);
                }
                if run.interrupted {
                    engine.cut();
                    killed = Some(Instant::now() + CUT);
                } else {
                    run.interrupted = true;
                    run.display.message("interrupted: waiting for what is under way; once more quits at once");
                    run.stop();
                }
            }
            () = past(killed) => return Err(Killed),
            problem = failed(&mut bundled) => {
                bundled = None;
                run.display.message(&problem);
                run.failures.push(problem);
                run.stop();
            }
            news = beside.next() => match news {
                News::Begun(event) => run.event(event),
                News::Event(happening) => run.happened(happening),
                News::Observed(taken) => run.observed(plan, &taken),
            },
        }
        if run.stopped.is_some() {
            beside.stop();
        }
    }
    if killed.is_some() {
        return Err(Killed);
    }
    Ok(Measured {
        recording: run.collector.close(run.ended, run.overdue),
        interrupted: run.interrupted,
        failures: run.failures,
        internal: run.internal,
        judge: run.judge,
        stopped: run.stopped,
        web: display.finish(),
    })
}

struct Following<'a> {
    engine: &'a Engine,
    thresholds: &'a [Threshold],
    collector: Collector,
    judge: Judge,
    /// What is measured has not begun.
    warming: bool,
    display: &'a mut Display,
    written: &'a mut Written,
    stopped: Option<Nanos>,
    interrupted: bool,
    failures: Vec<String>,
    internal: Vec<String>,
    ended: Nanos,
    overdue: u64,
}

impl Following<'_> {
    fn take(&mut self, complete: &[Snapshot]) {
        for snapshot in complete {
            if let Err(problem) = self.written.append(snapshot) {
                self.display.message(&problem);
            }
            if self.warming && !snapshot.warmup {
                self.warming = false;
                let words = report::words::warmup(self.collector.warmup());
                self.display
                    .message(&format!("the warm-up is over: {words}"));
            }
            let failed = self.judge.update(snapshot, self.collector.totals());
            let totals = self.collector.totals();
            self.display
                .update(snapshot, totals, self.judge.standings());
            if let Some(threshold) = failed.and_then(|place| self.thresholds.get(place)) {
                self.display
                    .message(&format!("{} failed: ending the run", threshold.expr));
                self.stop();
            }
        }
    }

    /// An event that fails ends the load: what would follow is not what was planned.
    fn happened(&mut self, happening: Happening) {
        let Happening { event, failure } = happening;
        if let Some(problem) = &failure {
            self.display.message(&format!("{problem}: ending the run"));
        }
        self.event(event);
        if let Some(problem) = failure {
            self.failures.push(problem);
            self.stop();
        }
    }

    /// Writes down and shows an event that has begun, or is over.
    fn event(&mut self, event: report::Event) {
        if let Err(problem) = self.written.event(&event) {
            self.display.message(&problem);
        }
        self.display.event(dashboard::Happening {
            name: event.name,
            at: event.t_s,
            ok: event.ok,
            message: event.message.unwrap_or_default(),
        });
    }

    fn observed(&mut self, plan: &Plan, taken: &Taken) {
        if let Err(problem) = self.written.look(taken) {
            self.display.message(&problem);
        }
        let (Some(observe), Ok(samples)) = (plan.beside.observe.get(taken.source), &taken.samples)
        else {
            return;
        };
        let readings: Vec<Reading<'_>> = samples
            .iter()
            .map(|sample| Reading {
                source: &observe.name,
                metric: &sample.metric,
                unit: &sample.unit,
                at: taken.at as f64 / SECOND as f64,
                value: sample.value,
            })
            .collect();
        self.display.observe(&readings);
    }

    fn stop(&mut self) {
        let now = self.engine.clock().now();
        self.stopped.get_or_insert(now);
        self.judge.load_ends(now);
        self.engine.stop();
    }
}

/// When the last population stops starting runs.
pub fn planned_end(plan: &Plan) -> Option<Nanos> {
    let ends = plan
        .populations
        .iter()
        .map(|population| population.load.duration().map(nanos));
    ends.reduce(|a, b| Some(a?.max(b?))).flatten()
}

/// Waits until a moment; for ever when there is none.
async fn past(moment: Option<Instant>) {
    match moment {
        Some(moment) => sleep_until(moment).await,
        None => std::future::pending().await,
    }
}

/// Waits for the bundled target's failure; for ever when there is none.
async fn failed(bundled: &mut Option<&mut Bundled>) -> String {
    match bundled {
        Some(bundled) => bundled.failed().await,
        None => std::future::pending().await,
    }
}
