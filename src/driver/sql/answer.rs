//! Whether an answer is what was expected, and what is kept of it.

use super::{
    bind::{self, Datum},
    read,
    request::Answer,
};
use crate::{data::Value, plan::sql::Statement};

/// Checks an answer and, when it is as expected, puts what is extracted of it into `values`. Tells
/// which checks failed, a bit for each: that of the rows, if there is one, then those of values.
/// `returns_rows`: the statement is one that returns rows, even when there were none.
///
/// # Errors
/// The first problem in words, when something is not as expected.
pub fn check(
    statement: &Statement,
    returns_rows: bool,
    answer: Answer,
    values: &mut [Value],
) -> (u64, Result<(), String>) {
    let mut found = Found::default();
    if let Some(wanted) = statement.expect.rows {
        let (seen, what) = match returns_rows || answer.rows > 0 {
            true => (answer.rows, "returned"),
            false => (answer.changed, "changed"),
        };
        found.check(match wanted.holds(seen) {
            true => Ok(()),
            false => Err(format!("{seen} rows {what} instead of {wanted}")),
        });
    }
    let no_row = || "no row returned".to_owned();
    let empty = answer.rows == 0;
    let mut taken = answer.taken.into_iter();
    for (column, wanted) in &statement.expect.values {
        let seen = taken.next().unwrap_or_else(|| Err(no_row()));
        found.check(seen.and_then(|seen| {
            bind::resolve(wanted, values, |wanted| match read::same(&seen, wanted) {
                true => Ok(()),
                false => Err(format!(
                    "column {column} is {} instead of {wanted}",
                    Datum::from(&seen)
                )),
            })
        }));
    }
    if let Err(words) = found.result {
        return (found.missed, Err(words));
    }
    if empty && !statement.extract.is_empty() {
        return (0, Err(no_row()));
    }
    for (extract, seen) in statement.extract.iter().zip(taken) {
        match (seen, values.get_mut(extract.variable)) {
            (Err(words), _) => return (0, Err(words)),
            (Ok(seen), Some(value)) => *value = seen,
            (Ok(_), None) => {}
        }
    }
    (0, Ok(()))
}

/// What came of the checks so far.
struct Found {
    made: u32,
    missed: u64,
    /// The first that failed, in words.
    result: Result<(), String>,
}

impl Default for Found {
    fn default() -> Self {
        Self {
            made: 0,
            missed: 0,
            result: Ok(()),
        }
    }
}

impl Found {
    fn check(&mut self, checked: Result<(), String>) {
        if checked.is_err() {
            // The plan has no more checks than there are bits.
            self.missed |= 1u64.checked_shl(self.made).unwrap_or(0);
        }
        self.made += 1;
        if self.result.is_ok() {
            self.result = checked;
        }
    }
}
