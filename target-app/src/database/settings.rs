//! Settings of a service's connections: an experiment of its own.

use std::time::Duration;

/// Number of connections that a service keeps to its database, and the longest wait for one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PoolSettings {
    /// Requests take turns with a bounded number of connections.
    Pooled {
        /// Opened at the start and kept.
        min: u32,
        /// Opened when requests need them, at most.
        max: u32,
        /// Longest wait of a request for a connection before it is answered 503.
        acquire_timeout: Duration,
    },
    /// Every request opens a connection of its own, as many as the database allows.
    Unpooled {
        /// Longest time for connecting.
        acquire_timeout: Duration,
    },
}

impl PoolSettings {
    /// Longest wait of a request for a connection unless told otherwise.
    pub const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(5);

    /// Five connections kept and up to fifteen opened, on a database server.
    pub const SERVER: PoolSettings = PoolSettings::Pooled {
        min: 5,
        max: 15,
        acquire_timeout: Self::ACQUIRE_TIMEOUT,
    };

    /// As many SQLite connections as there are cores, from two to four: more would only take turns.
    pub fn sqlite() -> PoolSettings {
        let cores = std::thread::available_parallelism().map_or(2, usize::from);
        let count = cores.clamp(2, 4) as u32;
        PoolSettings::Pooled {
            min: count,
            max: count,
            acquire_timeout: Self::ACQUIRE_TIMEOUT,
        }
    }

    /// The least and the most connections.
    pub(crate) fn bounds(self) -> (u32, u32) {
        match self {
            PoolSettings::Pooled { min, max, .. } => (min, max),
            PoolSettings::Unpooled { .. } => (0, u32::MAX),
        }
    }

    /// Settings for a connection that there can be only one of.
    pub(super) fn only_one(self) -> PoolSettings {
        match self {
            PoolSettings::Pooled {
                acquire_timeout, ..
            } => PoolSettings::Pooled {
                min: 1,
                max: 1,
                acquire_timeout,
            },
            PoolSettings::Unpooled { .. } => self,
        }
    }

    pub(crate) fn acquire_timeout(self) -> Duration {
        match self {
            PoolSettings::Pooled {
                acquire_timeout, ..
            }
            | PoolSettings::Unpooled { acquire_timeout } => acquire_timeout,
        }
    }
}
