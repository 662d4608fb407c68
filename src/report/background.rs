//! What was done beside the load, as the result file has it.

use super::model::Threshold;
use crate::{background::Activity, gate::Verified, observe, plan::observe::Statistic};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// All of it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct BackgroundResults {
    /// What was done to the world during the run.
    #[serde(default)]
    pub events: Vec<Event>,
    /// What the system under test said of itself, by the names of the observations.
    #[serde(default)]
    pub observed: BTreeMap<String, Observed>,
    /// What had to hold of that, and whether it did.
    #[serde(default)]
    pub limits: Vec<Threshold>,
    /// What was verified after the run.
    #[serde(default)]
    pub verify: Vec<Verification>,
    /// What the databases did, by their own account.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub databases: BTreeMap<String, Activity>,
}

/// Something that was done to the world during the run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Event {
    /// Its name.
    pub name: String,
    /// When it was begun, from the start of the run.
    pub t_s: f64,
    /// How long it took; a command, until it ended.
    pub took_s: f64,
    /// Whether it was done.
    pub ok: bool,
    /// What there is to say of it, or why it could not be done.
    pub message: Option<String>,
}

/// What a source said of the system under test.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Observed {
    /// Its metrics.
    pub series: Vec<Series>,
    /// How often it did not answer.
    pub failures: u64,
    /// Why it last did not, or what else there is to say.
    pub message: Option<String>,
}

/// The course of a metric.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Series {
    /// What is measured.
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
    /// What was observed of a source.
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

/// What was asked after the run, and whether the answer was right.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Verification {
    /// Its name.
    pub name: String,
    /// What the answer had to be, as written.
    pub expect: String,
    /// The answer after the run; null when there was none.
    pub value: Option<f64>,
    /// The answer before the load; null when there was none.
    pub before: Option<f64>,
    /// Whether it held.
    pub ok: bool,
    /// The comparison in numbers, or why there is no answer.
    pub message: Option<String>,
}

impl Verification {
    /// What became of a verification of a plan.
    pub fn of(verify: &crate::plan::Verify, verified: Verified) -> Self {
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
