//! Failures of connections, with their classes.

use super::codec::Violation;
use crate::{Detail, ErrorClass, Failure, Shortage};
use std::io;

impl Failure {
    /// An error of a connection, from the system or the TLS library.
    pub fn io(error: io::Error) -> Self {
        if let Some(shortage) = Shortage::of(&error) {
            let words = error.to_string();
            return Self::for_want_of(Some(shortage), ErrorClass::LocalLimit, words);
        }
        let class = match error.kind() {
            io::ErrorKind::ConnectionRefused => ErrorClass::Refused,
            io::ErrorKind::ConnectionReset
            | io::ErrorKind::ConnectionAborted
            | io::ErrorKind::BrokenPipe
            | io::ErrorKind::UnexpectedEof => ErrorClass::Reset,
            io::ErrorKind::TimedOut => ErrorClass::Timeout,
            _ if error
                .get_ref()
                .is_some_and(|inner| inner.is::<rustls::Error>()) =>
            {
                ErrorClass::Tls
            }
            _ => ErrorClass::Other,
        };
        Failure {
            class,
            detail: Detail::Io(error),
        }
    }

    /// An answer that breaks the protocol.
    pub(super) fn protocol(violation: Violation) -> Self {
        Self::text(ErrorClass::Protocol, violation.to_string())
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::io(error)
    }
}
