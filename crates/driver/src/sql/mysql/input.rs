//! Packets that have been received and not yet been looked at.

use super::{
    Error,
    packet::{HEAD, WHOLE, length},
};
use crate::sql::{bounds::Tally, wire};
use std::{
    future::poll_fn,
    mem,
    task::{Context, Poll, ready},
};
use tokio::io::AsyncRead;

/// Received bytes, body by body.
#[derive(Default)]
pub struct Input {
    bytes: wire::Input,
    /// A body that takes several packets, as far as it has come.
    long: Vec<u8>,
    /// The long body was handed out.
    given: bool,
    /// Number of the last packet.
    pub number: u8,
}

impl Input {
    /// Number of bytes ever received.
    pub fn received(&self) -> u64 {
        self.bytes.received
    }

    /// Nothing has come that was not handed out.
    pub fn is_empty(&self) -> bool {
        self.bytes.rest().is_empty()
    }

    /// The next body, if it has come whole.
    ///
    /// # Errors
    /// When none so long may follow.
    pub fn next(&mut self, bounds: Tally) -> Result<Option<&[u8]>, Error> {
        if mem::take(&mut self.given) {
            self.long = Vec::new();
        }
        loop {
            let rest = self.bytes.rest();
            let Some(length) = length(rest) else {
                return Ok(None);
            };
            // Before it is read: a server may say that it is as long as it likes.
            let all = (self.long.len() + HEAD + length) as u64;
            bounds.room(all).map_err(Error::Protocol)?;
            if rest.len() < HEAD + length {
                return Ok(None);
            }
            self.number = rest[HEAD - 1];
            if length < WHOLE && self.long.is_empty() {
                return Ok(Some(&self.bytes.take(HEAD + length)[HEAD..]));
            }
            let piece = &self.bytes.take(HEAD + length)[HEAD..];
            self.long.extend_from_slice(piece);
            if length < WHOLE {
                self.given = true;
                return Ok(Some(&self.long));
            }
        }
    }

    /// The next body, waited for if need be.
    ///
    /// # Errors
    /// When the connection ends, or as [`Self::next`].
    pub async fn wait(
        &mut self,
        socket: &mut (impl AsyncRead + Unpin),
        bounds: Tally,
    ) -> Result<Vec<u8>, Error> {
        loop {
            if let Some(body) = self.next(bounds)? {
                return Ok(body.to_vec());
            }
            poll_fn(|cx| self.poll_fill(cx, socket)).await?;
        }
    }

    /// Reads more, with room for the packet that has begun.
    ///
    /// # Errors
    /// When the connection ends.
    pub fn poll_fill(
        &mut self,
        cx: &mut Context<'_>,
        socket: &mut (impl AsyncRead + Unpin),
    ) -> Poll<Result<(), Error>> {
        let length = length(self.bytes.rest()).map_or(0, |length| HEAD + length);
        ready!(self.bytes.poll_fill(cx, socket, length))?;
        Poll::Ready(Ok(()))
    }
}
