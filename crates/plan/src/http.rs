//! HTTP requests as they will be sent.

use super::StepPlan;
pub use super::connections::{ConnectEnd, ConnectTo, Connections, Resumption};
use bytes::Bytes;
use http::{HeaderName, Method};
use loadgen_data::{Pattern, Template, Value, jsonpath::JsonPath};
pub use loadgen_scenario::raw::{Encoding, Http2};
use serde::{Deserialize, Serialize};
use std::{path::PathBuf, time::Duration};
use url::Url;

/// HTTP settings of a population.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Bound on opening a connection, TLS handshake included.
    pub connect_timeout: Duration,
    /// Opening and keeping of connections.
    pub connections: Connections,
    /// A PEM file of certificates to trust besides the system's.
    pub ca_file: Option<PathBuf>,
    /// Accept any certificate.
    pub insecure: bool,
    /// `User-Agent`, which names the run.
    pub user_agent: String,
    /// Most bytes of a response's head.
    pub max_head: usize,
    /// Most bytes of a response's body.
    pub max_body: u64,
    /// Each user keeps the cookies that it is sent. Arrivals are users of their own.
    pub cookies: bool,
    /// Most redirects that are followed; with 0 a redirect is a response like any other.
    pub redirects: usize,
    /// Encodings of bodies that are asked for and undone.
    pub compression: Vec<Encoding>,
    /// Proxy for every request.
    pub proxy: Option<Url>,
    /// HTTP/2; None: HTTP/1.1 alone.
    pub http2: Option<Http2>,
    /// Certificate for servers that ask for one.
    pub identity: Option<Identity>,
}

/// A client certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// A PEM file of the certificate and those between it and its authority.
    pub cert: PathBuf,
    /// A PEM file of its private key; may be the same.
    pub key: PathBuf,
}

/// One request and what its response must be.
#[derive(Debug)]
pub struct HttpStep {
    /// The request's method.
    pub method: Method,
    /// Path and query; begins with `/` and is escaped already but for the variables. Of a URL that is
    /// known only when it is filled in, all of it.
    pub path: Template,
    /// Destination that need not be the target; None: the target.
    pub elsewhere: Option<Box<Elsewhere>>,
    /// Headers of the scenario and the step, without Host, User-Agent, Content-Length and
    /// Connection, which the driver sets unless they stand here.
    pub headers: Vec<(HeaderName, Template)>,
    /// Content of the request; its Content-Type stands in `headers`.
    pub body: Option<Template>,
    /// Content in parts, in place of `body`; empty: none.
    pub multipart: Vec<FormPart>,
    /// Conditions of a successful response.
    pub expect: Expect,
    /// Parts of a successful response that later steps use.
    pub extract: Vec<Extract>,
    /// Bound on the whole step, connecting and a retry included.
    pub timeout: Duration,
    /// The request is the root of a trace of its own, as `traceparent` tells the server.
    pub trace: Option<Sampling>,
    /// Request as the scenario has it.
    pub written: WrittenRequest,
}

/// Destination of a request that need not be the population's target.
#[derive(Debug, Clone)]
pub struct Elsewhere {
    /// Scheme, host and port; None: the step's `path` is a URL when it is filled in.
    pub server: Option<Url>,
    /// Path of the target, from which a relative URL starts.
    pub base: String,
    /// Headers that only the target's own hosts are sent: secrets of `[http]` and of the target's URL,
    /// and Host.
    pub confidential: Vec<(HeaderName, Template)>,
}

/// The header that carries trace context.
const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");

impl StepPlan for HttpStep {
    fn timeout(&self) -> Duration {
        self.timeout
    }

    /// Enables trace context, unless the request has a `traceparent` header of its own.
    fn carry_trace(&mut self, sampling: Sampling) {
        if self.headers.iter().all(|(name, _)| *name != TRACEPARENT) {
            self.trace = Some(sampling);
        }
    }
}

/// Texts of a request.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct WrittenRequest {
    /// Path and query.
    pub path: String,
    /// Headers in the order they are sent.
    pub headers: Vec<(String, String)>,
    /// The content, cut where it is long.
    pub body: Option<String>,
}

/// Selection of the traces that are sampled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sampling {
    /// Sampled are those the last 56 bits of whose ids are a number not below this.
    pub threshold: u64,
}

impl Sampling {
    /// Number of different 56-bit numbers: everything is sampled.
    const ALL: u64 = 1 << 56;

