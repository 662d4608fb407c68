//! The phases of a suite, one after the other.

use super::{Args, Ended, Run, listen, publish, target::Bundle, tell};
use crate::{
    cli::{
        Exit, beside, output,
        outputs::{self, Outputs},
        signals::Signals,
        system, web,
    },
    driver::Custom,
    human,
    plan::{
        Suite,
        suite::{OnFailure, Phase},
    },
    report::{
        markdown,
        suite::{self as report, State, SuiteFile, SuiteRun},
        terminal::{self, Look},
    },
};
use jiff::Timestamp;
use std::time::{Duration, Instant};
use uuid::Uuid;

/// Runs them and reports.
pub async fn perform<C: Custom>(
    args: &Args,
    custom: &C,
    mut suite: Suite,
    id: Uuid,
) -> Result<Exit, Ended> {
    let plans = suite.phases.iter_mut().map(|phase| &mut phase.plan);
    let spans = args.exports.prepare(plans);
    spans.map_err(|problem| tell(Exit::Usage, problem))?;
    let outputs: Vec<Outputs> = suite
        .phases
        .iter()
        .enumerate()
        .map(|(place, phase)| args.outputs.of_phase(place + 1, &phase.name))
        .collect();
    // Before the first phase, not in the middle.
    let mut plans = suite.phases.iter().map(|phase| &phase.plan);
    if let Some(problem) = plans.find_map(|plan| beside::forbidden(plan, args.allow_exec)) {
        return Err(tell(Exit::Usage, problem));
    }
    let prepared = args.outputs.prepare_suite();
    prepared.map_err(|problem| tell(Exit::Usage, problem))?;
    let plans = suite.phases.iter().map(|phase| &phase.plan);
    let connections = plans.map(super::target::connections).max();
    system::allow_connections(connections.unwrap_or_default())
        .map_err(|problem| tell(Exit::Setup, problem))?;
    let mut signals = listen()?;
    let (began, started_at) = (Instant::now(), Timestamp::now());
    let bundles = suite.bundles();
    let mut course = Course {
        args,
        custom,
        on_failure: suite.on_failure,
        count: suite.phases.len(),
        signals: &mut signals,
        phases: Vec::new(),
        exits: Vec::new(),
        over: None,
        failures: Vec::new(),
    };
    let mut phases = suite.phases.into_iter().zip(&outputs);
    for bundle in bundles {
        let phases: Vec<_> = phases.by_ref().take(bundle.len()).collect();
        course.bundle(phases).await?;
    }
    let Course {
        phases,
        exits,
        mut failures,
        ..
    } = course;
    failures.dedup();
    let exit = exits.iter().map(|exit| (*exit, true));
    let exit = exit.chain([(Exit::Setup, !failures.is_empty())]);
    let exit = Exit::of(&exit.collect::<Vec<_>>());
    let result = SuiteFile {
        schema: report::SCHEMA,
        suite: SuiteRun {
            name: suite.name,
            file: suite.path.display().to_string(),
            sha256: suite.sha256,
            arguments: args.scenario.arguments(),
            id: id.to_string(),
            started_at,
            duration_s: began.elapsed().as_secs_f64(),
            on_failure: match suite.on_failure {
                OnFailure::Stop => "stop".to_owned(),
                OnFailure::Continue => "continue".to_owned(),
            },
            interrupted: exits.contains(&Exit::Interrupted),
            failures,
            exit_code: exit.code(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
        },
        phases,
    };
    let written = args.outputs.write_suite(&result);
    if let Err(problem) = outputs::summarise_job(&markdown::suite(&result)) {
        output::tell(&format!("warning: {problem}\n"));
    }
    let summary = terminal::suite_summary(&result, &Look::of_stdout());
    Ok(publish(args, written, summary, exit))
}

/// What came of the phases so far.
struct Course<'a, C> {
    args: &'a Args,
    custom: &'a C,
    on_failure: OnFailure,
    /// Of all phases.
    count: usize,
    signals: &'a mut Signals,
    phases: Vec<report::Phase>,
    exits: Vec<Exit>,
    /// Why no further phase is run.
    over: Option<String>,
    /// What failed beside the phases.
    failures: Vec<String>,
}

