//! PostgreSQL: COPY in its binary form, into tables that the same transaction emptied.
//!
//! The binary form spares the server the parsing of numbers and times, its larger part of the work.
//! Rows copied with FREEZE into a table emptied by the same transaction need no vacuum later.

use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, Error};

use super::rows::{Body, Table, spawn};
use super::{Job, Progress};
use crate::database::{Dialect, Timestamp, Value};
use crate::money::Cents;

/// Before the rows: signature, flags, no extension.
const HEADER: &[u8] = b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0";

/// After the rows.
const TRAILER: [u8; 2] = (-1_i16).to_be_bytes();

/// Seconds from 1970 to 2000, where PostgreSQL counts from.
const EPOCH: i64 = 946_684_800;

pub(super) fn encode(bytes: &mut Vec<u8>, values: &[Value<'_>]) {
    // A table has a handful of columns.
    bytes.extend((values.len() as i16).to_be_bytes());
    for &value in values {
        match value {
            Value::Int(value) => field(bytes, &value.to_be_bytes()),
            Value::Real(value) => field(bytes, &value.to_be_bytes()),
            Value::Text(value) => field(bytes, value.as_bytes()),
            Value::Money(value) => numeric(bytes, value),
            Value::Time(value) => field(bytes, &micros(value).to_be_bytes()),
        }
    }
}

fn field(bytes: &mut Vec<u8>, value: &[u8]) {
    bytes.extend((value.len() as i32).to_be_bytes());
    bytes.extend(value);
}

fn micros(time: Timestamp) -> i64 {
    (time.unix() - EPOCH) * 1_000_000
}

/// Four decimal digits to the word: the words' count, the first one's power of 10,000, the sign, the
/// decimals to show, the words.
fn numeric(bytes: &mut Vec<u8>, value: Cents) {
    let (whole, cents) = (value.get() / 100, value.get() % 100);
    let words = [whole / 10_000, whole % 10_000, cents * 100];
    // The largest amount is 99,999,999.99: two words before the point.
    let leading = words.iter().take_while(|&&word| word == 0).count();
    let trailing = words.iter().rev().take_while(|&&word| word == 0).count();
    let words = words.get(leading..words.len() - trailing).unwrap_or(&[]);
    let weight = if words.is_empty() {
        0
    } else {
        1 - leading as i16
    };
    bytes.extend((8 + 2 * words.len() as i32).to_be_bytes());
    for part in [words.len() as i16, weight, 0, 2] {
        bytes.extend(part.to_be_bytes());
    }
    for &word in words {
        bytes.extend((word as i16).to_be_bytes());
    }
}

/// Fills the tables when they are empty, and tells whether they were.
pub(super) async fn fill(
    options: &PgConnectOptions,
    job: &Job,
    progress: &mut Progress,
) -> Result<bool, Error> {
    let mut connection = options.connect().await?;
    let mut transaction = connection.begin().await?;
    // Another instance may be about to do the same.
    sqlx::query("SELECT pg_advisory_xact_lock(hashtext($1))")
        .bind(job.lock())
        .execute(&mut *transaction)
        .await?;
    let empty = sqlx::query_scalar::<_, i64>(job.probe())
        .fetch_one(&mut *transaction)
        .await?
        == 0;
    if empty {
        let migrations = job.service.migrations();
        migrations.strip_postgres(&mut transaction).await?;
        let tables = migrations.tables.join(", ");
        let truncate = AssertSqlSafe(format!("TRUNCATE {tables}"));
        sqlx::query(truncate).execute(&mut *transaction).await?;
        copy(&mut transaction, job, progress).await?;
        progress.indexes();
        migrations.make_postgres(&mut transaction).await?;
        continue_keys(&mut transaction, job.service.seeded_tables()).await?;
        transaction.commit().await?;
        let analyze = AssertSqlSafe(format!("ANALYZE {tables}"));
        sqlx::query(analyze).execute(&mut connection).await?;
    } else {
        transaction.rollback().await?;
    }
    connection.close().await?;
    Ok(empty)
}

async fn copy(
    connection: &mut PgConnection,
    job: &Job,
    progress: &mut Progress,
) -> Result<(), Error> {
    let mut chunks = spawn(Dialect::Postgres, job.generator());
    let mut next = chunks.recv().await.transpose()?;
    while let Some(chunk) = next.take() {
        let table = chunk.table;
        let columns = table.column_list();
        let sql = format!(
            "COPY {} ({columns}) FROM STDIN (FORMAT binary, FREEZE)",
            table.name
        );
        let mut sink = connection.copy_in_raw(&sql).await?;
        sink.send(HEADER).await?;
        let mut current = Some(chunk);
        while let Some(chunk) = current.take() {
            if let Body::Bytes(bytes) = &chunk.body {
                sink.send(bytes.as_slice()).await?;
            }
            progress.rows(table, chunk.rows);
            next = chunks.recv().await.transpose()?;
            if next
                .as_ref()
                .is_some_and(|next| std::ptr::eq(next.table, table))
            {
                current = next.take();
            }
        }
        sink.send(TRAILER.as_slice()).await?;
        sink.finish().await?;
    }
    Ok(())
}

/// The keys that the database makes go on after those that were copied.
async fn continue_keys(
    connection: &mut PgConnection,
    tables: &[&'static Table],
) -> Result<(), Error> {
    for table in tables {
        let (name, key) = (table.name, table.columns[0]);
        let sequence: Option<String> = sqlx::query_scalar("SELECT pg_get_serial_sequence($1, $2)")
            .bind(name)
            .bind(key)
            .fetch_one(&mut *connection)
            .await?;
        // Not every table has a key that the database makes.
        let Some(sequence) = sequence else {
            continue;
        };
        let sql = format!(
            "SELECT setval('{sequence}', (SELECT coalesce(max({key}), 0) + 1 FROM {name}), false)"
        );
        sqlx::query(AssertSqlSafe(sql))
            .execute(&mut *connection)
            .await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_words_of_four_digits() {
        let words = |cents| {
            let mut bytes = Vec::new();
            numeric(&mut bytes, Cents::new(cents).unwrap());
            let parts: Vec<i16> = bytes[4..]
                .chunks(2)
                .map(|word| i16::from_be_bytes([word[0], word[1]]))
                .collect();
            assert_eq!(bytes[..4], (bytes.len() as i32 - 4).to_be_bytes());
            parts
        };
        assert_eq!(words(0), [0, 0, 0, 2]);
        assert_eq!(words(7), [1, -1, 0, 2, 700]);
        assert_eq!(words(53_122), [2, 0, 0, 2, 531, 2200]);
        assert_eq!(words(1_000_000), [1, 1, 0, 2, 1]);
        assert_eq!(words(9_999_999_999), [3, 1, 0, 2, 9999, 9999, 9900]);
    }
}
