//! The format of scenarios and suites as a JSON Schema, for editors and other tools.
//!
//! Nothing here says what a scenario may say. The readers are asked: whatever can stand somewhere
//! is put there, one after the other, and it is seen what they make of it (`probe`). What keys
//! mean is taken from the reference, whose tables are held to the readers' own (`reference`).

mod probe;
pub mod reference;
mod shape;
#[cfg(test)]
mod tests;

use super::{
    raw::{
        ROOT,
        suite::{self, OF_SCENARIO, OWN_KEYS},
    },
    reader::Keys,
};
use probe::{Format, Path};
use serde_json::{Map, Value, json};
use shape::Shapes;

/// The schema of a file that `run` takes: a scenario, or a suite of them.
pub fn document() -> Value {
    let mut shapes = Shapes::default();
    let mut properties = shapes.members(Format::Scenario, &ROOT, &Path::root(), None);
    let own = shapes.members(Format::Suite, &suite::ROOT, &Path::root(), None);
    let own = own
        .into_iter()
        .filter(|(key, _)| OWN_KEYS.contains(&key.as_str()));
    properties.extend(own);
    let mut definitions = shapes.definitions();
    // What a phase shares with the scenario that it runs.
    if let Some(phase) = definitions.get_mut(&slug(&suite::PHASE)) {
        for key in OF_SCENARIO {
            if let Some(shown) = phase["properties"].get_mut(key) {
                let words = shown["description"].take();
                shown.clone_from(&properties[key]);
                shown["description"] = words;
            }
        }
    }
    let is_suite = OWN_KEYS.map(|key| json!({ "required": [key] }));
    let others = ROOT
        .names
        .iter()
        .filter(|key| !suite::ROOT.names.contains(key));
    let others = object(others.map(|key| ((*key).to_owned(), Value::Bool(false))));
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "loadgen scenario or suite",
        "description": "What `loadgen run` takes. docs/scenario-reference.md says more.",
        "type": "object",
        "properties": properties,
        "additionalProperties": false,
        "if": { "anyOf": is_suite },
        "then": { "required": ["phase"], "properties": others },
        "$defs": definitions,
    })
}

/// The same as a file has it.
pub fn text() -> String {
    format!("{:#}\n", document())
}

/// What a kind of table is called among the definitions.
fn slug(keys: &Keys) -> String {
    let name = keys.table.replace(['[', ']', '`'], "");
    let name = name
        .strip_prefix("a ")
        .or(name.strip_prefix("an "))
        .unwrap_or(&name);
    name.replace(' ', "-")
}

/// A definition's place.
fn reference_to(name: &str) -> Value {
    json!({ "$ref": format!("#/$defs/{name}") })
}

/// An object of these properties, in their order.
fn object(properties: impl IntoIterator<Item = (String, Value)>) -> Map<String, Value> {
    properties.into_iter().collect()
}
