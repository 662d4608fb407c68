//! The services that loadgen ships to be driven: real HTTP, a real database, real metrics.
//!
//! Each service is a module with its routes, SQL, seeding, metrics and tests of its own; what they
//! share lies beside them. [`run`] is the whole program behind `loadgen target`; [`App`] is for
//! those who want the services inside their own process, such as tests.

mod app;
mod args;
mod clock;
mod database;
mod environment;
mod error;
mod folder;
mod hello;
mod http;
mod lifecycle;
mod metering;
mod money;
mod names;
mod opening;
mod options;
mod orders;
mod seed;
mod service;
mod shop;
mod signals;
mod telemetry;
mod weather;

pub use app::{App, Endpoint, Listener, Setup};
pub use args::{Args, Command, PoolArgs, SeedArgs};
pub use database::{Location, PoolSettings};
pub use environment::without_empty;
pub use error::Error;
pub use hello::SnsConfig;
pub use lifecycle::run;
pub use metering::{MeteringConfig, Profile};
pub use options::Options;
pub use service::Service;
pub use signals::hangup_is_ignored;
pub use telemetry::TelemetryConfig;
pub use weather::CacheSetting;
