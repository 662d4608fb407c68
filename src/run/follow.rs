//! A load from its first second to its last: collected, judged, told to observers, and ended early
//! when there is reason to.

use super::{
    Cause, Interrupt, Interrupts, Observer, Second,
    background::{BackgroundRunner, BackgroundUpdate, EventReport},
    measured::Measured,
};
use crate::{
    bundled::Bundled,
    engine::{Event, RunningLoad, WorkerEnd},
    gate::Judge,
    human,
    plan::Plan,
    record::{Collector, Periods, Size, Snapshot},
    report,
    time::{Nanos, nanos},
};
use std::{mem, time::Duration};
use tokio::time::{Instant, sleep_until};

/// Bound on the end of a load that was cut off: until then its senders tell servers that nobody
/// wants their answers, and hand over what they measured.
const CUT: Duration = Duration::from_secs(5);

/// Follows a load to its end. The first interrupt stops it, the second cuts it off.
///
/// # Errors
/// [`Cause::Abandoned`] on a third interrupt, which is not waited for.
pub async fn follow(
    load: &mut impl RunningLoad,
    plan: &Plan,
    mut bundled: Option<&mut Bundled>,
    background: &mut BackgroundRunner,
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
                Some(Event::Snapshot(sender, mut snapshot)) => {
                    // Servers may have repeated what the environment holds.
                    snapshot.each_message(&mut |message| *message = plan.shown_line(message));
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
            () = interrupts.reach(Interrupt::End), if !run.interrupted => {
                run.interrupted = true;
                run.observer.message(FIRST);
                run.stop();
            }
            () = interrupts.reach(Interrupt::CutOff), if run.interrupted && cut.is_none() => {
                cut = Some(Instant::now() + CUT);
                run.observer.message(SECOND);
                run.load.cut();
            }
            () = interrupts.reach(Interrupt::Leave) => return Err(Cause::Abandoned),
            () = past(cut) => break,
            problem = failed(&mut bundled) => {
                bundled = None;
                run.observer.message(&problem);
                run.failures.push(problem);
                run.stop();
            }
            update = background.next() => match update {
                BackgroundUpdate::Begun(event) => run.observer.event(&event),
                BackgroundUpdate::Event(outcome) => run.outcome(outcome),
                BackgroundUpdate::Observed(scrape) => run.observer.observed(&scrape),
            },
        }
        if run.stopped.is_some() {
            background.stop();
        }
    }
    run.observer.load_over();
    let mut warnings = Vec::new();
    if working == 0 {
        run.collector.periods().end_each_by(&run.end.stopped);
    } else {
        run.end.at = run.load.clock().now();
        warnings.push(lost(working));
    }
    Ok(Measured {
        recording: run.collector.close(run.end.at, run.end.overdue),
        undone: run.end.undone,
        interrupted: run.interrupted,
        failures: run.failures,
        internal: run.internal,
        judge: run.judge,
        stopped: run.stopped,
        warnings,
    })
}

/// RedactingObserver on the first interrupt.
const FIRST: &str = "interrupted: waiting for what is under way; once more cuts it off";

/// RedactingObserver on the second.
const SECOND: &str =
    "interrupted again: what is under way is cut off; once more leaves at once, without a result";

/// Warning that so many senders did not end when they were cut off.
fn lost(senders: usize) -> String {
    let workers = match senders {
        1 => "a worker".to_owned(),
        many => format!("{many} workers"),
    };
    format!(
        "{workers} did not end within {} of the second interrupt: the last second or two of what was \
         measured there are missing",
        human::duration(CUT)
    )
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
    fn outcome(&mut self, EventReport { event, failure }: EventReport) {
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
