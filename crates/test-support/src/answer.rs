//! Responses of a test server.

use std::time::Duration;

/// Work, then bytes, then what becomes of the connection.
#[derive(Debug, Clone, Default)]
pub struct Answer {
    /// Time the server needs before the first byte; a stall holds it up.
    pub work: Duration,
    /// Pieces to send, each after its pause.
    pub pieces: Vec<(Duration, Vec<u8>)>,
    /// Fate of the connection after that.
    pub then: Then,
}

/// Fates of a connection after a response.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Then {
    /// It waits for the next request.
    #[default]
    Keep,
    /// It ends in order (FIN).
    Close,
    /// It ends at once (RST).
    Reset,
    /// It stays open, and nothing is read or sent any more.
    Hang,
}

impl Answer {
    /// An answer in full, in one piece.
    pub fn new(status: u16, body: &str) -> Self {
        let length = body.len();
        Self::raw(format!(
            "HTTP/1.1 {status} \r\nContent-Length: {length}\r\n\r\n{body}"
        ))
    }

    /// These bytes, whatever they are.
    pub fn raw(bytes: impl Into<Vec<u8>>) -> Self {
        Self {
            pieces: vec![(Duration::ZERO, bytes.into())],
            ..Self::default()
        }
    }

    /// No byte at all.
    pub fn nothing() -> Self {
        Self::default()
    }

    /// Sends these bytes too, after a pause.
    pub fn and(mut self, pause: Duration, bytes: impl Into<Vec<u8>>) -> Self {
        self.pieces.push((pause, bytes.into()));
        self
    }

    /// Needs so much time before the first byte.
    pub fn after(self, work: Duration) -> Self {
        Self { work, ..self }
    }

    /// Does this with the connection.
    pub fn then(self, then: Then) -> Self {
        Self { then, ..self }
    }
}
