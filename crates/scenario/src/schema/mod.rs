//! The format of scenarios and suites as a JSON Schema, for editors and other tools.
//!
//! The content of scenarios is declared by their tables ([`super::form`]), not here.

#[cfg(test)]
mod tests;

use super::{
    form::{Definitions, Key, Table, keys},
    raw::{
        Root,
        suite::{OWN_KEYS, Suite},
    },
};
use serde_json::{Map, Value, json};

/// The schema of a file that `run` takes: a scenario, or a suite of them.
pub fn document() -> Value {
    let mut definitions = Definitions::default();
    let (scenario, suite) = (keys::<Root>(), keys::<Suite>());
    let mut properties = definitions.members(Root::TITLE, &scenario);
    let own = definitions.members(Suite::TITLE, &suite).into_iter();
    properties.extend(own.filter(|(key, _)| OWN_KEYS.contains(&key.as_str())));
    let is_suite = OWN_KEYS.map(|key| json!({ "required": [key] }));
    let shared = |key: &&Key| suite.iter().any(|other| other.name == key.name);
    let others = scenario.iter().filter(|key| !shared(key));
    let others: Map<_, _> = others
        .map(|key| (key.name.to_owned(), false.into()))
        .collect();
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "loadgen scenario or suite",
        "description": "What `loadgen run` takes. docs/scenario-reference.md says more.",
        "type": "object",
        "properties": properties,
        "additionalProperties": false,
        "if": { "anyOf": is_suite },
        "then": { "required": ["phase"], "properties": others },
        "$defs": definitions.into_map(),
    })
}

/// Returns the schema as the text of a file.
pub fn text() -> String {
    format!("{:#}\n", document())
}

/// Every kind of table by its title, with its keys.
#[cfg(any(test, feature = "testing"))]
pub fn tables() -> Vec<(String, Vec<String>)> {
    let names = |keys: Vec<Key>| keys.iter().map(|key| key.name.to_owned()).collect();
    let files = [
        (Root::TITLE.to_owned(), names(keys::<Root>())),
        (Suite::TITLE.to_owned(), names(keys::<Suite>())),
    ];
    let document = document();
    let definitions = document["$defs"].as_object().unwrap().values();
    let tables = definitions.filter_map(|shape| {
        let keys = shape["properties"].as_object()?.keys().cloned();
        Some((shape["title"].as_str()?.to_owned(), keys.collect()))
    });
    files.into_iter().chain(tables).collect()
}
