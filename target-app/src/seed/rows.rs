//! From a service's generator to the bytes that a database takes, on a thread of their own.

use sqlx::sqlite::SqliteArguments;
use tokio::sync::mpsc;

use super::{mysql, postgres, sqlite};
use crate::database::{Dialect, Value};

/// A chunk is sent on when it has grown to so many bytes.
const CHUNK_BYTES: usize = 512 * 1024;

/// A chunk of prepared parameters is sent on when it has so many rows.
const CHUNK_ROWS: u64 = 10_000;

/// Chunks that wait for the database; generating pauses when there are as many.
const CHUNKS_AHEAD: usize = 4;

/// A table that a populator fills.
#[derive(Debug)]
pub(crate) struct Table {
    pub(crate) name: &'static str,
    /// In the order of the values; the first is the key that the database would make.
    pub(crate) columns: &'static [&'static str],
}

impl Table {
    /// `a, b, c`
    pub(super) fn column_list(&self) -> String {
        self.columns.join(", ")
    }
}

/// Takes the rows that a service makes.
pub(crate) trait Rows {
    /// Adds a row. A row that others refer to comes before them.
    fn add(&mut self, table: &'static Table, values: &[Value<'_>]) -> Result<(), Stopped>;
}

/// Nobody takes rows any more: the database failed, or the user interrupted.
#[derive(Debug)]
pub(crate) struct Stopped;

/// Rows of one table, encoded.
#[derive(Debug)]
pub(super) struct Chunk {
    pub(super) table: &'static Table,
    pub(super) rows: u64,
    pub(super) body: Body,
}

/// Forms in which databases take rows.
#[derive(Debug)]
pub(super) enum Body {
    /// Prepared parameters: so many rows at a time.
    Parameters(Vec<(usize, SqliteArguments)>),
    /// Bytes of a COPY, or of a statement's VALUES.
    Bytes(Vec<u8>),
}

/// Starts `generate` on a thread of its own and returns its chunks, which end when it does.
pub(super) fn spawn(
    dialect: Dialect,
    generate: impl FnOnce(&mut dyn Rows) -> Result<(), Stopped> + Send + 'static,
) -> mpsc::Receiver<Result<Chunk, sqlx::Error>> {
    let (sender, receiver) = mpsc::channel(CHUNKS_AHEAD);
    tokio::task::spawn_blocking(move || {
        let mut encoder = Encoder {
            dialect,
            pending: Vec::new(),
            sender,
        };
        // Stopped: then nobody is left to be told.
        let _ = generate(&mut encoder).and_then(|()| encoder.flush());
    });
    receiver
}

struct Encoder {
    dialect: Dialect,
    /// In the order in which the tables were first met, so referenced ones first.
    pending: Vec<Chunk>,
    sender: mpsc::Sender<Result<Chunk, sqlx::Error>>,
}

impl Encoder {
    fn flush(&mut self) -> Result<(), Stopped> {
        for chunk in &mut self.pending {
            if chunk.rows > 0 {
                let full = std::mem::replace(chunk, empty(self.dialect, chunk.table));
                self.sender.blocking_send(Ok(full)).map_err(|_| Stopped)?;
            }
        }
        Ok(())
    }
}

fn empty(dialect: Dialect, table: &'static Table) -> Chunk {
    let body = match dialect {
        Dialect::Sqlite => Body::Parameters(Vec::new()),
        Dialect::Postgres | Dialect::MySql => {
            Body::Bytes(Vec::with_capacity(CHUNK_BYTES + CHUNK_BYTES / 8))
        }
    };
    Chunk {
        table,
        rows: 0,
        body,
    }
}

impl Rows for Encoder {
    fn add(&mut self, table: &'static Table, values: &[Value<'_>]) -> Result<(), Stopped> {
        let known = |chunk: &Chunk| std::ptr::eq(chunk.table, table);
        let index = match self.pending.iter().position(known) {
            Some(index) => index,
            None => {
                self.pending.push(empty(self.dialect, table));
                self.pending.len() - 1
            }
        };
        let chunk = &mut self.pending[index];
        let full = match &mut chunk.body {
            Body::Parameters(groups) => {
                if let Err(error) = sqlite::encode(groups, values) {
                    // The end is reached even if nobody takes the error.
                    let _ = self.sender.blocking_send(Err(error));
                    return Err(Stopped);
                }
                chunk.rows + 1 >= CHUNK_ROWS
            }
            Body::Bytes(bytes) => {
                match self.dialect {
                    Dialect::Postgres => postgres::encode(bytes, values),
                    Dialect::Sqlite | Dialect::MySql => mysql::encode(bytes, values),
                }
                bytes.len() >= CHUNK_BYTES
            }
        };
        chunk.rows += 1;
        if full { self.flush() } else { Ok(()) }
    }
}
