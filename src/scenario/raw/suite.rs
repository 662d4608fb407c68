//! What a suite says: scenarios that are run one after the other.

use super::Field;
use crate::scenario::{
    diag::Place,
    reader::{Fields, Keys, Reader},
    text::Text,
    tree::{Entry, Node, NodeKind},
};
use std::time::Duration;

/// The whole file.
#[derive(Debug, Default)]
pub struct Suite {
    /// Version of the format.
    pub version: Field<i64>,
    /// The suite's name.
    pub name: Field<Text>,
    /// Pause before each phase but the first.
    pub pause: Field<Duration>,
    /// What becomes of the phases after one that fails.
    pub on_failure: Field<OnFailure>,
    /// What is done.
    pub phases: Field<Vec<Phase>>,
    /// What is driven, in place of each scenario's own.
    pub target: Option<Entry>,
    /// What each phase has to hold, and what is verified after it, beside its scenario's own.
    pub added: Added,
}

/// Items that are added to lists of a scenario, as they stand: they are read with it.
#[derive(Debug, Default)]
pub struct Added(pub Vec<(&'static str, Vec<Node>)>);

/// What becomes of the phases after one that fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnFailure {
    /// They are not run.
    Stop,
    /// They are run all the same.
    Continue,
}

/// A scenario to be run, and what is changed of it.
#[derive(Debug, Default)]
pub struct Phase {
    /// Its table.
    pub place: Place,
    /// The scenario's file, from the suite's folder.
    pub scenario: Field<Text>,
    /// Its name.
    pub name: Field<Text>,
    /// Users at the peak.
    pub users: Field<i64>,
    /// Arrivals per second at the peak.
    pub rate: Field<f64>,
    /// Its length.
    pub duration: Field<Duration>,
    /// Pause before it.
    pub pause: Field<Duration>,
    /// Values of the scenario, by their paths.
    pub set: Vec<Entry>,
    /// What it has to hold, and what is verified after it, beside the scenario's own.
    pub added: Added,
}

impl Suite {
    /// The values of the scenarios that it changes, by their paths.
    pub fn changed(&self) -> impl Iterator<Item = &str> {
        let target = self.target.as_ref().map(|entry| entry.key.as_str());
        target.into_iter().chain(self.added.keys())
    }
}

impl Phase {
    /// The values of the scenario that it changes, by their paths.
    pub fn changed(&self) -> impl Iterator<Item = &str> {
        let set = self.set.iter().map(|entry| entry.key.as_str());
        set.chain(self.added.keys())
    }
}

/// What stands in a suite as it would in a scenario, with which it is read.
pub const OF_SCENARIO: [&str; 3] = ["target", "thresholds", "verify"];

/// The lists of a scenario that a suite may add to.
const LISTS: [&str; 2] = ["thresholds", "verify"];

impl Added {
    fn read(fields: &Fields<'_, '_>) -> Self {
        let lists = LISTS.into_iter().filter_map(|key| {
            let node = fields.node(key)?;
            match &node.kind {
                NodeKind::Array(items) => Some((key, items.clone())),
                _ => fields.reader.wrong_type(node, "a list", None),
            }
        });
        Self(lists.filter(|(_, items)| !items.is_empty()).collect())
    }

    fn keys(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|(key, _)| *key)
    }
}

pub(in crate::scenario) const ROOT: Keys = Keys {
    table: "a suite",
    names: &[
        "version",
        "name",
        "thresholds",
        "suite",
        "target",
        "phase",
        "verify",
    ],
};

pub(super) const SUITE: Keys = Keys {
    table: "[suite]",
    names: &["pause", "on_failure"],
};

pub(in crate::scenario) const PHASE: Keys = Keys {
    table: "[[phase]]",
    names: &[
        "scenario",
        "name",
        "users",
        "rate",
        "duration",
        "pause",
        "set",
        "thresholds",
        "verify",
    ],
};

/// Keys that a suite has and a scenario has not.
pub const OWN_KEYS: [&str; 2] = ["suite", "phase"];

/// Reads the whole file.
pub fn read(reader: &Reader, root: &Node) -> Suite {
    let Some(fields) = reader.table(root, &ROOT) else {
        return Suite::default();
    };
    let manner = fields
        .node("suite")
        .and_then(|node| reader.table(node, &SUITE));
    let manner = manner.as_ref();
    let target = fields.table.entries.iter().find(|e| e.key == "target");
    Suite {
        version: fields.field("version", Reader::whole),
        name: fields.field("name", Reader::text),
        pause: manner.map_or(Field::Absent, |m| m.field("pause", Reader::duration)),
        on_failure: manner.map_or(Field::Absent, |m| m.field("on_failure", on_failure)),
        phases: fields.field("phase", |r, node| r.list(node, phase)),
        target: target.cloned(),
        added: Added::read(&fields),
    }
}

fn phase(reader: &Reader, node: &Node) -> Option<Phase> {
    let fields = reader.table(node, &PHASE)?;
    const HELP: &str = r#"such as set = { "load.think" = "2s" }"#;
    let set = fields.node("set").and_then(|n| reader.any_table(n, HELP));
    Some(Phase {
        place: node.place,
        scenario: fields.field("scenario", Reader::text),
        name: fields.field("name", Reader::text),
        users: fields.field("users", Reader::whole),
        rate: fields.field("rate", Reader::rate),
        duration: fields.field("duration", Reader::duration),
        pause: fields.field("pause", Reader::duration),
        set: set.map_or_else(Vec::new, |table| table.entries.clone()),
        added: Added::read(&fields),
    })
}

fn on_failure(reader: &Reader, node: &Node) -> Option<OnFailure> {
    let known = [("stop", OnFailure::Stop), ("continue", OnFailure::Continue)];
    reader.one_of(node, &known, "no known way to go on after a failure")
}
