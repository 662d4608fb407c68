//! The bundled services as a program of their own; `loadgen target` is the same.

use clap::{CommandFactory, FromArgMatches, Parser};
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
    let matches = target_app::without_empty(Cli::command()).get_matches();
    let cli = Cli::from_arg_matches(&matches).unwrap_or_else(|error| error.exit());
    match target_app::run(cli.args).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Nothing is left to be done when stderr is closed.
            let _ = writeln!(std::io::stderr(), "error: {error}");
            ExitCode::FAILURE
        }
    }
}
