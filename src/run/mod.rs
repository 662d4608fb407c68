//! A run as a library call: a plan's target is made ready, its load driven and followed, and its
//! result made, for whoever watches.
//!
//! ```text
//! admission > target > preflight > data > setup > statements > background > start
//!                                  > load > verification > teardown > target stop
//! ```
//!
//! Prints nothing, listens to no signals, and does not end the process: [`Observer`]s are told what
//! goes on, [`Interrupts`] come from outside, and a run ends as a [`FinishedRun`] or a
//! [`RunError`].

mod background;
mod error;
mod finished;
mod follow;
mod interrupts;
mod lifecycle;
mod measured;
mod observer;
mod redacted;
mod services;
mod source;
pub mod suite;
mod system;
#[cfg(test)]
mod tests;

use crate::{
    background::{LoadError, load},
    driver::{Custom, NoCustom, PrepareError, Reach, Setups, Timers},
    engine::{RunningLoad, worker_count},
    human,
    plan::{Plan, RunData, event::Action},
    printable, report,
    scenario::{Report, Scenario, SourceText},
};
use background::BackgroundRunner;
pub use error::{Cause, RunError, RunPhase};
pub use finished::{FinishedRun, RunInfo};
use follow::follow;
use interrupts::LAST_THINGS;
pub use interrupts::{Interrupt, Interrupts};
use jiff::Timestamp;
use lifecycle::Lifecycle;
pub use observer::{Observer, Second};
use redacted::RedactingObserver;
use services::Services;
pub use source::{LoadSource, LocalSource};
use std::{num::NonZeroUsize, sync::Arc};
pub use system::Usage;
use url::Url;
use uuid::Uuid;

/// Options of a run beside its plan.
#[derive(Debug, Clone)]
pub struct Options<C = NoCustom> {
    /// Does the steps that loadgen cannot.
    pub custom: C,
    /// Worker threads; None: one per processor. Never more than the plan can use.
    pub workers: Option<NonZeroUsize>,
    /// Lets the plan's events run commands on this machine.
    pub allow_commands: bool,
    /// The run's id, as of the [`crate::plan::Settings`] with which its plan was compiled.
    pub run_id: Uuid,
    /// Flags that changed the scenario, for the result.
    pub arguments: Vec<String>,
}

impl<C> Options<C> {
    /// For a plan compiled for this id, whose custom steps `custom` does.
    pub fn new(run_id: Uuid, custom: C) -> Self {
        Self {
            custom,
            workers: None,
            allow_commands: false,
            run_id,
            arguments: Vec::new(),
        }
    }
}

/// A plan that is to be run.
#[derive(Debug)]
pub struct Run<C = NoCustom> {
    plan: Arc<Plan>,
    /// Scenario that the plan was made of.
    scenario: report::model::Scenario,
    /// The texts that its places point into.
    sources: Arc<[SourceText]>,
    options: Options<C>,
}

/// A target that answers.
struct Reached<C: Custom> {
    setups: Setups<C>,
    /// By population.
    urls: Vec<Vec<Url>>,
}

/// Everything that a load needs.
struct Prepared<C: Custom> {
    data: Arc<RunData>,
    setups: Setups<C>,
    background: BackgroundRunner,
}

impl<C: Custom> Run<C> {
    /// A run of a scenario's plan. Raises this process's limit of open files as far as it can be.
    ///
    /// # Errors
    /// When the options do not allow what the plan does, or the system not as many connections.
    pub fn new(scenario: &Scenario, plan: Plan, options: Options<C>) -> Result<Self, RunError> {
        admit([&plan], options.allow_commands)?;
        Ok(Self {
            scenario: report::model::Scenario {
                name: plan.name.clone(),
                file: printable::line(&scenario.path.display().to_string()).into_owned(),
                arguments: options.arguments.clone(),
                sha256: scenario.sha256.clone(),
                seed: plan.seed,
            },
            sources: Arc::clone(&scenario.sources),
            plan: Arc::new(plan),
            options,
        })
    }

    /// Plan that is run.
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// Runs it to its end, the load driven by threads of this process. Must be called inside a
    /// runtime, which should have nothing else to do that takes long.
    ///
    /// # Errors
    /// With the phase that failed, when there is nothing to report.
    pub async fn execute(
        self,
        observer: &mut impl Observer,
        interrupts: &Interrupts,
    ) -> Result<FinishedRun, RunError> {
        let source = self.local();
        self.execute_on(source, observer, interrupts).await
    }

