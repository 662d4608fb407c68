//! Timers, and their table.

use super::{EnumMap, Exported, Of, by_name, map::table};
use serde::{Deserialize, Serialize};
use std::fmt;

/// Something for each timer.
pub type Timers<V> = EnumMap<Timer, V, { Timer::ALL.len() }>;

/// Properties of a timer.
#[derive(Debug)]
pub struct TimerInfo {
    /// Name in journals and, before the point, in thresholds.
    pub name: &'static str,
    /// Owner: whose times are recorded for a task or a group.
    pub of: Of,
    /// Key of its figures in results.
    pub key: Option<&'static str>,
    /// The description of that key.
    pub meaning: &'static str,
    /// The key is left out where there are no times; else it is null.
    pub optional: bool,
    /// Message of thresholds that find no times; None: it cannot be used in thresholds.
    pub no_samples: Option<&'static str>,
    /// For exporters, in loadgen's own names.
    pub exported: Option<Exported>,
    /// Prefix of its trends in k6's names.
    pub k6: Option<&'static str>,
    /// Live displays show its 95th percentile of the last seconds.
    pub live: bool,
    /// Heads the column of its 95th percentile in tables that have room.
    pub column: Option<&'static str>,
    /// Shows it apart, in the summary of a run.
    pub breakdown: Option<Breakdown>,
}

/// A table of the steps in which a part of the time clearly differs from the whole.
#[derive(Debug)]
pub struct Breakdown {
    /// The table's title.
    pub title: &'static str,
    /// The distribution that it is a part of.
    pub whole: Distribution,
    /// Heads the column of the whole's 95th percentile.
    pub column: &'static str,
}

impl TimerInfo {
    const PLAIN: Self = Self {
        name: "",
        of: Of::Requests,
        key: None,
        meaning: "",
        optional: false,
        no_samples: None,
        exported: None,
        k6: None,
        live: false,
        column: None,
        breakdown: None,
    };
}

table! {
    /// Something of which the time is taken.
    Timer, "timer", TimerInfo;

    /// Intended start to last byte, of successes.
    Ok {
        name: "ok",
        of: Of::Itself,
        key: Some("ok_latency_us"),
        meaning: "Response times of successes.",
        no_samples: Some("no samples: no request succeeded")
    }
    /// Intended start to last byte, or whatever ended it, of failures.
    Failed {
        name: "failed",
        of: Of::Itself,
        key: Some("failed_latency_us"),
        meaning: "Response times of failures.",
        no_samples: Some("no samples: no request failed")
    }
    /// Age of what was cut off at the end of the run.
    Cut {
        name: "cut",
        of: Of::Itself
    }
    /// First byte sent to last byte received, of all that sent anything and ended.
    Service {
        name: "service",
        key: Some("service_us"),
        meaning: "First byte sent to last byte received.",
        no_samples: Some("no samples: no request was sent and ended"),
        exported: Some((
            "loadgen_request_service_seconds",
            "Service time, from the first byte sent; percentiles of the last interval.",
        )),
        column: Some("Service p95"),
        breakdown: Some(Breakdown {
            title: "Service time, from the first byte sent: without waiting for a slot or a connection",
            whole: Distribution::Latency,
            column: "response p95",
        })
    }
    /// First byte sent to first byte of the response; of a statement, to its first row.
    Ttfb {
        name: "ttfb",
        key: Some("ttfb_us"),
        meaning: "First byte sent to first byte of the response; of SQL, to the first row.",
        no_samples: Some("no samples: no response began"),
        exported: Some((
            "loadgen_request_ttfb_seconds",
            "Time to first byte, from the first byte sent; percentiles of the last interval.",
        )),
        k6: Some("k6_http_req_waiting"),
        live: true,
        column: Some("TTFB p95"),
        breakdown: Some(Breakdown {
            title: "Time to first byte (ttfb), from the first byte sent: without the rest of the response",
            whole: Distribution::Timer(Timer::Service),
            column: "service p95",
        })
    }
    /// First to last byte of the response.
    Transfer {
        name: "transfer",
        key: Some("transfer_us"),
        meaning: "First to last byte of the response; of SQL, from the first row on.",
        no_samples: Some("no samples: no response began"),
        exported: Some((
            "loadgen_request_transfer_seconds",
            "First to last byte of the response; percentiles of the last interval.",
        )),
        k6: Some("k6_http_req_receiving")
    }
    /// Opening connections.
    Connect {
        name: "connect",
        key: Some("connect_us"),
        meaning: "Opening connections.",
        no_samples: Some("no samples: no connection was opened"),
        exported: Some((
            "loadgen_connect_duration_seconds",
            "Opening connections; percentiles of the last interval.",
        ))
    }
    /// Looking up the name of a server, where an opening had to wait for it.
    Dns {
        name: "dns",
        key: Some("dns_us"),
        meaning: "Looking up names, a part of opening connections.",
        optional: true,
        no_samples: Some("no samples: no name was looked up"),
        exported: Some((
            "loadgen_dns_duration_seconds",
            "Looking up names for connections; percentiles of the last interval.",
        ))
    }
    /// Connecting to an address.
    Tcp {
        name: "tcp",
        key: Some("tcp_us"),
        meaning: "Connecting to addresses (TCP), a part of opening connections.",
        optional: true,
        no_samples: Some("no samples: no connection was opened over TCP"),
        exported: Some((
            "loadgen_tcp_connect_duration_seconds",
            "Connecting to addresses; percentiles of the last interval.",
        )),
        k6: Some("k6_http_req_connecting")
    }
    /// TLS handshakes.
    Tls {
        name: "tls",
        key: Some("tls_us"),
        meaning: "TLS handshakes, a part of opening connections.",
        optional: true,
        no_samples: Some("no samples: there was no TLS handshake"),
        exported: Some((
            "loadgen_tls_handshake_duration_seconds",
            "TLS handshakes; percentiles of the last interval.",
        )),
        k6: Some("k6_http_req_tls_handshaking")
    }
    /// Waiting for a free connection of a pool.
    PoolWait {
        name: "pool_wait",
        key: Some("pool_wait_us"),
        meaning: "Waiting for a free connection of a pool, where there is one.",
        optional: true,
        no_samples: Some("no samples: no connection came from a pool")
    }
}

/// Times that can be asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Distribution {
    /// From the intended start to the last byte, every outcome; those cut off at the end included.
    Latency,
    /// Times of a timer.
    Timer(#[serde(with = "by_name")] Timer),
}

/// Writes the prefix: `ok.`, or nothing for the latency of every outcome.
impl fmt::Display for Distribution {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Distribution::Latency => Ok(()),
            Distribution::Timer(timer) => write!(f, "{timer}."),
        }
    }
}
