//! Items of tasks, setup and teardown: steps, and groups of them.

use super::{Field, database::Isolation, step::Step};
use crate::{
    Text,
    form::{Definitions, Form, Here, List, Times, Whole, any_of, table},
    reader::Reader,
    tree::{Node, NodeKind},
};
use serde_json::Value;

/// A step, or several.
#[derive(Debug)]
pub enum Item {
    /// One request.
    Step(Box<Step>),
    /// Steps that belong together.
    Group(Box<Group>),
}

/// Reads a table that has steps of its own as a group.
impl Form for Item {
    type Value = Self;

    fn read(reader: &Reader, node: &Node) -> Option<Self> {
        let is_group = matches!(&node.kind, NodeKind::Table(table) if table.get("step").is_some());
        match is_group {
            true => Group::read(reader, node).map(|group| Item::Group(Box::new(group))),
            false => Step::read(reader, node).map(|step| Item::Step(Box::new(step))),
        }
    }

    fn schema(to: &mut Definitions) -> Value {
        any_of([Step::schema(to), Group::schema(to)])
    }
}

table! {
    /// Steps that belong together.
    pub struct Group as "a group of steps" {
        /// Span of the table.
        span: Here,
        /// Its name.
        name: Text,
        /// Fewest and most times that it is done.
        repeat: Times,
        /// Its steps on a database are one transaction.
        transaction: Transacted,
        /// Its steps, in order.
        steps as "step": List<Item>,
    }
}

table! {
    /// Settings of a transaction.
    pub struct Transaction as "`transaction`" {
        /// Database of the transaction.
        database: Text,
        /// Its isolation level.
        isolation: Isolation,
        /// SQLite: takes the write lock at once.
        immediate: bool,
        /// Number of tries in all.
        max_tries: Whole,
    }
}

/// `true`, or a table for what is special about it; `false` for none.
pub enum Transacted {}

impl Form for Transacted {
    type Value = Option<Transaction>;

    fn read(reader: &Reader, node: &Node) -> Option<Self::Value> {
        match node.is_table() {
            true => Transaction::read(reader, node).map(Some),
            false => reader.boolean(node).map(|on| on.then(Transaction::default)),
        }
    }

    fn schema(to: &mut Definitions) -> Value {
        any_of([bool::schema(to), Transaction::schema(to)])
    }
}

impl Item {
    /// The names of the groups in it, in the order in which they begin.
    fn named<'a>(&'a self, to: &mut Vec<&'a str>) {
        if let Item::Group(group) = self {
            to.extend(group.called());
            let items = group.steps.value().into_iter().flatten();
            items.for_each(|item| item.named(to));
        }
    }

    /// The steps of it, in order.
    fn steps<'a>(&'a self, to: &mut Vec<&'a Step>) {
        match self {
            Item::Step(step) => to.push(step),
            Item::Group(group) => {
                let items = group.steps.value().into_iter().flatten();
                items.for_each(|item| item.steps(to));
            }
        }
    }
}

impl Group {
    /// Name of a transaction that has none.
    pub const TRANSACTION: &str = "transaction";

    /// Returns the name in results; None if they leave the group out.
    pub fn called(&self) -> Option<&str> {
        let transaction = self.transaction.value().and_then(Option::as_ref);
        let own = self.name.value().map(Text::written);
        own.or(transaction.map(|_| Self::TRANSACTION))
    }
}

/// The names of the groups in `items`, in the order in which they begin.
pub(super) fn named_groups_of(items: &Field<Vec<Item>>) -> Vec<&str> {
    let mut names = Vec::new();
    let items = items.value().into_iter().flatten();
    items.for_each(|item| item.named(&mut names));
    names
}

/// The steps in `items`, in order.
pub(super) fn steps_of(items: &Field<Vec<Item>>) -> Vec<&Step> {
    let mut steps = Vec::new();
    let items = items.value().into_iter().flatten();
    items.for_each(|item| item.steps(&mut steps));
    steps
}
