//! Events: changes to the world on schedule.

use super::background::Query;
use std::time::Duration;

/// Something that is done to the world.
#[derive(Debug)]
pub struct Event {
    /// As reports have it.
    pub name: String,
    /// When it first is.
    pub when: EventTime,
    /// How long after each time it is done again; None: once.
    pub every: Option<Duration>,
    /// How often in all; None: until no further task run starts.
    pub times: Option<u64>,
    /// What is done.
    pub action: Action,
}

/// When an event is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EventTime {
    /// So long after the load began, a warm-up not counted.
    At(Duration),
    /// When the load is over, however it ended.
    End,
}

/// What is done to the world.
#[derive(Debug)]
pub enum Action {
    /// The request at this place of the plan's calls, to each of its servers.
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
    /// The same as they may be shown.
    pub written: String,
}
