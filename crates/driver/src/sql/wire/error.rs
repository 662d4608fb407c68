//! Errors of a connection of our own, whichever server it leads to.

use std::{fmt, io};

/// Why there is no response, or not the one that was hoped for. `S` is the error that a server reports.
#[derive(Debug, thiserror::Error)]
pub enum Error<S> {
    /// The connection.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// There can be no encrypted connection.
    #[error("{0}")]
    Tls(String),
    /// The server asks for a proof of who we are that cannot be given.
    #[error("{0}")]
    Login(String),
    /// It cannot be sent: the reason in words.
    #[error("{0}")]
    Unsendable(String),
    /// The server reports it.
    #[error("{0}")]
    Server(S),
    /// The server sends what it should not.
    #[error("{0}")]
    Protocol(String),
}

impl<S> Error<S> {
    /// A violation of the protocol, in words.
    pub fn protocol(words: &str) -> Self {
        Self::Protocol(words.to_owned())
    }

    /// A message that cannot be read.
    pub fn malformed() -> Self {
        Self::protocol("a message of the server is malformed")
    }

    /// A request that cannot be written.
    pub fn unsendable(error: impl fmt::Display) -> Self {
        Self::Unsendable(error.to_string())
    }

    /// A value that is none of its type.
    pub fn unreadable(error: impl fmt::Display) -> Self {
        Self::Protocol(format!("a value cannot be read: {error}"))
    }
}
