//! Outcomes of steps.

use super::{FailedRequest, Phases, Shortage, Trace};
use loadgen_core::{
    human,
    metric::{Counter, EnumMap, Key, Timer},
    printable,
    time::Nanos,
};
use std::{borrow::Cow, cell::Cell, fmt, io, num::NonZeroU16, time::Duration};

/// Progress of a step; readable when its future was dropped.
#[derive(Debug, Default)]
pub struct Progress {
    sent_at: Cell<Option<Nanos>>,
    trace: Cell<Option<Trace>>,
}

impl Progress {
    /// Forgets the step before.
    pub fn reset(&self) {
        self.sent_at.set(None);
        self.trace.set(None);
    }

    /// Notes that the first byte of a request was handed to the system at `now`.
    pub fn sent(&self, now: Nanos) {
        self.sent_at.set(Some(now));
    }

    /// Notes that what was sent had no effect.
    pub fn unsent(&self) {
        self.sent_at.set(None);
    }

    /// Time at which the first byte of the current attempt was sent.
    pub fn sent_at(&self) -> Option<Nanos> {
        self.sent_at.get()
    }

    /// Notes that the step is the root of this trace.
    pub fn traced(&self, trace: Trace) {
        self.trace.set(Some(trace));
    }

    /// Notes the status of the response, where the step is traced.
    pub fn answered(&self, status: u16) {
        if let Some(trace) = self.trace.get() {
            self.traced(Trace {
                status: Some(status),
                ..trace
            });
        }
    }

    /// The trace that the step is the root of.
    pub fn trace(&self) -> Option<Trace> {
        self.trace.get()
    }
}

/// A step that ended.
#[derive(Debug, Default)]
pub struct Outcome {
    /// First byte sent of the last attempt; None when nothing was sent.
    pub sent_at: Option<Nanos>,
    /// First byte of the last attempt's response, or first row; None when none came.
    pub first_byte_at: Option<Nanos>,
    /// Last body byte received, or the moment of the failure.
    pub ended_at: Nanos,
    /// Time to open a connection (TLS included) when this step opened one successfully.
    pub connect: Option<Nanos>,
    /// Its phases, where they are known; boxed, because most steps open none.
    pub phases: Option<Box<Phases>>,
    /// Time until a connection of a pool was free, when there is one.
    pub pool_wait: Option<Nanos>,
    /// None: a success.
    pub failure: Option<Failure>,
    /// The request, if it failed and there is more to tell of it.
    pub failed: Option<Box<FailedRequest>>,
    /// Status code of the response, where it has one and came to its end.
    pub status: Option<NonZeroU16>,
    /// Something was sent, but no response was seen: it may or may not have happened.
    pub unknown: bool,
    /// Failed checks of the step, a bit for each by its index: all of them when no complete
    /// response was seen.
    pub missed: u64,
    /// Attempts after the first that the driver made by policy.
    pub retries: u32,
    /// Reused connections that turned out to be closed, and were replaced.
    pub reconnects: u32,
    /// Bytes handed to the connection's socket or TLS session, heads included.
    pub bytes_sent: u64,
    /// Bytes received, heads included.
    pub bytes_received: u64,
}

impl Outcome {
    /// Outcome of a step that could not even be begun.
    pub fn unsent(at: Nanos, why: String) -> Self {
        Self {
            ended_at: at,
            failure: Some(Failure::text(ErrorClass::Other, why)),
            missed: u64::MAX,
            ..Self::default()
        }
    }

    /// From the first byte sent to the end.
    pub fn service(&self) -> Option<Nanos> {
        Some(self.ended_at.saturating_sub(self.sent_at?))
    }

    /// From the first byte sent to the first byte of the response.
    pub fn ttfb(&self) -> Option<Nanos> {
        // The first byte may come after the end, when the step was given up before: count until
        // then.
        let first = self.first_byte_at?.min(self.ended_at);
        Some(first.saturating_sub(self.sent_at?))
    }

    /// From the first byte of the response to the end.
    pub fn transfer(&self) -> Option<Nanos> {
        Some(self.service()?.saturating_sub(self.ttfb()?))
    }

