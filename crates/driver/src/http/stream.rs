//! A connection's bytes, with TLS or without.

use std::{
    io::{self, IoSlice},
    pin::Pin,
    task::{Context, Poll, ready},
};
use tokio::{
    io::{AsyncRead, AsyncWrite, Interest, ReadBuf},
    net::{TcpStream, UnixStream},
};
use tokio_rustls::client::TlsStream;

/// An open connection. It waits through `poll_read` and `poll_write` because these clear tokio's
/// readiness after a short read or write: the next read then waits for the answer without asking
/// the system first, which `try_read` would do.
#[derive(Debug)]
pub(super) enum Stream {
    Tcp(TcpStream),
    Unix(UnixStream),
    Tls(Box<TlsStream<Stream>>),
}

/// Calls a method of tokio's traits on whichever it is.
macro_rules! on_any {
    ($stream:expr, $method:ident($($argument:expr),*)) => {
        match $stream {
            Stream::Tcp(tcp) => Pin::new(tcp).$method($($argument),*),
            Stream::Unix(unix) => Pin::new(unix).$method($($argument),*),
            Stream::Tls(tls) => Pin::new(tls.as_mut()).$method($($argument),*),
        }
    };
}

impl AsyncRead for Stream {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        on_any!(self.get_mut(), poll_read(cx, buffer))
    }
}

impl AsyncWrite for Stream {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        on_any!(self.get_mut(), poll_write(cx, bytes))
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        pieces: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        on_any!(self.get_mut(), poll_write_vectored(cx, pieces))
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        on_any!(self.get_mut(), poll_flush(cx))
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        on_any!(self.get_mut(), poll_shutdown(cx))
    }
}

impl Stream {
    /// Reads into `buffer`; 0 bytes mean the end.
    pub(super) fn poll_read(
        &mut self,
        cx: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        let mut buffer = ReadBuf::new(buffer);
        ready!(on_any!(self, poll_read(cx, &mut buffer)))?;
        Poll::Ready(Ok(buffer.filled().len()))
    }

    /// Writes the beginning of `bytes`.
    pub(super) fn poll_write(
        &mut self,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        on_any!(self, poll_write(cx, bytes))
    }

    /// Waits until the system has taken everything.
    pub(super) fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        on_any!(self, poll_flush(cx))
    }

    /// Returns the protocol that was agreed on in the TLS handshake.
    pub(super) fn agreed(&self) -> Option<&[u8]> {
        match self {
            Stream::Tcp(_) | Stream::Unix(_) => None,
            Stream::Tls(tls) => tls.get_ref().1.alpn_protocol(),
        }
    }

    /// Returns true if an idle connection is still good: the server has neither closed it nor said anything
    /// out of turn. Asks the system only when something has happened to the connection since.
    pub(super) fn is_quiet(&mut self, cx: &mut Context<'_>, buffer: &mut [u8]) -> bool {
        // With TLS what came may be none of the server's words, such as a session ticket.
        self.is_untouched() || self.poll_read(cx, buffer).is_pending()
    }

    /// Returns true if the runtime has seen nothing happen to the connection since it was last read.
    fn is_untouched(&self) -> bool {
        match self {
            Stream::Tcp(tcp) => tcp.try_io(Interest::READABLE, || Ok(())).is_err(),
            Stream::Unix(unix) => unix.try_io(Interest::READABLE, || Ok(())).is_err(),
            Stream::Tls(tls) => tls.get_ref().0.is_untouched(),
        }
    }

    /// Whether bytes that it takes may stay in its own memory.
    pub(super) fn is_tls(&self) -> bool {
        matches!(self, Stream::Tls(_))
    }
}
