//! Opens connections.

use super::{deadline::Deadline, server::ServerSetup, stream::Stream};
use crate::{ErrorClass, Failure, Shortage, Timers};
use loadgen_core::time::{Clock, Nanos, SECOND, nanos};
use loadgen_plan::http::Http2;
use std::{io, net::SocketAddr, rc::Rc};
use tokio::{
    net::{TcpStream, lookup_host},
    sync::Mutex,
};
use tokio_rustls::TlsConnector;

/// How long a name's addresses are believed.
const ADDRESSES_LIVE: Nanos = 30 * SECOND;

/// How long it is believed that a name has none, so that many users who wait for the same name do
/// not each ask again.
const ABSENCE_LIVES: Nanos = SECOND;

/// What a worker knows of a server's addresses. Whoever asks while somebody else does waits for
/// that answer.
#[derive(Debug, Default)]
pub(super) struct Addresses(Mutex<Option<Known>>);

#[derive(Debug)]
struct Known {
    until: Nanos,
    found: Result<Rc<[SocketAddr]>, Absence>,
}

impl Addresses {
    async fn of(&self, server: &ServerSetup, clock: Clock) -> Result<Rc<[SocketAddr]>, Failure> {
        let mut known = self.0.lock().await;
        let fresh = known.take().filter(|known| clock.now() < known.until);
        let current = match fresh {
            Some(fresh) => fresh,
            None => Known::ask(server, clock).await,
        };
        let current = known.insert(current);
        current.found.clone().map_err(Failure::from)
    }
}

impl Known {
    async fn ask(server: &ServerSetup, clock: Clock) -> Self {
        let host = server.host.as_str();
        let found = match lookup_host((host, server.port)).await {
            Ok(addresses) => Ok(addresses.collect::<Rc<[_]>>()),
            Err(error) => Err((error.to_string(), Shortage::of(&error))),
        };
        let found = match found {
            Ok(addresses) if !addresses.is_empty() => Ok(addresses),
            Ok(_) => Err(("it has no address".to_owned(), None)),
            Err(error) => Err(error),
        };
        let lives = match &found {
            Ok(_) => ADDRESSES_LIVE,
            Err(_) => ABSENCE_LIVES,
        };
        Self {
            until: clock.now().saturating_add(lives),
            found: found.map_err(|(words, shortage)| Absence {
                words: format!("cannot resolve {host}: {words}").into(),
                shortage,
            }),
        }
    }
}

/// Why a name has no address.
#[derive(Debug, Clone)]
struct Absence {
    words: Rc<str>,
    /// Of this machine, for want of which nobody was asked.
    shortage: Option<Shortage>,
}

impl From<Absence> for Failure {
    fn from(Absence { words, shortage }: Absence) -> Self {
        Failure::for_want_of(shortage, ErrorClass::Dns, words.to_string())
    }
}

/// A connection and the time it took to open, TLS included, finding the address not.
#[derive(Debug)]
pub(super) struct Opened {
    pub stream: Stream,
    pub protocol: Protocol,
    pub took: Nanos,
}

/// What is spoken on a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Protocol {
    Http1,
    Http2,
}

impl Protocol {
    fn of(stream: &Stream, http2: Option<Http2>) -> Self {
        match http2 {
            None => Self::Http1,
            Some(Http2::Require) => Self::Http2,
            Some(Http2::Negotiate) if stream.agreed() == Some(b"h2") => Self::Http2,
            Some(Http2::Negotiate) => Self::Http1,
        }
    }
}

/// Opens a connection to `server` before its own bound and before `deadline`. A message names the
/// lower of the two as it was given: what was left of it would be another text each time.
pub(super) async fn open(
    server: &ServerSetup,
    addresses: &Addresses,
    clock: Clock,
    timers: &Timers,
    mut deadline: Deadline,
) -> Result<Opened, Failure> {
    let started = clock.now();
    let limit = deadline
        .begin(started)
        .min(started.saturating_add(nanos(server.connect_timeout)));
    let opening = async {
        let addresses = addresses.of(server, clock).await?;
        let began = clock.now();
        let tcp = connect(&addresses, clock, timers, limit)
            .await
            .map_err(Failure::io)?;
        let stream = match &server.tls {
            None => Stream::Plain(tcp),
            Some((config, name)) => {
                let connector = TlsConnector::from(config.clone());
                let tls = connector.connect(name.clone(), tcp).await;
                Stream::Tls(Box::new(tls.map_err(handshake_failure)?))
            }
        };
        Ok::<_, Failure>(Opened {
            protocol: Protocol::of(&stream, server.http2),
            stream,
            took: clock.now().saturating_sub(began),
        })
    };
    match timers.timeout_at(clock.instant(limit), opening).await {
        Ok(Err(failure)) if failure.class != ErrorClass::Timeout => Err(failure),
        Ok(Ok(opened)) => Ok(opened),
        Ok(Err(_)) | Err(_) => {
            let limit = deadline.timeout().min(server.connect_timeout);
            Err(Failure::timeout("no connection", limit))
        }
    }
}

/// Tries the addresses in turn. One that does not answer has only its share of the time, so that
/// those after it get theirs.
async fn connect(
    addresses: &[SocketAddr],
    clock: Clock,
    timers: &Timers,
    limit: Nanos,
) -> io::Result<TcpStream> {
    let mut failed = io::Error::from(io::ErrorKind::AddrNotAvailable);
    for (tried, address) in addresses.iter().enumerate() {
        let now = clock.now();
        let share = limit.saturating_sub(now) / (addresses.len() - tried) as u64;
        let connecting = TcpStream::connect(address);
        let connected = timers
            .timeout_at(clock.instant(now + share), connecting)
            .await;
        match connected {
            Ok(Ok(tcp)) => {
                // A request is written at once; waiting for more to send would only delay it.
                tcp.set_nodelay(true)?;
                return Ok(tcp);
            }
            Ok(Err(error)) => failed = error,
            Err(_) => failed = io::ErrorKind::TimedOut.into(),
        }
    }
    Err(failed)
}

/// Whatever ends a handshake makes it fail, the connection's end included.
fn handshake_failure(error: io::Error) -> Failure {
    Failure {
        class: ErrorClass::Tls,
        ..Failure::io(error)
    }
}
