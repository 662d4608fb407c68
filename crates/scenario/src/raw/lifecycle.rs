//! `[setup]`, `[teardown]` and `[user_start]`: steps that are done besides the tasks.

use super::{
    item::{Item, named_groups_of, steps_of},
    step::Step,
};
use crate::{
    form::{Definitions, Form, Here, List, Members, keys, table},
    reader::Reader,
    tree::Node,
};
use serde_json::Value;
use std::marker::PhantomData;

table! {
    /// Steps that are done at one moment.
    pub struct LifecycleSteps {
        /// Span of the table.
        span: Here,
        /// The steps, in order.
        steps as "step": List<Item>,
    }
}

/// A moment at which steps are done.
pub trait LifecycleTable {
    /// Its table, as messages and the reference call it.
    const TITLE: &'static str;
}

/// Once before the load.
pub enum Setup {}

impl LifecycleTable for Setup {
    const TITLE: &'static str = "[setup]";
}

/// Once after it.
pub enum Teardown {}

impl LifecycleTable for Teardown {
    const TITLE: &'static str = "[teardown]";
}

/// By each user when it begins.
pub enum UserStart {}

impl LifecycleTable for UserStart {
    const TITLE: &'static str = "[user_start]";
}

/// The steps of a moment.
pub struct StepsOf<M>(PhantomData<M>);

impl<M: LifecycleTable> Form for StepsOf<M> {
    type Value = LifecycleSteps;

    fn read(reader: &Reader, node: &Node) -> Option<LifecycleSteps> {
        let title = M::TITLE;
        if !node.is_table() {
            let help = format!("write [[{}.step]]", title.trim_matches(['[', ']']));
            return reader.wrong_type(node, &format!("a table for {title}"), Some(&help));
        }
        let fields = reader.fields(node, title, &keys::<LifecycleSteps>())?;
        Some(LifecycleSteps::of(&fields))
    }

    fn schema(to: &mut Definitions) -> Value {
        to.titled(M::TITLE, &keys::<LifecycleSteps>())
    }
}

impl LifecycleSteps {
    /// The names of its groups, in the order in which they begin.
    pub fn named_groups(&self) -> Vec<&str> {
        named_groups_of(&self.steps)
    }

    /// All its steps, in order.
    pub fn all_steps(&self) -> Vec<&Step> {
        steps_of(&self.steps)
    }
}
