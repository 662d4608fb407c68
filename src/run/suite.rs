//! Suites as library calls: their phases, one run after the other.

use super::{
    Cause, FinishedRun, Interrupt, Interrupts, Observer, Options, Run, RunError, RunPhase,
    Services, admit,
};
use crate::{
    driver::Custom,
    human,
    plan::{
        Suite,
        suite::{OnFailure, Phase},
    },
    report::{
        ResultFile, Texts as _,
        suite::{self as report, State, SuiteFile, SuiteRun},
    },
};
use jiff::Timestamp;
use std::time::{Duration, Instant};

/// Watches a suite.
pub trait SuiteObserver {
    /// Watches one of its phases.
    type Observer: Observer;

    /// Something that may be shown, in words.
    fn message(&mut self, _text: &str) {}

    /// Something failed between two runs.
    fn failed(&mut self, _error: &RunError) {}

    /// Number that a process of its own would end with, had it been run for a phase that ended so.
    fn exit_code(&self, _error: &RunError) -> u8 {
        1
    }

    /// Flags with which the scenario of a phase would be run alone, for its result.
    fn arguments(&self, _phase: &Phase) -> Vec<String> {
        Vec::new()
    }

    /// The phase of this number, counted from 1, is about to be run.
    ///
    /// # Errors
    /// When it should not be run, as nobody could learn its result.
    fn begin(&mut self, number: usize, phase: &Phase) -> Result<Self::Observer, Cause>;

    /// A phase has been run.
    fn end(&mut self, _observer: Self::Observer, run: FinishedRun) -> PhaseEnd {
        PhaseEnd {
            exit_code: run.exit_code,
            result: run.into_result(),
            published: true,
        }
    }
}

/// End of a phase that was run.
#[derive(Debug)]
pub struct PhaseEnd {
    /// The run's result.
    pub result: ResultFile,
    /// Number that a process of its own would end with.
    pub exit_code: u8,
    /// The result was given to whoever wants it; where it could not be, the suite ends.
    pub published: bool,
}

/// A suite that is to be run.
#[derive(Debug)]
pub struct SuiteRunner<C> {
    suite: Suite,
    options: Options<C>,
}

/// Meaning of a phase for those after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Good,
    Failed,
    /// loadgen itself failed.
    Broken,
    Interrupted,
}

impl<C: Custom> SuiteRunner<C> {
    /// A runner for a suite. The options hold for each of its phases, but for the id and the
    /// arguments, which are the suite's. Raises this process's limit of open files as far as it
    /// can be.
    ///
    /// # Errors
    /// When the options do not allow what a phase does, or the system not as many connections.
    pub fn new(suite: Suite, options: Options<C>) -> Result<Self, RunError> {
        let plans = suite.phases.iter().map(|phase| &phase.plan);
        admit(plans, options.allow_commands)?;
        Ok(Self { suite, options })
    }

    /// Runs the phases. Must be called inside a runtime. The result's exit code is 0 when all of it
    /// is good, else 1, unless whoever ends the process puts a number of their own there.
    ///
    /// # Errors
    /// When nothing may be waited for any more.
    pub async fn execute(
        self,
        observer: &mut impl SuiteObserver,
        interrupts: &Interrupts,
    ) -> Result<SuiteFile, RunError> {
        let (began, started_at) = (Instant::now(), Timestamp::now());
        let Self { suite, options } = self;
        let bundles = suite.bundles();
        let mut progress = Progress {
            observer,
            interrupts,
            options: &options,
            on_failure: suite.on_failure,
            count: suite.phases.len(),
            phases: Vec::new(),
            over: None,
            interrupted: false,
            failures: Vec::new(),
        };
        let mut phases = suite.phases.into_iter();
        for bundle in bundles {
            let phases = phases.by_ref().take(bundle.len()).collect();
            progress.bundle(phases).await?;
        }
        let Progress {
            phases,
            interrupted,
            mut failures,
            ..
        } = progress;
        failures.dedup();
        let good = failures.is_empty() && phases.iter().all(|it| it.exit_code == Some(0));
        let suite = SuiteRun {
            name: suite.name,
            file: suite.path.display().to_string(),
            sha256: suite.sha256,
            arguments: options.arguments,
            id: options.run_id.to_string(),
            started_at,
            duration_s: began.elapsed().as_secs_f64(),
            on_failure: match suite.on_failure {
                OnFailure::Stop => "stop".to_owned(),
                OnFailure::Continue => "continue".to_owned(),
            },
            interrupted,
            failures,
            exit_code: u8::from(!good),
            version: env!("CARGO_PKG_VERSION").to_owned(),
        };
        let mut result = SuiteFile {
            schema: report::SCHEMA,
            suite,
            phases,
        };
        result.make_printable();
        Ok(result)
    }
}

impl Verdict {
    fn of_run(run: &FinishedRun) -> Self {
        match run {
            run if !run.internal.is_empty() => Verdict::Broken,
            run if run.interrupted => Verdict::Interrupted,
            run if run.is_good() => Verdict::Good,
            _ => Verdict::Failed,
        }
    }

    fn of_error(error: &RunError) -> Self {
        match error.cause {
            Cause::Internal(_) => Verdict::Broken,
            Cause::Interrupted => Verdict::Interrupted,
            _ => Verdict::Failed,
        }
    }
}

