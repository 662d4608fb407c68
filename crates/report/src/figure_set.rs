//! Parts of a result that several of its tables have: figures, errors and thresholds.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Failures.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Errors {
    /// Number of errors.
    pub count: u64,
    /// Their share of all that ended, 0 to 1.
    pub rate: Option<f64>,
    /// Number of errors of each class that occurred.
    pub by_class: BTreeMap<String, u64>,
    /// Different ones of each class, the first that came, at most ten.
    pub samples: Vec<ErrorSample>,
}

/// A failure as it was seen.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ErrorSample {
    /// Its class.
    pub class: String,
    /// Message.
    pub message: String,
    /// Method and URL of the request, with its values; secrets are hidden.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request: Option<String>,
    /// Status code of the response.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// Expectation that was missed, as the scenario has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected: Option<String>,
    /// First 200 bytes of the response's body; secrets are hidden.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<String>,
    /// Its trace, where requests had one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trace_id: Option<String>,
}

/// A distribution in figures.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Figures {
    pub min: f64,
    pub mean: f64,
    pub stddev: f64,
    pub p50: f64,
    pub p75: f64,
    pub p90: f64,
    pub p95: f64,
    pub p99: f64,
    pub p99_9: f64,
    pub max: f64,
}

/// Distributions as HDR V2-deflate in base64, in nanoseconds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Hdr {
    /// Histogram of `latency_us`.
    pub latency: Option<String>,
    /// Histogram of `ok_latency_us`.
    pub ok: Option<String>,
    /// Histogram of `service_us`.
    pub service: Option<String>,
}

/// Threshold and its verdict.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Threshold {
    /// Expression as the scenario has it.
    pub expr: String,
    /// `totals`, or the id of a task or group.
    pub scope: String,
    /// Observed value, in the unit of the expression.
    pub observed: Option<f64>,
    /// True if it held.
    pub ok: bool,
    /// Limit, in the same unit.
    #[serde(default)]
    pub limit: f64,
    /// The unit: `ms`, `%`, `/s`...; empty for plain numbers.
    #[serde(default)]
    pub unit: String,
    /// Times, requests or runs that it rests on.
    #[serde(default)]
    pub samples: u64,
    /// Additional note, in words.
    #[serde(default)]
    pub message: Option<String>,
}
