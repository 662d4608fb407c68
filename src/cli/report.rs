//! `loadgen report`: a saved result in other forms.

use super::{
    Exit, output,
    outputs::{OutputKind, Outputs},
};
use crate::{
    report::{
        journal,
        json::{self, Saved},
        terminal::{self, TerminalStyle},
    },
    scenario::input,
};
use std::{io, path::PathBuf};

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
    let _folder = match outputs.prepare_report(&result, &args.path) {
        Ok(folder) => folder,
        Err(problem) => return tell(Exit::Usage, &problem),
    };
    for kind in [OutputKind::Files, OutputKind::Streams] {
        if let Err(problems) = outputs.write(&result, kind) {
            return tell(Exit::Internal, &problems.join("\nerror: "));
        }
    }
    if args.quiet {
        return Exit::Success;
    }
    let style = TerminalStyle::of_stdout();
    let summary = match &result {
        Saved::Run(result) => terminal::summary(result, &style),
        Saved::Suite(suite) => terminal::suite_summary(suite, &style),
    };
    output::show(&summary, Exit::Success)
}

impl Args {
    fn read(&self) -> Result<Saved, String> {
        let path = self.path.display();
        let text = input::read(&self.path)
            .and_then(|bytes| String::from_utf8(bytes).map_err(io::Error::other))
            .map_err(|error| format!("cannot read {path}: {error}"))?;
        // Files are given other names, and come through pipes.
        let named = || self.path.extension().is_some_and(|it| it == "jsonl");
        if journal::is_one(&text).unwrap_or_else(named) {
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
