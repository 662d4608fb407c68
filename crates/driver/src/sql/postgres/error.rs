//! Errors that PostgreSQL reports.

use super::message::Reader;
use crate::sql::wire;

/// An error of a connection to PostgreSQL.
pub type Error = wire::Error<Box<ServerError>>;

/// An error that the server reports.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
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
    #[cold]
    pub(super) fn out_of_turn(tag: u8) -> Self {
        let tag = tag.escape_ascii();
        Self::Protocol(format!("the server sends a message '{tag}' out of turn"))
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
