//! Counters, and their table.

use super::{EnumMap, Exported, Of, map::table};

/// A number for each counter.
pub type Counters<V = u64> = EnumMap<Counter, V, { Counter::ALL.len() }>;

/// Properties of a counter.
#[derive(Debug)]
pub struct CounterInfo {
    /// Name in results, thresholds and journals.
    pub name: &'static str,
    /// The description in the result's schema.
    pub meaning: &'static str,
    /// Owner: whose occurrences are counted for a task or a group.
    pub of: Of,
    /// Unit of the number.
    pub unit: Unit,
    /// Can be used in thresholds.
    pub judged: bool,
    /// Words after the number in reports, which leave it out where it is zero.
    pub noted: Option<&'static str>,
    /// Name and help in exporters, in loadgen's own names.
    pub exported: Option<Exported>,
    /// Name and help in exporters, in k6's names.
    pub k6: Option<Exported>,
}

/// Unit of a counter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// Occurrences.
    Events,
    /// Bytes.
    Bytes,
}

impl CounterInfo {
    const PLAIN: Self = Self {
        name: "",
        meaning: "",
        of: Of::Requests,
        unit: Unit::Events,
        judged: true,
        noted: None,
        exported: None,
        k6: None,
    };
}

table! {
    /// Something that is counted. What ended is counted by the timers: as many as there are times.
    Counter, "counter", CounterInfo;

    /// Steps: attempts that were due, counted at their end. Tasks: runs that were due, dropped ones
    /// included.
    Offered {
        name: "offered",
        meaning: "Attempts that were due, dropped arrivals included.",
        of: Of::Runs,
        judged: false
    }
    /// Arrivals that found the queue full (tasks only).
    Dropped {
        name: "dropped",
        meaning: "Arrivals that found the queue full.",
        of: Of::Runs,
        noted: Some("dropped"),
        exported: Some(("loadgen_dropped_total", "Arrivals that found the queue full.")),
        k6: Some(("k6_dropped_iterations_total", "Arrivals that found the queue full."))
    }
    /// Runs that found every row of an order `unique` taken (tasks only): none of their steps was done.
    Exhausted {
        name: "exhausted",
        meaning: "Task runs that found every `unique` row taken, and did nothing.",
        of: Of::Runs,
        noted: Some("without a row left"),
        exported: Some(("loadgen_exhausted_total", "Task runs that found every unique row taken."))
    }
    /// Cut off at the end of the run.
    Interrupted {
        name: "interrupted",
        meaning: "Cut off at the end.",
        of: Of::Runs,
        noted: Some("interrupted"),
        exported: Some(("loadgen_interrupted_total", "Task runs cut off at the end."))
    }
    /// Ended after their load, in the graceful stop: in no rate.
    Late {
        name: "late",
        meaning: "Ended after the load, in the graceful stop: in no rate.",
        of: Of::Itself,
        judged: false
    }
    /// Sent, but no response seen.
    Unknown {
        name: "unknown",
        meaning: "Sent, but no response seen.",
        noted: Some("sent without a response"),
        exported: Some(("loadgen_unknown_total", "Requests sent without a response."))
    }
    /// Requests made once more by policy.
    Retries {
        name: "retries",
        meaning: "Requests made once more by policy.",
        noted: Some("retries"),
        exported: Some(("loadgen_retries_total", "Requests made once more by policy."))
    }
    /// Reused connections that had gone.
    Reconnects {
        name: "reconnects",
        meaning: "Reused connections that had gone.",
        noted: Some("reconnects"),
        exported: Some(("loadgen_reconnects_total", "Reused connections that had gone."))
    }
    /// Bytes written to connections.
    BytesSent {
        name: "bytes_sent",
        meaning: "Bytes written to connections.",
        unit: Unit::Bytes,
        judged: false,
        exported: Some(("loadgen_sent_bytes_total", "Bytes written to connections.")),
        k6: Some(("k6_data_sent_total", "Bytes written."))
    }
    /// Bytes read from connections.
    BytesReceived {
        name: "bytes_received",
        meaning: "Bytes read from connections.",
        unit: Unit::Bytes,
        judged: false,
        exported: Some(("loadgen_received_bytes_total", "Bytes read from connections.")),
        k6: Some(("k6_data_received_total", "Bytes read."))
    }
}
