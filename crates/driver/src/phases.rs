//! Phases of opening a connection.

use loadgen_core::{metric::Timer, time::Nanos};

/// Times of the phases of opening a connection; None for those that it did not have.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Phases {
    /// Looking up the name, where its addresses were not known.
    pub dns: Option<Nanos>,
    /// Connecting to an address.
    pub tcp: Option<Nanos>,
    /// TLS handshake.
    pub tls: Option<Nanos>,
}

impl Phases {
    /// Returns the times with their timers.
    pub fn times(&self) -> [(Timer, Option<Nanos>); 3] {
        [
            (Timer::Dns, self.dns),
            (Timer::Tcp, self.tcp),
            (Timer::Tls, self.tls),
        ]
    }
}
