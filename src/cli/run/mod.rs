//! `loadgen run`: a scenario or a suite as the flags want it, shown, written down and reported.

mod publish;
mod suite;

use super::{
    Exit, Program, Ran,
    exports::{Exports, LiveExport},
    folder::Folder,
    live_view::{LiveView, complain},
    output,
    outputs::Outputs,
    scenario::{Opened, ScenarioArgs},
    signals::Signals,
    web::{self, Browsers},
};
use crate::{
    dashboard::{self, Display, Outline, Web},
    driver::Custom,
    plan::Plan,
    report::{
        ResultFile,
        json::Saved,
        markdown,
        terminal::{self, TerminalStyle},
    },
    run::{FinishedRun, Options, Run, RunError},
    scenario::Scenario,
};
use publish::{Publication, Publisher};
use std::{fmt::Display as Words, num::NonZeroUsize, path::PathBuf, rc::Rc};
use tokio::runtime::Builder;

/// Arguments of `loadgen run`.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    scenario: ScenarioArgs,
    /// Worker threads [default: one per processor, and no more than there are users or slots]
    #[arg(long, value_name = "N", env = "LOADGEN_WORKERS")]
    workers: Option<NonZeroUsize>,
    /// Display of the progress
    #[arg(long, value_enum, default_value_t, env = "LOADGEN_DASHBOARD")]
    dashboard: dashboard::DisplayMode,
    #[command(flatten)]
    browsers: Browsers,
    /// Shows no progress and no summary: only problems
    #[arg(long, short)]
    quiet: bool,
    /// Measures without judging: thresholds are left out
    #[arg(long)]
    no_thresholds: bool,
    /// Lets the scenario's events run commands on this machine
    #[arg(long)]
    allow_exec: bool,
    #[command(flatten)]
    outputs: Outputs,
    #[command(flatten)]
    exports: Exports,
}

/// Watches a run for the command line.
type RunViews<'a> = (LiveView, LiveExport<'a>);

/// Runs the scenario or the suite and reports.
pub fn execute<C: Custom>(args: Args, program: &Program<C>) -> Ran {
    let (opened, read) = match args.scenario.open(&program.own) {
        Ok(opened) => opened,
        Err(exit) => return exit.into(),
    };
    let runtime = match super::runtime(Builder::new_current_thread()) {
        Ok(runtime) => runtime,
        Err(exit) => return exit.into(),
    };
    let options = |id| Options {
        workers: args.workers,
        allow_commands: args.allow_exec,
        arguments: args.scenario.arguments(),
        ..Options::new(id, program.custom.clone())
    };
    let ran = match opened {
        Opened::Scenario { scenario, plan, id } => runtime.block_on(execute_scenario(
            &args,
            &scenario,
            *plan,
            options(id),
            &read,
        )),
        Opened::Suite { suite, id } => {
            runtime.block_on(suite::execute(&args, suite, options(id), &read))
        }
    };
    // Nothing is left that would be worth waiting for.
    runtime.shutdown_background();
    ran.unwrap_or_else(Ran::from)
}

/// Does one run with a target of its own.
async fn execute_scenario<C: Custom>(
    args: &Args,
    scenario: &Scenario,
    mut plan: Plan,
    options: Options<C>,
    read: &[PathBuf],
) -> Result<Ran, Exit> {
    args.prepare([&mut plan])?;
    let folder = args.outputs.prepare(read).map_err(usage)?.map(Rc::new);
    let signals = listen()?;
    let interrupts = signals.interrupts();
    let run = Run::new(scenario, plan, options).map_err(refused)?;
    let watcher = args.watcher(run.plan(), folder.clone());
    let mut watcher = watcher.map_err(usage)?;
    // Whoever watches was told already.
    let executed = run.execute(&mut watcher, interrupts).await;
    let finished = executed.map_err(|error| Exit::of_error(&error))?;
    let (result, exit, web) = conclude(watcher, finished);
    let publication = Publication {
        summary: terminal::summary(&result, &TerminalStyle::of_stdout()),
        job: Some(markdown::text(&result)),
        saved: Saved::Run(Box::new(result)),
        exit,
    };
    let publisher = args.publisher(args.outputs.clone());
    let (exit, saved) = publisher.publish_patiently(publication, interrupts).await;
    args.browsers.linger(web, interrupts).await;
    Ok(Ran {
        exit,
        result: saved.and_then(|saved| match saved {
            Saved::Run(result) => Some(*result),
            Saved::Suite(_) => None,
        }),
    })
}

/// Takes note of a run's end. Browsers know it, and are still served by what is returned.
fn conclude((view, _): RunViews<'_>, mut finished: FinishedRun) -> (ResultFile, Exit, Option<Web>) {
    let exit = Exit::of_run(&finished);
    let web = view.end(&mut finished, exit);
    let result = finished.into_result();
    web::end(web.as_ref(), &result);
    (result, exit, web)
}

fn listen() -> Result<Signals, Exit> {
    Signals::listen().map_err(|error| tell(Exit::Internal, format_args!("no signals: {error}")))
}

fn tell(exit: Exit, problem: impl Words) -> Exit {
    output::complain(problem);
    exit
}

fn usage(problem: impl Words) -> Exit {
    tell(Exit::Usage, problem)
}

/// Tells an error that nobody watched.
fn refused(error: RunError) -> Exit {
    complain(&error);
    Exit::of_error(&error)
}

impl Args {
    /// Has plans judge and keep what the flags want.
    fn prepare<'p>(&self, plans: impl IntoIterator<Item = &'p mut Plan>) -> Result<(), Exit> {
        let mut plans: Vec<&mut Plan> = plans.into_iter().collect();
        if self.no_thresholds {
            for plan in &mut plans {
                plan.thresholds.clear();
                plan.background.limits.clear();
            }
        }
        self.exports.prepare(plans.into_iter()).map_err(usage)
    }

    /// Watches a run of this plan, which is written down in this folder, if there is one.
    ///
    /// # Errors
    /// In words, when the address of the live page cannot be had.
    fn watcher(&self, plan: &Plan, folder: Option<Rc<Folder>>) -> Result<RunViews<'_>, String> {
        let web = self.browsers.serve()?;
        let kind = match self.quiet {
            true => dashboard::DisplayMode::Off,
            false => self.dashboard,
        };
        if let (Some(web), dashboard::DisplayMode::Off) = (&web, kind) {
            // Without it nobody could know.
            output::tell(&format!("the run can be watched at {}\n", web.url()));
        }
        let display = Display::new(kind, Outline::of(plan), web);
        let view = LiveView::new(display, folder);
        Ok((view, LiveExport::new(&self.exports)))
    }

    /// Gives results to those who want them, in these outputs.
    fn publisher(&self, outputs: Outputs) -> Publisher {
        Publisher {
            outputs,
            quiet: self.quiet,
        }
    }
}
