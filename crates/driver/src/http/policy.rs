//! How the requests of a population are made, and its responses taken.

use super::codec::Limits;
use loadgen_plan::http::{Encoding, Http2};
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
    /// For servers that redirects lead to.
    pub tls: Option<Arc<ClientConfig>>,
    pub connect_timeout: Duration,
    /// HTTP/2, where it is asked for.
    pub http2: Option<Http2>,
}
