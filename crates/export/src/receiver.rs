//! One receiver: a bounded queue, and whoever posts what is in it.

use super::{family::Family, otlp, remote, state::State};
use loadgen_core::{human, printable};
use loadgen_plan::written::redact_urls;
use opentelemetry_proto::tonic::collector::{
    metrics::v1::ExportMetricsServiceResponse, trace::v1::ExportTraceServiceResponse,
};
use prost::Message;
use std::{
    cell::Cell,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, SystemTime},
};
use tokio::{sync::mpsc, task::JoinHandle, time};
use url::Url;

/// Batches of metrics that may wait: a minute of them at the usual interval.
const WAITING: usize = 12;

/// Most batches of spans that wait: some ten megabytes.
const WAITING_SPANS: usize = 32;

/// Bound on one post, and on all remaining posts at the end.
const PATIENCE: Duration = Duration::from_secs(5);

/// Most bytes of a response that are read.
const MOST_SAID: usize = 64 << 10;

/// Number of tries of a batch, and the pause between.
const TRIES: u32 = 3;
const PAUSE: Duration = Duration::from_secs(1);

/// Sends batches to one receiver.
#[derive(Debug)]
pub(super) struct Receiver {
    form: Form,
    shown: String,
    queue: mpsc::Sender<Batch>,
    /// The time of the last batch: two of one millisecond would be told apart by nobody.
    last: Cell<i64>,
    log: Arc<Log>,
    posting: JoinHandle<()>,
}

/// Format of a receiver.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    RemoteWrite,
    Otlp,
    Spans,
}

impl Form {
    /// Returns the word for the items of a batch.
    fn what(self) -> &'static str {
        match self {
            Form::RemoteWrite | Form::Otlp => "samples",
            Form::Spans => "spans",
        }
    }
}

/// A body with so many samples or spans.
#[derive(Debug)]
struct Batch {
    body: Vec<u8>,
    count: u64,
}

/// Counts of sent and lost batches.
#[derive(Debug, Default)]
struct Log {
    offered: AtomicU64,
    sent: AtomicU64,
    /// The first reason that something was not.
    reason: Mutex<Option<String>>,
}

impl Log {
    fn blame(&self, reason: impl FnOnce() -> String) {
        let mut first = self.reason.lock().unwrap_or_else(PoisonError::into_inner);
        first.get_or_insert_with(reason);
    }
}

impl Receiver {
    pub(super) fn remote_write(url: Url) -> Self {
        Self::new(Form::RemoteWrite, url)
    }

    pub(super) fn otlp(url: Url) -> Self {
        Self::new(Form::Otlp, collector(url, "/v1/metrics"))
    }

    pub(super) fn spans(url: Url) -> Self {
        Self::new(Form::Spans, collector(url, "/v1/traces"))
    }

    fn new(form: Form, url: Url) -> Self {
        let (queue, batches) = mpsc::channel(match form {
            Form::RemoteWrite | Form::Otlp => WAITING,
            Form::Spans => WAITING_SPANS,
        });
        let log = Arc::<Log>::default();
        Self {
            form,
            shown: redact_urls(url.as_str()),
            queue,
            last: Cell::new(i64::MIN),
            posting: tokio::spawn(post_all(form, url, batches, Arc::clone(&log))),
            log,
        }
    }

    /// Queues these metrics, if there is room.
    pub(super) fn send(&self, families: &[Family], state: &State) {
        let now = State::millis(SystemTime::now());
        let time = now.max(self.last.get().saturating_add(1));
        self.last.set(time);
        let made = match self.form {
            Form::RemoteWrite => remote::body(families, time),
            Form::Otlp | Form::Spans => Ok(otlp::body(families, state)),
        };
        match made {
            Ok((body, samples)) => self.queue(body, samples),
            Err(words) => {
                let samples = families.iter().map(|family| family.series.len() as u64);
                self.lost(samples.sum(), &words);
            }
        }
    }

    /// Queues a body with so many samples or spans, if there is room.
    pub(super) fn queue(&self, body: Vec<u8>, count: u64) {
        self.log.offered.fetch_add(count, Ordering::Relaxed);
        if self.queue.try_send(Batch { body, count }).is_err() {
            self.log.blame(|| "it was too slow".to_owned());
        }
    }

    /// Counts some that are not even queued.
    pub(super) fn lost(&self, count: u64, why: &str) {
        if count > 0 {
            self.log.offered.fetch_add(count, Ordering::Relaxed);
            self.log.blame(|| why.to_owned());
        }
    }

    /// Waits, but not for ever, until everything is sent. Gives in words what was not.
    pub(super) async fn finish(self) -> Option<String> {
        let Self {
            form,
            queue,
            log,
            mut posting,
            shown,
            ..
        } = self;
        drop(queue);
        if time::timeout(PATIENCE, &mut posting).await.is_err() {
            posting.abort();
            log.blame(|| format!("no response within {}", human::duration(PATIENCE)));
        }
        let offered = log.offered.load(Ordering::Relaxed);
        let lost = offered - log.sent.load(Ordering::Relaxed).min(offered);
        let reason = log.reason.lock().unwrap_or_else(PoisonError::into_inner);
        (lost > 0).then(|| {
            let reason = reason.as_deref().unwrap_or("it did not take them");
            let what = form.what();
            format!("{lost} of {offered} {what} could not be sent to {shown}: {reason}")
        })
    }
}

