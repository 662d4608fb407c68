//! `[[task]]`: steps that are done one after the other.

use super::{
    item::{Item, named_groups_of, steps_of},
    step::Step,
};
use crate::{
    Text,
    form::{Float, Here, List, table},
};

table! {
    /// Steps that are done one after the other.
    pub struct Task as "[[task]]" {
        /// Span of the table.
        span: Here,
        /// Its name.
        name: Text,
        /// Its share among the tasks.
        weight: Float,
        /// Its steps, in order.
        steps as "step": List<Item>,
    }
}

impl Task {
    /// The names of its groups, in the order in which they begin.
    pub fn named_groups(&self) -> Vec<&str> {
        named_groups_of(&self.steps)
    }

    /// All its steps, in order.
    pub fn all_steps(&self) -> Vec<&Step> {
        steps_of(&self.steps)
    }
}
