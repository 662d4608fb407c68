//! A load from its first second to its last: collected, judged, told to observers, and ended early
//! when there is reason to.

use super::{
    Cause, Interrupts, Observer, Second,
    background::{Background, BackgroundUpdate, EventOutcome},
};
use crate::{
    bundled::Bundled,
    engine::{Event, RunningLoad, WorkerEnd},
    gate::Judge,
    plan::Plan,
    record::{Collector, Periods, Recording, Size, Snapshot},
    report,
    time::{Nanos, nanos},
};
use std::{mem, time::Duration};
use tokio::time::{Instant, sleep_until};

/// Measurements of a load that is over.
pub struct Measured {
    /// Everything that was recorded.
    pub recording: Recording,
    /// Ended by an interrupt.
    pub interrupted: bool,
    /// Failures of the bundled target and of events, in words.
    pub failures: Vec<String>,
    /// Failures of loadgen itself, in words.
    pub internal: Vec<String>,
    /// Judge of the thresholds, who has seen every second.
    pub judge: Judge,
    /// Time at which the load was stopped; None: it came to its own end.
    pub stopped: Option<Nanos>,
    /// By population, iterations that were asked for and not done.
    pub undone: Vec<u64>,
}

/// Bound on telling servers, after a second interrupt, that nobody wants their answers.
const CUT: Duration = Duration::from_secs(1);

/// Follows a load to its end.
///
/// # Errors
/// [`Cause::Abandoned`] on a second interrupt, when what is under way is cut off, and on a third,
/// which is not waited for.
pub async fn follow(
    load: &mut impl RunningLoad,
    plan: &Plan,
    mut bundled: Option<&mut Bundled>,
    background: &mut Background,
    observer: &mut impl Observer,
    interrupts: &Interrupts,
) -> Result<Measured, Cause> {
    let warmup = nanos(plan.warmup);
    let mut working = load.senders();
    let mut run = Follower {
        plan,
        collector: Collector::new(working, Size::of(plan))
            .with_warmup(warmup)
            .with_periods(Periods::of(plan)),
        judge: Judge::new(&plan.thresholds, &plan.steps).with_warmup(warmup),
        warming: warmup > 0,
        observer,
        load,
        stopped: None,
        interrupted: false,
        failures: Vec::new(),
        internal: Vec::new(),
        end: WorkerEnd::default(),
    };
    if let Some(end) = planned_end(plan) {
        run.judge.load_ends(end);
    }
    background.begin(run.load.clock(), planned_end(plan));
    let mut cut = None;
    while working > 0 {
        tokio::select! {
            event = run.load.next() => match event {
                Some(Event::Snapshot(sender, snapshot)) => {
                    let complete = run.collector.absorb(sender, *snapshot);
                    run.take(&complete);
                }
                Some(Event::End(sender, end)) => {
                    working -= 1;
                    let complete = run.collector.finish(sender);
                    run.take(&complete);
                    match end {
                        Ok(end) => run.end = mem::take(&mut run.end).and(end),
                        Err(problem) => {
                            run.internal.push(problem);
                            run.stop();
                        }
                    }
                }
                // Every sender is gone.
                None => working = 0,
            },
            () = interrupts.next() => {
                if cut.is_some() {
                    return Err(Cause::Abandoned);
                }
                if run.interrupted {
                    run.load.cut();
                    cut = Some(Instant::now() + CUT);
                } else {
                    run.interrupted = true;
                    run.observer.message("interrupted: waiting for what is under way; once more quits at once");
                    run.stop();
                }
            }
            () = past(cut) => return Err(Cause::Abandoned),
            problem = failed(&mut bundled) => {
                bundled = None;
                run.observer.message(&problem);
                run.failures.push(problem);
                run.stop();
            }
            update = background.next() => match update {
                BackgroundUpdate::Begun(event) => run.observer.event(&event),
                BackgroundUpdate::Event(outcome) => run.outcome(outcome),
                BackgroundUpdate::Observed(taken) => run.observer.observed(&taken),
            },
        }
        if run.stopped.is_some() {
            background.stop();
        }
    }
    if cut.is_some() {
        return Err(Cause::Abandoned);
    }
    run.observer.load_over();
    run.collector.periods().end_each_by(&run.end.stopped);
    Ok(Measured {
        recording: run.collector.close(run.end.at, run.end.overdue),
        undone: run.end.undone,
        interrupted: run.interrupted,
        failures: run.failures,
        internal: run.internal,
        judge: run.judge,
        stopped: run.stopped,
    })
}

/// State of a load that is followed.
struct Follower<'a, L, O> {
    load: &'a mut L,
    plan: &'a Plan,
    collector: Collector,
    judge: Judge,
    /// The warm-up is not over.
    warming: bool,
    observer: &'a mut O,
    stopped: Option<Nanos>,
    interrupted: bool,
    failures: Vec<String>,
    internal: Vec<String>,
    end: WorkerEnd,
}

impl<L: RunningLoad, O: Observer> Follower<'_, L, O> {
    fn take(&mut self, complete: &[Snapshot]) {
        for snapshot in complete {
            if self.warming && !snapshot.warmup {
                self.warming = false;
                let words = report::words::warmup(self.collector.warmup());
                self.observer
                    .message(&format!("the warm-up is over: {words}"));
            }
            let failed = self.judge.update(snapshot, self.collector.totals());
            self.observer.second(&Second {
                snapshot,
                totals: self.collector.totals(),
                judge: &self.judge,
            });
            if let Some(threshold) = failed.and_then(|index| self.plan.thresholds.get(index)) {
                self.observer
                    .message(&format!("{} failed: ending the run", threshold.expr));
                self.stop();
            }
        }
    }

    /// An event that fails ends the load: what would follow is not what was planned.
    fn outcome(&mut self, EventOutcome { event, failure }: EventOutcome) {
        if let Some(problem) = &failure {
            self.observer.message(&format!("{problem}: ending the run"));
        }
        self.observer.event(&event);
        if let Some(problem) = failure {
            self.failures.push(problem);
            self.stop();
        }
    }

    fn stop(&mut self) {
        let now = self.load.clock().now();
        self.stopped.get_or_insert(now);
        self.judge.load_ends(now);
        self.collector.periods().end_by(now);
        self.load.stop();
    }
}

/// End of the last population's load; None when it has none.
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
