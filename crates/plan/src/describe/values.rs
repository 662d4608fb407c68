//! Values of a plan in JSON that several of its tables have.

use crate::{Label, Plan, Step, Think};
use serde_json::{Value as Json, json};
use std::time::Duration;

pub(super) fn think(think: Think) -> Json {
    match think {
        Think::None => Json::Null,
        Think::Constant(pause) => json!([seconds(pause), seconds(pause)]),
        Think::Normal(mean, stddev) => {
            json!({"normal": seconds(mean), "stddev": seconds(stddev)})
        }
        Think::Exponential(mean) => json!({"exponential": seconds(mean)}),
        Think::Uniform(from, to) => json!([seconds(from), seconds(to)]),
    }
}

pub(super) fn step_id<'a>(plan: &'a Plan, step: &Step) -> &'a str {
    plan.step(step.index).map_or("", |label| &label.id)
}

pub(super) fn id(labels: &[Label], index: usize) -> &str {
    labels.get(index).map_or("", |label| &label.id)
}

pub(super) fn seconds(duration: Duration) -> f64 {
    duration.as_secs_f64()
}
