//! Progress of a populator, for whoever waits for it.

use indicatif::{HumanCount, ProgressBar, ProgressState, ProgressStyle};
use std::fmt;
use std::io::{IsTerminal, Write};
use std::time::{Duration, Instant};

use super::Table;
use crate::Service;

/// Without a terminal a line appears so often.
const LINES_EVERY: Duration = Duration::from_secs(5);

/// Counts the records, and shows them on stderr.
#[derive(Debug)]
pub(super) struct Progress {
    service: Service,
    wanted: u64,
    records: u64,
    display: Display,
    started: Instant,
    /// Time at which the last row was taken.
    rows_done: Option<Instant>,
}

#[derive(Debug)]
enum Display {
    Hidden,
    Bar(ProgressBar),
    Lines { last: Instant },
}

impl Progress {
    /// Counts silently.
    pub(super) fn hidden(service: Service) -> Self {
        Self::new(service, 0, Display::Hidden)
    }

    /// Says `first`, then shows a bar on a terminal, lines elsewhere.
    pub(super) fn visible(service: Service, wanted: u64, first: &str) -> Self {
        say(service, first);
        let display = if std::io::stderr().is_terminal() {
            let bar = ProgressBar::new(wanted);
            // The template is ours, and the default one would do.
            if let Ok(style) = ProgressStyle::with_template(
                "{prefix} {bar:30} {human_pos} of {human_len} records, {speed} a second, {eta} to go {msg}",
            ) {
                bar.set_style(style.with_key("speed", speed));
            }
            bar.set_prefix(service.name());
            Display::Bar(bar)
        } else {
            Display::Lines {
                last: Instant::now(),
            }
        };
        Self::new(service, wanted, display)
    }

    fn new(service: Service, wanted: u64, display: Display) -> Self {
        Self {
            service,
            wanted,
            records: 0,
            display,
            started: Instant::now(),
            rows_done: None,
        }
    }

    /// So many more rows are in `table`.
    pub(super) fn rows(&mut self, table: &'static Table, rows: u64) {
        if !std::ptr::eq(table, self.service.record_table()) {
            return;
        }
        self.records += rows;
        match &mut self.display {
            Display::Hidden => {}
            Display::Bar(bar) => bar.set_position(self.records),
            Display::Lines { last } => {
                if last.elapsed() >= LINES_EVERY {
                    *last = Instant::now();
                    let line = format!(
                        "{} of {} records ({} %)",
                        self.records,
                        self.wanted,
                        self.records * 100 / self.wanted.max(1)
                    );
                    say(self.service, &line);
                }
            }
        }
    }

    /// All rows are there; keys and indexes come next.
    pub(super) fn indexes(&mut self) {
        self.rows_done = Some(Instant::now());
        match &self.display {
            Display::Hidden => {}
            Display::Bar(bar) => bar.set_message("(building indexes)"),
            Display::Lines { .. } => say(self.service, "all rows are there, building indexes"),
        }
    }

    /// Ends the display and tells what took how long.
    pub(super) fn finish(self) -> String {
        if let Display::Bar(bar) = &self.display {
            bar.finish_and_clear();
        }
        let end = Instant::now();
        let rows_done = self.rows_done.unwrap_or(end);
        format!(
            "rows in {:.2} s, indexes in {:.2} s",
            (rows_done - self.started).as_secs_f64(),
            (end - rows_done).as_secs_f64()
        )
    }
}

/// Whole records: a fraction of one tells nothing.
fn speed(state: &ProgressState, text: &mut dyn fmt::Write) {
    // Writing to a String cannot fail.
    let _ = write!(text, "{}", HumanCount(state.per_sec() as u64));
}

fn say(service: Service, line: &str) {
    // Nothing is lost when nobody listens.
    let _ = writeln!(std::io::stderr(), "{}: {line}", service.name());
}
