//! Settings of windows and their locks.

use std::time::Duration;

/// The settings of an instance. Instances that share a database need the same window.
#[derive(Debug, Clone)]
pub struct MeteringConfig {
    /// Length of a window, in whole seconds.
    pub window: Duration,
    /// Longest wait for the lock of a window.
    pub lock_wait: Duration,
    /// Time that a lock lasts when it is not released.
    pub lock_lease: Duration,
    /// Server of the locks; without it there is one instance only.
    pub redis: Option<redis::Client>,
    /// Handling of a database that fails or is slow.
    pub profile: Profile,
}

impl Default for MeteringConfig {
    fn default() -> Self {
        Self {
            window: Duration::from_secs(30),
            lock_wait: Duration::from_secs(30),
            lock_lease: Duration::from_secs(60),
            redis: None,
            profile: Profile::Load,
        }
    }
}

/// Profiles for a database that fails or is slow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum Profile {
    /// Every request takes its chance: no circuit breaker, no time limiter
    #[default]
    Load,
    /// A circuit breaker opens when 90 % of the calls fail, and calls are cut off after 2 s
    Spike,
}
