//! Errors of a connection, and those that a server reports.

use super::message::Reader;
use std::{fmt, io};

/// Why there is no answer, or not the one that was hoped for.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The connection.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// There can be no encrypted connection.
    #[error("{0}")]
    Tls(String),
    /// The server wants to be convinced of who we are in a way that we cannot.
    #[error("{0}")]
    Login(String),
    /// It cannot be sent: the reason in words.
    #[error("{0}")]
    Unsendable(String),
    /// The server says so.
    #[error("{}", .0.message)]
    Server(Box<ServerError>),
    /// The server says what it should not.
    #[error("{0}")]
    Protocol(String),
}

/// An error that the server tells of.
#[derive(Debug)]
pub struct ServerError {
    /// The session has ended with it.
    pub fatal: bool,
    /// SQLSTATE.
    pub code: String,
    /// The server's message.
    pub message: String,
    /// The server's detail on the message.
    pub detail: Option<String>,
    /// The server's hint on how to mend it.
    pub hint: Option<String>,
    /// Position of the error in the statement, in characters from 1.
    pub position: Option<usize>,
}

impl Error {
    pub(super) fn protocol(words: &str) -> Self {
        Self::Protocol(words.to_owned())
    }

    pub(super) fn malformed() -> Self {
        Self::protocol("a message of the server is malformed")
    }

    #[cold]
    pub(super) fn out_of_turn(tag: u8) -> Self {
        let tag = tag.escape_ascii();
        Self::Protocol(format!("the server sends a message '{tag}' out of turn"))
    }

    pub(super) fn unsendable(error: impl fmt::Display) -> Self {
        Self::Unsendable(error.to_string())
    }

    pub(super) fn unreadable(error: impl fmt::Display) -> Self {
        Self::Protocol(format!("a value cannot be read: {error}"))
    }
}

impl From<ServerError> for Error {
    fn from(error: ServerError) -> Self {
        Self::Server(Box::new(error))
    }
}

impl ServerError {
    /// Reads the body of an ErrorResponse.
    pub(super) fn read(body: &[u8]) -> Self {
        let mut error = Self {
            fatal: false,
            code: String::new(),
            message: String::new(),
            detail: None,
            hint: None,
            position: None,
        };
        let mut reader = Reader(body);
        while let Some(field @ 1..) = reader.byte() {
            let Some(text) = reader.text() else { break };
            match field {
                // Not translated, unlike S.
                b'V' => error.fatal = text == "FATAL" || text == "PANIC",
                b'C' => error.code = text.into_owned(),
                b'M' => error.message = text.into_owned(),
                b'D' => error.detail = Some(text.into_owned()),
                b'H' => error.hint = Some(text.into_owned()),
                b'P' => error.position = text.parse().ok(),
                _ => {}
            }
        }
        error
    }
}
