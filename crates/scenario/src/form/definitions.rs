//! Definitions of a JSON Schema (`$defs`): tables, and texts that match a pattern.

use super::{Key, Table, keys, reference};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// The definitions that were needed so far.
#[derive(Default)]
pub struct Definitions {
    /// By name; null while one is being made, so that a table may be in one of its own kind.
    shapes: BTreeMap<String, Value>,
}

/// Pattern that a text with a value from the environment matches.
const VARIABLE: &str = r"\$\{";

impl Definitions {
    /// The definitions by name.
    pub fn into_map(self) -> Map<String, Value> {
        self.shapes.into_iter().collect()
    }

    /// A table; the same wherever it stands.
    pub fn table<T: Table>(&mut self) -> Value {
        self.titled(T::TITLE, &keys::<T>())
    }

    /// A table of `keys` that messages call `title`.
    pub fn titled(&mut self, title: &str, keys: &[Key]) -> Value {
        let name = slug(title);
        if !self.shapes.contains_key(&name) {
            self.shapes.insert(name.clone(), Value::Null);
            let rows = reference::rows(title);
            let required = rows.iter().filter(|row| row.is_required());
            let shape = json!({
                "title": title,
                "description": reference::introduction(title),
                "type": "object",
                "properties": self.members(title, keys),
                "required": required.map(|row| row.key).collect::<Vec<_>>(),
                "additionalProperties": false,
            });
            self.shapes.insert(name.clone(), shape);
        }
        reference_to(&name)
    }

    /// The keys of the table `title`, each with what may stand there and what it means.
    pub fn members(&mut self, title: &str, keys: &[Key]) -> Map<String, Value> {
        let rows = reference::rows(title);
        let member = |key: &Key| {
            let mut shape = (key.schema)(self);
            if let Some(row) = rows.iter().find(|row| row.key == key.name) {
                shape["description"] = row.words().into();
            }
            (key.name.to_owned(), shape)
        };
        keys.iter().map(member).collect()
    }

    /// A text that looks like `pattern`, or has its value from the environment.
    pub fn text(&mut self, name: &str, description: &str, pattern: &str) -> Value {
        self.pattern(name, description, &format!("{pattern}|{VARIABLE}"))
    }

    /// Schema of `${NAME}` in place of a value that is no text.
    pub fn environment(&mut self) -> Value {
        let description = "A value from the environment: `${NAME}`";
        self.pattern("environment", description, VARIABLE)
    }

    fn pattern(&mut self, name: &str, description: &str, pattern: &str) -> Value {
        let shape = json!({ "type": "string", "description": description, "pattern": pattern });
        self.shapes.insert(name.to_owned(), shape);
        reference_to(name)
    }
}

/// The name of the definition of the table `title`.
pub fn slug(title: &str) -> String {
    let name = title.replace(['[', ']', '`'], "");
    let name = name
        .strip_prefix("a ")
        .or(name.strip_prefix("an "))
        .unwrap_or(&name);
    name.replace(' ', "-")
}

fn reference_to(name: &str) -> Value {
    json!({ "$ref": format!("#/$defs/{name}") })
}
