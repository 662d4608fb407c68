//! Exchanges on a connection that is kept: opened when there is none, replaced when the server has
//! closed it.

use super::{
    HttpDriver,
    connect::{self, Addresses},
    deadline::Deadline,
    exchange::{End, Exchange, ExchangeContext, Sending},
    measurement::Measurement,
    response::Response,
    server::ServerSetup,
    stream::Stream,
};
use crate::{
    driver::{ErrorClass, Failure, step_timeout::StepTimeout},
    time::Nanos,
};
use std::{future::poll_fn, task::Poll};

/// A session's connection to one server.
#[derive(Debug)]
pub(super) struct Connection<'a> {
    pub server: &'a ServerSetup,
    pub addresses: &'a Addresses,
    /// None while it is not open, or in use.
    pub stream: &'a mut Option<Stream>,
    pub step_timeout: &'a mut StepTimeout,
}

/// A complete response.
#[derive(Debug)]
pub(super) struct Exchanged {
    pub status: u16,
    pub response: Response,
    /// When the last byte came.
    pub received_at: Option<Nanos>,
}

impl HttpDriver {
    /// Sends a request and takes its response.
    #[allow(
        clippy::manual_async_fn,
        reason = "an `async fn` holds its arguments twice"
    )]
    pub(super) fn exchange(
        &self,
        connection: Connection<'_>,
        sending: &Sending<'_>,
        deadline: &mut Deadline,
        measured: &mut Measurement,
    ) -> impl Future<Output = Result<Exchanged, Failure>> {
        async move {
            self.close_stale(connection.stream, measured).await;
            loop {
                let idle = connection.stream.take();
                let reused = idle.is_some();
                let stream = match idle {
                    Some(stream) => stream,
                    None => {
                        deadline.at(self.clock);
                        // Boxed, because it is large and most steps do without it.
                        let opening = Box::pin(connect::open(
                            connection.server,
                            connection.addresses,
                            self.clock,
                            &self.timers,
                            *deadline,
                        ));
                        let opened = opening.await?;
                        measured.connect.get_or_insert(opened.took);
                        opened.stream
                    }
                };
                let mut exchange = Exchange::new(stream, sending);
                let end = {
                    let mut with = ExchangeContext {
                        clock: self.clock,
                        buffers: &self.buffers,
                        sending,
                        step_timeout: &mut *connection.step_timeout,
                        deadline: &mut *deadline,
                    };
                    poll_fn(|cx| exchange.poll(cx, &mut with)).await
                };
                measured.add(&exchange, sending.progress.is_some());
                match end {
                    End::Answered => {
                        exchange.response.finish()?;
                        let exchanged = Exchanged {
                            status: exchange.decoder.status().unwrap_or_default(),
                            received_at: exchange.received_at,
                            response: std::mem::take(&mut exchange.response),
                        };
                        if exchange.reusable() && !sending.close {
                            *connection.stream = Some(exchange.stream);
                        }
                        return Ok(exchanged);
                    }
                    // It may have been closed before the request arrived. What was sent then did
                    // nothing, but only an idempotent request may be sent again on a guess.
                    End::Closed(_)
                        if reused && (sending.idempotent || exchange.sent_at.is_none()) =>
                    {
                        measured.reconnects += 1;
                    }
                    End::Closed(Some(error)) => return Err(Failure::io(error)),
                    End::Closed(None) => {
                        return Err(Failure::text(
                            ErrorClass::Reset,
                            "the server closed the connection without an answer",
                        ));
                    }
                    End::Failed(failure) => return Err(failure),
                    End::TimedOut => return Err(deadline.passed()),
                }
            }
        }
    }

    /// Drops an idle connection if the server has meanwhile given it up.
    async fn close_stale(&self, idle: &mut Option<Stream>, measured: &mut Measurement) {
        let Some(stream) = idle else {
            return;
        };
        let quiet = poll_fn(|cx| {
            let mut buffer = self.buffers.incoming.borrow_mut();
            Poll::Ready(stream.is_quiet(cx, &mut buffer))
        });
        if !quiet.await {
            *idle = None;
            measured.reconnects += 1;
        }
    }
}
