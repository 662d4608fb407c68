//! The result file, schema version 1: its types, and nothing of how they are shown.
//!
//! Keys are only ever added. Readers ignore keys that they do not know. Times are in microseconds
//! with fractions, but for those whose key ends in `_s`. What has no value is `null`: the figures
//! of a distribution without samples, its histogram, and the error rate when nothing ended.

pub use super::{
    background::{Event, Observed, Verification},
    figure_set::{ErrorSample, Errors, Figures, Hdr, Threshold},
    stats::Stats,
};
use jiff::Timestamp;
use loadgen_background::Activity;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;

/// The version that is written, and the newest that can be read.
pub const SCHEMA: u32 = 1;

/// Everything that is known of a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ResultFile {
    /// The version of this form: 1.
    pub schema: u32,
    /// Scenario that was run.
    pub scenario: Scenario,
    /// The plan as it was run, secrets redacted.
    pub plan: Value,
    /// The run itself.
    pub run: Run,
    /// Generators of the load, one per machine.
    pub generators: Vec<Generator>,
    /// Everything: requests merged over all steps, with the rate and the counts of offered,
    /// dropped and interrupted of task runs.
    pub totals: Stats,
    /// Each task, by its runs.
    pub tasks: Vec<Task>,
    /// Each group of steps that has a name, by its repetitions.
    #[serde(default)]
    pub groups: Vec<Group>,
    /// Each step, by its requests.
    pub steps: Vec<Step>,
    /// The course of the run.
    pub timeline: Vec<Interval>,
    /// Thresholds, and whether they held.
    pub thresholds: Vec<Threshold>,
    /// Every expectation of every step, and how often it was met.
    #[serde(default)]
    pub checks: Vec<Check>,
    /// Verifications after the run.
    #[serde(default)]
    pub verify: Vec<Verification>,
    /// Events during the run.
    #[serde(default)]
    pub events: Vec<Event>,
    /// Metrics of the target.
    #[serde(default)]
    pub observed: BTreeMap<String, Observed>,
    /// Activity of the scenario's databases during the load, by their own account: all their
    /// clients together.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub databases: BTreeMap<String, Activity>,
    /// Warnings to read before believing the numbers.
    pub warnings: Vec<String>,
}

/// Origin of the plan.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Scenario {
    /// Its name.
    pub name: String,
    /// Path of the file, as given.
    pub file: String,
    /// The arguments with which it was run, values that may be secret left out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub arguments: Vec<String>,
    /// SHA-256 of the file's bytes, in hex.
    pub sha256: String,
    /// Seed of all random choices.
    pub seed: u64,
}

/// The run itself.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Run {
    /// UUIDv7.
    pub id: String,
    /// Start of the load.
    pub started_at: Timestamp,
    /// Length of the warm-up, with which the run begins and which is in no statistics.
    #[serde(default)]
    pub warmup_s: f64,
    /// From the end of the warm-up to that of the last request.
    pub duration_s: f64,
    /// Ended by a signal.
    pub interrupted: bool,
    /// True if the numbers are those of the target, not of the generator.
    pub valid: bool,
    /// Reasons for an invalid result, in words.
    pub invalid_reasons: Vec<String>,
    /// Exit code of the process.
    pub exit_code: u8,
    /// Target, in words.
    #[serde(default)]
    pub target: String,
    /// The load, in words.
    #[serde(default)]
    pub load: String,
    /// Failures besides the thresholds, such as the bundled target's, in words.
    #[serde(default)]
    pub failures: Vec<String>,
}

impl Run {
    /// From its start to the end of the last request, in seconds.
    pub fn whole_s(&self) -> f64 {
        self.warmup_s + self.duration_s
    }
}

/// A process that made load.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Generator {
    /// Version of loadgen.
    pub version: String,
    /// Worker threads.
    pub workers: u64,
    /// CPU time, user and system.
    pub cpu_seconds: f64,
    /// Most memory it had.
    pub max_rss_bytes: u64,
    /// Delay of runs that had a free slot.
    pub schedule_lag_us: Option<Lag>,
}

