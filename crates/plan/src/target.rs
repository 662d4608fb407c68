//! Targets: the systems that loads drive.

use super::{Plan, sql::Secret};
use std::time::Duration;
use url::Url;

/// Target of a population.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// A service of the bundled target app, started for the run.
    App(App),
    /// Servers that run already; users and slots take them in turn. Scheme, host and port only:
    /// a path is part of every step's path, and credentials are an `authorization` header.
    Urls(Vec<Url>),
    /// Nothing: all steps are for databases.
    None,
}

/// A bundled service as it is started.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct App {
    /// Name of the driven service, as the process announces it: `orders`, `inventory-service`...
    pub name: String,
    /// The service that is started for it: `orders`, `shop`...
    pub service: String,
    /// Start settings; the same for everything that is driven of one service.
    pub settings: AppSettings,
}

/// Start settings of a bundled service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AppSettings {
    /// Number of processes; users and slots take them in turn.
    pub instances: usize,
    /// Database; None: SQLite, in a temporary folder that all instances share.
    pub database: Option<Secret>,
    /// Cache; None: no cache.
    pub cache: Option<Secret>,
    /// Connection pool; None: as suits its database.
    pub pool: Option<AppPool>,
    /// Further flags of `loadgen target`.
    pub flags: Vec<String>,
}

/// Connection pool of a bundled service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AppPool {
    /// A connection for every request.
    Off,
    /// A pool; what is None is as usual.
    Bounds {
        /// Connections that are opened at the start and kept.
        min: Option<u32>,
        /// Connections at most.
        max: Option<u32>,
        /// Longest wait of a request for a connection.
        timeout: Option<Duration>,
    },
}

impl Plan {
    /// The bundled services that it drives, one for each population that drives one.
    pub fn apps(&self) -> impl Iterator<Item = &App> {
        let targets = self.populations.iter().map(|p| &p.target);
        targets.filter_map(|target| match target {
            Target::App(app) => Some(app),
            Target::Urls(_) | Target::None => None,
        })
    }
}
