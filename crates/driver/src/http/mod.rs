//! HTTP over connections of our own.
//!
//! Driving is what this program is for, so the way of a request is kept short: its bytes are
//! compiled before the run ([`Setup`]), handed to the socket from where they lie, and the answer is
//! read into memory that all sessions of a worker share. A request on an open connection costs one
//! write, one wait and one read of the system, no allocation, and two looks at the clock.
//!
//! A step is one exchange (`exchange`: a request, and the response that `response` gathers) or,
//! where redirects are followed (`follow`), several. It goes to the session's own server or to
//! another one (`destination`, `peer`). What only some users need, cookies and connections to other
//! servers, is kept apart from their sessions (`user`).
//!
//! HTTP/2 (`h2`) shares everything with HTTP/1.1 but the exchange itself. Proxies (`proxy`) are known
//! only to the opening of connections and to the bytes that leave on them.

mod address;
mod buffers;
pub mod codec;
mod connect;
mod connection;
mod cookies;
mod deadline;
mod decode;
mod destination;
mod dots;
mod exchange;
mod expect;
mod extract;
mod failure;
mod follow;
mod h2;
mod holes;
mod measurement;
mod multipart;
mod peer;
mod policy;
mod proxy;
mod redirect;
mod request;
mod response;
mod search;
mod server;
mod setup;
mod setup_error;
mod step;
mod stream;
#[cfg(test)]
mod tests;
mod tls;
mod user;

pub use setup::{Setup, Target};
pub use setup_error::SetupError;

use self::{
    buffers::Buffers,
    codec::Memo,
    connect::{Addresses, Opening},
    connection::Channel,
    cookies::{Cookies, Jar},
    deadline::Deadline,
    exchange::{Outgoing, Sending},
    expect::Answer,
    follow::Following,
    measurement::Measurement,
    request::Fill,
    response::Response,
    server::ServerSetup,
    tls::UserTls,
    user::{Elsewheres, UserState},
};
use super::{
    BODY_START, FailedRequest, Failure, Outcome, Progress, Timers, step_timeout::StepTimeout,
    trace::Ids,
};
use loadgen_core::time::Clock;
use loadgen_data::Value;
use loadgen_plan::HttpStep;
use std::{
    cell::{OnceCell, RefCell},
    num::NonZeroU16,
    sync::Arc,
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
    elsewheres: Elsewheres,
}

