//! MySQL and MariaDB: large INSERT statements in one transaction.
//!
//! LOAD DATA would need a file that the server can read, or a client that sends files on the
//! server's request; a statement of half a megabyte costs the server little more.

use sqlx::mysql::{MySqlConnectOptions, MySqlConnection};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, Error};
use std::io::Write;

use super::rows::{Body, Chunk, spawn};
use super::{Job, Progress};
use crate::database::{Dialect, Value};

pub(super) fn encode(bytes: &mut Vec<u8>, values: &[Value<'_>]) {
    bytes.extend(if bytes.is_empty() { &b"("[..] } else { b",(" });
    for (index, &value) in values.iter().enumerate() {
        if index > 0 {
            bytes.push(b',');
        }
        // Writing to a Vec cannot fail.
        let _ = match value {
            Value::Int(value) => write!(bytes, "{value}"),
            Value::Real(value) => write!(bytes, "{value}"),
            Value::Text(value) => {
                text(bytes, value);
                Ok(())
            }
            Value::Money(value) => {
                let cents = value.get();
                write!(bytes, "{}.{:02}", cents / 100, cents % 100)
            }
            // The connection's time zone is UTC.
            Value::Time(value) => write!(bytes, "FROM_UNIXTIME({})", value.unix()),
        };
    }
    bytes.push(b')');
}

/// In quotes, or where characters would have to be escaped, which depends on the server's mode, in
/// hexadecimal digits.
fn text(bytes: &mut Vec<u8>, value: &str) {
    let plain = |byte: &u8| !matches!(byte, b'\'' | b'\\' | 0);
    if value.as_bytes().iter().all(plain) {
        bytes.push(b'\'');
        bytes.extend(value.as_bytes());
        bytes.push(b'\'');
        return;
    }
    bytes.extend(b"CONVERT(x'");
    for byte in value.bytes() {
        // Writing to a Vec cannot fail.
        let _ = write!(bytes, "{byte:02x}");
    }
    bytes.extend(b"' USING utf8mb4)");
}

/// Fills the tables when they are empty, and tells whether they were.
pub(super) async fn fill(
    options: &MySqlConnectOptions,
    job: &Job,
    progress: &mut Progress,
) -> Result<bool, Error> {
    let mut connection = options.connect().await?;
    let migrations = job.service.migrations();
    migrations.lock_mysql(&mut connection).await?;
    let empty = sqlx::query_scalar::<_, i64>(job.probe())
        .fetch_one(&mut connection)
        .await?
        == 0;
    if empty {
        migrations.strip_mysql(&mut connection).await?;
        insert(&mut connection, job, progress).await?;
        progress.indexes();
        migrations.make_mysql(&mut connection).await?;
    }
    // The end of the connection releases the lock.
    connection.close().await?;
    Ok(empty)
}

async fn insert(
    connection: &mut MySqlConnection,
    job: &Job,
    progress: &mut Progress,
) -> Result<(), Error> {
    // Into an empty table MariaDB then writes pages instead of single rows.
    sqlx::raw_sql("SET SESSION unique_checks = 0, foreign_key_checks = 0")
        .execute(&mut *connection)
        .await?;
    let mut transaction = connection.begin().await?;
    let mut chunks = spawn(Dialect::MySql, job.generator());
    while let Some(chunk) = chunks.recv().await {
        let chunk = chunk?;
        let (table, rows) = (chunk.table, chunk.rows);
        sqlx::raw_sql(AssertSqlSafe(statement(chunk)?))
            .execute(&mut *transaction)
            .await?;
        progress.rows(table, rows);
    }
    transaction.commit().await?;
    sqlx::raw_sql("SET SESSION unique_checks = 1, foreign_key_checks = 1")
        .execute(connection)
        .await?;
    Ok(())
}

fn statement(chunk: Chunk) -> Result<String, Error> {
    let mut sql = format!(
        "INSERT INTO {} ({}) VALUES ",
        chunk.table.name,
        chunk.table.column_list()
    );
    if let Body::Bytes(bytes) = &chunk.body {
        let values = std::str::from_utf8(bytes).map_err(|error| Error::Encode(error.into()))?;
        sql.push_str(values);
    }
    Ok(sql)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_literals_in_any_sql_mode() {
        let mut bytes = Vec::new();
        encode(&mut bytes, &[Value::Int(-1), Value::Real(0.5)]);
        encode(
            &mut bytes,
            &[Value::Text("North Ericmouth"), Value::Text("a'\\")],
        );
        assert_eq!(
            std::str::from_utf8(&bytes).unwrap(),
            "(-1,0.5),('North Ericmouth',CONVERT(x'61275c' USING utf8mb4))"
        );
    }
}