async fn post_all(form: Form, url: Url, mut batches: mpsc::Receiver<Batch>, log: Arc<Log>) {
    let client = reqwest::Client::builder()
        .timeout(PATIENCE)
        .user_agent(concat!("loadgen/", env!("CARGO_PKG_VERSION")))
        .build();
    let client = match client {
        Ok(client) => client,
        Err(error) => return log.blame(|| error.to_string()),
    };
    while let Some(batch) = batches.recv().await {
        for tried in 1..=TRIES {
            match post(form, &client, &url, batch.body.clone()).await {
                Ok(Accepted { rejected, why }) => {
                    let taken = batch.count.saturating_sub(rejected);
                    log.sent.fetch_add(taken, Ordering::Relaxed);
                    if rejected > 0 {
                        log.blame(|| why);
                    }
                    break;
                }
                Err(Refusal { words, again }) => {
                    log.blame(|| words);
                    if !again || tried == TRIES {
                        break;
                    }
                    time::sleep(PAUSE).await;
                }
            }
        }
    }
}

/// A batch that was taken, but for some that the receiver would not have.
#[derive(Debug, Default)]
struct Accepted {
    rejected: u64,
    why: String,
}

/// Reason why a batch was refused, and whether to send it again.
struct Refusal {
    words: String,
    again: bool,
}

async fn post(
    form: Form,
    client: &reqwest::Client,
    url: &Url,
    body: Vec<u8>,
) -> Result<Accepted, Refusal> {
    let request = client
        .post(url.clone())
        .header("content-type", "application/x-protobuf");
    let request = match form {
        Form::RemoteWrite => request
            .header("content-encoding", "snappy")
            .header("x-prometheus-remote-write-version", "0.1.0"),
        Form::Otlp | Form::Spans => request,
    };
    let response = request.body(body).send().await.map_err(|error| {
        let words = match error.is_timeout() {
            true => format!("no response within {}", human::duration(PATIENCE)),
            false => deepest(&error),
        };
        Refusal { words, again: true }
    })?;
    let status = response.status();
    let (said, complete) = start(response).await;
    if !status.is_success() {
        return Err(Refusal {
            words: format!("status {status}: {}", shortened(&said)),
            again: status.is_server_error() || status.as_u16() == 429,
        });
    }
    match complete {
        true => Ok(taken(form, &said)),
        // No receiver of metrics has so much to say, so that nobody knows where the batch went.
        false => Err(Refusal {
            words: format!("its response has more than {MOST_SAID} bytes: is the URL right?"),
            again: false,
        }),
    }
}

/// The start of a response's body, and whether that is all of it.
async fn start(mut response: reqwest::Response) -> (Vec<u8>, bool) {
    let mut said = Vec::new();
    // A body that breaks off says what came of it.
    while let Ok(Some(piece)) = response.chunk().await {
        let room = MOST_SAID - said.len();
        said.extend_from_slice(&piece[..piece.len().min(room)]);
        if piece.len() > room {
            return (said, false);
        }
    }
    (said, true)
}

/// Reads the response to an accepted batch. Anything that is not such a response counts as
/// accepted.
fn taken(form: Form, answer: &[u8]) -> Accepted {
    let partial = match form {
        Form::RemoteWrite => None,
        Form::Otlp => {
            let answer = ExportMetricsServiceResponse::decode(answer).ok();
            let partial = answer.and_then(|answer| answer.partial_success);
            partial.map(|it| (it.rejected_data_points, it.error_message))
        }
        Form::Spans => {
            let answer = ExportTraceServiceResponse::decode(answer).ok();
            let partial = answer.and_then(|answer| answer.partial_success);
            partial.map(|it| (it.rejected_spans, it.error_message))
        }
    };
    partial.map_or_else(Accepted::default, |(rejected, said)| Accepted {
        rejected: u64::try_from(rejected).unwrap_or_default(),
        why: format!("it rejected them: {}", shortened(said.as_bytes())),
    })
}

/// A URL without a path is where the collector is, not what is posted to.
fn collector(mut url: Url, path: &str) -> Url {
    if url.path() == "/" {
        url.set_path(path);
    }
    url
}

/// Shortens a receiver's message to one line.
fn shortened(said: &[u8]) -> String {
    let said = String::from_utf8_lossy(said);
    let said: String = said.trim().chars().take(200).collect();
    printable::line(&said).into_owned()
}

/// Returns the innermost error, which says what happened; the outer ones name the URL.
fn deepest(error: &reqwest::Error) -> String {
    use std::error::Error;
    let all = std::iter::successors(error.source(), |error| (*error).source());
    all.last()
        .map_or_else(|| "it cannot be reached".to_owned(), ToString::to_string)
}
