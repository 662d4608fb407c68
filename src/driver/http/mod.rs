//! HTTP over our own keep-alive HTTP/1.1 client.
//!
//! Driving is what this program is for, so the way of a request is kept short: its bytes are
//! compiled before the run ([`Setup`]), handed to the socket from where they lie, and the answer is
//! read into memory that all sessions of a worker share. A request on an open connection costs one
//! write, one wait and one read of the system, no allocation, and two looks at the clock.
//!
//! What this client refuses: HTTP/2, cookies, redirects, proxies and compressed bodies. [`full`] is
//! the other one, which the plan chooses where these are asked for.

pub mod codec;
mod connect;
mod dots;
mod exchange;
mod expect;
mod extract;
mod failure;
pub mod full;
mod holes;
mod request;
mod search;
mod setup;
mod step;
mod stream;
#[cfg(test)]
mod tests;
mod tls;

pub use setup::{Setup, SetupError, Target};
pub use step::{StepDriver, StepSession};

use self::{
    codec::Memo,
    connect::{Addresses, Deadline, Opened},
    exchange::{Buffers, End, Exchange, Surroundings},
    expect::Answer,
    stream::Stream,
};
use super::{
    ErrorClass, Failure, Outcome, Progress, Timers, step_timeout::StepTimeout, trace::Ids,
};
use crate::{
    data::Value,
    plan::HttpStep,
    time::{Clock, Nanos, nanos},
};
use std::{
    cell::{OnceCell, RefCell},
    future::poll_fn,
    num::NonZeroU16,
    sync::Arc,
    task::Poll,
};

/// Drives HTTP servers for the sessions of one worker.
#[derive(Debug)]
pub struct HttpDriver {
    clock: Clock,
    timers: Timers,
    setup: Arc<Setup>,
    buffers: Buffers,
    ids: Ids,
    /// By `Step::index`, then by URL.
    memos: Vec<Vec<RefCell<Memo>>>,
    /// By population, then by URL.
    addresses: Vec<Vec<Addresses>>,
}

/// What a user or slot keeps between its steps: one connection to one server.
#[derive(Debug)]
pub struct Session {
    population: usize,
    server: usize,
    stream: Option<Stream>,
    step_timeout: StepTimeout,
}

/// A server that cannot be reached.
#[derive(Debug, thiserror::Error)]
#[error("{url} cannot be reached: {}", .failure.detail)]
pub struct Unreachable {
    /// Its URL as it was given, without credentials.
    pub url: String,
    /// Why not.
    pub failure: Failure,
}

impl HttpDriver {
    /// A driver for the thread that it is made in.
    pub fn new(clock: Clock, timers: Timers, setup: Arc<Setup>) -> Self {
        let addresses = setup
            .servers
            .iter()
            .map(|servers| servers.iter().map(|_| Addresses::default()).collect());
        let memos = setup
            .requests
            .iter()
            .map(|requests| requests.iter().map(|_| RefCell::default()).collect());
        Self {
            clock,
            timers,
            addresses: addresses.collect(),
            memos: memos.collect(),
            buffers: Buffers::new(),
            ids: Ids::new(),
            setup,
        }
    }

    /// Opens, and closes, a connection to each server, with the TLS handshake where there is one.
    /// Sends no request.
    pub async fn preflight(&self) -> Result<(), Unreachable> {
        for (population, servers) in self.setup.servers.iter().enumerate() {
            // Whoever goes through a proxy cannot see beyond it before the first request.
            if let Some(proxy) = &self.setup.proxies[population] {
                connect::open(
                    proxy,
                    &Addresses::default(),
                    self.clock,
                    &self.timers,
                    Deadline::NONE,
                )
                .await
                .map_err(|failure| Unreachable {
                    url: format!("the proxy {}", proxy.url),
                    failure,
                })?;
                continue;
            }
            for (server, setup) in servers.iter().enumerate() {
                self.open(population, server, Deadline::NONE)
                    .await
                    .map_err(|failure| Unreachable {
                        url: setup.url.clone(),
                        failure,
                    })?;
            }
        }
        Ok(())
    }

    async fn open(
        &self,
        population: usize,
        server: usize,
        deadline: Deadline,
    ) -> Result<Opened, Failure> {
        connect::open(
            &self.setup.servers[population][server],
            &self.addresses[population][server],
            self.clock,
            &self.timers,
            deadline,
        )
        .await
    }

    /// Drops the session's connection if the server has meanwhile given it up.
    async fn close_stale(&self, session: &mut Session, trail: &mut Trail) {
        let Some(stream) = &mut session.stream else {
            return;
        };
        let quiet = poll_fn(|cx| {
            let mut buffer = self.buffers.incoming.borrow_mut();
            Poll::Ready(stream.is_quiet(cx, &mut buffer))
        });
        if !quiet.await {
            session.stream = None;
            trail.reconnects += 1;
        }
    }

