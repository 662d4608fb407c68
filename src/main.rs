//! The process: reads the command line and is the only place that exits.

use clap::Parser;
use loadgen::cli::Cli;

fn main() -> ! {
    let exit = Cli::parse().execute();
    // Threads that still run after a second interrupt are not waited for.
    std::process::exit(exit.code().into());
}
