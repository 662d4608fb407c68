//! `[setup]`, `[teardown]` and `[user_start]`: steps that are done besides the tasks.

use super::{
    Field, Keys, Node, Place, Reader,
    item::{Item, items, named_groups_of, steps_of},
    task::Step,
};

/// Steps that are done at one moment.
#[derive(Debug)]
pub struct Errand {
    /// Its table's header.
    pub place: Place,
    /// What is done.
    pub steps: Field<Vec<Item>>,
}

pub(super) const SETUP: Keys = Keys {
    table: "[setup]",
    names: &["step"],
};

pub(super) const TEARDOWN: Keys = Keys {
    table: "[teardown]",
    names: &["step"],
};

pub(super) const USER_START: Keys = Keys {
    table: "[user_start]",
    names: &["step"],
};

impl Errand {
    /// The names of its groups, in the order in which they begin.
    pub fn named_groups(&self) -> Vec<&str> {
        named_groups_of(&self.steps)
    }

    /// All its steps, in order.
    pub fn all_steps(&self) -> Vec<&Step> {
        steps_of(&self.steps)
    }
}

pub(super) fn setup(reader: &Reader, node: &Node) -> Option<Errand> {
    read(reader, node, &SETUP)
}

pub(super) fn teardown(reader: &Reader, node: &Node) -> Option<Errand> {
    read(reader, node, &TEARDOWN)
}

pub(super) fn user_start(reader: &Reader, node: &Node) -> Option<Errand> {
    read(reader, node, &USER_START)
}

fn read(reader: &Reader, node: &Node, keys: &'static Keys) -> Option<Errand> {
    if !node.is_table() {
        let name = keys.table.trim_matches(['[', ']']);
        let help = format!("write [[{name}.step]]");
        let expected = format!("a table for {}", keys.table);
        return reader.wrong_type(node, &expected, Some(&help));
    }
    let fields = reader.table(node, keys)?;
    Some(Errand {
        place: node.place,
        steps: fields.field("step", items),
    })
}
