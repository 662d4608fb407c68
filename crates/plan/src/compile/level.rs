//! Levels of a load over time.

use std::time::Duration;

/// Users or rate over time.
#[derive(Debug, Clone)]
pub(super) enum Level {
    /// One level all along, once it is reached.
    Flat {
        level: f64,
        /// Users more each second; None: all at once.
        spawn_rate: Option<f64>,
        /// None: until stopped.
        duration: Option<Duration>,
    },
    /// Straight lines.
    Stages(Vec<(Duration, f64)>),
}