    /// A share of the traces, as OpenTelemetry's consistent sampling has it: whoever samples by the
    /// same rule and the same share chooses the same traces.
    pub fn share(share: f64) -> Self {
        Self {
            // In floating point, whose 53 bits are exact enough; it ends at its bounds.
            threshold: ((1.0 - share) * Self::ALL as f64).round() as u64,
        }
    }

    /// Returns true if the trace with this id is sampled.
    pub fn takes(self, id: u128) -> bool {
        (id as u64) % Self::ALL >= self.threshold
    }
}

/// A part of multipart content.
#[derive(Debug, Clone)]
pub struct FormPart {
    /// The field's name.
    pub name: String,
    /// Its value.
    pub content: PartContent,
    /// File name to send.
    pub filename: Option<String>,
    /// Its media type.
    pub kind: Option<String>,
}

/// Content of a part of multipart content.
#[derive(Debug, Clone)]
pub enum PartContent {
    /// A text.
    Text(Template),
    /// A file that was read before the run; shared, never copied.
    File(Bytes),
}

/// Conditions on a response.
#[derive(Debug, Clone, Default)]
pub struct Expect {
    /// Statuses that are a success; empty: below 400.
    pub status: Vec<StatusRange>,
    /// Texts that the body must contain.
    pub body_contains: Vec<BodyText>,
    /// Headers, each with a text that one of its values must contain.
    pub header_contains: Vec<(HeaderName, BodyText)>,
    /// Values in a JSON body.
    pub json: Vec<JsonCheck>,
    /// Least and most bytes of the body.
    pub size: Option<(u64, u64)>,
    /// Longest time from the first byte sent to the last one received.
    pub duration: Option<Duration>,
}

/// A text in a body or a header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BodyText {
    /// Bytes to look for.
    pub bytes: Box<[u8]>,
    /// Text as the scenario has it, which may be shown.
    pub written: String,
}

/// Something that a JSON body must say.
#[derive(Debug, Clone)]
pub struct JsonCheck {
    /// Must find at least one value...
    pub path: JsonPath,
    /// ...and each that it finds must be this.
    pub wanted: Wanted,
}

/// A value to compare with.
#[derive(Debug, Clone)]
pub enum Wanted {
    /// Always the same.
    Fixed(Value),
    /// The one at this index of the task run's values.
    Variable(usize),
}

/// A part of a response that becomes a variable's value.
#[derive(Debug, Clone)]
pub struct Extract {
    /// Place among the task run's values.
    pub variable: usize,
    /// The variable's name.
    pub name: String,
    /// Origin of the value.
    pub source: ExtractSource,
    /// Origin as it may be shown, if the environment holds a part of it.
    pub written: Option<String>,
}

/// Origin of a value in a response; a missing value fails the step.
#[derive(Debug, Clone)]
pub enum ExtractSource {
    /// The first value that the path finds in a JSON body, with its type.
    Json(JsonPath),
    /// The first header of this name.
    Header(HeaderName),
    /// The first group of the first match in the body, or else the whole match.
    Regex(Pattern),
    /// The cookie of this name that the response sets.
    Cookie(String),
    /// The value of the field of this name in an HTML form.
    Form(String),
}

impl ExtractSource {
    /// Returns true if the value is in the body.
    pub fn in_body(&self) -> bool {
        match self {
            ExtractSource::Json(_) | ExtractSource::Regex(_) | ExtractSource::Form(_) => true,
            ExtractSource::Header(_) | ExtractSource::Cookie(_) => false,
        }
    }
}

impl HttpStep {
    /// Returns true if the whole body is needed to judge a response.
    pub fn keeps_body(&self) -> bool {
        !self.expect.json.is_empty() || self.extract.iter().any(|e| e.source.in_body())
    }

    /// Returns true if the head is needed to judge a response.
    pub fn keeps_head(&self) -> bool {
        !self.expect.header_contains.is_empty() || self.extract.iter().any(|e| !e.source.in_body())
    }
}

/// Statuses from `first` to `last`, both included: `200`, `"2xx"` or `"200-204"`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatusRange {
    /// The lowest.
    pub first: u16,
    /// The highest.
    pub last: u16,
}

impl StatusRange {
    /// Returns true if this status is one of them.
    pub fn has(&self, status: u16) -> bool {
        (self.first..=self.last).contains(&status)
    }
}

impl Expect {
    /// Returns true if the file names this status as a success.
    pub fn names(&self, status: u16) -> bool {
        self.status.iter().any(|range| range.has(status))
    }
}
