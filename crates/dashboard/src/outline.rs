//! Parts of a plan that displays show beside the measurements.

use loadgen_core::{
    human,
    time::{Nanos, nanos},
};
use loadgen_plan::threshold::Unit;
use loadgen_plan::{Load, Plan, Threshold, threshold::Scopes};
use loadgen_report::words;
use std::time::Duration;

/// The name of all requests as one.
pub const ALL: &str = "all requests";

/// The frame into which measurements are put.
#[derive(Debug, Clone, Default)]
pub struct Outline {
    /// The scenario's name.
    pub name: String,
    /// The load, in words.
    pub load: String,
    /// Tasks in the plan's order, as they are shown.
    pub tasks: Vec<String>,
    /// Names of the series: all requests, then each step in the plan's order, then each group.
    pub series: Vec<String>,
    /// End of the load; None: when it is stopped.
    pub duration: Option<Nanos>,
    /// End of the warm-up.
    pub warmup: Nanos,
    /// Stages of the load in order; none where there is but one, or several populations.
    pub stages: Vec<Stage>,
    /// True if users are counted; arrivals are, otherwise.
    pub users: bool,
    /// The thresholds.
    pub thresholds: Vec<Limit>,
}

/// A stretch of the load.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stage {
    /// Its end, from the start of the run.
    pub end: Nanos,
    /// Such as `50 → 500 users`.
    pub text: String,
}

/// A threshold as it is shown.
#[derive(Debug, Clone)]
pub struct Limit {
    /// Expression with its scope.
    pub title: String,
    /// The right side, in [`Limit::unit`].
    pub limit: f64,
    /// The unit in which it was written.
    pub unit: Unit,
}

impl Limit {
    /// Builds it from a threshold of a plan.
    pub fn of(threshold: &Threshold, scopes: Scopes<'_>) -> Self {
        let unit = threshold.unit;
        Self {
            title: threshold.title(scopes),
            limit: unit.convert(threshold.limit),
            unit,
        }
    }

    /// Formats an observed value in the threshold's unit.
    pub fn text(&self, observed: f64) -> String {
        self.unit.text(self.unit.convert(observed), self.limit)
    }
}

impl Outline {
    /// Builds it from a plan.
    pub fn of(plan: &Plan) -> Self {
        let loads: Vec<&Load> = plan.populations.iter().map(|group| &group.load).collect();
        let durations: Option<Vec<Nanos>> = loads
            .iter()
            .map(|load| load.duration().map(nanos))
            .collect();
        Self {
            name: plan.name.clone(),
            load: words::load(plan),
            tasks: plan
                .tasks
                .iter()
                .map(|task| shown(plan, &task.id))
                .collect(),
            series: std::iter::once(ALL.to_owned())
                .chain(plan.steps.iter().map(|step| shown(plan, &step.id)))
                .chain(
                    plan.groups
                        .iter()
                        .map(|group| format!("{} (group)", shown(plan, &group.id))),
                )
                .collect(),
            duration: durations.and_then(|all| all.into_iter().max()),
            warmup: nanos(plan.warmup),
            stages: match loads[..] {
                [load] => stages(load, plan.warmup),
                _ => Vec::new(),
            },
            users: loads.iter().any(|load| matches!(load, Load::Closed(_))),
            thresholds: plan
                .thresholds
                .iter()
                .filter(|threshold| !threshold.implied)
                .map(|threshold| Limit::of(threshold, Scopes::of(plan)))
                .collect(),
        }
    }
}

/// The population's name says nothing where there is only one.
fn shown(plan: &Plan, id: &str) -> String {
    let own = match &plan.populations[..] {
        [only] => id.strip_prefix(only.name.as_str()),
        _ => None,
    };
    own.and_then(|rest| rest.strip_prefix('/'))
        .unwrap_or(id)
        .to_owned()
}

/// The pieces of a load's curve after its warm-up that take time, unless there is only one.
pub(super) fn stages(load: &Load, warmup: Duration) -> Vec<Stage> {
    let load = load.after(warmup);
    let end = load.duration().map_or(Nanos::MAX, nanos);
    let unit = match &load {
        Load::Closed(_) => " users",
        Load::Open(_) => "/s",
    };
    let level = |level: f64| human::rate(level).trim_end_matches(".0").to_owned();
    let stages: Vec<Stage> = load
        .curve()
        .segments()
        .iter()
        .filter(|piece| piece.end > piece.start && piece.start < end)
        .map(|piece| Stage {
            end: piece.end.min(end).saturating_add(nanos(warmup)),
            text: if piece.from == piece.to {
                format!("{}{unit}", level(piece.to))
            } else {
                format!("{} → {}{unit}", level(piece.from), level(piece.to))
            },
        })
        .collect();
    if stages.len() > 1 { stages } else { Vec::new() }
}
