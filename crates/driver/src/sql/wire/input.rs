//! Bytes that have been received and not yet been looked at.

use bytes::{Buf, BytesMut};
use std::{
    io,
    pin::Pin,
    task::{Context, Poll, ready},
};
use tokio::io::AsyncRead;
use tokio_util::io::poll_read_buf;

/// There is room for so much at least when something is read.
const ROOM: usize = 4096;

/// There is made room for so much at most: what a server says of a message's length may be wrong.
const MOST: usize = 1 << 20;

/// Received bytes: whole messages, and perhaps the beginning of one.
#[derive(Default)]
pub struct Input {
    buffer: BytesMut,
    /// Number of them that have been handed out.
    seen: usize,
    /// Number of bytes ever received.
    pub received: u64,
}

impl Input {
    /// Bytes that have not been handed out.
    pub fn rest(&self) -> &[u8] {
        &self.buffer[self.seen..]
    }

    /// Hands out the next `length` bytes, or as many as there are.
    pub fn take(&mut self, length: usize) -> &[u8] {
        let end = self.buffer.len().min(self.seen.saturating_add(length));
        let taken = &self.buffer[self.seen..end];
        self.seen = end;
        taken
    }

    /// Reads more, with room for a message of `length` bytes that begins the rest.
    ///
    /// # Errors
    /// When the connection ends.
    pub fn poll_fill(
        &mut self,
        cx: &mut Context<'_>,
        socket: &mut (impl AsyncRead + Unpin),
        length: usize,
    ) -> Poll<io::Result<()>> {
        match std::mem::take(&mut self.seen) {
            // Leaves all its room in place, which advancing would not.
            all if all == self.buffer.len() => {
                self.buffer.clear();
                if self.buffer.capacity() > MOST {
                    // A large response is no reason to hold as much for the next one.
                    self.buffer = BytesMut::new();
                }
            }
            seen => self.buffer.advance(seen),
        }
        let wanted = length.saturating_sub(self.buffer.len()).clamp(ROOM, MOST);
        self.buffer.reserve(wanted);
        match ready!(poll_read_buf(Pin::new(socket), cx, &mut self.buffer))? {
            0 => Poll::Ready(Err(io::ErrorKind::UnexpectedEof.into())),
            count => {
                self.received += count as u64;
                Poll::Ready(Ok(()))
            }
        }
    }
}
