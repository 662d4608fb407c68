//! A suite from the command line.

use super::{Args, Watcher, conclude, listen, refused, summarise_job, usage};
use crate::{
    cli::{Exit, Ran, live_view, output, outputs::Outputs},
    driver::Custom,
    plan::{Suite, suite::Phase},
    report::{
        markdown,
        terminal::{self, Look},
    },
    run::{
        Cause, FinishedRun, Options, RunError,
        suite::{PhaseEnd, SuiteObserver, SuiteRunner},
    },
};

/// Runs the phases and reports.
pub async fn execute<C: Custom>(
    args: &Args,
    mut suite: Suite,
    options: Options<C>,
) -> Result<Ran, Exit> {
    args.prepare(suite.phases.iter_mut().map(|phase| &mut phase.plan))?;
    // Before the first phase, not in the middle.
    let runner = SuiteRunner::new(suite, options).map_err(refused)?;
    args.outputs.prepare_suite().map_err(usage)?;
    let signals = listen()?;
    let mut watcher = SuiteWatcher {
        args,
        outputs: Outputs::default(),
    };
    // Whoever watches was told already.
    let executed = runner.execute(&mut watcher, signals.interrupts()).await;
    let mut result = executed.map_err(|error| Exit::of_error(&error))?;
    let exit = Exit::of_suite(&result);
    result.suite.exit_code = exit.code();
    let written = args.outputs.write_suite(&result);
    summarise_job(&markdown::suite(&result));
    let summary = terminal::suite_summary(&result, &Look::of_stdout());
    Ok(args.publish(written, &summary, exit).into())
}

/// Watches a suite for the command line.
struct SuiteWatcher<'a> {
    args: &'a Args,
    /// Outputs of the phase that is run.
    outputs: Outputs,
}

impl<'a> SuiteObserver for SuiteWatcher<'a> {
    type Observer = Watcher<'a>;

    fn message(&mut self, text: &str) {
        if !self.args.quiet {
            output::tell(&format!("{text}\n"));
        }
    }

    fn failed(&mut self, error: &RunError) {
        live_view::complain(error);
    }

    fn exit_code(&self, error: &RunError) -> u8 {
        Exit::of_error(error).code()
    }

    fn arguments(&self, phase: &Phase) -> Vec<String> {
        self.args.scenario.arguments_of_phase(phase)
    }

    fn begin(&mut self, number: usize, phase: &Phase) -> Result<Watcher<'a>, Cause> {
        self.outputs = self.args.outputs.of_phase(number, &phase.name);
        self.outputs.prepare().map_err(Cause::Internal)?;
        let watcher = self.args.watcher(&phase.plan, &self.outputs);
        watcher.map_err(Cause::Failed)
    }

    fn end(&mut self, watcher: Watcher<'a>, run: FinishedRun) -> PhaseEnd {
        let (result, run_exit, _) = conclude(watcher, run);
        let written = self.outputs.write(&result);
        let summary = terminal::summary(&result, &Look::of_stdout()) + "\n";
        let exit = self.args.publish(written, &summary, run_exit);
        PhaseEnd {
            result,
            exit_code: exit.code(),
            published: exit == run_exit,
        }
    }
}
