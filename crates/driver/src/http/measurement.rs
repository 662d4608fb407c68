//! Measurements of a step, over all its exchanges.

use crate::{Failure, Outcome, Phases};
use loadgen_core::time::Nanos;
use std::num::NonZeroU16;

/// Measurements of one exchange.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Figures {
    /// Time at which the first byte of the request was handed over.
    pub sent_at: Option<Nanos>,
    /// Time of the response's first byte, interim ones (1xx) aside.
    pub first_byte_at: Option<Nanos>,
    /// The head of a response was seen.
    pub answered: bool,
    pub bytes_sent: u64,
    pub bytes_received: u64,
}

/// Measurements of a step.
#[derive(Debug)]
pub(super) struct Measurement {
    /// First byte sent of the last attempt that sent anything, redirects that follow aside.
    pub sent_at: Option<Nanos>,
    /// First byte of the last response.
    pub first_byte_at: Option<Nanos>,
    /// Time of the last byte of the response, if it came whole.
    pub ended_at: Option<Nanos>,
    pub connect: Option<Nanos>,
    /// Phases of the first connection that was opened.
    pub phases: Option<Box<Phases>>,
    /// The head of a response was seen.
    pub answered: bool,
    /// Of a response that came whole.
    pub status: Option<NonZeroU16>,
    pub missed: u64,
    /// Beginning of a failed response's body.
    pub body: Box<[u8]>,
    pub reconnects: u32,
    pub bytes_sent: u64,
    pub bytes_received: u64,
}

impl Default for Measurement {
    fn default() -> Self {
        Self {
            sent_at: None,
            first_byte_at: None,
            ended_at: None,
            connect: None,
            phases: None,
            answered: false,
            status: None,
            // Until a response says otherwise.
            missed: u64::MAX,
            body: Box::default(),
            reconnects: 0,
            bytes_sent: 0,
            bytes_received: 0,
        }
    }
}

impl Measurement {
    /// First byte sent to last byte received.
    pub(super) fn took(&self) -> Nanos {
        let (sent, ended) = (self.sent_at, self.ended_at);
        sent.zip(ended)
            .map_or(0, |(sent, ended)| ended.saturating_sub(sent))
    }

    pub(super) fn outcome(self, done: Result<(), Failure>, ended_at: Nanos) -> Outcome {
        Outcome {
            sent_at: self.sent_at,
            first_byte_at: self.first_byte_at,
            ended_at,
            connect: self.connect,
            phases: self.phases,
            failure: done.err(),
            status: self.status,
            unknown: self.sent_at.is_some() && !self.answered,
            missed: self.missed,
            reconnects: self.reconnects,
            bytes_sent: self.bytes_sent,
            bytes_received: self.bytes_received,
            ..Outcome::default()
        }
    }

    /// Adds what is known of an exchange; `first`: no redirect led to it.
    pub(super) fn add(&mut self, exchange: &Figures, first: bool) {
        if first {
            self.sent_at = exchange.sent_at.or(self.sent_at);
        }
        self.first_byte_at = exchange.first_byte_at;
        self.answered = exchange.answered;
        self.bytes_sent += exchange.bytes_sent;
        self.bytes_received += exchange.bytes_received;
    }
}
