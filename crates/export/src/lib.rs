//! Exports of the measurements during the run: to Prometheus, by remote write or to be scraped, and
//! to receivers of OTLP, spans of sampled requests included.
//!
//! All of it happens on a thread of its own. The run gives it each second's snapshot and never
//! waits: what does not fit into a queue is not sent, counted, and told at the end.

mod attribute;
mod family;
mod k6;
mod native;
mod otlp;
mod page;
mod receiver;
mod remote;
mod spans;
mod state;
#[cfg(test)]
mod tests;
mod text;

use loadgen_core::time::Clock;
use loadgen_plan::Plan;
use loadgen_record::Snapshot;
use page::Page;
use receiver::Receiver;
use spans::Spans;
use state::State;
use std::{
    io,
    net::SocketAddr,
    sync::Arc,
    thread,
    time::{Duration, SystemTime},
};
use tokio::sync::{mpsc, oneshot};
use url::Url;

/// Snapshots that may wait for the thread.
const WAITING: usize = 16;

/// Names of the metrics.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum Naming {
    /// loadgen's own names: `loadgen_requests_total`...
    #[default]
    Loadgen,
    /// k6's: `k6_http_reqs_total`..., so that dashboards made for k6 work.
    K6,
}

/// Destinations of metrics.
#[derive(Debug, Clone, Default)]
pub struct Wanted {
    /// A receiver of Prometheus remote write 1.0.
    pub remote_write: Option<Url>,
    /// Address that a Prometheus may scrape.
    pub listen: Option<SocketAddr>,
    /// Names by which it may do so, besides those that no stranger can own.
    pub hosts: Vec<String>,
    /// A receiver of OTLP metrics over HTTP.
    pub otlp: Option<Url>,
    /// A receiver of OTLP spans over HTTP.
    pub spans: Option<Url>,
    /// Names of the metrics.
    pub naming: Naming,
    /// Interval between exports; percentiles are over this time.
    pub every: Duration,
}

/// The run as metrics name it.
#[derive(Debug, Clone)]
pub struct About {
    /// The scenario's name.
    pub scenario: String,
    /// UUIDv7.
    pub run_id: String,
    /// Plan of the run.
    pub plan: Arc<Plan>,
    /// The servers that are driven, by population.
    pub servers: Vec<Vec<Server>>,
}

/// A server as spans name it.
#[derive(Debug, Clone)]
pub struct Server {
    /// `http` or `https`.
    pub scheme: &'static str,
    /// A name, or an address without brackets.
    pub host: String,
    /// Its port.
    pub port: u16,
}

/// A second of the run, whose clock began at `zero`.
#[derive(Debug)]
struct Second {
    snapshot: Snapshot,
    zero: SystemTime,
}

/// Hands on a run's snapshots.
#[derive(Debug)]
pub struct Exporter {
    seconds: mpsc::Sender<Second>,
    zero: SystemTime,
    /// Seconds that found the queue full, and the spans in them.
    missed: u64,
    missed_spans: u64,
    told: oneshot::Receiver<Vec<String>>,
}

impl Exporter {
    /// Begins; None when nothing is wanted.
    ///
    /// # Errors
    /// In words, when it cannot listen where it should.
    pub fn start(wanted: Wanted, about: About) -> Result<Option<Self>, String> {
        let posts = [&wanted.remote_write, &wanted.otlp, &wanted.spans];
        if wanted.listen.is_none() && posts.iter().all(|url| url.is_none()) {
            return Ok(None);
        }
        let listener = wanted.listen.map(|address| {
            let bound = std::net::TcpListener::bind(address);
            let listener = bound.and_then(|listener| {
                listener.set_nonblocking(true)?;
                Ok(listener)
            });
            listener.map_err(|error: io::Error| {
                format!("cannot listen for scrapes on {address}: {error}")
            })
        });
        let listener = listener.transpose()?;
        let (sender, seconds) = mpsc::channel(WAITING);
        let (tell, told) = oneshot::channel();
        let no_thread = |error: io::Error| format!("metrics cannot be sent: {error}");
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(no_thread)?;
        let work = move || {
            let warnings = runtime.block_on(work(seconds, wanted, about, listener));
            runtime.shutdown_background();
            // Nobody listens any more only when the process is ending.
            let _ = tell.send(warnings);
        };
        thread::Builder::new()
            .name("export".to_owned())
            .spawn(work)
            .map_err(no_thread)?;
        Ok(Some(Self {
            seconds: sender,
            zero: SystemTime::now(),
            missed: 0,
            missed_spans: 0,
            told,
        }))
    }

