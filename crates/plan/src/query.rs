//! Statements in the background of the load.

use loadgen_data::Value;
use std::{sync::Arc, time::Duration};

/// A statement beside the load.
#[derive(Debug)]
pub struct Query {
    /// Database that runs it.
    pub database: DatabaseSource,
    /// Statement to run.
    pub sql: Arc<str>,
    /// The values of `$1`, `$2`...
    pub params: Vec<Value>,
    /// Bound on it, connecting included.
    pub timeout: Duration,
    /// The statement as it may be shown, cut where it is long.
    pub written: String,
}

/// A database that is asked beside the load.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DatabaseSource {
    /// The one at this index of the plan's databases.
    Database(usize),
    /// Database of the bundled service that the population with this index drives.
    Target(usize),
}
