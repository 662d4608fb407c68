//! `loadgen run`: the composition root, where scenario, engine, driver, recorder and reports meet.

mod measure;
mod result;
mod suite;
mod target;

use super::{
    Exit, Program, Ran,
    exports::Exports,
    output,
    outputs::{self, Outputs},
    scenario::{Opened, ScenarioArgs},
    signals::Signals,
    system,
    web::{self, Browsers},
};
use crate::{
    dashboard,
    driver::Custom,
    plan::Plan,
    report::{
        markdown,
        terminal::{self, Look},
    },
    scenario::Scenario,
};
use measure::Run;
use std::num::NonZeroUsize;
use target::Bundle;
use tokio::runtime::Builder;
use uuid::Uuid;

/// Arguments of `loadgen run`.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    scenario: ScenarioArgs,
    /// Worker threads [default: one per processor, and no more than there are users or slots]
    #[arg(long, value_name = "N", env = "LOADGEN_WORKERS")]
    workers: Option<NonZeroUsize>,
    /// How progress is shown
    #[arg(long, value_enum, default_value_t, env = "LOADGEN_DASHBOARD")]
    dashboard: dashboard::Kind,
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

/// Why a run did not come to its end, in words; already told to the user.
struct Ended(Exit, String);

impl Ended {
    /// By a second interrupt.
    fn killed() -> Self {
        Self(Exit::Killed, String::new())
    }
}

fn tell(exit: Exit, problem: impl std::fmt::Display) -> Ended {
    output::complain(&problem);
    Ended(exit, problem.to_string())
}

/// Runs the scenario or the suite and reports.
pub fn execute<C: Custom>(args: Args, program: &Program<C>) -> Ran {
    let opened = match args.scenario.open(&program.own) {
        Ok(opened) => opened,
        Err(exit) => return exit.into(),
    };
    let runtime = match super::runtime(Builder::new_current_thread()) {
        Ok(runtime) => runtime,
        Err(exit) => return exit.into(),
    };
    let custom = &program.custom;
    let ended = match opened {
        Opened::Scenario { scenario, plan, id } => {
            runtime.block_on(scenario_alone(&args, custom, *scenario, *plan, id))
        }
        Opened::Suite { suite, id } => {
            let ended = runtime.block_on(suite::perform(&args, custom, suite, id));
            ended.map(Ran::from)
        }
    };
    // Nothing is left that would be worth waiting for.
    runtime.shutdown_background();
    match ended {
        Ok(ran) => ran,
        Err(Ended(exit, _)) => exit.into(),
    }
}

/// Does one run with a target of its own.
async fn scenario_alone<C: Custom>(
    args: &Args,
    custom: &C,
    scenario: Scenario,
    mut plan: Plan,
    id: Uuid,
) -> Result<Ran, Ended> {
    let spans = args.exports.prepare([&mut plan].into_iter());
    spans.map_err(|problem| tell(Exit::Usage, problem))?;
    args.outputs
        .prepare()
        .map_err(|problem| tell(Exit::Usage, problem))?;
    let arguments = args.scenario.arguments();
    let outputs = &args.outputs;
    let run = Run::new(args, custom, outputs, &scenario, arguments, plan, id);
    let mut signals = listen()?;
    system::allow_connections(target::connections(&run.plan))
        .map_err(|problem| tell(Exit::Setup, problem))?;
    let mut bundle = Bundle::spawn([run.plan.as_ref()])?;
    let measured = run.measure(&mut bundle, &mut signals).await;
    if let Err(Ended(Exit::Killed, _)) = measured {
        // The bundled target sees this process end, and cleans up by itself.
        return Err(Ended::killed());
    }
    let stopped = bundle.stop().await;
    let (mut measured, context) = measured?;
    // A target that ended during the run was told of already.
    if let Err(problem) = stopped
        && measured.failures.is_empty()
    {
        measured.failures.push(problem);
    }
    let web = measured.web.take();
    let (result, exit) = run.result(measured, context);
    web::end(web.as_ref(), &result);
    let written = run.outputs.write(&result);
    if let Err(problem) = outputs::summarise_job(&markdown::text(&result)) {
        output::tell(&format!("warning: {problem}\n"));
    }
    let summary = terminal::summary(&result, &Look::of_stdout());
    let exit = publish(args, written, summary, exit);
    run.args.browsers.linger(web, &mut signals).await;
    Ok(Ran {
        exit,
        result: Some(result),
    })
}

fn listen() -> Result<Signals, Ended> {
    Signals::listen().map_err(|error| tell(Exit::Internal, format_args!("no signals: {error}")))
}

/// Prints a summary, and tells what could not be written. The files go first: a reader of the
/// summary may take its time.
fn publish(args: &Args, written: Result<(), Vec<String>>, summary: String, exit: Exit) -> Exit {
    let exit = if args.quiet {
        exit
    } else {
        output::show(&summary, exit)
    };
    match written {
        Ok(()) => exit,
        Err(problems) => tell(Exit::Internal, problems.join("\nerror: ")).0,
    }
}

impl Args {
    /// Tells how it goes, where that is to be seen.
    fn say(&self, text: &str) {
        if !self.quiet {
            output::tell(&format!("{text}\n"));
        }
    }

    fn display_kind(&self) -> dashboard::Kind {
        if self.quiet {
            dashboard::Kind::Off
        } else {
            self.dashboard
        }
    }
}
