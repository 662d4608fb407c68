//! Bytes that have been received and not yet been looked at.

use super::{
    Error,
    message::{self, Message},
};
use crate::driver::sql::bounds::Tally;
use bytes::{Buf, BytesMut};
use std::{
    future::poll_fn,
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
    /// The next message, if it has come whole.
    ///
    /// # Errors
    /// When no message can begin so, or none so long may follow.
    pub fn next(&mut self, bounds: Tally) -> Result<Option<Message<'_>>, Error> {
        let Some(length) = self.whole(bounds)? else {
            return Ok(None);
        };
        let message = &self.buffer[self.seen..self.seen + length];
        self.seen += length;
        Ok(Some(Message {
            tag: message[0],
            body: &message[5..],
        }))
    }

    /// The next message, waited for if need be.
    ///
    /// # Errors
    /// When the connection ends, or as [`Self::next`].
    pub async fn wait(
        &mut self,
        socket: &mut (impl AsyncRead + Unpin),
        bounds: Tally,
    ) -> Result<Message<'_>, Error> {
        while self.whole(bounds)?.is_none() {
            poll_fn(|cx| self.poll_fill(cx, socket)).await?;
        }
        self.next(bounds)?.ok_or_else(Error::malformed)
    }

    /// Reads more, with room for the message that has begun.
    ///
    /// # Errors
    /// When the connection ends.
    pub fn poll_fill(
        &mut self,
        cx: &mut Context<'_>,
        socket: &mut (impl AsyncRead + Unpin),
    ) -> Poll<Result<(), Error>> {
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
        let length = message::length(&self.buffer)?.unwrap_or(0);
        let wanted = length.saturating_sub(self.buffer.len()).clamp(ROOM, MOST);
        self.buffer.reserve(wanted);
        match ready!(poll_read_buf(Pin::new(socket), cx, &mut self.buffer))? {
            0 => Poll::Ready(Err(io::Error::from(io::ErrorKind::UnexpectedEof).into())),
            count => {
                self.received += count as u64;
                Poll::Ready(Ok(()))
            }
        }
    }

    /// Length of the next message, if it has come whole.
    fn whole(&self, bounds: Tally) -> Result<Option<usize>, Error> {
        let rest = &self.buffer[self.seen..];
        let Some(length) = message::length(rest)? else {
            return Ok(None);
        };
        // Before it is read: a server may say that it is as long as it likes.
        bounds.room(length as u64).map_err(Error::Protocol)?;
        Ok((length <= rest.len()).then_some(length))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Hands out a few bytes at a time.
    struct Pieces<'a>(&'a [u8], Vec<usize>);

    impl AsyncRead for Pieces<'_> {
        fn poll_read(
            mut self: std::pin::Pin<&mut Self>,
            _: &mut std::task::Context<'_>,
            buffer: &mut tokio::io::ReadBuf<'_>,
        ) -> std::task::Poll<io::Result<()>> {
            let size = self.1.pop().unwrap_or(usize::MAX);
            let size = size.min(self.0.len()).min(buffer.remaining());
            let (piece, rest) = self.0.split_at(size);
            buffer.put_slice(piece);
            self.0 = rest;
            std::task::Poll::Ready(Ok(()))
        }
    }

    proptest! {
        #[test]
        fn messages_come_out_whole_however_they_come_in(
            sent in prop::collection::vec((any::<u8>(), prop::collection::vec(any::<u8>(), 0..9000)), 0..8),
            pieces in prop::collection::vec(1..6000_usize, 0..20),
        ) {
            let mut bytes = Vec::new();
            for (tag, body) in &sent {
                bytes.push(*tag);
                bytes.extend((body.len() as u32 + 4).to_be_bytes());
                bytes.extend(body);
            }
            let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
            runtime.block_on(async {
                let mut socket = Pieces(&bytes, pieces);
                let mut input = Input::default();
                for (tag, body) in &sent {
                    let message = input.wait(&mut socket, Tally::default()).await.unwrap();
                    assert_eq!((message.tag, message.body), (*tag, body.as_slice()));
                }
                assert!(matches!(input.wait(&mut socket, Tally::default()).await, Err(Error::Io(_))));
            });
        }
    }
}
