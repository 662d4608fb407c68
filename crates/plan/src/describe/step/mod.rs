//! A step as its kind describes it.

mod custom;
mod http;
mod sql;

use super::{
    quantity::{pause, time},
    values::{seconds, step_id, think},
};
use crate::{Plan, Step};
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;

/// A kind of step in words and in the result file. `checks` are the names of what is checked.
pub trait Describe {
    /// A one-line description, and the lines below it.
    fn words(&self, plan: &Plan) -> (String, Vec<String>);

    /// Conditions besides its timeout, each in a few words.
    fn conditions(&self, checks: &[String]) -> Vec<String>;

    /// Properties in the result file that only this kind of steps has.
    fn json(&self, plan: &Plan, checks: &[String]) -> Json;
}

/// A step in words: what is done, and the lines below it.
pub(super) fn words(plan: &Plan, step: &Step) -> (String, Vec<String>) {
    let own = step.kind.plan();
    let (what, mut below) = own.words(plan);
    let mut parts = Vec::new();
    parts.extend(pause(step.think).map(|pause| format!("{pause} before")));
    parts.extend(own.conditions(plan.written.checks(step.index)));
    parts.push(format!("within {}", time(own.timeout())));
    for (name, source) in plan.written.extracts(step.index) {
        parts.push(format!("keeps {name} from {source}"));
    }
    below.push(parts.join(", "));
    (what, below)
}

/// A step as the result file has it.
pub(super) fn json(plan: &Plan, step: &Step) -> Json {
    let own = step.kind.plan();
    let mut described = own.json(plan, plan.written.checks(step.index));
    let extracts = plan.written.extracts(step.index).iter().cloned();
    described["id"] = step_id(plan, step).into();
    described["kind"] = step.kind.name().into();
    described["extract"] = json!(extracts.collect::<BTreeMap<_, _>>());
    described["timeout_s"] = seconds(own.timeout()).into();
    described["think_s"] = think(step.think);
    described
}
