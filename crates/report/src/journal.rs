//! `intervals.jsonl`: a run written down while it goes on, so that one that was killed can still
//! be reported. The first line says what is run, each further one what was measured in a second,
//! what was done or seen meanwhile, and the last how it ended.

use super::{
    BackgroundResults, Event, PlanNames,
    model::Scenario,
    observations::{ObservationRecord, ObservationWriter, ObservedSources},
};
use jiff::Timestamp;
use loadgen_core::time::{Nanos, nanos};
use loadgen_gate::validity::Host;
use loadgen_observe::Scrape;
use loadgen_plan::{MAX_LAG, Plan, Threshold};
use loadgen_record::{Periods, Snapshot, WIRE_VERSION};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::{
    borrow::Cow,
    fs::File,
    io::{self, Write as _},
    path::Path,
};

mod replay;
#[cfg(test)]
mod tests;

pub use replay::{is_one, result};

/// The first line.
#[derive(Debug, Serialize, Deserialize)]
pub struct Header {
    /// The version of this form, [`WIRE_VERSION`].
    schema: u32,
    /// The version of the loadgen that writes it.
    version: String,
    run: Beginning,
    names: PlanNames<'static>,
    thresholds: Vec<Threshold>,
    /// Planned end of the warm-up.
    warmup_ns: Nanos,
    /// Planned periods in which the loads send.
    #[serde(default)]
    periods: Periods,
    /// p99 of the schedule lag up to which loadgen was not late.
    #[serde(default = "usual_lag")]
    max_lag_ns: Nanos,
    #[serde(default, skip_serializing_if = "ObservedSources::is_empty")]
    watch: ObservedSources,
}

/// Facts that are known when a run begins, besides its plan.
#[derive(Debug, Serialize, Deserialize)]
pub struct Beginning {
    /// Scenario of the run.
    pub scenario: Scenario,
    /// The plan, secrets redacted.
    pub plan: Value,
    /// UUIDv7.
    pub id: String,
    /// Start of the load.
    pub started_at: Timestamp,
    /// Target, in words.
    pub target: String,
    /// The load, in words.
    pub load: String,
    /// Worker threads.
    pub workers: usize,
    /// Planned end of the load.
    pub load_ends: Option<Nanos>,
}

/// Every line but the first.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Line<'a> {
    Second(Box<Second<'a>>),
    /// An event of the scenario that was run during the load.
    Event(Cow<'a, Event>),
    /// Figures from one poll of the system under test.
    Observation(ObservationRecord),
    End(Box<End>),
}

/// A second, and what the process had used by then.
#[derive(Debug, Serialize, Deserialize)]
struct Second<'a> {
    snapshot: Cow<'a, Snapshot>,
    cpu_seconds: f64,
    max_rss_bytes: u64,
}

/// End of a run.
#[derive(Debug, Serialize, Deserialize)]
pub struct End {
    /// The true length.
    pub elapsed_ns: Nanos,
    /// Arrivals that were only looked at after the end.
    pub overdue: u64,
    /// Time at which the load was stopped before its end.
    pub stopped_ns: Option<Nanos>,
    /// Periods in which the loads did send; None: as planned.
    #[serde(default)]
    pub periods: Option<Periods>,
    /// Ended by a signal.
    pub interrupted: bool,
    /// Failures besides the thresholds, in words.
    pub failures: Vec<String>,
    /// Warnings beside those that the measurements give rise to.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
    /// Results of the background of the load.
    #[serde(default)]
    pub background: BackgroundResults,
    /// Exit code of the process.
    pub exit_code: u8,
    /// CPU time, user and system.
    pub cpu_seconds: f64,
    /// CPU time of the whole machine meanwhile.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host: Option<Host>,
    /// Most memory it had.
    pub max_rss_bytes: u64,
}

/// Bound of journals that tell none.
fn usual_lag() -> Nanos {
    nanos(MAX_LAG)
}

impl Header {
    /// Returns the header for a run of this plan.
    pub fn new(run: Beginning, plan: &Plan) -> Self {
        Self {
            schema: WIRE_VERSION,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            run,
            names: PlanNames::of(plan).into_owned(),
            thresholds: plan.thresholds.clone(),
            warmup_ns: nanos(plan.warmup),
            periods: Periods::of(plan),
            max_lag_ns: nanos(plan.max_lag),
            watch: ObservedSources::of(plan),
        }
    }
}

/// The file, while the run goes on.
#[derive(Debug)]
pub struct Journal {
    file: File,
    writer: ObservationWriter,
}

impl Journal {
    /// Begins the file, in place of what was there.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn create(path: &Path, header: &Header) -> io::Result<Self> {
        let mut journal = Self {
            file: File::create(path)?,
            writer: ObservationWriter::default(),
        };
        journal.write(header)?;
        Ok(journal)
    }

    /// Adds a second.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn append(
        &mut self,
        snapshot: &Snapshot,
        cpu_seconds: f64,
        max_rss_bytes: u64,
    ) -> io::Result<()> {
        self.write(&Line::Second(Box::new(Second {
            snapshot: Cow::Borrowed(snapshot),
            cpu_seconds,
            max_rss_bytes,
        })))
    }

    /// Adds something that was done to the world.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn event(&mut self, event: &Event) -> io::Result<()> {
        self.write(&Line::Event(Cow::Borrowed(event)))
    }

    /// Adds what a record at the system under test gave.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn observation(&mut self, scrape: &Scrape) -> io::Result<()> {
        let record = self.writer.record(scrape);
        self.write(&Line::Observation(record))
    }

    /// Adds the end.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn end(mut self, end: End) -> io::Result<()> {
        self.write(&Line::End(Box::new(end)))
    }

    /// A line at once, so that there is no half of one but by a crash of the system.
    fn write(&mut self, line: &impl Serialize) -> io::Result<()> {
        let mut text = serde_json::to_vec(line)?;
        text.push(b'\n');
        self.file.write_all(&text)
    }
}
