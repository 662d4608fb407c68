//! Statements: `sql`, or `sql_file` with the name of a file.

use super::StepKeys;
use crate::{Text, raw::Step};

pub(super) const KEYS: StepKeys = StepKeys {
    asks: &["sql", "sql_file"],
    words: "a statement",
    short: "a statement",
    own: &[
        ("database", |step| step.database.span()),
        ("params", |step| step.params.span()),
        ("max_tries", |step| step.max_tries.span()),
    ],
    expect: &[
        ("rows", |expect| expect.rows.span()),
        ("values", |expect| expect.values.span()),
    ],
};

impl Step {
    /// Returns true if it is an SQL step.
    pub fn is_sql(&self) -> bool {
        let asked = self.request.value();
        asked.is_some_and(|(key, _)| KEYS.asks.contains(key))
    }

    /// The file that its statement stands in.
    pub fn statement_file(&self) -> Option<&Text> {
        match self.request.value() {
            Some(("sql_file", file)) => Some(file),
            _ => None,
        }
    }
}