    /// Does a step, and notes in `trail` what is measured of it.
    #[allow(
        clippy::manual_async_fn,
        reason = "an `async fn` holds its arguments twice"
    )]
    fn attempt(
        &self,
        session: &mut Session,
        (index, http): (usize, &HttpStep),
        values: &mut [Value],
        progress: &Progress,
        trail: &mut Trail,
    ) -> impl Future<Output = Result<(), Failure>> {
        async move {
            let (population, server) = (session.population, session.server);
            let request = &self.setup.requests[index][server];
            request.holes.check(values)?;
            self.ids.begin(request.trace, server, progress);
            let timeout = nanos(http.timeout);
            let mut deadline = None;
            self.close_stale(session, trail).await;
            loop {
                let idle = session.stream.take();
                let reused = idle.is_some();
                let stream = match idle {
                    Some(stream) => stream,
                    None => {
                        let deadline = *deadline
                            .get_or_insert_with(|| self.clock.now().saturating_add(timeout));
                        // Boxed, because it is large and most steps do without it.
                        let deadline = Deadline {
                            at: deadline,
                            timeout: http.timeout,
                        };
                        let opened = Box::pin(self.open(population, server, deadline)).await?;
                        trail.connect = Some(opened.took);
                        opened.stream
                    }
                };
                let mut exchange = Exchange::new(stream, self.setup.limits[population], request);
                let end = {
                    let mut with = Surroundings {
                        clock: self.clock,
                        buffers: &self.buffers,
                        request,
                        memo: &self.memos[index][server],
                        values,
                        progress,
                        step_timeout: &mut session.step_timeout,
                        timeout,
                        deadline: &mut deadline,
                    };
                    poll_fn(|cx| exchange.poll(cx, &mut with)).await
                };
                trail.add(&exchange);
                match end {
                    End::Answered => {
                        trail.ended_at = exchange.received_at;
                        let status = exchange.decoder.status().unwrap_or_default();
                        trail.status = NonZeroU16::new(status);
                        progress.answered(status);
                        let answer = Answer {
                            status,
                            took: exchange.took(),
                            body_bytes: exchange.body_bytes,
                            head: exchange.decoder.kept_head().unwrap_or_default(),
                            body: std::mem::take(&mut exchange.body),
                            json: OnceCell::new(),
                        };
                        let needles = request.looks.needles.as_ref();
                        let (missed, verdict) =
                            expect::judge(http, &answer, needles, &exchange.search, values);
                        trail.missed = missed;
                        let verdict = verdict.and_then(|()| extract::all(http, &answer, values));
                        self.buffers.give_back(answer.head);
                        self.buffers.give_back(answer.body);
                        if exchange.reusable() && !request.close {
                            session.stream = Some(exchange.stream);
                        }
                        return verdict;
                    }
                    // It may have been closed before the request arrived. What was sent then did
                    // nothing, but only an idempotent request may be sent again on a guess.
                    End::Closed(_)
                        if reused && (request.idempotent || exchange.sent_at.is_none()) =>
                    {
                        trail.reconnects += 1;
                    }
                    End::Closed(Some(error)) => return Err(Failure::io(error)),
                    End::Closed(None) => {
                        return Err(Failure::text(
                            ErrorClass::Reset,
                            "the server closed the connection without an answer",
                        ));
                    }
                    End::Failed(failure) => return Err(failure),
                    End::TimedOut => return Err(timed_out(http)),
                }
            }
        }
    }
}

fn timed_out(http: &HttpStep) -> Failure {
    Failure::timeout("no complete answer", http.timeout)
}

impl HttpDriver {
    /// A session for the user or slot number `index` of a population; connects nothing yet.
    pub fn session(&self, population: usize, index: u64) -> Session {
        let servers = self.setup.servers[population].len() as u64;
        Session {
            population,
            // Without a server there is no request to make.
            server: index.checked_rem(servers).unwrap_or(0) as usize,
            stream: None,
            step_timeout: StepTimeout::new(self.timers.clone()),
        }
    }

    /// Does a step, which stands at its index in the plan.
    #[allow(
        clippy::manual_async_fn,
        reason = "an `async fn` holds its arguments twice"
    )]
    pub fn step(
        &self,
        session: &mut Session,
        step: (usize, &HttpStep),
        values: &mut [Value],
        progress: &Progress,
    ) -> impl Future<Output = Outcome> {
        async move {
            let mut trail = Trail::default();
            let done = self
                .attempt(session, step, values, progress, &mut trail)
                .await;
            let ended_at = match trail.ended_at {
                Some(ended_at) => ended_at,
                None => self.clock.now(),
            };
            trail.outcome(done, ended_at)
        }
    }
}

/// What is measured of a step, over all its exchanges.
#[derive(Debug)]
struct Trail {
    /// Of the last exchange that sent anything.
    sent_at: Option<Nanos>,
    /// Of the same exchange.
    first_byte_at: Option<Nanos>,
    /// When the last byte of the answer came, if it came whole.
    ended_at: Option<Nanos>,
    connect: Option<Nanos>,
    /// The head of an answer was seen.
    answered: bool,
    /// Of a response that came whole.
    status: Option<NonZeroU16>,
    missed: u64,
    reconnects: u32,
    bytes_sent: u64,
    bytes_received: u64,
}

impl Default for Trail {
    fn default() -> Self {
        Self {
            sent_at: None,
            first_byte_at: None,
            ended_at: None,
            connect: None,
            answered: false,
            status: None,
            // Until an answer says otherwise.
            missed: u64::MAX,
            reconnects: 0,
            bytes_sent: 0,
            bytes_received: 0,
        }
    }
}

impl Trail {
    fn outcome(self, done: Result<(), Failure>, ended_at: Nanos) -> Outcome {
        Outcome {
            sent_at: self.sent_at,
            first_byte_at: self.first_byte_at,
            ended_at,
            connect: self.connect,
            failure: done.err(),
            status: self.status,
            unknown: self.sent_at.is_some() && !self.answered,
            missed: self.missed,
            reconnects: self.reconnects,
            bytes_sent: self.bytes_sent,
            bytes_received: self.bytes_received,
            ..Outcome::default()
        }
    }

    fn add(&mut self, exchange: &Exchange) {
        self.sent_at = exchange.sent_at.or(self.sent_at);
        self.first_byte_at = exchange.first_byte_at;
        self.answered = exchange.decoder.status().is_some();
        self.bytes_sent += exchange.bytes_sent;
        self.bytes_received += exchange.bytes_received;
    }
}
