//! The destination of a request, as cookies see it.

use std::net::IpAddr;

/// A host, and how it is asked.
#[derive(Debug, Clone, Copy)]
pub(in crate::http) struct Site<'a> {
    /// A name in lower case, or an address without brackets.
    pub host: &'a str,
    /// Nobody between can read what is sent: by https, or on this machine, as browsers see it.
    pub secure: bool,
}

impl<'a> Site<'a> {
    pub(in crate::http) fn new(host: &'a str, tls: bool) -> Self {
        Self {
            host,
            secure: tls || is_local(host),
        }
    }

    /// Returns true if the host is this domain, or below it (RFC 6265, 5.1.3).
    pub(super) fn is_within(self, domain: &str) -> bool {
        match self.host.strip_suffix(domain) {
            Some("") => true,
            Some(before) => before.ends_with('.') && !self.is_address(),
            None => false,
        }
    }

    pub(super) fn is_address(self) -> bool {
        self.host.parse::<IpAddr>().is_ok()
    }
}

fn is_local(host: &str) -> bool {
    host == "localhost"
        || host.ends_with(".localhost")
        || host
            .parse::<IpAddr>()
            .is_ok_and(|address| address.is_loopback())
}
