//! A suite from the command line.

use super::{Args, RunViews, conclude, listen, publish::Publication, refused, usage};
use crate::{
    cli::{Exit, Ran, folder::Folder, live_view, output, outputs::Outputs},
    driver::Custom,
    plan::{Suite, suite::Phase},
    report::{
        json::Saved,
        markdown,
        terminal::{self, TerminalStyle},
    },
    run::{
        Cause, FinishedRun, Options, RunError,
        suite::{PhaseEnd, SuiteObserver, SuiteRunner},
    },
};
use std::{path::PathBuf, rc::Rc};

/// Runs the phases and reports.
pub async fn execute<C: Custom>(
    args: &Args,
    mut suite: Suite,
    options: Options<C>,
    read: &[PathBuf],
) -> Result<Ran, Exit> {
    let names = suite.phases.iter().map(|phase| phase.name.as_str());
    let folder = args.outputs.prepare_suite(names, read).map_err(usage)?;
    args.prepare(suite.phases.iter_mut().map(|phase| &mut phase.plan))?;
    // Before the first phase, not in the middle.
    let runner = SuiteRunner::new(suite, options).map_err(refused)?;
    let signals = listen()?;
    let mut watcher = SuiteWatcher {
        args,
        folder,
        outputs: Outputs::default(),
        phase: None,
    };
    // Whoever watches was told already.
    let executed = runner.execute(&mut watcher, signals.interrupts()).await;
    let mut result = executed.map_err(|error| Exit::of_error(&error))?;
    let exit = Exit::of_suite(&result);
    result.suite.exit_code = exit.code();
    if let Some(folder) = &watcher.folder {
        folder.clear();
    }
    let publication = Publication {
        summary: terminal::suite_summary(&result, &TerminalStyle::of_stdout()),
        job: Some(markdown::suite(&result)),
        saved: Saved::Suite(Box::new(result)),
        exit,
    };
    let publisher = args.publisher(args.outputs.clone());
    let published = publisher.publish_patiently(publication, signals.interrupts());
    Ok(published.await.0.into())
}

/// Watches a suite for the command line.
struct SuiteWatcher<'a> {
    args: &'a Args,
    /// Folder of the suite's outputs.
    folder: Option<Folder>,
    /// Outputs of the phase that is run.
    outputs: Outputs,
    /// Their folder.
    phase: Option<Rc<Folder>>,
}

impl<'a> SuiteObserver for SuiteWatcher<'a> {
    type Observer = RunViews<'a>;

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

    fn begin(&mut self, number: usize, phase: &Phase) -> Result<RunViews<'a>, Cause> {
        if let Some(folder) = &self.folder {
            folder.clear();
        }
        self.outputs = self.args.outputs.of_phase(number, &phase.name);
        // The outputs were compared with the files to read before the first phase.
        let folder = self.outputs.prepare(&[]).map_err(Cause::Internal)?;
        self.phase = folder.map(Rc::new);
        let watcher = self.args.watcher(&phase.plan, self.phase.clone());
        watcher.map_err(Cause::Failed)
    }

    fn end(&mut self, watcher: RunViews<'a>, run: FinishedRun) -> PhaseEnd {
        let (result, run_exit, _) = conclude(watcher, run);
        let publication = Publication {
            summary: terminal::summary(&result, &TerminalStyle::of_stdout()) + "\n",
            job: None,
            saved: Saved::Run(Box::new(result.clone())),
            exit: run_exit,
        };
        let publisher = self.args.publisher(self.outputs.clone());
        let exit = publisher.publish(&publication);
        self.phase = None;
        PhaseEnd {
            result,
            exit_code: exit.code(),
            published: exit == run_exit,
        }
    }
}
