//! Opening SQLite's files.

use loadgen_plan::sql::Database;
use sqlx::{ConnectOptions, sqlite::SqliteConnectOptions};
use std::str::FromStr;

/// Options of connections to a database that keep `capacity` prepared statements.
///
/// # Errors
/// In words, when its URL cannot be used.
pub fn options(
    database: &Database,
    url: &str,
    capacity: usize,
) -> Result<SqliteConnectOptions, String> {
    let options = SqliteConnectOptions::from_str(url)
        .map_err(|error| format!("its url cannot be used: {error}"))?;
    Ok(options
        .statement_cache_capacity(capacity)
        .busy_timeout(database.statement_timeout)
        .disable_statement_logging())
}
