//! How the requests of a population are made, and its responses taken.

use super::{codec::Limits, proxy::Proxy};
use loadgen_plan::http::{ConnectTo, Encoding, Http2, Resumption};
use rustls::ClientConfig;
use std::{sync::Arc, time::Duration};

/// How the requests of a population are made, and its responses taken.
#[derive(Debug)]
pub(super) struct Policy {
    pub limits: Limits,
    /// Each user keeps the cookies that it is sent.
    pub cookies: bool,
    /// Most redirects that are followed.
    pub redirects: usize,
    /// Encodings that are undone.
    pub compression: Vec<Encoding>,
    pub connect: Arc<ConnectPolicy>,
}

/// How the connections of a population are opened.
#[derive(Debug, Clone)]
pub(super) struct ConnectPolicy {
    /// Bound on opening one.
    pub timeout: Duration,
    /// Other ends for the connections to some hosts.
    pub connect_to: Vec<ConnectTo>,
    /// Time for which the addresses of a name are known.
    pub dns: Duration,
    /// HTTP/2, where it is asked for.
    pub http2: Option<Http2>,
    /// TLS, where a server may ask for it.
    pub tls: Option<Arc<ClientConfig>>,
    /// Proxy before all servers but those on Unix sockets.
    pub proxy: Option<Arc<Proxy>>,
    /// Users that a TLS session may be resumed by.
    pub resumption: Resumption,
}
