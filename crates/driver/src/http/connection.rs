//! Exchanges on a connection that is kept: opened when there is none, replaced when the server has
//! closed it.

use super::{
    HttpDriver,
    connect::{Addresses, Opened, Opening, Protocol},
    deadline::Deadline,
    exchange::{End, Exchange, ExchangeContext, Exchanged, Sending},
    h2,
    measurement::Measurement,
    server::ServerSetup,
    stream::Stream,
    tls::UserTls,
};
use crate::{Failure, Phases, step_timeout::StepTimeout};
use loadgen_core::time::Nanos;
use std::{future::poll_fn, task::Poll};

/// Most times that a request is sent again because the server did not process it.
const MOST_AGAIN: u32 = 3;

/// A session's connection to one server.
#[derive(Debug)]
pub(super) struct Connection<'a> {
    pub server: &'a ServerSetup,
    pub addresses: &'a Addresses,
    /// Number of the session among those of the server.
    pub turn: u64,
    /// TLS of the user.
    pub tls: &'a mut UserTls,
    /// None while it is not open, or in use.
    pub channel: &'a mut Option<Channel>,
    pub step_timeout: &'a mut StepTimeout,
}

/// An open connection, by what is spoken on it.
#[derive(Debug)]
pub(super) enum Channel {
    /// With the time until which the server keeps it.
    Http1(Stream, Nanos),
    Http2(Box<h2::Connection>),
}

impl HttpDriver {
    /// Sends a request and takes its response.
    #[allow(
        clippy::manual_async_fn,
        reason = "an `async fn` holds its arguments twice"
    )]
    pub(super) fn exchange(
        &self,
        mut connection: Connection<'_>,
        sending: &Sending<'_>,
        deadline: &mut Deadline,
        measured: &mut Measurement,
    ) -> impl Future<Output = Result<Exchanged, Failure>> {
        async move {
            self.close_stale(connection.channel, measured).await;
            let mut again = 0;
            loop {
                let idle = connection.channel.take();
                let reused = idle.is_some();
                let channel = match idle {
                    Some(channel) => channel,
                    None => {
                        deadline.at(self.clock);
                        // Boxed, because it is large and most steps do without it.
                        let opening = Box::pin(self.open(&mut connection, sending, *deadline));
                        let (channel, took, phases) = opening.await?;
                        if measured.connect.is_none() {
                            measured.connect = Some(took);
                            measured.phases = Some(Box::new(phases));
                        }
                        channel
                    }
                };
                let mut with = ExchangeContext {
                    forward: connection.server.forward.as_ref(),
                    clock: self.clock,
                    buffers: &self.buffers,
                    sending,
                    step_timeout: &mut *connection.step_timeout,
                    deadline: &mut *deadline,
                };
                let (end, figures, channel) = match channel {
                    Channel::Http1(stream, _) => {
                        let mut exchange = Exchange::new(stream, sending);
                        let end = poll_fn(|cx| exchange.poll(cx, &mut with)).await;
                        let figures = exchange.figures();
                        let kept = match end {
                            End::Answered(_) => exchange.reusable_until(),
                            _ => None,
                        };
                        let channel = kept.map(|until| Channel::Http1(exchange.stream, until));
                        (end, figures, channel)
                    }
                    Channel::Http2(mut http2) => {
                        let secure = connection.server.tls.is_some();
                        // Boxed, so that users of HTTP/1.1 do not carry it.
                        let exchange = Box::pin(h2::exchange(&mut http2, with, secure));
                        let (end, figures) = exchange.await;
                        (end, figures, http2.is_open().then(|| Channel::Http2(http2)))
                    }
                };
                if !sending.close {
                    *connection.channel = channel;
                }
                measured.add(&figures, sending.progress.is_some());
                match end {
                    End::Answered(exchanged) => return Ok(exchanged),
                    End::NotProcessed(failure) => {
                        if let Some(progress) = sending.progress {
                            progress.unsent();
                            measured.sent_at = None;
                        }
                        if again == MOST_AGAIN {
                            return Err(failure);
                        }
                        again += 1;
                        measured.reconnects += 1;
                    }
                    // It may have been closed before the request arrived. What was sent then did
                    // nothing, but only an idempotent request may be sent again on a guess.
                    End::Closed(_)
                        if reused && (sending.idempotent || figures.sent_at.is_none()) =>
                    {
                        measured.reconnects += 1;
                    }
                    End::Closed(failure) | End::Failed(failure) => return Err(failure),
                    End::TimedOut => return Err(deadline.passed()),
                }
            }
        }
    }

    /// Opens a connection, and tells how long that and its phases took.
    async fn open(
        &self,
        connection: &mut Connection<'_>,
        sending: &Sending<'_>,
        deadline: Deadline,
    ) -> Result<(Channel, Nanos, Phases), Failure> {
        let opening = Opening {
            server: connection.server,
            addresses: connection.addresses,
            turn: connection.turn,
            tls: &mut *connection.tls,
            clock: self.clock,
            timers: &self.timers,
            deadline,
        };
        let Opened {
            stream,
            protocol,
            took,
            phases,
        } = opening.open().await?;
        let channel = match protocol {
            Protocol::Http1 => Channel::Http1(stream, Nanos::MAX),
            Protocol::Http2 => {
                let limits = &sending.policy.limits;
                let begun = h2::Connection::begin(stream, limits, self.clock);
                Channel::Http2(Box::new(begun.await?))
            }
        };
        Ok((channel, took, phases))
    }

    /// Drops an idle connection if the server has meanwhile given it up, or is about to: then it is
    /// no reconnect, because the server said so before.
    async fn close_stale(&self, idle: &mut Option<Channel>, measured: &mut Measurement) {
        let good = match idle {
            None => return,
            Some(Channel::Http1(_, until))
                if *until != Nanos::MAX && *until <= self.clock.now() =>
            {
                *idle = None;
                return;
            }
            Some(Channel::Http1(stream, _)) => {
                let quiet = poll_fn(|cx| {
                    let mut buffer = self.buffers.incoming.borrow_mut();
                    Poll::Ready(stream.is_quiet(cx, &mut buffer))
                });
                quiet.await
            }
            Some(Channel::Http2(connection)) => connection.is_open(),
        };
        if !good {
            *idle = None;
            measured.reconnects += 1;
        }
    }
}
