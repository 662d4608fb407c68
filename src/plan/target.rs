//! What is driven.

use super::{Plan, sql::Secret};
use std::time::Duration;
use url::Url;

/// What is driven.
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
    /// What is driven of it, as the service announces it: `orders`, `inventory-service`...
    pub name: String,
    /// The service that is started for it: `orders`, `shop`...
    pub service: String,
    /// How it is started; the same for everything that is driven of one service.
    pub settings: AppSettings,
}

/// How a bundled service is started.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AppSettings {
    /// How many processes; users and slots take them in turn.
    pub instances: usize,
    /// Where its data is; None: in SQLite, in a temporary folder that all instances share.
    pub database: Option<Secret>,
    /// Where it caches; None: nowhere.
    pub cache: Option<Secret>,
    /// How it holds connections; None: as suits its database.
    pub pool: Option<AppPool>,
    /// Further flags of `loadgen target`.
    pub flags: Vec<String>,
}

/// How a bundled service holds its connections to the database.
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
        /// How long a request waits for one.
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