    /// Times that count for every attempt, also for one that a retry of the transaction follows.
    pub fn times(&self) -> impl Iterator<Item = (Timer, Option<Nanos>)> {
        let phases = self.phases.as_deref().map(Phases::times);
        [
            (Timer::Connect, self.connect),
            (Timer::PoolWait, self.pool_wait),
        ]
        .into_iter()
        .chain(phases.into_iter().flatten())
    }

    /// Times that count only for the attempt that ends the step.
    pub fn response_times(&self) -> [(Timer, Option<Nanos>); 3] {
        [
            (Timer::Service, self.service()),
            (Timer::Ttfb, self.ttfb()),
            (Timer::Transfer, self.transfer()),
        ]
    }

    /// Increments of counters.
    pub fn counts(&self) -> [(Counter, u64); 4] {
        [
            (Counter::Retries, self.retries.into()),
            (Counter::Reconnects, self.reconnects.into()),
            (Counter::BytesSent, self.bytes_sent),
            (Counter::BytesReceived, self.bytes_received),
        ]
    }

    /// Returns true if it has nothing to record but its response times, its status and its bytes.
    #[inline]
    pub fn is_plain(&self) -> bool {
        matches!(
            self,
            Outcome {
                sent_at: Some(_),
                first_byte_at: _,
                ended_at: _,
                connect: None,
                phases: None,
                pool_wait: None,
                failure: None,
                failed: _,
                status: _,
                unknown: false,
                missed: 0,
                retries: 0,
                reconnects: 0,
                bytes_sent: _,
                bytes_received: _,
            }
        )
    }
}

/// Why a step failed.
#[derive(Debug)]
pub struct Failure {
    /// Its class, by which it is counted.
    pub class: ErrorClass,
    /// Detail to show; formatted only when kept as a sample.
    pub detail: Detail,
}

impl Failure {
    /// A failure that words describe.
    pub fn text(class: ErrorClass, text: impl Into<Cow<'static, str>>) -> Self {
        Failure {
            class,
            detail: Detail::Text(text.into()),
        }
    }

    /// A failure in words, of this class unless a shortage of this machine is the cause.
    pub fn for_want_of(shortage: Option<Shortage>, class: ErrorClass, words: String) -> Self {
        match shortage {
            Some(shortage) => Self {
                class: ErrorClass::LocalLimit,
                detail: Detail::Shortage(shortage, words),
            },
            None => Self::text(class, words),
        }
    }

    /// Resource that this machine had none left of, if that is why.
    pub fn shortage(&self) -> Option<Shortage> {
        match self.detail {
            Detail::Shortage(shortage, _) => Some(shortage),
            Detail::Status(_) | Detail::Io(_) | Detail::Text(_) => None,
        }
    }

    /// `what` did not come within `limit`.
    pub fn timeout(what: &str, limit: Duration) -> Self {
        let limit = human::duration(limit);
        Self::text(ErrorClass::Timeout, format!("{what} within {limit}"))
    }
}

/// Details of a failure.
#[derive(Debug)]
pub enum Detail {
    /// A status that was not expected.
    Status(u16),
    /// The system's error.
    Io(io::Error),
    /// This machine ran out of something: the system's words.
    Shortage(Shortage, String),
    /// Words.
    Text(Cow<'static, str>),
}

/// Words may be a server's own: they are shown as [`printable`] has them.
impl fmt::Display for Detail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Detail::Status(status) => write!(f, "status {status}"),
            Detail::Io(error) => f.write_str(&printable::line(&error.to_string())),
            Detail::Shortage(shortage, words) => {
                write!(
                    f,
                    "no {} was left: {}",
                    shortage.noun(),
                    printable::line(words)
                )
            }
            Detail::Text(text) => f.write_str(&printable::line(text)),
        }
    }
}