impl<C: Custom> Course<'_, C> {
    /// Runs the phases that share bundled services. Returns early only when the user wants to go
    /// at once.
    async fn bundle(&mut self, phases: Vec<(Phase, &Outputs)>) -> Result<(), Ended> {
        if self.over.is_some() {
            for (phase, _) in &phases {
                self.left_out(phase);
            }
            return Ok(());
        }
        let mut bundle = match Bundle::spawn(phases.iter().map(|(phase, _)| &phase.plan)) {
            Ok(bundle) => bundle,
            Err(ended) => {
                for (phase, _) in &phases {
                    match self.over {
                        Some(_) => self.left_out(phase),
                        None => self.not_started(phase, &ended),
                    }
                }
                return Ok(());
            }
        };
        let before = self.phases.len();
        for (phase, outputs) in phases {
            if self.over.is_some() {
                self.left_out(&phase);
                continue;
            }
            // The bundled target sees this process end, and cleans up by itself.
            if let Err(ended @ Ended(Exit::Killed, _)) =
                self.phase(phase, outputs, &mut bundle).await
            {
                return Err(ended);
            }
        }
        if let Err(problem) = bundle.stop().await {
            // A target that ended during a phase was told of already.
            let own = self.phases[before..].iter();
            let told = own.filter_map(|phase| phase.result.as_ref());
            if told.map(|result| &result.run.failures).all(Vec::is_empty) {
                output::complain(&problem);
                self.failures.push(problem);
            }
        }
        Ok(())
    }

    /// Runs one phase. An error was taken down already.
    async fn phase(
        &mut self,
        phase: Phase,
        outputs: &Outputs,
        bundle: &mut Bundle,
    ) -> Result<(), Ended> {
        let number = self.phases.len() + 1;
        if let Err(ended) = self.begin(&phase, bundle).await {
            self.not_started(&phase, &ended);
            return Err(ended);
        }
        self.args
            .say(&format!("phase {number} of {}: {}", self.count, phase.name));
        let arguments = self.args.scenario.arguments_of_phase(&phase);
        let mut entry = row(&phase, State::Ran, None);
        if let Err(problem) = outputs.prepare() {
            let ended = tell(Exit::Internal, problem);
            self.take_down(entry, &ended);
            return Err(ended);
        }
        let (scenario, id) = (&phase.scenario, phase.settings.run_id);
        let (args, custom) = (self.args, self.custom);
        let run = Run::new(args, custom, outputs, scenario, arguments, phase.plan, id);
        match run.measure(bundle, self.signals).await {
            Ok((mut measured, context)) => {
                let browsers = measured.web.take();
                let (result, exit) = run.result(measured, context);
                web::end(browsers.as_ref(), &result);
                let written = outputs.write(&result);
                let summary = terminal::summary(&result, &Look::of_stdout()) + "\n";
                let exit = publish(self.args, written, summary, exit);
                entry.exit_code = Some(exit.code());
                entry.result = Some(Box::new(result));
                self.ended(entry, exit);
                Ok(())
            }
            Err(ended) => {
                self.take_down(entry, &ended);
                Err(ended)
            }
        }
    }

    /// Waits until the target is there and the pause before the phase is over.
    async fn begin(&mut self, phase: &Phase, bundle: &mut Bundle) -> Result<(), Ended> {
        let args = self.args;
        let interrupted = || tell(Exit::Interrupted, "interrupted before the phase began");
        tokio::select! {
            ready = bundle.ready(|text| args.say(text)) => { ready?; }
            () = self.signals.next() => return Err(interrupted()),
        }
        if phase.pause > Duration::ZERO {
            let length = human::duration(phase.pause);
            self.args
                .say(&format!("a pause of {length} before {}", phase.name));
            tokio::select! {
                () = tokio::time::sleep(phase.pause) => {}
                () = self.signals.next() => return Err(interrupted()),
            }
        }
        Ok(())
    }

    fn left_out(&mut self, phase: &Phase) {
        self.phases
            .push(row(phase, State::NotRun, self.over.clone()));
    }

    fn not_started(&mut self, phase: &Phase, ended: &Ended) {
        self.take_down(row(phase, State::NotStarted, None), ended);
    }

    /// A phase that had no load.
    fn take_down(&mut self, mut entry: report::Phase, Ended(exit, why): &Ended) {
        entry.state = State::NotStarted;
        entry.message = Some(why.clone());
        entry.exit_code = Some(exit.code());
        self.ended(entry, *exit);
    }

    /// A phase that is over, with what a run of its own would end with.
    fn ended(&mut self, entry: report::Phase, exit: Exit) {
        self.over = match exit {
            Exit::Success => None,
            Exit::Interrupted => Some("the suite was interrupted".to_owned()),
            Exit::Internal => Some(format!("{} failed", entry.name)),
            _ => match self.on_failure {
                OnFailure::Stop => Some(format!("{} failed", entry.name)),
                OnFailure::Continue => None,
            },
        };
        self.exits.push(exit);
        self.phases.push(entry);
    }
}

fn row(phase: &Phase, state: State, message: Option<String>) -> report::Phase {
    report::Phase {
        name: phase.name.clone(),
        file: phase.scenario.path.display().to_string(),
        pause_s: phase.pause.as_secs_f64(),
        state,
        exit_code: None,
        message,
        result: None,
    }
}
