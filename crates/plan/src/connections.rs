//! How the HTTP connections of a population are opened and kept.

pub use loadgen_scenario::raw::Resumption;
use std::{path::PathBuf, time::Duration};

/// Settings of connections.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Connections {
    /// Time for which the addresses of a name are known; zero: it is looked up for each connection.
    pub dns: Duration,
    /// Other ends for the connections to some hosts.
    pub connect_to: Vec<ConnectTo>,
    /// A connection is kept for further requests.
    pub reuse: bool,
    /// Resumption of TLS sessions.
    pub resumption: Resumption,
}

impl Default for Connections {
    fn default() -> Self {
        Self {
            dns: Duration::from_secs(30),
            connect_to: Vec::new(),
            reuse: true,
            resumption: Resumption::User,
        }
    }
}

/// Another end for the connections to a host, whose requests and TLS stay as they are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConnectTo {
    /// Name, or address without brackets, as URLs have it.
    pub host: String,
    /// Port; None: all of them.
    pub port: Option<u16>,
    /// The end in its place.
    pub end: ConnectEnd,
}

/// An end of connections.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ConnectEnd {
    /// A name, or an address without brackets, and its port if that is another one.
    Host(String, Option<u16>),
    /// A Unix socket.
    Socket(PathBuf),
}
