//! `loadgen check`.

use super::{
    Exit, output,
    program::Own,
    scenario::{Opened, ScenarioArgs},
};
use crate::plan::describe;

/// Arguments of `loadgen check`.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    scenario: ScenarioArgs,
}

/// Prints the plan in words.
pub(super) fn execute(args: &Args, own: &Own) -> Exit {
    let words = match args.scenario.open(own) {
        Ok((Opened::Scenario { plan, .. }, _)) => describe::words(&plan),
        Ok((Opened::Suite { suite, .. }, _)) => describe::suite(&suite),
        Err(exit) => return exit,
    };
    output::show(&words, Exit::Success)
}
