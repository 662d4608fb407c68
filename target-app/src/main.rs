//! The bundled services as a program of their own; `loadgen target` is the same.

use clap::Parser;
use std::io::Write;
use std::process::ExitCode;

/// Services to drive with loadgen: real HTTP, a real database, real metrics.
#[derive(Parser)]
#[command(version)]
struct Cli {
    #[command(flatten)]
    args: target_app::Args,
}

#[tokio::main]
async fn main() -> ExitCode {
    match target_app::run(Cli::parse().args).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Nothing is left to be done when stderr is closed.
            let _ = writeln!(std::io::stderr(), "error: {error}");
            ExitCode::FAILURE
        }
    }
}