/// State that a user or slot keeps between its steps: one connection to one server.
#[derive(Debug)]
pub struct Session {
    population: usize,
    server: usize,
    /// Its number among the sessions of its server, which take the server's addresses in turn.
    turn: u64,
    tls: UserTls,
    channel: Option<Channel>,
    /// None for those who keep neither cookies nor follow redirects.
    user: Option<Box<UserState>>,
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
            elsewheres: Elsewheres::default(),
            setup,
        }
    }

    /// Opens, and closes, a connection to each server, with the TLS handshake where there is one.
    /// Sends no request.
    pub async fn preflight(&self) -> Result<(), Unreachable> {
        for (population, servers) in self.setup.servers.iter().enumerate() {
            // Whoever goes through a proxy cannot see beyond it before the first request.
            if let Some(proxy) = &self.setup.proxies[population] {
                let reached = self.reach(proxy, &Addresses::default()).await;
                reached.map_err(|failure| Unreachable {
                    url: format!("the proxy {}", proxy.url),
                    failure,
                })?;
                continue;
            }
            for (server, addresses) in servers.iter().zip(&self.addresses[population]) {
                let reached = self.reach(server, addresses).await;
                reached.map_err(|failure| Unreachable {
                    url: server.url.clone(),
                    failure,
                })?;
            }
        }
        Ok(())
    }

    /// Opens, and closes, a connection.
    async fn reach(&self, server: &ServerSetup, addresses: &Addresses) -> Result<(), Failure> {
        let opening = Opening {
            server,
            addresses,
            turn: 0,
            tls: &mut UserTls::default(),
            clock: self.clock,
            timers: &self.timers,
            deadline: Deadline::NONE,
        };
        opening.open().await.map(drop)
    }

    /// The cookies of a user, for requests to `server`.
    fn cookies<'a>(&self, jar: Option<&'a Jar>, server: &'a ServerSetup) -> Option<Cookies<'a>> {
        Some(Cookies {
            jar: jar?,
            site: server.site(),
            clock: self.clock,
        })
    }

    /// Does a step, and notes in `measured` what is measured of it.
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
        measured: &mut Measurement,
    ) -> impl Future<Output = Result<(), Failure>> {
        async move {
            let to = self.destination(session, (index, http), values)?;
            let request = to.request;
            request.holes.check(values)?;
            self.ids.begin(request.trace, session.server, progress);
            let mut deadline = Deadline::after(http.timeout);
            let policy = &self.setup.policies[session.population];
            let server = to.peer.server();
            let fill = Fill {
                values,
                progress,
                cookies: None,
                url: to.url.as_deref(),
            };
            let (connection, jar) = to.peer.connection(session);
            let sending = Sending {
                outgoing: Outgoing::Compiled(
                    request,
                    Fill {
                        cookies: self.cookies(jar, server),
                        ..fill
                    },
                ),
                looks: &request.looks,
                policy,
                memo: to.memo,
                head: request.head,
                idempotent: request.idempotent,
                close: request.close,
                progress: Some(progress),
            };
            let mut exchanged = self
                .exchange(connection, &sending, &mut deadline, measured)
                .await?;
            if policy.redirects > 0 && redirect::leads_on(exchanged.status) {
                let step = Following {
                    request,
                    base: &server.base,
                    fill,
                    deadline: &mut deadline,
                    measured,
                };
                // Boxed, because it is large and most steps do without it.
                exchanged = Box::pin(self.follow(session, step, exchanged)).await?;
            } else if exchanged.response.fields.cookies
                && let Some(user) = &mut session.user
            {
                let mut buffer = self.buffers.outgoing.borrow_mut();
                let sent = request.render(&fill, &mut buffer);
                let target = &sent[address::target(sent)];
                user.keep_cookies(&exchanged.response.head, server.site(), target, self.clock);
            }
            measured.ended_at = exchanged.received_at;
            measured.status = NonZeroU16::new(exchanged.status);
            progress.answered(exchanged.status);
            let Response { head, body, .. } = exchanged.response;
            let answer = Answer {
                status: exchanged.status,
                took: measured.took(),
                body_bytes: body.bytes,
                head,
                body: body.kept,
                json: OnceCell::new(),
            };
            let needles = request.looks.needles.as_ref();
            let (missed, verdict) = expect::judge(http, &answer, needles, &body.search, values);
            measured.missed = missed;
            let jar = session.user.as_deref().and_then(|user| user.jar.as_ref());
            let jar = self.cookies(jar, server);
            let verdict = verdict.and_then(|()| extract::all(http, &answer, jar, values));
            if verdict.is_err() {
                measured.body = answer.body[..answer.body.len().min(BODY_START)].into();
            }
            self.buffers.give_back(answer.head);
            self.buffers.give_back(answer.body);
            verdict
        }
    }
}

impl HttpDriver {
    /// A session for the user or slot number `index` of a population; connects nothing yet.
    pub fn session(&self, population: usize, index: u64) -> Session {
        // Without a server there is no request to make.
        let servers = self.setup.servers[population].len().max(1) as u64;
        Session {
            population,
            server: (index % servers) as usize,
            turn: index / servers,
            tls: UserTls::default(),
            channel: None,
            user: UserState::of(&self.setup.policies[population]),
            step_timeout: StepTimeout::new(self.timers.clone()),
        }
    }

    /// Somebody else goes on with the session; connections stay.
    pub fn renew(&self, session: &mut Session) {
        session.tls.forget();
        if let Some(user) = &mut session.user {
            user.forget();
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
            let mut measured = Measurement::default();
            let done = self
                .attempt(session, step, values, progress, &mut measured)
                .await;
            let ended_at = match measured.ended_at {
                Some(ended_at) => ended_at,
                None => self.clock.now(),
            };
            let failed = done.is_err().then(|| {
                Box::new(FailedRequest {
                    request: self.shown(session, step, values),
                    body: std::mem::take(&mut measured.body),
                })
            });
            Outcome {
                failed,
                ..measured.outcome(done, ended_at)
            }
        }
    }
}
