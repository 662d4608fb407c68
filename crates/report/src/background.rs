//! Background of the load in the result file.

use super::figure_set::Threshold;
use loadgen_background::Activity;
use loadgen_gate::Verified;
use loadgen_observe as observe;
use loadgen_plan::observe::Statistic;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Results of everything in the background of the load.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct BackgroundResults {
    /// Events during the run.
    #[serde(default)]
    pub events: Vec<Event>,
    /// Metrics of the target, by the names of the observations.
    #[serde(default)]
    pub observed: BTreeMap<String, Observed>,
    /// Thresholds on them, and whether they held.
    #[serde(default)]
    pub limits: Vec<Threshold>,
    /// Verifications after the run.
    #[serde(default)]
    pub verify: Vec<Verification>,
    /// Activity of the databases, by their own account.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub databases: BTreeMap<String, Activity>,
}

/// Something that was done to the world during the run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Event {
    /// Its name.
    pub name: String,
    /// Start, from the start of the run.
    pub t_s: f64,
    /// Duration; of a command, until it ended.
    pub took_s: f64,
    /// True if it succeeded.
    pub ok: bool,
    /// Note about a success, or the reason for a failure.
    pub message: Option<String>,
}

/// Metrics of one source.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Observed {
    /// Its metrics.
    pub series: Vec<Series>,
    /// Number of failed scrapes.
    pub failures: u64,
    /// Last error, or another note.
    pub message: Option<String>,
}

/// The course of a metric.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Series {
    /// Name of the metric.
    pub metric: String,
    /// In what; empty for plain numbers.
    pub unit: String,
    /// Seconds from the start of the run, and the value there.
    pub points: Vec<(f64, f64)>,
    /// The least of all samples.
    pub min: f64,
    /// Their mean.
    pub mean: f64,
    /// The greatest of them.
    pub max: f64,
    /// The last of them.
    pub last: f64,
    /// By how much its counter rose; null when it is none.
    pub delta: Option<f64>,
}

impl Observed {
    /// Builds it from the metrics of a source.
    pub fn of(observed: &observe::Observed) -> Self {
        let series = observed.series.iter().filter_map(|own| {
            let of = |which| own.statistic(which).map(short);
            Some(Series {
                metric: own.metric.clone(),
                unit: own.unit.clone(),
                points: own
                    .points()
                    .into_iter()
                    .map(|(at, value)| ((at * 1e3).round() / 1e3, short(value)))
                    .collect(),
                min: of(Statistic::Min)?,
                mean: of(Statistic::Mean)?,
                max: of(Statistic::Max)?,
                last: of(Statistic::Last)?,
                delta: of(Statistic::Delta),
            })
        });
        Self {
            series: series.collect(),
            failures: observed.failures,
            message: observed.message.clone(),
        }
    }
}

/// Six digits: more are chance.
fn short(value: f64) -> f64 {
    format!("{value:.5e}").parse().unwrap_or(value)
}

/// Result of a verification.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Verification {
    /// Its name.
    pub name: String,
    /// Expected value, as the scenario has it.
    pub expect: String,
    /// The value after the run; null when there was none.
    pub value: Option<f64>,
    /// The value before the load; null when there was none.
    pub before: Option<f64>,
    /// True if it held.
    pub ok: bool,
    /// The comparison in numbers, or why there is no value.
    pub message: Option<String>,
}

impl Verification {
    /// Builds it from the result of a plan's verification.
    pub fn of(verify: &loadgen_plan::Verify, verified: Verified) -> Self {
        Self {
            name: verify.name.clone(),
            expect: verify.written.clone(),
            value: verified.value,
            before: verified.before,
            ok: verified.ok,
            message: Some(verified.message).filter(|message| !message.is_empty()),
        }
    }
}
