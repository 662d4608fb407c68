//! A run as its user sees it while it goes on: the display, and the journal that `--out` asks for.

use super::{Exit, folder::Folder, output, scenario};
use crate::{
    dashboard::{Display, LiveEvent, Reading, Web},
    observe::Scrape,
    plan::Plan,
    report::{Event, journal::Journal},
    run::{Cause, FinishedRun, Observer, RunError, RunInfo, Second, Usage},
    time::SECOND,
};
use std::{io, path::Path, rc::Rc, sync::Arc};

/// Shows a run, and writes it down.
pub struct LiveView {
    /// None once the load is over.
    display: Option<Display>,
    /// Messages after the load are shown as they are.
    speaks: bool,
    /// Shows the run in browsers, after the load as well.
    web: Option<Web>,
    /// Folder that the journal is in, if there is to be one.
    folder: Option<Rc<Folder>>,
    /// None before the load, and after the first failure to write.
    journal: Option<Journal>,
    /// Used before the load.
    before: Usage,
    plan: Option<Arc<Plan>>,
}

impl LiveView {
    /// Shows it on this display, and writes it down in this folder, if there is one.
    pub fn new(display: Display, folder: Option<Rc<Folder>>) -> Self {
        Self {
            speaks: !display.is_off(),
            display: Some(display),
            web: None,
            folder,
            journal: None,
            before: Usage::default(),
            plan: None,
        }
    }

    /// Takes note of the end: the number that the result and the journal have for it, and the
    /// journal's last line. Browsers are still served by what is returned.
    pub fn end(mut self, run: &mut FinishedRun, exit: Exit) -> Option<Web> {
        run.exit_code = exit.code();
        if let (Some(journal), Some(folder)) = (self.journal.take(), &self.folder)
            && let Err(error) = journal.end(run.journal_end())
        {
            run.warnings.push(incomplete(&folder.journal(), &error));
        }
        self.web
    }

    fn write(&mut self, write: impl FnOnce(&mut Journal) -> io::Result<()>) {
        let (Some(mut journal), Some(folder)) = (self.journal.take(), &self.folder) else {
            return;
        };
        match write(&mut journal) {
            Ok(()) => self.journal = Some(journal),
            Err(error) => {
                let problem = incomplete(&folder.journal(), &error);
                self.message(&problem);
            }
        }
    }
}

impl Observer for LiveView {
    fn message(&mut self, text: &str) {
        match &self.display {
            Some(display) => display.message(text),
            None if self.speaks => output::tell(&format!("{text}\n")),
            None => {}
        }
    }

    fn begin(&mut self, info: &RunInfo) -> Result<(), Cause> {
        self.before = Usage::now();
        self.plan = Some(Arc::clone(&info.plan));
        if let Some(folder) = &self.folder {
            folder.clear();
            let path = folder.journal();
            let created = Journal::create(&path, &info.journal_header());
            self.journal = Some(created.map_err(|error| {
                Cause::Internal(format!("cannot write {}: {error}", path.display()))
            })?);
        }
        Ok(())
    }

    fn second(&mut self, second: &Second<'_>) {
        let used = self.before;
        self.write(|journal| {
            let used = Usage::now().since(used);
            journal.append(second.snapshot, used.cpu_seconds, used.max_rss_bytes)
        });
        if let Some(display) = &self.display {
            display.update(second.snapshot, second.totals, second.standings());
        }
    }

    fn event(&mut self, event: &Event) {
        self.write(|journal| journal.event(event));
        if let Some(display) = &self.display {
            display.event(LiveEvent {
                name: event.name.clone(),
                at: event.t_s,
                ok: event.ok,
                message: event.message.clone().unwrap_or_default(),
            });
        }
    }

    fn observed(&mut self, scrape: &Scrape) {
        self.write(|journal| journal.observation(scrape));
        let mut sources = self.plan.iter().flat_map(|plan| &plan.background.observe);
        let (Some(source), Ok(samples), Some(display)) =
            (sources.nth(scrape.source), &scrape.samples, &self.display)
        else {
            return;
        };
        let readings: Vec<Reading<'_>> = samples
            .iter()
            .map(|sample| Reading {
                source: &source.name,
                metric: &sample.metric,
                unit: &sample.unit,
                at: scrape.at as f64 / SECOND as f64,
                value: sample.value,
            })
            .collect();
        display.observe(&readings);
    }

    fn load_over(&mut self) {
        self.web = self.display.take().and_then(Display::finish);
    }

    fn failed(&mut self, error: &RunError) {
        complain(error);
    }
}

/// Tells why a run has no result.
pub fn complain(error: &RunError) {
    match &error.cause {
        Cause::Invalid(report) => scenario::tell(report),
        Cause::CommandNotAllowed(command) => output::complain(format_args!(
            "this scenario runs commands on this machine (`{command}`): give --allow-exec if it may"
        )),
        // Whoever interrupts a third time wants to see nothing more.
        Cause::Abandoned => {}
        _ => output::complain(error),
    }
}

fn incomplete(path: &Path, error: &io::Error) -> String {
    format!(
        "cannot write {}, which is incomplete now: {error}",
        path.display()
    )
}
