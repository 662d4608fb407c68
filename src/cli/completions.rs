//! `loadgen completions`.

use super::{Cli, Exit, output};
use clap::CommandFactory;
use clap_complete::Shell;

/// Arguments of `loadgen completions`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The shell to write for
    shell: Shell,
}

/// Writes the script to standard output.
pub fn execute(args: &Args) -> Exit {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "loadgen", &mut script);
    output::show(&String::from_utf8_lossy(&script), Exit::Success)
}
