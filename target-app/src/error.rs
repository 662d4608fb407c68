//! Why the target app could not start or seed.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;

use crate::Service;

/// A failure outside of any request; requests answer theirs as JSON.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A port is taken or not allowed.
    #[error("cannot listen on {address}: {source}; choose another port with --port")]
    Bind {
        /// Address that could not be listened on.
        address: SocketAddr,
        /// Cause.
        source: io::Error,
    },
    /// The ports that follow `--port` run out.
    #[error("--port {first} leaves no room for {ports} ports below 65536")]
    NoPortsLeft {
        /// The first port.
        first: u16,
        /// Number of ports in a row, itself included.
        ports: usize,
    },
    /// The cache could not be connected to.
    #[error("--cache: {source}")]
    Cache {
        /// Cause.
        source: redis::RedisError,
    },
    /// A cache was asked for without a service that uses it.
    #[error("--cache is for weather, or a Redis for metering; neither is among the services")]
    NothingToCache,
    /// The bounds of the pool exclude each other.
    #[error("--pool-min {min} is more than --pool-max {max} allows")]
    PoolBounds {
        /// Connections to keep.
        min: u32,
        /// Connections at most.
        max: u32,
    },
    /// The database could not be opened, migrated, read or filled.
    #[error("database {database}: {source}")]
    Database {
        /// URL without its password.
        database: String,
        /// Cause.
        source: sqlx::Error,
    },
    /// One file was named for several services.
    #[error(
        "sqlite:{0} is a file, and a file holds one service: name one service, or a folder as sqlite:{0}/",
        file.display()
    )]
    OneFileForSeveral {
        /// The file.
        file: PathBuf,
    },
    /// The service needs what MySQL has not.
    #[error("{} does not run on MySQL: name a PostgreSQL or SQLite database", service.name())]
    NotOnMySql {
        /// Service that was asked for.
        service: Service,
    },
    /// Two services have a table of the same name.
    #[error(
        "orders and shop both have a table `orders`: start each with a database of its own on the server"
    )]
    SameTable,
    /// The service stores nothing.
    #[error("{} stores nothing that could be made", service.name())]
    NothingToSeed {
        /// Service that was asked for.
        service: Service,
    },
    /// The URL of the SNS endpoint is none.
    #[error("--sns-endpoint {url}: {reason}")]
    Sns {
        /// As given.
        url: String,
        /// Description of the problem.
        reason: String,
    },
    /// Spans cannot be sent there.
    #[error("--otlp {url}: {reason}")]
    Otlp {
        /// As given.
        url: String,
        /// Description of the problem.
        reason: String,
    },
    /// `seed` found rows, but fewer than it was asked for.
    #[error(
        "{database} holds {found} records already, fewer than {wanted}: empty it, or name another database"
    )]
    PartlySeeded {
        /// URL without its password.
        database: String,
        /// Rows in it.
        found: u64,
        /// Rows asked for.
        wanted: u64,
    },
    /// The disk is too small for what `seed` was asked for.
    #[error(
        "so many records need about {needed}, and there is {free} free at {}: ask for fewer, or name another database",
        place.display()
    )]
    NoSpace {
        /// In words.
        needed: String,
        /// In words.
        free: String,
        /// Folder of the database's files.
        place: PathBuf,
    },
    /// A signal ended `seed` before it was done.
    #[error("interrupted; nothing was added to the database")]
    Interrupted,
    /// The folder of the database could not be made.
    #[error("folder {}: {source}", path.display())]
    Folder {
        /// Path of the folder.
        path: PathBuf,
        /// Cause.
        source: io::Error,
    },
    /// Signals, the watch on stdin, or stdout itself could not be had.
    #[error("{what}: {source}")]
    Process {
        /// Operation that failed.
        what: &'static str,
        /// Why it failed.
        source: io::Error,
    },
}
