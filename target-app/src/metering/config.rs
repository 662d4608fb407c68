//! How windows are made and locked.

use std::time::Duration;

/// The settings of an instance. Instances that share a database need the same window.
#[derive(Debug, Clone)]
pub struct MeteringConfig {
    /// Length of a window, in whole seconds.
    pub window: Duration,
    /// How long to wait for the lock of a window.
    pub lock_wait: Duration,
    /// How long a lock lasts when it is not released.
    pub lock_lease: Duration,
    /// Where the locks are; without it there is one instance only.
    pub redis: Option<redis::Client>,
    /// Whether failing calls are cut off.
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

/// What happens when the database fails or is slow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum Profile {
    /// Every request takes its chance: no circuit breaker, no time limiter
    #[default]
    Load,
    /// A circuit breaker opens when 90 % of the calls fail, and calls are cut off after 2 s
    Spike,
}
