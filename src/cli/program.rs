//! Programs of their own around loadgen.

use super::{Cli, Exit, output};
use crate::{
    driver::{Custom, NoCustom},
    plan::written::redact_urls,
    printable,
    report::ResultFile,
};
use clap::{Command, CommandFactory, FromArgMatches};
use std::{ffi::OsString, process::ExitCode};

/// loadgen's command line, scenarios, engine and reports, with the `custom` steps that only the
/// program at hand can do.
///
/// ```no_run
/// # use loadgen::driver::{Call, Custom, Failure};
/// # #[derive(Clone)] struct Redis { address: String }
/// # impl Custom for Redis {
/// #     type Session = ();
/// #     fn session(&self, _index: u64) {}
/// #     async fn call(&self, _: &mut (), _: &mut Call<'_>) -> Result<(), Failure> { Ok(()) }
/// # }
/// fn main() -> std::process::ExitCode {
///     loadgen::Program::new(Redis { address: "127.0.0.1:6379".to_owned() })
///         .with_scenario("sessions.toml", "name = ...")
///         .main()
/// }
/// ```
#[derive(Debug)]
pub struct Program<C> {
    pub(super) custom: C,
    pub(super) own: Own,
}

/// Abilities of a program that loadgen lacks.
#[derive(Debug, Clone, Default)]
pub(super) struct Own {
    /// True if it can execute `custom` steps.
    pub steps: bool,
    /// A scenario that needs no file.
    pub scenario: Option<(&'static str, String)>,
}

/// A command line that was executed.
#[derive(Debug)]
pub struct Ran {
    /// Exit code of the process.
    pub exit: Exit,
    /// Result of the run; None when there was none, or it did not come to its end.
    pub result: Option<ResultFile>,
}

impl From<Exit> for Ran {
    fn from(exit: Exit) -> Self {
        Self { exit, result: None }
    }
}

impl Program<NoCustom> {
    /// loadgen as it comes.
    pub(super) fn plain() -> Self {
        Self {
            custom: NoCustom,
            own: Own::default(),
        }
    }
}

impl<C: Custom> Program<C> {
    /// A program that does the `custom` steps of scenarios.
    pub fn new(custom: C) -> Self {
        Self {
            custom,
            own: Own {
                steps: true,
                scenario: None,
            },
        }
    }

    /// `run` and `check` take this scenario when no file is named. Files that it names are looked
    /// for where the program runs.
    pub fn with_scenario(mut self, name: &'static str, text: impl Into<String>) -> Self {
        self.own.scenario = Some((name, text.into()));
        self
    }

    /// Does what the process's command line asks for. What it prints and how it ends is as with
    /// loadgen itself. Must be all that `main` does where a scenario wants a bundled service: its
    /// process is this program again.
    pub fn main(self) -> ExitCode {
        ExitCode::from(self.execute(std::env::args_os()).exit.code())
    }

    /// Runs a command line from elsewhere, whose first word is the program's name: `["", "run",
    /// "--users", "10", "--quiet"]`. Gives what was measured.
    pub fn execute<A: Into<OsString> + Clone>(&self, words: impl IntoIterator<Item = A>) -> Ran {
        let mut command = Cli::reading();
        if let Some((name, _)) = &self.own.scenario {
            for subcommand in ["run", "check"] {
                command = command.mut_subcommand(subcommand, |subcommand| {
                    subcommand.mut_arg("path", |path| path.required(false).default_value(*name))
                });
            }
        }
        let parsed = command.try_get_matches_from(words);
        match parsed.and_then(|matches| Cli::from_arg_matches(&matches)) {
            Ok(cli) => cli.execute_as(self),
            Err(error) => {
                let exit = match error.use_stderr() {
                    true => Exit::Usage,
                    false => Exit::Success,
                };
                tell(&error, exit);
                exit.into()
            }
        }
    }
}

/// Tells what is wrong with a command line, or the help that it asks for. Both have values of flags
/// and of the environment in them, which logs should not keep the secrets of.
fn tell(error: &clap::Error, exit: Exit) {
    let text = error.render().to_string();
    let shown = redact_urls(&text);
    let shown = printable::lines(&shown);
    match exit {
        _ if shown == text => {
            // Nothing can be done when the reader has gone.
            let _ = error.print();
        }
        Exit::Success => {
            output::show(&shown, exit);
        }
        _ => output::tell(&shown),
    }
}

impl Cli {
    /// The command line as it is read.
    fn reading() -> Command {
        target_app::without_empty(Self::command())
    }

    /// Does what a command line asks for, whose first word is the program's name, and says how the
    /// process ends.
    pub fn execute<A: Into<OsString> + Clone>(words: impl IntoIterator<Item = A>) -> Exit {
        Program::plain().execute(words).exit
    }
}
