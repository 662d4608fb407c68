//! Gives a result to those who want it: in files, through pipes, with the job, on the terminal.

use crate::{
    cli::{
        Exit, output,
        outputs::{self, OutputKind, Outputs},
    },
    report::{
        json::Saved,
        terminal::{self, TerminalStyle},
    },
    run::Interrupts,
};
use std::sync::Arc;

/// Publishes a result in every form that was asked for.
#[derive(Debug, Clone)]
pub struct Publisher {
    /// Files to write.
    pub outputs: Outputs,
    /// Shows no summary, only what failed.
    pub quiet: bool,
}

/// A result that is to be published.
#[derive(Debug)]
pub struct Publication {
    /// The result.
    pub saved: Saved,
    /// Its summary for standard output.
    pub summary: String,
    /// Its summary for the job that it is of, if it is to have one.
    pub job: Option<String>,
    /// Exit code, unless something cannot be written.
    pub exit: Exit,
}

impl Publisher {
    /// Publishes a result. The files go first: a reader of the summary may take its time.
    pub fn publish(&self, publication: &Publication) -> Exit {
        let mut problems = self.write(publication, OutputKind::Files);
        let exit = self.hand_over(publication, &mut problems);
        conclude(exit, &problems)
    }

    /// Publishes, but an interrupt ends the wait for readers of pipes and of the terminal. Returns
    /// what was published, unless they are still waited for.
    pub async fn publish_patiently(
        self,
        publication: Publication,
        interrupts: &Interrupts,
    ) -> (Exit, Option<Saved>) {
        let mut problems = self.write(&publication, OutputKind::Files);
        let publication = Arc::new(publication);
        let waiting = {
            let publication = Arc::clone(&publication);
            tokio::task::spawn_blocking(move || {
                let mut problems = Vec::new();
                let exit = self.hand_over(&publication, &mut problems);
                (exit, problems)
            })
        };
        let exit = tokio::select! {
            done = waiting => match done {
                Ok((exit, more)) => {
                    problems.extend(more);
                    exit
                }
                Err(error) => {
                    problems.push(format!("the result could not be handed over: {error}"));
                    Exit::Internal
                }
            },
            () = interrupts.next() => {
                output::complain(
                    "interrupted while a reader was waited for: the pipes and the summary may lack \
                     something",
                );
                Exit::Interrupted
            }
        };
        let saved = Arc::try_unwrap(publication).ok();
        (conclude(exit, &problems), saved.map(|own| own.saved))
    }

    fn write(&self, publication: &Publication, kind: OutputKind) -> Vec<String> {
        let written = self.outputs.write(&publication.saved, kind);
        written.err().unwrap_or_default()
    }

    /// Writes to pipes and to the terminal.
    fn hand_over(&self, publication: &Publication, problems: &mut Vec<String>) -> Exit {
        problems.extend(self.write(publication, OutputKind::Streams));
        if let Some(job) = &publication.job
            && let Err(problem) = outputs::summarise_job(job)
        {
            output::tell(&format!("warning: {problem}\n"));
        }
        if self.quiet {
            output::tell(&terminal::problems(
                &publication.saved,
                &TerminalStyle::of_stderr(),
            ));
            return publication.exit;
        }
        output::show(&publication.summary, publication.exit)
    }
}

/// Tells what could not be written.
fn conclude(exit: Exit, problems: &[String]) -> Exit {
    if problems.is_empty() {
        return exit;
    }
    output::complain(problems.join("\nerror: "));
    Exit::Internal
}
