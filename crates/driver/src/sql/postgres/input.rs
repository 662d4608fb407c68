//! Messages that have been received and not yet been looked at.

use super::{
    Error,
    message::{self, Message},
};
use crate::sql::{bounds::Tally, wire};
use std::{
    future::poll_fn,
    task::{Context, Poll, ready},
};
use tokio::io::AsyncRead;

/// Received bytes, message by message.
#[derive(Default)]
pub struct Input(wire::Input);

impl Input {
    /// Number of bytes ever received.
    pub fn received(&self) -> u64 {
        self.0.received
    }

    /// The next message, if it has come whole.
    ///
    /// # Errors
    /// When no message can begin so, or none so long may follow.
    pub fn next(&mut self, bounds: Tally) -> Result<Option<Message<'_>>, Error> {
        let Some(length) = self.whole(bounds)? else {
            return Ok(None);
        };
        let message = self.0.take(length);
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
        let length = message::length(self.0.rest())?.unwrap_or(0);
        ready!(self.0.poll_fill(cx, socket, length))?;
        Poll::Ready(Ok(()))
    }

    /// Length of the next message, if it has come whole.
    fn whole(&self, bounds: Tally) -> Result<Option<usize>, Error> {
        let rest = self.0.rest();
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
    use std::io;

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
