//! Bytes to be sent.

use super::socket::{self, Socket};
use bytes::BytesMut;
use std::{
    io,
    pin::Pin,
    task::{Context, Poll, ready},
};
use tokio::io::AsyncWrite;

/// Messages, and how far they have been sent.
#[derive(Default)]
pub struct Output {
    buffer: BytesMut,
    /// Number of the bytes that have gone.
    gone: usize,
    /// Nothing is held back on the way, either.
    flushed: bool,
    /// Number of bytes ever sent.
    pub sent: u64,
}

impl Output {
    /// Room for the next messages; those before are forgotten.
    pub fn begin(&mut self) -> &mut BytesMut {
        self.buffer.clear();
        self.gone = 0;
        self.flushed = false;
        &mut self.buffer
    }

    /// Nothing is left to be sent.
    pub fn is_sent(&self) -> bool {
        self.flushed
    }

    /// Sends all that was put there.
    pub fn poll_send(&mut self, cx: &mut Context<'_>, socket: &mut Socket) -> Poll<io::Result<()>> {
        while let rest @ [_, ..] = &self.buffer[self.gone..] {
            let sent = match socket::try_write(socket, rest) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    ready!(Pin::new(&mut *socket).poll_write(cx, rest))
                }
                sent => sent,
            };
            match sent? {
                0 => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                count => {
                    self.gone += count;
                    self.sent += count as u64;
                }
            }
        }
        ready!(Pin::new(socket).poll_flush(cx))?;
        self.flushed = true;
        Poll::Ready(Ok(()))
    }
}
