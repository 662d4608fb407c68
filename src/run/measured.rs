//! Measurements of a load that is over.

use crate::{gate::Judge, record::Recording, time::Nanos};

/// Measurements of a load that is over.
pub struct Measured {
    /// Everything that was recorded.
    pub recording: Recording,
    /// Ended by an interrupt.
    pub interrupted: bool,
    /// Failures of the bundled target and of events, in words.
    pub failures: Vec<String>,
    /// Failures of loadgen itself, in words.
    pub internal: Vec<String>,
    /// Judge of the thresholds, who has seen every second.
    pub judge: Judge,
    /// Time at which the load was stopped; None: it came to its own end.
    pub stopped: Option<Nanos>,
    /// By population, iterations that were asked for and not done.
    pub undone: Vec<u64>,
    /// Warnings in words.
    pub warnings: Vec<String>,
}
