//! The process: reads the command line and exits; only a third signal ends it elsewhere.

use loadgen::cli::Cli;

fn main() -> ! {
    let exit = Cli::execute(std::env::args_os());
    // Threads that still run after interrupts are not waited for.
    std::process::exit(exit.code().into());
}
