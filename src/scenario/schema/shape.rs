//! What may stand somewhere, made of what the readers asked.

use super::{
    object,
    probe::{Beside, Format, Kind, Path, table_with},
    reference, reference_to, slug,
};
use crate::scenario::{
    asked::{Asked, Unit},
    raw::TABLES,
    reader::Keys,
};
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// What is known of kinds of tables.
#[derive(Default)]
pub struct Shapes {
    /// By name; null while one is being made, so that a table may be in one of its own kind.
    tables: BTreeMap<String, Value>,
}

/// What is asked of a value of each kind at one place.
struct Answers([(Kind, Vec<Asked>); Kind::ALL.len()]);

impl Answers {
    fn at(format: Format, path: &Path) -> Self {
        Self(Kind::ALL.map(|kind| (kind, path.ask(format, kind.sample()))))
    }

    fn of(&self, kind: Kind) -> &[Asked] {
        let found = self.0.iter().find(|(own, _)| *own == kind);
        found.map_or(&[], |(_, asked)| asked)
    }

    fn takes(&self, kind: Kind) -> bool {
        !self.of(kind).contains(&Asked::Refused)
    }

    /// Whether anybody cares what stands there.
    fn is_looked_at(&self) -> bool {
        self.0.iter().any(|(_, asked)| !asked.is_empty())
    }

    /// Whether it is taken as it stands.
    fn is_anything(&self) -> bool {
        let idle = |one: &Asked| *one == Asked::Looked;
        self.0.iter().all(|(_, asked)| asked.iter().all(idle))
    }
}

impl Shapes {
    /// All kinds of tables that were met, and texts with units.
    pub fn definitions(self) -> Map<String, Value> {
        let text = |words: &str, pattern: &str| json!({ "type": "string", "description": words, "pattern": pattern });
        let units = Unit::ALL.map(|unit| {
            let pattern = format!("{}|{VARIABLE}", unit.pattern());
            (unit.name().to_owned(), text(unit.describe(), &pattern))
        });
        let words = "A value from the environment: `${NAME}`";
        let environment = (ENVIRONMENT.to_owned(), text(words, VARIABLE));
        object(self.tables.into_iter().chain(units).chain([environment]))
    }

    /// The keys of the table at `path`, each with what it may be. `beside` makes a table one of
    /// this kind.
    pub fn members(
        &mut self,
        format: Format,
        keys: &'static Keys,
        path: &Path,
        beside: Option<&Beside>,
    ) -> Map<String, Value> {
        let beside_of = |key: &str| beside.filter(|(other, _)| *other != key).cloned();
        let rows = reference::rows(keys.table);
        let member = |key: &&'static str| {
            let alone = path.key(key, beside_of(key));
            let place = match Answers::at(format, &alone).is_looked_at() {
                true => alone,
                false => with_a_neighbour(format, keys, path, key).unwrap_or(alone),
            };
            let mut shape = self.shape(format, &place);
            if let Some(row) = rows.iter().find(|row| row.key == *key) {
                shape["description"] = row.words().into();
            }
            ((*key).to_owned(), shape)
        };
        object(keys.names.iter().map(member).collect::<Vec<_>>())
    }

    /// What may stand at `path`.
    fn shape(&mut self, format: Format, path: &Path) -> Value {
        let answers = Answers::at(format, path);
        if answers.is_anything() {
            return json!({});
        }
        let takes = |kind| answers.takes(kind);
        let mut shapes = Vec::new();
        if takes(Kind::Text) {
            shapes.extend(text(answers.of(Kind::Text)));
        } else if takes(Kind::Environment) {
            shapes.push(reference_to(ENVIRONMENT));
        }
        if takes(Kind::Number) {
            shapes.push(json!({ "type": "number" }));
        } else if takes(Kind::Whole) {
            shapes.push(json!({ "type": "integer" }));
        }
        if takes(Kind::Boolean) {
            shapes.push(json!({ "type": "boolean" }));
        }
        if takes(Kind::List) {
            let items = self.shape(format, &path.item());
            shapes.push(json!({ "type": "array", "items": items }));
        }
        if takes(Kind::Table) {
            shapes.extend(self.tables_at(format, path, answers.of(Kind::Table)));
        }
        match shapes.len() {
            1 => shapes.remove(0),
            _ => json!({ "anyOf": shapes }),
        }
    }

    /// The kinds of tables that may stand at `path`, where this was asked of an empty one.
    fn tables_at(&mut self, format: Format, path: &Path, asked: &[Asked]) -> Vec<Value> {
        let mut shapes = Vec::new();
        let mut known = BTreeSet::new();
        if asked.contains(&Asked::OpenTable) {
            let values = self.shape(format, &path.key("any", None));
            shapes.push(json!({ "type": "object", "additionalProperties": values }));
        }
        // What a table is may depend on one of its keys.
        let names: BTreeSet<&str> = TABLES.iter().flat_map(|keys| keys.names).copied().collect();
        let empty = (None, asked.to_vec());
        let others = names.into_iter().map(|name| {
            let beside = (name, Kind::Text.sample());
            let asked = path.ask(format, table_with(&beside));
            (Some(beside), asked)
        });
        for (beside, asked) in std::iter::once(empty).chain(others) {
            for keys in asked.iter().filter_map(Asked::table) {
                if known.insert(keys.table) {
                    shapes.push(self.definition(format, keys, path, beside.as_ref()));
                }
            }
        }
        match shapes.is_empty() {
            true => vec![json!({ "type": "object" })],
            false => shapes,
        }
    }

    /// The kind of table that is at `path`; it is the same wherever else it is.
    fn definition(
        &mut self,
        format: Format,
        keys: &'static Keys,
        path: &Path,
        beside: Option<&Beside>,
    ) -> Value {
        let name = slug(keys);
        if !self.tables.contains_key(&name) {
            self.tables.insert(name.clone(), Value::Null);
            let properties = self.members(format, keys, path, beside);
            let rows = reference::rows(keys.table);
            let required = rows.iter().filter(|row| row.is_required());
            let required: Vec<&str> = required.map(|row| row.key).collect();
            let shape = json!({
                "title": keys.table,
                "description": reference::introduction(keys.table),
                "type": "object",
                "properties": properties,
                "required": required,
                "additionalProperties": false,
            });
            self.tables.insert(name.clone(), shape);
        }
        reference_to(&name)
    }
}

/// Where `key` is looked at, which alone it is not: `order` belongs to `csv`.
fn with_a_neighbour(format: Format, keys: &Keys, path: &Path, key: &str) -> Option<Path> {
    let others = keys.names.iter().filter(|other| **other != key);
    let values = others.flat_map(|other| Kind::ALL.map(|kind| (*other, kind.sample())));
    let mut places = values.map(|beside| path.key(key, Some(beside)));
    places.find(|place| Answers::at(format, place).is_looked_at())
}

/// The name of the definition for what the environment fills in.
const ENVIRONMENT: &str = "environment";

/// What such a text has in it.
const VARIABLE: &str = r"\$\{";

/// What a text may say of which this was asked.
fn text(asked: &[Asked]) -> Vec<Value> {
    let narrow = asked.iter().find_map(|asked| match asked {
        Asked::Unit(unit) => Some(vec![reference_to(unit.name())]),
        Asked::OneOf(words) => Some(vec![json!({ "enum": words }), reference_to(ENVIRONMENT)]),
        _ => None,
    });
    match narrow {
        Some(narrow) if !asked.contains(&Asked::Text) => narrow,
        _ => vec![json!({ "type": "string" })],
    }
}