    /// Learns when the run begins.
    pub fn begins(&mut self, clock: Clock) {
        let zero = clock.instant(0);
        let now = tokio::time::Instant::now();
        // One of the two is nothing.
        self.zero = SystemTime::now() + zero.saturating_duration_since(now)
            - now.saturating_duration_since(zero);
    }

    /// Hands on one second; never waits.
    pub fn push(&mut self, snapshot: &Snapshot) {
        let spans = snapshot.spans.len() as u64 + snapshot.spans_lost;
        let second = Second {
            snapshot: snapshot.clone(),
            zero: self.zero,
        };
        if self.seconds.try_send(second).is_err() {
            self.missed += 1;
            self.missed_spans += spans;
        }
    }

    /// Sends what is left, for a bounded time. Gives in words what could not be sent.
    pub async fn finish(self) -> Vec<String> {
        let Self {
            seconds,
            missed,
            missed_spans,
            told,
            ..
        } = self;
        drop(seconds);
        let mut warnings = told.await.unwrap_or_default();
        if missed > 0 {
            let spans = match missed_spans {
                0 => String::new(),
                spans => format!(", {spans} spans among them,"),
            };
            warnings.push(format!(
                "metrics of {missed} seconds{spans} were not handed on: their thread was too slow"
            ));
        }
        warnings
    }
}

async fn work(
    mut seconds: mpsc::Receiver<Second>,
    wanted: Wanted,
    about: About,
    listener: Option<std::net::TcpListener>,
) -> Vec<String> {
    let families = match wanted.naming {
        Naming::Loadgen => native::families,
        Naming::K6 => k6::families,
    };
    let mut receivers = Vec::new();
    receivers.extend(wanted.remote_write.map(Receiver::remote_write));
    receivers.extend(wanted.otlp.map(Receiver::otlp));
    let traces = wanted.spans.map(Receiver::spans);
    let spans = Spans::new(&about);
    let page = listener.map(|listener| Page::serve(listener, &wanted.hosts));
    let every = wanted.every.as_secs().max(1);
    let mut state = State::new(about, every);
    let mut unsent = false;
    while let Some(Second { mut snapshot, zero }) = seconds.recv().await {
        let second = snapshot.second;
        // Metrics are of all that was done, warm-up or not.
        if let Some(late) = snapshot.late.take() {
            snapshot.merge(&late);
        }
        if let Some(traces) = &traces {
            let sampled = std::mem::take(&mut snapshot.spans);
            for (body, count) in spans.bodies(&sampled, zero, &state.about) {
                traces.queue(body, count);
            }
            traces.lost(snapshot.spans_lost, "there were too many in one second");
        }
        state.add(snapshot);
        let due = (second + 1).is_multiple_of(every);
        unsent = !due;
        if due || page.is_some() {
            let families = families(&state);
            if let Some(page) = &page {
                page.show(text::page(&families));
            }
            if due {
                receivers.iter().for_each(|it| it.send(&families, &state));
            }
        }
    }
    if unsent {
        let families = families(&state);
        receivers.iter().for_each(|it| it.send(&families, &state));
    }
    let mut warnings = Vec::new();
    // All at once: each waits for its own bound at most.
    let ends: Vec<_> = receivers
        .into_iter()
        .chain(traces)
        .map(|receiver| tokio::spawn(receiver.finish()))
        .collect();
    for end in ends {
        warnings.extend(end.await.ok().flatten());
    }
    if let Some(page) = page {
        page.linger().await;
    }
    warnings
}
