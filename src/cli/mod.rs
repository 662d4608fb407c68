//! The command line: one file per subcommand.

mod check;
mod claims;
mod completions;
pub mod exit;
mod exports;
mod folder;
mod forms;
mod init;
mod live_view;
mod output;
mod outputs;
mod program;
mod report;
mod run;
mod scenario;
mod schema;
mod signals;
mod web;

use crate::driver::Custom;
use clap::{Parser, Subcommand};
pub use exit::Exit;
pub use program::{Program, Ran};
use tokio::runtime::{Builder, Runtime};

/// Measures how HTTP services and SQL databases behave under load.
#[derive(Debug, Parser)]
#[command(name = "loadgen", version, about, max_term_width = 100)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Runs a scenario and reports what it measured
    Run(Box<run::Args>),
    /// Validates a scenario and prints its plan in words; touches nothing
    Check(check::Args),
    /// Shows a saved result, and writes it in other forms
    Report(report::Args),
    /// Runs the bundled target app
    Target(Box<target_app::Args>),
    /// Makes what a scenario needs to be there
    Init(init::Args),
    /// Prints the JSON Schema of scenarios and suites, for editors
    Schema,
    /// Prints a completion script for a shell
    Completions(completions::Args),
}

impl Cli {
    /// Does what the command line asks `program` for.
    fn execute_as<C: Custom>(self, program: &Program<C>) -> Ran {
        let exit = match self.command {
            Command::Run(args) => return run::execute(*args, program),
            Command::Check(args) => check::execute(&args, &program.own),
            Command::Report(args) => report::execute(&args),
            Command::Target(args) => target(*args),
            Command::Init(args) => init::execute(&args),
            Command::Schema => schema::execute(),
            Command::Completions(args) => completions::execute(&args),
        };
        exit.into()
    }
}

fn target(args: target_app::Args) -> Exit {
    let runtime = match runtime(Builder::new_multi_thread()) {
        Ok(runtime) => runtime,
        Err(exit) => return exit,
    };
    match runtime.block_on(target_app::run(args)) {
        Ok(()) => Exit::Success,
        Err(error) => {
            output::complain(error);
            Exit::Setup
        }
    }
}

/// A runtime with everything on; that there is none is told.
fn runtime(mut builder: Builder) -> Result<Runtime, Exit> {
    builder.enable_all().build().map_err(|error| {
        output::complain(format_args!("the runtime cannot be made: {error}"));
        Exit::Internal
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }
}