/// Schedule lag.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Lag {
    /// Median.
    pub p50: f64,
    /// 99th percentile.
    pub p99: f64,
    /// The greatest.
    pub max: f64,
}

/// A task: its runs, from arrival to last step; bytes, retries, reconnects, unknown, service and
/// connect times are those of its requests.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Task {
    /// `population/task`.
    pub id: String,
    /// Measurements.
    #[serde(flatten)]
    pub stats: Stats,
}

/// A group of steps: its repetitions, each from the intended start of its first step to the end of
/// its last; the rest as with tasks.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Group {
    /// `population/task/group`.
    pub id: String,
    /// The population's name.
    pub population: String,
    /// The task's name.
    pub task: String,
    /// The group's name.
    pub name: String,
    /// Ids of the groups that it is in, the outermost first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub within: Vec<String>,
    /// Measurements.
    #[serde(flatten)]
    pub stats: Stats,
}

/// A step: its requests.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Step {
    /// `population/task/step`.
    pub id: String,
    /// The population's name.
    pub population: String,
    /// The task's name.
    pub task: String,
    /// The step's name.
    pub name: String,
    /// Ids of the groups that it is in, the outermost first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub within: Vec<String>,
    /// `http` or `sql`.
    pub kind: String,
    /// Static tags of the scenario.
    #[serde(default)]
    pub tags: BTreeMap<String, String>,
    /// Measurements.
    #[serde(flatten)]
    pub stats: Stats,
    /// Its slowest requests, at most ten, where they had traces.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub slowest: Vec<TracedRequest>,
    /// Requests that failed, at most ten of each class, where they had traces: the first, but
    /// sampled ones before others.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub failed: Vec<TracedRequest>,
}

/// An expectation of a step. A request without a complete response meets none.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Check {
    /// The step's id.
    pub step: String,
    /// Name of the check.
    pub name: String,
    /// Requests that met it.
    pub passed: u64,
    /// Requests that ended and did not.
    pub failed: u64,
}

/// A request that was the root of a trace.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TracedRequest {
    /// The trace, as `traceparent` had it: 32 hex digits.
    pub trace_id: String,
    /// True if the server was asked to record it.
    pub sampled: bool,
    /// End of the request, from the start of the run.
    pub t_s: f64,
    /// Intended start to last byte.
    pub latency_us: f64,
    /// `ok`, the class of its error, or `interrupted`.
    pub outcome: String,
}

/// Some seconds of the run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Interval {
    /// Its start, from the start of the run.
    pub t_s: u64,
    /// Its length.
    pub interval_s: u64,
    /// True if it lies in the warm-up: then it is in no statistics.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub warmup: bool,
    /// Active users at its end.
    pub users: u64,
    /// Task runs under way at its end.
    pub in_flight: u64,
    /// Arrivals waiting for a slot at its end.
    #[serde(default)]
    pub queued: u64,
    /// Task runs that were due, dropped ones included.
    #[serde(default)]
    pub offered: u64,
    /// Arrivals that found the queue full.
    #[serde(default)]
    pub dropped: u64,
    /// By id.
    pub steps: BTreeMap<String, StepInterval>,
    /// By id, of the groups that have names.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub groups: BTreeMap<String, StepInterval>,
}

/// A step in some seconds, or the runs of a group.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct StepInterval {
    /// Requests that ended.
    pub count: u64,
    /// Number per second.
    pub rate: f64,
    /// Requests that failed.
    pub errors: u64,
    /// Number of errors of each class that occurred.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub errors_by_class: BTreeMap<String, u64>,
    /// Responses by status code, as in the statistics.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub statuses: BTreeMap<String, u64>,
    /// Response times in microseconds.
    pub latency: Option<Points>,
    /// Service times in microseconds.
    pub service: Option<Points>,
    /// The distributions themselves.
    pub hdr: IntervalHdr,
}

/// A distribution in few figures.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Points {
    pub p50: f64,
    pub p95: f64,
    pub p99: f64,
}

/// Distributions as HDR V2-deflate in base64, in nanoseconds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct IntervalHdr {
    /// Response times.
    pub latency: Option<String>,
    /// Service times.
    pub service: Option<String>,
}
