//! A connection and the task that keeps it going.

use super::{
    super::{codec::Limits, stream::Stream},
    failure,
    meter::{Meter, Metered},
};
use crate::Failure;
use bytes::Bytes;
use h2::client::{self, ResponseFuture, SendRequest};
use http::Request;
use loadgen_core::time::Clock;
use std::{
    fmt,
    future::poll_fn,
    pin::Pin,
    sync::{
        Arc, Mutex, MutexGuard, OnceLock, PoisonError,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    task::{Context, Poll, Wake, Waker, ready},
};

/// Bytes of bodies that a server may send on a stream and on a connection before it is told to go
/// on; as hyper and browsers have it, so that a large response does not wait for the network.
const STREAM_WINDOW: u32 = 2 << 20;
const CONNECTION_WINDOW: u32 = 5 << 20;

/// Streams that may be open before the server's SETTINGS say how many: what RFC 9113 (6.5.2)
/// recommends servers to allow at least.
const FIRST_STREAMS: usize = 100;

/// An open HTTP/2 connection. Its frames are read and written by a task of the worker's, which ends
/// with the connection, so that pings are answered while no request is under way.
pub(in crate::http) struct Connection {
    requests: SendRequest<Bytes>,
    link: Arc<Link>,
    pub(super) meter: Arc<Meter>,
    abandoned: bool,
}

/// State that the task and the requests share.
struct Link {
    connection: Mutex<Option<client::Connection<Metered, Bytes>>>,
    /// The error that ended the connection, once there is one.
    end: OnceLock<h2::Error>,
    wakes: Arc<Wakes>,
    /// Of `wakes`.
    waker: Waker,
}

/// Wakes the task that keeps a connection going.
#[derive(Default)]
struct Wakes {
    task: OnceLock<Waker>,
    /// Somebody else will go on with the connection in a moment.
    attended: AtomicBool,
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection")
            .field("meter", &self.meter)
            .finish_non_exhaustive()
    }
}

impl Connection {
    /// Begins HTTP/2 on `stream`, without waiting for the server.
    ///
    /// # Errors
    /// When the connection has ended already.
    pub(in crate::http) async fn begin(
        stream: Stream,
        limits: &Limits,
        clock: Clock,
    ) -> Result<Self, Failure> {
        let (metered, meter) = Metered::new(stream, clock);
        let max_head = u32::try_from(limits.max_head).unwrap_or(u32::MAX);
        let (requests, connection) = client::Builder::new()
            .enable_push(false)
            .initial_max_send_streams(FIRST_STREAMS)
            .initial_window_size(STREAM_WINDOW)
            .initial_connection_window_size(CONNECTION_WINDOW)
            .max_header_list_size(max_head)
            .handshake(metered)
            .await
            .map_err(failure::opening)?;
        let wakes = Arc::<Wakes>::default();
        let link = Arc::new(Link {
            connection: Mutex::new(Some(connection)),
            end: OnceLock::new(),
            waker: Waker::from(Arc::clone(&wakes)),
            wakes,
        });
        let kept = Arc::clone(&link);
        tokio::spawn(poll_fn(move |cx| {
            kept.wakes.task.get_or_init(|| cx.waker().clone());
            kept.poll()
        }));
        Ok(Self {
            requests,
            link,
            meter,
            abandoned: false,
        })
    }

    /// Lets no more requests be sent.
    pub(super) fn abandon(&mut self) {
        self.abandoned = true;
    }

    /// Returns false once the connection takes no more requests.
    pub(in crate::http) fn is_open(&mut self) -> bool {
        if self.abandoned {
            return false;
        }
        let mut cx = Context::from_waker(Waker::noop());
        !matches!(self.requests.poll_ready(&mut cx), Poll::Ready(Err(_)))
    }

    /// Sends a request at once, as far as the socket takes it; the rest follows.
    ///
    /// # Errors
    /// When nothing was sent.
    pub(super) fn send(
        &mut self,
        request: Request<()>,
        body: Bytes,
    ) -> Result<ResponseFuture, h2::Error> {
        // The task need not be woken for what is written below.
        self.link.wakes.attended.store(true, Relaxed);
        let sent = self.requests.send_request(request, body.is_empty());
        let sent = sent.and_then(|(response, mut stream)| {
            if !body.is_empty() {
                stream.send_data(body, true)?;
            }
            Ok(response)
        });
        self.link.wakes.attended.store(false, Relaxed);
        if self.link.poll().is_ready() {
            self.link.wakes.wake_by_ref();
        }
        sent
    }

    /// The error that ended the connection, once there is one.
    pub(super) fn end(&self) -> Option<&h2::Error> {
        self.link.end.get()
    }
}

impl Link {
    fn lock(&self) -> MutexGuard<'_, Option<client::Connection<Metered, Bytes>>> {
        // Whoever panics with the lock leaves a connection that fails its requests, no worse.
        self.connection
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads and writes what can be without waiting.
    fn poll(&self) -> Poll<()> {
        let mut connection = self.lock();
        let Some(open) = connection.as_mut() else {
            return Poll::Ready(());
        };
        let ended = ready!(Pin::new(open).poll(&mut Context::from_waker(&self.waker)));
        if let Err(error) = ended {
            let _ = self.end.set(error);
        }
        // Closes the socket.
        *connection = None;
        Poll::Ready(())
    }
}

impl Wake for Wakes {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if let Some(task) = self.task.get()
            && !self.attended.load(Relaxed)
        {
            task.wake_by_ref();
        }
    }
}
