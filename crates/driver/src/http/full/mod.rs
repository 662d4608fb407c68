//! HTTP over reqwest, for what the fast client does not speak: HTTP/2, cookies, redirects, proxies,
//! compressed bodies, multipart content and client certificates.
//!
//! Each user is a client of its own, with its own connections and cookies, as real ones are; trust,
//! names and prepared requests are shared. The outcome of a step means what it means with the fast
//! client. What a library hides is known as well as it lets us:
//!
//! - A request counts as sent when its connection is open, or at once on one that is kept: that is
//!   some microseconds before its first byte.
//! - The first byte of an answer counts as received when its head is there.
//! - Bytes are those of heads as HTTP/1.1 writes them and of bodies as they came; not the framing
//!   of chunks and of HTTP/2, and not the answers that redirect.
//! - A kept connection that ends within an answer's head looks as if it had ended before it.

mod answer;
mod failure;
mod jar;
mod message;
mod names;
mod probe;
mod redirect;
mod setup;

pub(super) use self::{message::Message, setup::FullSetup};

use self::{failure::Trouble, jar::Jar, names::Names, probe::Probe, redirect::Redirects};
use super::{Setup, deadline::timed_out, expect, extract, measurement::Measurement};
use crate::{
    ErrorClass, Failure, Outcome, Progress, Timers, step_timeout::StepTimeout, trace::Ids,
};
use loadgen_core::time::{Clock, nanos};
use loadgen_data::Value;
use loadgen_plan::HttpStep;
use reqwest::{Client, Response};
use std::{future::poll_fn, num::NonZeroU16, pin::pin, sync::Arc, task::Poll};

/// Drives HTTP servers through reqwest for the sessions of one worker.
#[derive(Debug)]
pub struct FullDriver {
    clock: Clock,
    timers: Timers,
    setup: Arc<Setup>,
    names: Arc<Names>,
    ids: Ids,
}

/// What a user or slot keeps between its steps.
#[derive(Debug)]
pub struct Session {
    user: User,
    step_timeout: StepTimeout,
}

#[derive(Debug)]
struct User {
    population: usize,
    server: usize,
    /// Or why there is none, in words.
    client: Result<Client, String>,
    probe: Arc<Probe>,
    jar: Option<Arc<Jar>>,
    /// The last answer left a connection that may be used again.
    kept: bool,
}

impl User {
    /// Bytes of cookies since this was last called.
    fn cookies_sent(&self) -> u64 {
        self.jar.as_ref().map_or(0, |jar| jar.take_sent())
    }
}

impl FullDriver {
    /// A driver for the thread that it is made in.
    pub fn new(clock: Clock, timers: Timers, setup: Arc<Setup>) -> Self {
        Self {
            clock,
            timers,
            setup,
            names: Arc::default(),
            ids: Ids::new(),
        }
    }

    /// Whether the plan chose it for this population.
    pub fn drives(&self, population: usize) -> bool {
        self.setup.full[population].is_some()
    }

    fn user(&self, population: usize, index: u64) -> User {
        let servers = self.setup.servers[population].len() as u64;
        let probe = Arc::new(Probe::new(self.clock));
        let setup = self.setup.full[population].as_ref();
        let jar = setup
            .filter(|setup| setup.settings.cookies)
            .map(|_| Arc::default());
        let client = match setup {
            Some(setup) => setup.client(&probe, &self.names, jar.clone()),
            None => Err("the plan did not choose this client".to_owned()),
        };
        User {
            population,
            server: (index % servers) as usize,
            client,
            probe,
            jar,
            kept: false,
        }
    }

