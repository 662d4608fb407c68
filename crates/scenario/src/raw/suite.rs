//! Content of a suite: scenarios that are run one after the other.

use super::{Condition, Field, Target, Verify};
use crate::{
    form::{Definitions, Form, Here, Key, List, Member, Rate, Whole, Words, names, table},
    reader::{Fields, Reader},
    text::Text,
    tree::{Entry, Node, NodeKind},
};
use serde_json::{Value, json};
use std::{marker::PhantomData, time::Duration};

table! {
    /// The whole file.
    pub struct Suite as "a suite" {
        /// Version of the format.
        version: Whole,
        /// The suite's name.
        name: Text,
        /// Thresholds of each phase, besides its scenario's own.
        thresholds: Added<Condition>,
        /// Settings of the sequence of phases.
        suite: Manner,
        /// The target, in place of each scenario's own.
        target: AsWritten<Target>,
        /// The phases, in order.
        phases as "phase": List<Phase>,
        /// Verifications after each phase, besides its scenario's own.
        verify: Added<Verify>,
    }
}

table! {
    /// Settings of the sequence of phases.
    pub struct Manner as "[suite]" {
        /// Pause before each phase but the first.
        pause: Duration,
        /// Handling of the phases after one that fails.
        on_failure: OnFailure,
    }
}

table! {
    /// A scenario to be run, and what is changed of it.
    pub struct Phase as "[[phase]]" {
        /// Span of the table.
        span: Here,
        /// The scenario's file, from the suite's folder.
        scenario: Text,
        /// Its name.
        name: Text,
        /// Users at the peak.
        users: Whole,
        /// Arrivals per second at the peak.
        rate: Rate,
        /// Its length.
        duration: Duration,
        /// Pause before it.
        pause: Duration,
        /// Values of the scenario, by their paths.
        set: Changes,
        /// Thresholds of the phase, besides the scenario's own.
        thresholds: Added<Condition>,
        /// Verifications after the phase, besides the scenario's own.
        verify: Added<Verify>,
    }
}

/// Handling of the phases after one that fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnFailure {
    /// Skip the remaining phases.
    Stop,
    /// Run the remaining phases all the same.
    Continue,
}

impl Words for OnFailure {
    const WORDS: &'static [(&'static str, Self)] =
        &[("stop", OnFailure::Stop), ("continue", OnFailure::Continue)];
    const UNKNOWN: &'static str = "no known way to go on after a failure";
}

/// A key of the scenario with its value, which is read with the scenario.
pub struct AsWritten<F>(PhantomData<F>);

impl<F: Form> Member for AsWritten<F> {
    type Held = Option<Entry>;

    fn keys(name: &'static str, to: &mut Vec<Key>) {
        to.push(Key::of::<F>(name));
    }

    fn take(name: &'static str, fields: &Fields<'_, '_>) -> Option<Entry> {
        let mut entries = fields.table.entries.iter();
        entries.find(|entry| entry.key == name).cloned()
    }
}

/// Items that are added to a list of the scenario, with which they are read.
pub struct Added<F>(PhantomData<F>);

impl<F: Form> Form for Added<F> {
    type Value = Vec<Node>;

    fn read(reader: &Reader, node: &Node) -> Option<Vec<Node>> {
        match &node.kind {
            NodeKind::Array(items) => Some(items.clone()),
            _ => reader.wrong_type(node, "a list", None),
        }
    }

    fn schema(to: &mut Definitions) -> Value {
        List::<F>::schema(to)
    }
}

/// Values of the scenario by their paths, with which they are read.
pub enum Changes {}

impl Form for Changes {
    type Value = Vec<Entry>;

    fn read(reader: &Reader, node: &Node) -> Option<Vec<Entry>> {
        let table = reader.any_table(node, r#"such as set = { "load.think" = "2s" }"#)?;
        Some(table.entries.clone())
    }

    fn schema(_: &mut Definitions) -> Value {
        names(json!({}))
    }
}

impl Suite {
    /// The values of the scenarios that it changes, by their paths.
    pub fn changed(&self) -> impl Iterator<Item = &str> {
        let target = self.target.as_ref().map(|entry| entry.key.as_str());
        target.into_iter().chain(self.added().map(|(key, _)| key))
    }

    /// The lists of the scenarios that it adds to, and what.
    pub fn added(&self) -> impl Iterator<Item = (&'static str, &[Node])> {
        added(&self.thresholds, &self.verify)
    }
}

impl Phase {
    /// The values of the scenario that it changes, by their paths.
    pub fn changed(&self) -> impl Iterator<Item = &str> {
        let set = self.set.value().into_iter().flatten();
        let set = set.map(|entry| entry.key.as_str());
        set.chain(self.added().map(|(key, _)| key))
    }

    /// The lists of the scenario that it adds to, and what.
    pub fn added(&self) -> impl Iterator<Item = (&'static str, &[Node])> {
        added(&self.thresholds, &self.verify)
    }
}

fn added<'a>(
    thresholds: &'a Field<Vec<Node>>,
    verify: &'a Field<Vec<Node>>,
) -> impl Iterator<Item = (&'static str, &'a [Node])> {
    let lists = [("thresholds", thresholds), ("verify", verify)].into_iter();
    let lists = lists.filter_map(|(key, list)| Some((key, list.value()?.as_slice())));
    lists.filter(|(_, items)| !items.is_empty())
}

/// Keys that a suite has and a scenario has not.
pub const OWN_KEYS: [&str; 2] = ["suite", "phase"];
