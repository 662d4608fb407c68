//! Verifications: questions that are asked after the run, and their grammar.
//!
//! ```text
//! expectation = all { "or" all }                       blanks may stand between all parts
//! all         = truth { "and" truth }
//! truth       = sum op sum { op sum }                  `a < b < c` says `a < b and b < c`
//!             | "(" expectation ")"
//! op          = "<" | "<=" | ">" | ">=" | "==" | "!="
//! sum         = product { ( "+" | "-" ) product }
//! product     = factor { ( "*" | "/" ) factor }
//! factor      = number | "value" | "before" | count | "-" factor | "(" sum ")"
//! count       = outcome "(" quoted ")"
//! outcome     = "ok" | "failed" | "unknown" | "count"
//! quoted      = "'" name "'" | '"' name '"'            a task, a step or group as task/step; a population before it
//! number      = digits [ "." digits ]
//! ```

mod parse;
#[cfg(test)]
mod tests;

use super::{query::Query, threshold::Op};
pub use parse::{Parsed, parse};
use std::{fmt, time::Duration};

/// A question that is asked before the load and after it.
#[derive(Debug)]
pub struct Verify {
    /// Name in reports.
    pub name: String,
    /// Request or statement whose result is verified.
    pub question: Question,
    /// Condition on the value.
    pub expect: Truth,
    /// Condition as the scenario has it.
    pub written: String,
    /// Subjects of its counts, in the order in which [`Amount::Count`] names them, each with the
    /// scenario's text.
    pub subjects: Vec<(String, Subject)>,
    /// Longest time that the value may take to become right; it is fetched again meanwhile.
    pub within: Duration,
}

/// Something that answers with a number.
#[derive(Debug)]
pub enum Question {
    /// The request at this index of the plan's calls; it extracts the number.
    Http(usize),
    /// A statement: the number is in the first column of its first row.
    Sql(Query),
}

/// Subject of a count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Subject {
    /// Runs of the task at this index of the plan's tasks.
    Task(usize),
    /// Requests of the step at this index of the plan's steps.
    Step(usize),
    /// Repetitions of the group at this index of the plan's groups.
    Group(usize),
}

/// Outcome that is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Succeeded.
    Ok,
    /// Ended and failed.
    Failed,
    /// Sent without seeing a response: it may have happened or not.
    Unknown,
    /// Ended, whatever the outcome.
    Count,
}

/// Something that holds or does not.
#[derive(Debug, Clone, PartialEq)]
pub enum Truth {
    /// A chain of comparisons: the first amount, then each operator with the next one.
    Chain(Amount, Vec<(Op, Amount)>),
    /// True if all hold.
    All(Vec<Truth>),
    /// One of them at least.
    Any(Vec<Truth>),
}

/// A number.
#[derive(Debug, Clone, PartialEq)]
pub enum Amount {
    /// Constant.
    Number(f64),
    /// The answer after the run.
    Value,
    /// The answer before the load.
    Before,
    /// Count of an outcome; the second part is an index into [`Verify::subjects`].
    Count(Outcome, usize),
    /// Less than nothing.
    Minus(Box<Amount>),
    /// Two of them.
    Both(Box<Amount>, Sign, Box<Amount>),
}

/// Arithmetic operator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Sign {
    Plus,
    Minus,
    Times,
    By,
}

impl Truth {
    /// Every amount that is no sum of others, from left to right.
    pub fn leaves(&self) -> Vec<&Amount> {
        let mut found = Vec::new();
        self.walk(&mut |amount| found.push(amount));
        found
    }

    fn walk<'a>(&'a self, visit: &mut impl FnMut(&'a Amount)) {
        match self {
            Truth::Chain(first, rest) => {
                first.walk(visit);
                rest.iter().for_each(|(_, amount)| amount.walk(visit));
            }
            Truth::All(parts) | Truth::Any(parts) => {
                parts.iter().for_each(|part| part.walk(visit));
            }
        }
    }

    /// Returns true if it needs the value from before the load.
    pub fn needs_before(&self) -> bool {
        self.leaves().contains(&&Amount::Before)
    }
}

impl Amount {
    fn walk<'a>(&'a self, visit: &mut impl FnMut(&'a Amount)) {
        match self {
            Amount::Minus(of) => of.walk(visit),
            Amount::Both(left, _, right) => {
                left.walk(visit);
                right.walk(visit);
            }
            leaf => visit(leaf),
        }
    }
}

impl Outcome {
    /// Every one, by its name.
    pub const ALL: [(&str, Outcome); 4] = [
        ("ok", Outcome::Ok),
        ("failed", Outcome::Failed),
        ("unknown", Outcome::Unknown),
        ("count", Outcome::Count),
    ];
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let named = Outcome::ALL.iter().find(|(_, outcome)| outcome == self);
        f.write_str(named.map_or("", |(name, _)| name))
    }
}