    /// Runs it to its end, the load driven by `source`.
    ///
    /// # Errors
    /// With the phase that failed, when there is nothing to report.
    pub async fn execute_on(
        self,
        source: impl LoadSource<C>,
        observer: &mut impl Observer,
        interrupts: &Interrupts,
    ) -> Result<FinishedRun, RunError> {
        let services =
            Services::spawn([&*self.plan]).map_err(|words| RunPhase::Target.failed(words));
        let mut services = services.inspect_err(|error| observer.failed(error))?;
        let run = self
            .drive(source, &mut services, observer, interrupts)
            .await;
        if run.as_ref().is_err_and(RunError::is_abandoned) {
            // The bundled services see this process let go of them, and clean up by themselves.
            return run;
        }
        let stopped = tokio::select! {
            stopped = services.stop() => stopped,
            () = interrupts.reach(Interrupt::Leave) => {
                return Err(RunPhase::TargetStop.error(Cause::Abandoned));
            }
        };
        let mut finished = run?;
        // Services that ended during the run were told of already.
        if let Err(problem) = stopped
            && finished.failures.is_empty()
        {
            finished.fail(problem);
        }
        Ok(finished)
    }

    fn local(&self) -> LocalSource {
        let wanted = self.options.workers;
        let wanted = wanted.map_or_else(system::processors, NonZeroUsize::get);
        LocalSource {
            workers: worker_count(&self.plan, wanted),
        }
    }

    /// Runs it against services that are started, and go on after it. Errors were told already.
    async fn drive(
        &self,
        source: impl LoadSource<C>,
        services: &mut Services,
        observer: &mut impl Observer,
        interrupts: &Interrupts,
    ) -> Result<FinishedRun, RunError> {
        let mut observer = RedactingObserver::new(observer, &self.plan);
        let run = self.phases(source, services, &mut observer, interrupts);
        run.await.map_err(|error| error.shown(&self.plan))
    }

    /// The phases from the preflight to the teardown.
    async fn phases(
        &self,
        source: impl LoadSource<C>,
        services: &mut Services,
        observer: &mut impl Observer,
        interrupts: &Interrupts,
    ) -> Result<FinishedRun, RunError> {
        for note in self.plan.written.notes() {
            observer.message(&format!("note: {note}"));
        }
        let reached = self.reach(services, observer, interrupts).await;
        let reached = reached.inspect_err(|error| observer.failed(error))?;
        let mut lifecycle = Lifecycle::new(&self.plan, &reached.setups);
        let prepared = self.prepare(&mut lifecycle, &reached, services, observer, interrupts);
        let run = match prepared.await {
            Ok(prepared) => {
                let info = self.info(&reached, source.senders());
                self.load(info, source, prepared, services, observer, interrupts)
                    .await
            }
            Err(error) => Err(error),
        };
        if let Err(error) = &run {
            observer.failed(error);
            if error.is_abandoned() {
                return run;
            }
        }
        let problems = tokio::select! {
            problems = lifecycle.tear_down() => problems,
            () = interrupts.out_of_time() => vec![format!(
                "the teardown was not over {} after the second interrupt, and was cut off",
                human::duration(LAST_THINGS)
            )],
            () = interrupts.reach(Interrupt::Leave) => {
                return Err(RunPhase::Teardown.error(Cause::Abandoned));
            }
        };
        match run {
            Ok(mut finished) => {
                problems.into_iter().for_each(|it| finished.fail(it));
                if interrupts.reached(Interrupt::End) {
                    finished.interrupt();
                }
                Ok(finished)
            }
            Err(error) => {
                for problem in problems {
                    observer.failed(&RunPhase::Teardown.failed(problem));
                }
                Err(error)
            }
        }
    }

    /// Waits until the target answers.
    async fn reach(
        &self,
        services: &mut Services,
        observer: &mut impl Observer,
        interrupts: &Interrupts,
    ) -> Result<Reached<C>, RunError> {
        let served = during(RunPhase::Target, interrupts, async {
            let ready = services.ready(|text| observer.message(text)).await;
            ready.map_err(Cause::Failed)
        });
        let urls = services::urls(&self.plan, served.await?);
        let setups = during(RunPhase::Preflight, interrupts, async {
            let reach = Reach {
                plan: &self.plan,
                urls: &urls,
                custom: &self.options.custom,
            };
            let reached = Setups::reach(&reach).await;
            reached.map_err(|error| self.cause(error))
        });
        Ok(Reached {
            setups: setups.await?,
            urls,
        })
    }