/// The closed set of error classes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ErrorClass {
    /// The server accepts no connections.
    Refused,
    /// The connection ended before the response did.
    Reset,
    /// The host's name has no address.
    Dns,
    /// The handshake failed or the certificate is not trusted.
    Tls,
    /// No response within the step's or the connection's timeout.
    Timeout,
    /// The response is not HTTP, or past its bounds.
    Protocol,
    /// A status from 400 to 499 that is not expected.
    Status4xx,
    /// A status of 500 or more that is not expected.
    Status5xx,
    /// A response that is not what `expect` asks for.
    Expectation,
    /// A database's connection could not be opened or was lost.
    Connection,
    /// A database refused the user or the password.
    Authentication,
    /// A database takes no more connections.
    TooManyConnections,
    /// A statement that the database does not understand: its syntax, or an unknown name in it.
    Syntax,
    /// A statement broke a unique key, a foreign key or a check.
    Constraint,
    /// A transaction cannot be ordered with others at its isolation level.
    SerializationFailure,
    /// Transactions waited for each other, and this one was chosen to end.
    Deadlock,
    /// This machine had no local port or file descriptor left: the server was not asked.
    LocalLimit,
    /// Anything else that the system reported, such as an unreachable network.
    Other,
}

/// Something for each error class.
pub type ByClass<V = u64> = EnumMap<ErrorClass, V, { ErrorClass::ALL.len() }>;

impl Key for ErrorClass {
    const KIND: &'static str = "error class";
    const ALL: &'static [Self] = &Self::ALL;

    #[inline]
    fn index(self) -> usize {
        self as usize
    }

    fn name(self) -> &'static str {
        ErrorClass::name(self)
    }
}

impl ErrorClass {
    /// Every class, in the order of reports.
    pub const ALL: [ErrorClass; 18] = [
        ErrorClass::Refused,
        ErrorClass::Reset,
        ErrorClass::Dns,
        ErrorClass::Tls,
        ErrorClass::Timeout,
        ErrorClass::Protocol,
        ErrorClass::Status4xx,
        ErrorClass::Status5xx,
        ErrorClass::Expectation,
        ErrorClass::Connection,
        ErrorClass::Authentication,
        ErrorClass::TooManyConnections,
        ErrorClass::Syntax,
        ErrorClass::Constraint,
        ErrorClass::SerializationFailure,
        ErrorClass::Deadlock,
        ErrorClass::LocalLimit,
        ErrorClass::Other,
    ];

    /// As results name it.
    pub fn name(self) -> &'static str {
        match self {
            ErrorClass::Refused => "refused",
            ErrorClass::Reset => "reset",
            ErrorClass::Dns => "dns",
            ErrorClass::Tls => "tls",
            ErrorClass::Timeout => "timeout",
            ErrorClass::Protocol => "protocol",
            ErrorClass::Status4xx => "status_4xx",
            ErrorClass::Status5xx => "status_5xx",
            ErrorClass::Expectation => "expectation",
            ErrorClass::Connection => "connection",
            ErrorClass::Authentication => "authentication",
            ErrorClass::TooManyConnections => "too_many_connections",
            ErrorClass::Syntax => "syntax",
            ErrorClass::Constraint => "constraint",
            ErrorClass::SerializationFailure => "serialization_failure",
            ErrorClass::Deadlock => "deadlock",
            ErrorClass::LocalLimit => "local_limit",
            ErrorClass::Other => "other",
        }
    }

    /// True if the other side has responded: it did, or refused, what was asked, and the connection
    /// is as good as before.
    pub fn is_answer(self) -> bool {
        match self {
            ErrorClass::Status4xx
            | ErrorClass::Status5xx
            | ErrorClass::Expectation
            | ErrorClass::Authentication
            | ErrorClass::TooManyConnections
            | ErrorClass::Syntax
            | ErrorClass::Constraint
            | ErrorClass::SerializationFailure
            | ErrorClass::Deadlock => true,
            ErrorClass::Refused
            | ErrorClass::Reset
            | ErrorClass::Dns
            | ErrorClass::Tls
            | ErrorClass::Timeout
            | ErrorClass::Protocol
            | ErrorClass::Connection
            | ErrorClass::LocalLimit
            | ErrorClass::Other => false,
        }
    }

    /// True if the same work may succeed when it is tried again: it failed because of what others
    /// did at the same time.
    pub fn is_retryable(self) -> bool {
        matches!(
            self,
            ErrorClass::SerializationFailure | ErrorClass::Deadlock
        )
    }
}
