//! Opens connections: finds addresses, connects to the first that can be reached, and shakes hands.

mod addresses;
pub(super) mod endpoint;
mod race;

pub(super) use addresses::Addresses;

use self::{
    endpoint::Endpoint,
    race::{Finish, race},
};
use super::{deadline::Deadline, proxy::Proxy, server::ServerSetup, stream::Stream, tls::UserTls};
use crate::{ErrorClass, Failure, Phases, Timers};
use loadgen_core::time::{Clock, Nanos, nanos};
use loadgen_plan::http::Http2;
use rustls::{ClientConfig, pki_types::ServerName};
use std::{io, net::SocketAddr, path::Path, slice, sync::Arc};
use tokio::net::{TcpStream, UnixStream};
use tokio_rustls::TlsConnector;

/// Time after which a Unix socket with a full queue is tried again; the system does not tell when it has room.
const QUEUE_POLL: Nanos = 1_000_000;

/// A connection that is to be opened.
#[derive(Debug)]
pub(super) struct Opening<'a> {
    pub server: &'a ServerSetup,
    /// Addresses of the server, as far as the worker knows them.
    pub addresses: &'a Addresses,
    /// Number of the session among those of the server, which take its addresses in turn.
    pub turn: u64,
    /// TLS of the user.
    pub tls: &'a mut UserTls,
    pub clock: Clock,
    pub timers: &'a Timers,
    /// End of the step that needs the connection.
    pub deadline: Deadline,
}

/// An open connection.
#[derive(Debug)]
pub(super) struct Opened {
    pub stream: Stream,
    pub protocol: Protocol,
    /// Time that everything took: the look-up of the name, connecting, the TLS handshake.
    pub took: Nanos,
    pub phases: Phases,
}

/// Protocol of a connection.
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

