//! Counts what passes through a connection, and notes when.

use super::super::stream::Stream;
use loadgen_core::time::{Clock, Nanos};
use std::{
    io::{self, IoSlice},
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering::Relaxed},
    },
    task::{Context, Poll, ready},
};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// Figures of one connection. Atomic because its task may run on another thread; on a worker it
/// never does.
#[derive(Debug, Default)]
pub(super) struct Meter {
    sent: AtomicU64,
    received: AtomicU64,
    received_at: AtomicU64,
    /// The first bytes are no SETTINGS frame, which every HTTP/2 connection begins with.
    foreign: AtomicBool,
}

impl Meter {
    /// Bytes sent since this was last called.
    pub(super) fn take_sent(&self) -> u64 {
        self.sent.swap(0, Relaxed)
    }

    /// Bytes received since this was last called.
    pub(super) fn take_received(&self) -> u64 {
        self.received.swap(0, Relaxed)
    }

    /// Time at which the last bytes were received.
    pub(super) fn received_at(&self) -> Nanos {
        self.received_at.load(Relaxed)
    }

    /// Returns true if what the server sent is not HTTP/2.
    pub(super) fn is_foreign(&self) -> bool {
        self.foreign.load(Relaxed)
    }
}

/// A connection's bytes with a meter.
#[derive(Debug)]
pub(super) struct Metered {
    stream: Stream,
    meter: Arc<Meter>,
    clock: Clock,
    /// Bytes received so far, as far as the first frame's type.
    begun: usize,
}

/// Place of the type in a frame, and the type of SETTINGS (RFC 9113, 4.1 and 6.5).
const TYPE: usize = 3;
const SETTINGS: u8 = 4;

impl Metered {
    pub(super) fn new(stream: Stream, clock: Clock) -> (Self, Arc<Meter>) {
        let meter = Arc::<Meter>::default();
        let metered = Self {
            stream,
            meter: Arc::clone(&meter),
            clock,
            begun: 0,
        };
        (metered, meter)
    }

    fn note(&mut self, received: &[u8]) {
        if received.is_empty() {
            return;
        }
        if self.begun <= TYPE {
            let kind = received.get(TYPE - self.begun);
            self.begun += received.len();
            if kind.is_some_and(|kind| *kind != SETTINGS) {
                self.meter.foreign.store(true, Relaxed);
            }
        }
        self.meter
            .received
            .fetch_add(received.len() as u64, Relaxed);
        self.meter.received_at.store(self.clock.now(), Relaxed);
    }

    fn count(&self, written: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        let written = ready!(written)?;
        self.meter.sent.fetch_add(written as u64, Relaxed);
        Poll::Ready(Ok(written))
    }
}

impl AsyncRead for Metered {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        ready!(AsyncRead::poll_read(Pin::new(&mut self.stream), cx, buffer))?;
        self.note(&buffer.filled()[before..]);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Metered {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = self.stream.poll_write(cx, bytes);
        self.count(written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        pieces: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(cx, pieces);
        self.count(written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.stream.poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