    /// Does a step, and notes in `measured` what is measured of it.
    async fn attempt(
        &self,
        user: &mut User,
        (place, http): (usize, &HttpStep),
        values: &mut [Value],
        progress: &Progress,
        measured: &mut Measurement,
    ) -> Result<(), Failure> {
        let other = |words: String| Failure::text(ErrorClass::Other, words);
        let setup = self.setup.full[user.population].as_ref();
        let setup = setup.ok_or_else(|| other("the plan did not choose this client".to_owned()))?;
        let client = user.client.clone().map_err(other)?;
        let message = &self.setup.messages[place][user.server];
        message.holes.check(values)?;
        let trace = self.ids.begin(message.trace, user.server, progress);
        if user.kept {
            // The connection goes back to its pool in a task of its own. Before that task had its
            // turn, a request would open another one.
            tokio::task::yield_now().await;
        }
        let mut again = message.idempotent;
        loop {
            let kept = std::mem::take(&mut user.kept);
            let built = message.build(&client, values, trace.as_ref());
            let (request, length) = built.map_err(other)?;
            user.probe.renew();
            let mut way = Redirects::of(&request, setup.settings.redirects);
            let sending = client.execute(request);
            let sent = self
                .watched(sending, length, user, progress, measured)
                .await;
            measured.bytes_sent += user.cookies_sent();
            let seen = user.probe.seen();
            let replaced = kept && seen.begun_first;
            measured.reconnects += u32::from(replaced);
            let mut response = match sent {
                Ok(response) => response,
                Err(error) => {
                    let Trouble { failure, closed } =
                        failure::judge(&error, false, message.tls, setup.settings.connect_timeout);
                    let reused = kept && seen.begun == 0;
                    if closed && reused && seen.hops == 0 && again {
                        again = false;
                        measured.reconnects += 1;
                        continue;
                    }
                    return Err(failure);
                }
            };
            while way
                .follow(response.status(), response.headers())
                .map_err(|words| Failure::text(ErrorClass::Protocol, words))?
            {
                let (mut request, _) = message
                    .build(&client, values, trace.as_ref())
                    .map_err(other)?;
                way.apply(&mut request);
                user.probe.hop();
                // The connection goes back to its pool, as above.
                drop(response);
                tokio::task::yield_now().await;
                let answer = client.execute(request).await;
                measured.bytes_sent += user.cookies_sent();
                response = answer.map_err(|error| {
                    failure::judge(
                        &error,
                        false,
                        way.is_secure(),
                        setup.settings.connect_timeout,
                    )
                    .failure
                })?;
            }
            measured.answered = true;
            measured.first_byte_at = Some(self.clock.now());
            let keeps = keeps(&response);
            let (answer, search) =
                answer::read(response, setup, message, measured, self.clock, http).await?;
            user.kept = keeps && !message.close;
            let needles = message.looks.needles.as_ref();
            let (missed, verdict) = expect::judge(http, &answer, needles, &search, values);
            measured.missed = missed;
            progress.answered(answer.status);
            measured.status = NonZeroU16::new(answer.status);
            return verdict.and_then(|()| extract::all(http, &answer, None, values));
        }
    }

    /// Waits for the head of an answer, and notes on the way when the request was sent and how long
    /// its connection took.
    async fn watched(
        &self,
        sending: impl Future<Output = reqwest::Result<Response>>,
        length: u64,
        user: &User,
        progress: &Progress,
        measured: &mut Measurement,
    ) -> reqwest::Result<Response> {
        let started = self.clock.now();
        let mut sending = pin!(sending);
        let mut noted = false;
        poll_fn(|cx| {
            let polled = sending.as_mut().poll(cx);
            let seen = user.probe.seen();
            if let Some((_, took)) = seen.opened {
                measured.connect = Some(took);
            }
            let sent_at = match seen.opened {
                Some((at, _)) => Some(at),
                None if seen.begun == 0 => Some(started),
                // Another connection became free while one was opened.
                None => matches!(polled, Poll::Ready(Ok(_))).then_some(started),
            };
            if let Some(at) = sent_at.filter(|_| !noted) {
                noted = true;
                measured.sent_at = Some(at);
                measured.bytes_sent += length + user.cookies_sent();
                progress.sent(at);
            }
            polled
        })
        .await
    }
}

/// Whether the connection is good for another request after this answer.
fn keeps(response: &Response) -> bool {
    let mut options = response
        .headers()
        .get_all(http::header::CONNECTION)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(str::trim);
    match response.version() {
        http::Version::HTTP_2 => true,
        http::Version::HTTP_11 => !options.any(|option| option.eq_ignore_ascii_case("close")),
        _ => options.any(|option| option.eq_ignore_ascii_case("keep-alive")),
    }
}

impl FullDriver {
    /// A session for the user or slot number `index` of a population; connects nothing yet.
    pub fn session(&self, population: usize, index: u64) -> Session {
        Session {
            user: self.user(population, index),
            step_timeout: StepTimeout::new(self.timers.clone()),
        }
    }

    /// Somebody else goes on with the session.
    pub fn renew(&self, session: &mut Session) {
        if let Some(jar) = &session.user.jar {
            jar.empty();
        }
    }

    /// Does a step, which stands at its index in the plan.
    pub async fn step(
        &self,
        session: &mut Session,
        step: (usize, &HttpStep),
        values: &mut [Value],
        progress: &Progress,
    ) -> Outcome {
        let mut measured = Measurement::default();
        let deadline = self.clock.now().saturating_add(nanos(step.1.timeout));
        let Session { user, step_timeout } = session;
        let done = {
            let mut work = pin!(self.attempt(user, step, values, progress, &mut measured));
            let done = step_timeout.bound(self.clock, deadline, work.as_mut());
            done.await.unwrap_or_else(|| Err(timed_out(step.1.timeout)))
        };
        measured.outcome(done, self.clock.now())
    }
}
