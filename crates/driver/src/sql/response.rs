//! Responses of a server: checks against what was expected, and extraction of values.

use super::{
    compare::same,
    datum::{self, Datum},
};
use loadgen_core::time::{Clock, Nanos};
use loadgen_data::Value;
use loadgen_plan::{
    sql::{Expect, Statement},
    written::is_secret,
};

/// The response to a request.
#[derive(Debug, Default)]
pub struct Response {
    /// Rows that were returned.
    pub rows: u64,
    /// Rows that were changed.
    pub changed: u64,
    /// Values of the first row: of the columns that are expected to have a value, then of those to
    /// extract.
    pub taken: Vec<Result<Value, String>>,
    /// Time at which the first row had arrived, if more data was waited for after it.
    pub first_row_at: Option<Nanos>,
    /// Clock for `first_row_at`, which stays None without it.
    pub clock: Option<Clock>,
}

impl Response {
    /// Notes that more is waited for.
    pub fn waits(&mut self) {
        if let Some(clock) = self.clock.filter(|_| self.rows > 0) {
            self.first_row_at.get_or_insert_with(|| clock.now());
        }
    }
}

/// Checks a response and, when it is as expected, puts what is extracted of it into `values`. Tells
/// which checks failed, a bit for each: that of the rows, if there is one, then those of values.
/// `returns_rows`: the statement is one that returns rows, even when there were none.
///
/// # Errors
/// The first problem in words, when something is not as expected.
pub fn check(
    statement: &Statement,
    returns_rows: bool,
    response: Response,
    values: &mut [Value],
) -> (u64, Result<(), String>) {
    let mut found = Found::default();
    if let Some(wanted) = statement.expect.rows {
        let (seen, what) = match returns_rows || response.rows > 0 {
            true => (response.rows, "returned"),
            false => (response.changed, "changed"),
        };
        found.check(match wanted.holds(seen) {
            true => Ok(()),
            false => Err(format!("{seen} rows {what} instead of {wanted}")),
        });
    }
    let no_row = || "no row returned".to_owned();
    let empty = response.rows == 0;
    let mut taken = response.taken.into_iter();
    for (column, wanted) in &statement.expect.values {
        let seen = taken.next().unwrap_or_else(|| Err(no_row()));
        found.check(seen.and_then(|seen| {
            let seen = Datum::from(&seen);
            datum::resolve(wanted, values, |wanted| match same(seen, wanted) {
                true => Ok(()),
                false => Err(differs(&statement.expect, column, seen, wanted)),
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

/// The message on a value that is another one than expected. What the environment holds of it is
/// not shown, and nothing of a column that is named like a secret.
fn differs(expect: &Expect, column: &str, seen: Datum<'_>, wanted: Datum<'_>) -> String {
    if is_secret(column) {
        return format!("column {column} is another value");
    }
    match expect.written.get(column) {
        Some(written) => format!("column {column} is {seen} instead of {written}"),
        None => format!("column {column} is {seen} instead of {wanted}"),
    }
}

/// Results of the checks so far.
struct Found {
    made: u32,
    missed: u64,
    /// The first failure, in words.
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