    /// Makes everything ready that the load needs, and what goes on in its background.
    async fn prepare(
        &self,
        lifecycle: &mut Lifecycle<'_, C>,
        reached: &Reached<C>,
        services: &Services,
        observer: &mut impl Observer,
        interrupts: &Interrupts,
    ) -> Result<Prepared<C>, RunError> {
        let (plan, urls) = (&self.plan, &reached.urls);
        let databases = services.databases(plan).into();
        let loaded = during(RunPhase::Data, interrupts, async {
            let loaded = load(plan, urls, &databases, |words| observer.message(words));
            loaded.await.map_err(|error| match error {
                LoadError::Unreachable(words) => Cause::Unreachable(words),
                LoadError::Useless(words) => Cause::Failed(words),
            })
        })
        .await?;
        let data = during(RunPhase::Setup, interrupts, async {
            lifecycle.set_up(loaded).await.map_err(Cause::Failed)
        })
        .await?;
        let mut setups = reached.setups.clone();
        during(RunPhase::Statements, interrupts, async {
            let prepared = setups.prepare(plan, &data).await;
            prepared.map_err(|error| self.cause(error))
        })
        .await?;
        let no_thread = |error| Cause::Internal(format!("no thread: {error}"));
        setups.timers = Timers::apart().map_err(|error| RunPhase::Start.error(no_thread(error)))?;
        let background = during(RunPhase::Background, interrupts, async {
            let prepared = BackgroundRunner::prepare(plan, urls, databases, observer).await;
            prepared.map_err(Cause::Failed)
        });
        Ok(Prepared {
            data,
            setups,
            background: background.await?,
        })
    }

    /// Returns the cause for a failed preparation of the steps.
    fn cause(&self, error: PrepareError) -> Cause {
        match error {
            PrepareError::Unreachable(words) => Cause::Unreachable(words),
            PrepareError::Setup(words) => Cause::Failed(words),
            PrepareError::Scenario(problems) => {
                let report = Report::new(Arc::clone(&self.sources), problems);
                Cause::Invalid(report.hiding(&self.plan.written.secrets))
            }
        }
    }

    fn info(&self, reached: &Reached<C>, workers: usize) -> RunInfo {
        RunInfo {
            scenario: self.scenario.clone(),
            plan: Arc::clone(&self.plan),
            id: self.options.run_id,
            started_at: Timestamp::now(),
            target: services::words(&self.plan, &reached.urls),
            http: Arc::clone(&reached.setups.http),
            workers,
            load_ends: follow::planned_end(&self.plan),
        }
    }

    /// Drives the load, and verifies what came of it.
    async fn load(
        &self,
        info: RunInfo,
        source: impl LoadSource<C>,
        prepared: Prepared<C>,
        services: &mut Services,
        observer: &mut impl Observer,
        interrupts: &Interrupts,
    ) -> Result<FinishedRun, RunError> {
        let start = |cause| RunPhase::Start.error(cause);
        let Prepared {
            data,
            setups,
            mut background,
        } = prepared;
        let before = Usage::now();
        observer.begin(&info).map_err(start)?;
        let started = source.start(&self.plan, &data, setups).await;
        let mut load = started.map_err(|problem| start(Cause::Internal(problem)))?;
        observer.started(load.clock());
        let (plan, bundled) = (&self.plan, services.processes());
        let followed = follow(
            &mut load,
            plan,
            bundled,
            &mut background,
            observer,
            interrupts,
        );
        let mut measured = followed
            .await
            .map_err(|cause| RunPhase::Load.error(cause))?;
        let finish = background.finish(&mut measured, interrupts).await;
        finish.map_err(|cause| RunPhase::Verification.error(cause))?;
        let mut warnings = std::mem::take(&mut measured.warnings);
        if measured.stopped.is_none() {
            warnings.extend(background.warnings());
        }
        warnings.extend(tokio::select! {
            warnings = observer.settle() => warnings,
            () = interrupts.impatience() => Vec::new(),
        });
        let background = background.into_report();
        Ok(FinishedRun::new(
            info, measured, background, warnings, before,
        ))
    }
}

/// Does a phase before the load, which an interrupt ends.
async fn during<T>(
    phase: RunPhase,
    interrupts: &Interrupts,
    work: impl Future<Output = Result<T, Cause>>,
) -> Result<T, RunError> {
    tokio::select! {
        result = work => result.map_err(|cause| phase.error(cause)),
        () = interrupts.reach(Interrupt::End) => Err(phase.error(Cause::Interrupted)),
    }
}

/// Holds plans that are run one after the other against the options and the system.
fn admit<'p>(
    plans: impl IntoIterator<Item = &'p Plan>,
    allow_commands: bool,
) -> Result<(), RunError> {
    let mut connections = 0;
    for plan in plans {
        let mut actions = plan.background.events.iter().map(|event| &event.action);
        let command = actions.find_map(|action| match action {
            Action::Exec(command) if !allow_commands => Some(command),
            _ => None,
        });
        if let Some(command) = command {
            let cause = Cause::CommandNotAllowed(command.written.clone());
            return Err(RunPhase::Admission.error(cause));
        }
        connections = connections.max(services::connections(plan));
    }
    system::allow_connections(connections).map_err(|words| RunPhase::Admission.failed(words))
}
