//! Flat program of a task run: steps, and groups of them that may be repeated.

use super::{Task, sql::Isolation};
use std::num::NonZeroU32;

/// Operation of a program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Op {
    /// Does the step at this index of [`Task::steps`].
    Step(usize),
    /// Begins the group at this index of [`Task::groups`].
    Enter(usize),
    /// Ends a repetition of that group, and begins the next or goes on.
    Leave(usize),
}

/// Steps that belong together; each [`Op::Enter`] of a program has its [`Op::Leave`], and between
/// them there is a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Group {
    /// Place in [`super::Plan::groups`]; None for one without a name, which is not reported.
    pub index: Option<usize>,
    /// Fewest and most repetitions; one at least.
    pub repeat: (u64, u64),
    /// Place of its [`Op::Enter`] in [`Task::program`].
    pub enter: usize,
    /// Its steps on a database are one transaction; the first and the last begin and commit it.
    pub transaction: Option<Transaction>,
}

/// Steps that a database does all or none of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Transaction {
    /// Place in the plan's databases.
    pub database: usize,
    /// Its isolation level; None: the session's.
    pub isolation: Option<Isolation>,
    /// SQLite: take the write lock at once.
    pub immediate: bool,
    /// Number of tries in all when the server aborts it because of other transactions.
    pub max_tries: NonZeroU32,
}

/// Most repetitions of a group.
pub const MOST_REPEATS: u64 = 1_000_000;

impl Task {
    /// The steps in order, each with how often one run does it at most.
    pub fn most_often(&self) -> impl Iterator<Item = (&super::Step, u64)> {
        let mut factors = vec![1u64];
        self.program.iter().filter_map(move |op| {
            let factor = factors.last().copied().unwrap_or(1);
            match *op {
                Op::Step(index) => return self.steps.get(index).map(|step| (step, factor)),
                Op::Enter(group) => {
                    let most = self.groups.get(group).map_or(1, |group| group.repeat.1);
                    factors.push(factor.saturating_mul(most));
                }
                Op::Leave(_) => drop(factors.pop()),
            }
            None
        })
    }
}
