//! `loadgen report`: a saved result in other forms.

use super::{Exit, output, outputs::Outputs};
use crate::report::{
    journal,
    json::{self, Saved},
    terminal::{self, Look},
};
use std::{fs, path::PathBuf};

/// Arguments of `loadgen report`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// A result that `loadgen run --json` wrote, or the intervals.jsonl of a run that was killed
    #[arg(value_name = "RESULT.json")]
    path: PathBuf,
    #[command(flatten)]
    outputs: Outputs,
    /// Shows no summary: only problems
    #[arg(long, short)]
    quiet: bool,
}

/// Shows the result and writes what was asked for.
pub fn execute(args: &Args) -> Exit {
    let result = match args.read() {
        Ok(result) => result,
        Err(problem) => return tell(Exit::Usage, &problem),
    };
    let outputs = &args.outputs;
    let prepared = match &result {
        Saved::Run(_) => outputs.prepare(),
        Saved::Suite(_) => outputs.prepare_suite(),
    };
    if let Err(problem) = prepared {
        return tell(Exit::Usage, &problem);
    }
    let written = match &result {
        Saved::Run(result) => outputs.write(result),
        Saved::Suite(suite) => outputs.write_suite(suite),
    };
    if let Err(problems) = written {
        return tell(Exit::Internal, &problems.join("\nerror: "));
    }
    if args.quiet {
        return Exit::Success;
    }
    let look = Look::of_stdout();
    let summary = match &result {
        Saved::Run(result) => terminal::summary(result, &look),
        Saved::Suite(suite) => terminal::suite_summary(suite, &look),
    };
    output::show(&summary, Exit::Success)
}

impl Args {
    fn read(&self) -> Result<Saved, String> {
        let path = self.path.display();
        let text = fs::read_to_string(&self.path)
            .map_err(|error| format!("cannot read {path}: {error}"))?;
        if self
            .path
            .extension()
            .is_some_and(|ending| ending == "jsonl")
        {
            return journal::result(&text)
                .map(|result| Saved::Run(Box::new(result)))
                .map_err(|problem| format!("{path}: {problem}"));
        }
        json::read(&text).map_err(|error| format!("{path}: {error}"))
    }
}

fn tell(exit: Exit, problem: &str) -> Exit {
    output::complain(problem);
    exit
}
