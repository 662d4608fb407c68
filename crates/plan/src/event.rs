//! Events: changes to the world on schedule.

use super::query::Query;
use std::time::Duration;

/// Something that is done to the world.
#[derive(Debug)]
pub struct Event {
    /// Name in reports.
    pub name: String,
    /// Time of its first run.
    pub when: EventTime,
    /// Interval of repetitions; None: once.
    pub every: Option<Duration>,
    /// Number of repetitions in all; None: until no further task run starts.
    pub times: Option<u64>,
    /// Action of the event.
    pub action: Action,
}

/// Time of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EventTime {
    /// Time since the load began, a warm-up not counted.
    At(Duration),
    /// End of the load, however it ended.
    End,
}

/// Action of an event.
#[derive(Debug)]
pub enum Action {
    /// The request at this index of the plan's calls, to each of its servers.
    Http(usize),
    /// A statement, or several.
    Sql(Query),
    /// A command, which ends with the load at the latest.
    Exec(Command),
}

/// A command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Command {
    /// The program and its arguments; no shell reads them.
    pub words: Vec<String>,
    /// Command line as it may be shown.
    pub written: String,
}