/// Progress of a suite through its phases.
struct Progress<'a, C, O> {
    observer: &'a mut O,
    interrupts: &'a Interrupts,
    options: &'a Options<C>,
    on_failure: OnFailure,
    /// Number of all phases.
    count: usize,
    phases: Vec<report::Phase>,
    /// Reason for which no further phase is run.
    over: Option<String>,
    interrupted: bool,
    /// Failures beside the phases, in words.
    failures: Vec<String>,
}

impl<C: Custom, O: SuiteObserver> Progress<'_, C, O> {
    /// Runs the phases that share bundled services. Returns early only when nothing may be waited
    /// for any more.
    async fn bundle(&mut self, phases: Vec<Phase>) -> Result<(), RunError> {
        let mut services = match self.over {
            None => Services::spawn(phases.iter().map(|phase| &phase.plan)),
            Some(_) => Services::spawn([]),
        };
        if let Err(words) = &services {
            self.observer.failed(&RunPhase::Target.failed(words));
        }
        let before = self.phases.len();
        for phase in phases {
            let mut entry = entry(&phase);
            if let Some(why) = &self.over {
                entry.message = Some(why.clone());
                self.phases.push(entry);
                continue;
            }
            let ran = match &mut services {
                Ok(services) => self.phase(phase, services).await,
                Err(words) => Err(RunPhase::Target.failed(words)),
            };
            let verdict = match ran {
                Ok((end, verdict)) => {
                    entry.state = State::Ran;
                    entry.exit_code = Some(end.exit_code);
                    entry.result = Some(Box::new(end.result));
                    verdict
                }
                // The bundled services see this process let go of them, and clean up by themselves.
                Err(error) if error.is_abandoned() => return Err(error),
                Err(error) => {
                    entry.state = State::NotStarted;
                    entry.exit_code = Some(self.observer.exit_code(&error));
                    entry.message = Some(error.to_string());
                    Verdict::of_error(&error)
                }
            };
            self.go_on_after(&entry.name, verdict);
            self.phases.push(entry);
        }
        let stopped = match services {
            Ok(services) => tokio::select! {
                stopped = services.stop() => stopped,
                () = self.interrupts.reach(Interrupt::Leave) => {
                    return Err(RunPhase::TargetStop.error(Cause::Abandoned));
                }
            },
            Err(_) => Ok(()),
        };
        let results = self.phases[before..]
            .iter()
            .filter_map(|it| it.result.as_ref());
        let told = results.flat_map(|result| &result.run.failures).count() > 0;
        // Services that ended during a phase were told of already.
        if let Err(problem) = stopped
            && !told
        {
            self.observer.failed(&RunPhase::TargetStop.failed(&problem));
            self.failures.push(problem);
        }
        Ok(())
    }

    /// Runs one phase. An error was told already.
    async fn phase(
        &mut self,
        phase: Phase,
        services: &mut Services,
    ) -> Result<(PhaseEnd, Verdict), RunError> {
        let number = self.phases.len() + 1;
        let begun = self.begin(number, &phase, services).await;
        let mut observer = begun.inspect_err(|error| self.observer.failed(error))?;
        let options = Options {
            run_id: phase.settings.run_id,
            arguments: self.observer.arguments(&phase),
            ..self.options.clone()
        };
        let run = Run::new(&phase.scenario, phase.plan, options);
        let run = run.inspect_err(|error| self.observer.failed(error))?;
        let local = run.local();
        let finished = run
            .drive(local, services, &mut observer, self.interrupts)
            .await?;
        let verdict = Verdict::of_run(&finished);
        let end = self.observer.end(observer, finished);
        match end.published {
            true => Ok((end, verdict)),
            false => Ok((end, Verdict::Broken)),
        }
    }

    /// Waits until the target is there and the pause before the phase is over.
    async fn begin(
        &mut self,
        number: usize,
        phase: &Phase,
        services: &mut Services,
    ) -> Result<O::Observer, RunError> {
        let observer = &mut *self.observer;
        let interrupted = || RunPhase::Pause.error(Cause::Interrupted);
        tokio::select! {
            ready = services.ready(|text| observer.message(text)) => {
                ready.map_err(|words| RunPhase::Target.failed(words))?;
            }
            () = self.interrupts.reach(Interrupt::End) => return Err(interrupted()),
        }
        if phase.pause > Duration::ZERO {
            let length = human::duration(phase.pause);
            observer.message(&format!("a pause of {length} before {}", phase.name));
            tokio::select! {
                () = tokio::time::sleep(phase.pause) => {}
                () = self.interrupts.reach(Interrupt::End) => return Err(interrupted()),
            }
        }
        let (count, name) = (self.count, &phase.name);
        observer.message(&format!("phase {number} of {count}: {name}"));
        let begun = observer.begin(number, phase);
        begun.map_err(|cause| RunPhase::Start.error(cause))
    }

    /// Decides whether there is a phase after the one of this name.
    fn go_on_after(&mut self, name: &str, verdict: Verdict) {
        self.interrupted |= verdict == Verdict::Interrupted;
        self.over = match (verdict, self.on_failure) {
            (Verdict::Good, _) | (Verdict::Failed, OnFailure::Continue) => None,
            (Verdict::Interrupted, _) => Some("the suite was interrupted".to_owned()),
            (Verdict::Broken, _) | (Verdict::Failed, OnFailure::Stop) => {
                Some(format!("{name} failed"))
            }
        };
    }
}

/// A phase that has not been run.
fn entry(phase: &Phase) -> report::Phase {
    report::Phase {
        name: phase.name.clone(),
        file: phase.scenario.path.display().to_string(),
        pause_s: phase.pause.as_secs_f64(),
        state: State::NotRun,
        exit_code: None,
        message: None,
        result: None,
    }
}