impl Opening<'_> {
    /// Opens it, before the server's bound on connecting and before the deadline.
    ///
    /// # Errors
    /// The message of a timeout names the lower of the two as it was given: what was left of it
    /// would be another text each time.
    pub(super) async fn open(mut self) -> Result<Opened, Failure> {
        let Self { server, clock, .. } = self;
        let timeout = server.connect.timeout;
        let started = clock.now();
        let limit = self
            .deadline
            .begin(started)
            .min(started.saturating_add(nanos(timeout)));
        let timers = self.timers;
        let stream = timers.timeout_at(clock.instant(limit), self.stream(limit));
        match stream.await {
            Ok(Ok((stream, phases))) => Ok(Opened {
                protocol: Protocol::of(&stream, server.connect.http2),
                stream,
                took: clock.now().saturating_sub(started),
                phases,
            }),
            Ok(Err(failure)) if failure.class != ErrorClass::Timeout => Err(failure),
            Ok(Err(_)) | Err(_) => {
                let limit = self.deadline.timeout().min(timeout);
                Err(Failure::timeout("no connection", limit))
            }
        }
    }

    async fn stream(&mut self, limit: Nanos) -> Result<(Stream, Phases), Failure> {
        let clock = self.clock;
        let mut phases = Phases::default();
        let stream = match self.server.proxy() {
            None => {
                let endpoint = &self.server.endpoint;
                self.reach(endpoint, limit, &mut phases).await?
            }
            // Boxed, because it is large and most do without it.
            Some(proxy) => Box::pin(self.pass(proxy, limit, &mut phases)).await?,
        };
        let Some((config, name)) = &self.server.tls else {
            return Ok((stream, phases));
        };
        let started = clock.now();
        let config = self.tls.config(config, self.server.connect.resumption);
        let stream = shake_hands(config, name, stream).await?;
        phases.tls = Some(clock.now().saturating_sub(started));
        Ok((stream, phases))
    }

    /// Connects to an endpoint.
    async fn reach(
        &self,
        endpoint: &Endpoint,
        limit: Nanos,
        phases: &mut Phases,
    ) -> Result<Stream, Failure> {
        Ok(match endpoint {
            Endpoint::Socket(path) => Stream::Unix(self.connect_unix(path).await?),
            Endpoint::Address(address) => {
                let addresses = slice::from_ref(address);
                Stream::Tcp(self.connect(addresses, limit, phases).await?)
            }
            Endpoint::Name(name, port) => {
                let addresses = self.look_up(self.addresses, name, *port, phases).await?;
                Stream::Tcp(self.connect(&addresses, limit, phases).await?)
            }
        })
    }

    /// Connects to a proxy, and through it to the server unless the proxy passes requests on.
    async fn pass(
        &self,
        proxy: &Proxy,
        limit: Nanos,
        phases: &mut Phases,
    ) -> Result<Stream, Failure> {
        let mut found = None;
        if let Endpoint::Name(name, port) = &self.server.endpoint
            && !proxy.resolves()
        {
            let known = self.addresses.behind();
            let addresses = self.look_up(known, name, *port, phases).await?;
            found = addresses.first().copied().map(Endpoint::Address);
        }
        let reached = async {
            let stream = self.reach(&proxy.endpoint, limit, phases).await?;
            match &proxy.tls {
                None => Ok(stream),
                Some((config, name)) => shake_hands(Arc::clone(config), name, stream).await,
            }
        };
        let stream = reached.await.map_err(|failure| proxy.named(failure))?;
        if self.server.forward.is_some() {
            return Ok(stream);
        }
        let end = found.as_ref().unwrap_or(&self.server.endpoint);
        proxy.tunnel(stream, end).await
    }

    /// Finds the addresses of a name, in the order in which they are to be tried.
    async fn look_up(
        &self,
        known: &Addresses,
        name: &str,
        port: u16,
        phases: &mut Phases,
    ) -> Result<Vec<SocketAddr>, Failure> {
        let clock = self.clock;
        let addresses = match known.known(clock) {
            Some(addresses) => addresses?,
            None => {
                let started = clock.now();
                let lives = self.server.connect.dns;
                let addresses = known.look_up(name, port, lives, clock).await?;
                *phases.dns.get_or_insert(0) += clock.now().saturating_sub(started);
                addresses
            }
        };
        Ok(known.order(&addresses, self.turn, clock.now()))
    }

    /// Connects to the first of these addresses that can be reached.
    async fn connect(
        &self,
        addresses: &[SocketAddr],
        limit: Nanos,
        phases: &mut Phases,
    ) -> Result<TcpStream, Failure> {
        let (clock, known) = (self.clock, self.addresses);
        let started = clock.now();
        let Finish { connected, dead } =
            race(addresses, limit, clock, self.timers, TcpStream::connect).await;
        known.bury(dead, clock.now());
        let (address, stream) = connected?;
        phases.tcp = Some(clock.now().saturating_sub(started));
        known.revive(address);
        // A request is written at once; waiting for more to send would only delay it.
        stream.set_nodelay(true)?;
        Ok(stream)
    }

    /// Connects to a Unix socket, waiting for room in its queue as TCP does.
    async fn connect_unix(&self, path: &Path) -> Result<UnixStream, Failure> {
        loop {
            match UnixStream::connect(path).await {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    let next_at = self.clock.now() + QUEUE_POLL;
                    self.timers.sleep_until(self.clock.instant(next_at)).await;
                }
                connected => return Ok(connected?),
            }
        }
    }
}

async fn shake_hands(
    config: Arc<ClientConfig>,
    name: &ServerName<'static>,
    stream: Stream,
) -> Result<Stream, Failure> {
    let connecting = TlsConnector::from(config).connect(name.clone(), stream);
    let tls = connecting.await.map_err(handshake_failure)?;
    Ok(Stream::Tls(Box::new(tls)))
}

/// Whatever ends a handshake makes it fail, the connection's end included.
fn handshake_failure(error: io::Error) -> Failure {
    Failure {
        class: ErrorClass::Tls,
        ..Failure::io(error)
    }
}
