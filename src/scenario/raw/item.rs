//! What tasks and errands are made of: steps, and groups of them.

use super::{
    Field, Keys, Node, Place, Reader,
    database::{self, Isolation},
    drawn,
    task::{Step, step},
};
use crate::scenario::{Text, tree::NodeKind};

/// A step, or several.
#[derive(Debug)]
pub enum Item {
    /// One request.
    Step(Box<Step>),
    /// Steps that belong together.
    Group(Box<Group>),
}

/// Steps that belong together.
#[derive(Debug)]
pub struct Group {
    /// Its table's header.
    pub place: Place,
    /// Its name.
    pub name: Field<Text>,
    /// Fewest and most times that it is done.
    pub repeat: Field<(u64, u64)>,
    /// Its steps on a database are one transaction.
    pub transaction: Field<Transaction>,
    /// What it does.
    pub steps: Field<Vec<Item>>,
}

/// How steps are one transaction.
#[derive(Debug, Default)]
pub struct Transaction {
    /// `false`: they are none.
    pub off: bool,
    /// Where.
    pub database: Field<Text>,
    /// Its isolation level.
    pub isolation: Field<Isolation>,
    /// SQLite: whether the write lock is taken at once.
    pub immediate: Field<bool>,
    /// How often it is tried in all.
    pub max_tries: Field<i64>,
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
    /// What a transaction is called that has no name.
    pub const TRANSACTION: &str = "transaction";

    /// As results name it; None for one that they leave out.
    pub fn called(&self) -> Option<&str> {
        let transaction = self.transaction.value().filter(|given| !given.off);
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

pub(super) const GROUP: Keys = Keys {
    table: "a group of steps",
    names: &["name", "repeat", "transaction", "step"],
};

pub(super) const TRANSACTION: Keys = Keys {
    table: "`transaction`",
    names: &["database", "isolation", "immediate", "max_tries"],
};

pub(super) fn items(reader: &Reader, node: &Node) -> Option<Vec<Item>> {
    reader.list(node, item)
}

/// What has steps of its own is a group.
fn item(reader: &Reader, node: &Node) -> Option<Item> {
    let is_group = matches!(&node.kind, NodeKind::Table(table) if table.get("step").is_some());
    if !is_group {
        return Some(Item::Step(Box::new(step(reader, node)?)));
    }
    let fields = reader.table(node, &GROUP)?;
    Some(Item::Group(Box::new(Group {
        place: node.place,
        name: fields.field("name", Reader::text),
        repeat: fields.field("repeat", repeat),
        transaction: fields.field("transaction", transaction),
        steps: fields.field("step", items),
    })))
}

/// `true`, or a table for what is special about it.
fn transaction(reader: &Reader, node: &Node) -> Option<Transaction> {
    if !node.is_table() {
        let off = !reader.boolean(node)?;
        return Some(Transaction {
            off,
            ..Transaction::default()
        });
    }
    let fields = reader.table(node, &TRANSACTION)?;
    Some(Transaction {
        off: false,
        database: fields.field("database", Reader::text),
        isolation: fields.field("isolation", database::isolation),
        immediate: fields.field("immediate", Reader::boolean),
        max_tries: fields.field("max_tries", Reader::whole),
    })
}

pub(super) fn repeat(reader: &Reader, node: &Node) -> Option<(u64, u64)> {
    drawn::range(reader, node, "a number of times")
}
