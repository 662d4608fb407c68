//! PostgreSQL's protocol, version 3, over our own connections.
//!
//! Driving is what this program is for, so the way of a statement is kept short: it is bound into
//! the bytes that are sent, its answer is looked at where it was received, and only what a step
//! takes of it is read. A prepared statement costs one write, one wait and one read of the system.
//! sqlx, which asks everything that is not load, is what the types of parameters and columns come
//! from.

mod account;
mod error;
mod execution;
mod input;
mod login;
mod message;
mod output;
mod socket;
mod tls;

pub use account::Account;
pub use error::{Error, ServerError};

use self::{
    input::Input,
    message::{Field, Fields},
    output::Output,
    socket::Socket,
};
use super::{bind::Data, console::Row, kind::Kind, read::postgres as read, request::Answer};
use crate::{data::Value, plan::sql::Statement};
use postgres_protocol::message::frontend;
use sqlx::SqlStr;
use std::{
    future::poll_fn,
    io,
    task::{Context, Poll, ready},
};
use tokio::io::AsyncWriteExt;

/// An open session.
pub struct Connection {
    socket: Socket,
    output: Output,
    input: Input,
    /// By [`crate::plan::Step::index`]: the session keeps the step's statement prepared.
    prepared: Vec<bool>,
    /// The step whose statement was bound last.
    bound: usize,
    /// The columns of the answer, where the server told them: those of texts, and those of
    /// statements when they are prepared.
    described: Vec<Field>,
    /// How many rows the answer says were changed, so far.
    changed: u64,
    /// What the answer says went wrong.
    failed: Option<Error>,
}

/// What is asked.
pub enum Query<'a> {
    /// A text, as it is.
    Text(SqlStr),
    /// What was bound last ([`Connection::bind`]), with the columns that are taken of its first
    /// row: those that are expected to have a value, then those to extract.
    Bound(&'a [Column]),
}

/// A column of an answer in binary.
#[derive(Debug, Clone, Copy)]
pub struct Column {
    /// Its place in the row.
    pub place: usize,
    /// How its values are read.
    pub kind: Kind,
    /// The number of its type, if that is known.
    pub oid: Option<u32>,
}

/// What SQLSTATE tells that a prepared statement is of no use any more: its result has other
/// columns since, or it is gone.
const OUTDATED: [&str; 2] = ["0A000", "26000"];

impl Connection {
    /// Connects and logs in.
    ///
    /// # Errors
    /// When there is no server, it cannot be trusted, or it does not let us in.
    pub async fn open(account: &Account) -> Result<Self, Error> {
        let mut connection = Self::over(socket::open(account).await?);
        connection.login(account).await?;
        Ok(connection)
    }

    fn over(socket: Socket) -> Self {
        Self {
            socket,
            output: Output::default(),
            input: Input::default(),
            prepared: Vec::new(),
            bound: 0,
            described: Vec::new(),
            changed: 0,
            failed: None,
        }
    }

    /// Makes the runtime that this is called in watch the socket. Where the system refuses, the
    /// one that did so far goes on: answers are heard later by a wake-up of another thread.
    pub fn move_here(&mut self) {
        let _ = socket::move_here(&mut self.socket);
    }

    /// How many bytes have ever been sent and received, before encryption.
    pub fn traffic(&self) -> [u64; 2] {
        [self.output.sent, self.input.received]
    }

    /// Makes ready to execute the statement of step `index`, which has parameters of these kinds.
    ///
    /// # Errors
    /// In words, when a value is none of its parameter's type.
    pub fn bind(
        &mut self,
        index: usize,
        sql: &str,
        kinds: &[Kind],
        data: &Data<'_>,
    ) -> Result<(), String> {
        let out = self.output.begin();
        let prepared = &mut self.prepared;
        let mut digits = itoa::Buffer::new();
        let name = digits.format(index);
        if prepared.len() <= index {
            prepared.resize(index + 1, false);
        }
        let parsed = match prepared[index] {
            true => Ok(()),
            // An outdated one may still have the name.
            false => frontend::close(b'S', name, out)
                .and_then(|()| frontend::parse(name, sql, [], out))
                .and_then(|()| frontend::describe(b'S', name, out)),
        };
        parsed.map_err(|error| error.to_string())?;
        execution::write(name, kinds, data, out)?;
        self.bound = index;
        Ok(())
    }

    /// Makes ready what is asked. Returns the columns that are taken of the answer, which a text
    /// leaves to the server to tell.
    ///
    /// # Errors
    /// When a text cannot be sent.
    pub fn ask<'q>(&mut self, query: Query<'q>) -> Result<Option<&'q [Column]>, Error> {
        match query {
            Query::Text(sql) => self.write(sql.as_str()).map(|()| None),
            Query::Bound(columns) => Ok(Some(columns)),
        }
    }

    /// Sends what was made ready, and hears the answer to its end.
    ///
    /// # Errors
    /// What the server says, or that it cannot be heard.
    pub fn poll_exchange(
        &mut self,
        cx: &mut Context<'_>,
        bound: Option<&[Column]>,
        statement: Option<&Statement>,
        answer: &mut Answer,
    ) -> Poll<Result<(), Error>> {
        ready!(self.poll_converse(cx, |described, fields| {
            let Some(fields) = fields else {
                answer.waits();
                return Ok(());
            };
            answer.rows += 1;
            if let Some(statement) = statement.filter(|_| answer.rows == 1) {
                let names = statement.columns().enumerate();
                answer.taken.extend(names.map(|(at, name)| match bound {
                    Some(columns) => bound_value(columns.get(at), name, fields),
                    None => described_value(described, name, fields),
                }));
            }
            Ok(())
        }))?;
        answer.changed += self.changed;
        Poll::Ready(match (bound, statement) {
            (Some(columns), Some(statement)) => self.compare(columns, statement),
            _ => Ok(()),
        })
    }

    /// Whether a statement that was prepared just now has its columns where they were before the
    /// run; a table may have been altered since.
    fn compare(&mut self, columns: &[Column], statement: &Statement) -> Result<(), Error> {
        if self.described.is_empty() {
            return Ok(());
        }
        let moved = |(name, column): &(&str, &Column)| {
            self.described.get(column.place).is_none_or(|field| {
                field.name != *name || column.oid.is_some_and(|oid| oid != field.oid)
            })
        };
        let Some((name, _)) = statement.columns().zip(columns).find(moved) else {
            return Ok(());
        };
        self.keeps(false);
        let words = format!("column {name} is not what and where it was before the run");
        Err(Error::Changed(words))
    }

    /// Does what a text asks, keeps all rows, and tells how many were changed.
    ///
    /// # Errors
    /// What the server says, or that it cannot be heard; a value that cannot be read.
    pub async fn all(&mut self, sql: &str, rows: &mut Vec<Row>) -> Result<u64, Error> {
        self.write(sql)?;
        let mut keep = |described: &[Field], fields: Option<Fields<'_>>| {
            let Some(fields) = fields else {
                return Ok(());
            };
            let row = described.iter().enumerate().map(|(place, field)| {
                let value = match fields.get(place)? {
                    None => Value::Unset,
                    Some(bytes) => {
                        read::text(Kind::of_text(field.oid), bytes).map_err(Error::unreadable)?
                    }
                };
                Ok::<_, Error>((field.name.clone(), value))
            });
            rows.push(row.collect::<Result<_, _>>()?);
            Ok(())
        };
        poll_fn(|cx| self.poll_converse(cx, &mut keep)).await?;
        Ok(self.changed)
    }

    /// Says goodbye.
    pub async fn close(mut self) {
        frontend::terminate(self.output.begin());
        // It is gone either way.
        let _ = self.send().await;
        let _ = self.socket.shutdown().await;
    }

    /// Notes whether the session keeps what was bound last. A server may say so before anything was.
    fn keeps(&mut self, prepared: bool) {
        if let Some(kept) = self.prepared.get_mut(self.bound) {
            *kept = prepared;
        }
    }

    fn write(&mut self, sql: &str) -> Result<(), Error> {
        frontend::query(sql, self.output.begin()).map_err(Error::unsendable)
    }

    async fn send(&mut self) -> io::Result<()> {
        poll_fn(|cx| self.output.poll_send(cx, &mut self.socket)).await
    }

    /// Sends what was written and hears the answer to its end, which is when the server is ready
    /// again. `on_row` has each row, with the fields as they were described, if they were.
    ///
    /// Called anew each time that there may be more to hear, as all of a statement's way is one
    /// function: the nested futures that it would be otherwise cost more than what they do.
    /// `on_row` is told each row, and by none that more is waited for.
    fn poll_converse(
        &mut self,
        cx: &mut Context<'_>,
        mut on_row: impl FnMut(&[Field], Option<Fields<'_>>) -> Result<(), Error>,
    ) -> Poll<Result<(), Error>> {
        if !self.output.is_sent() {
            self.described.clear();
            self.changed = 0;
            self.failed = None;
            ready!(self.output.poll_send(cx, &mut self.socket))?;
        }
        loop {
            let message = match self.input.next() {
                Ok(Some(message)) => message,
                Ok(None) => {
                    on_row(&self.described, None)?;
                    match ready!(self.input.poll_fill(cx, &mut self.socket)) {
                        Ok(()) => continue,
                        // What was said last is why nothing more comes.
                        Err(error) => {
                            return Poll::Ready(Err(self.failed.take().unwrap_or(error)));
                        }
                    }
                }
                Err(error) => return Poll::Ready(Err(self.failed.take().unwrap_or(error))),
            };
            match message.tag {
                b'D' => on_row(&self.described, Some(Fields::of(message.body)?))?,
                b'C' => self.changed += message::changed(message.body),
                b'Z' => return Poll::Ready(self.failed.take().map_or(Ok(()), Err)),
                b'T' => self.described = message::describe(message.body)?,
                b'1' => self.keeps(true),
                b'E' => {
                    let error = ServerError::read(message.body);
                    if error.fatal {
                        return Poll::Ready(Err(Error::Server(error)));
                    }
                    if OUTDATED.contains(&error.code.as_str()) {
                        self.keeps(false);
                    }
                    self.failed.get_or_insert(Error::Server(error));
                }
                b'G' => return Poll::Ready(Err(Error::protocol("it asks for the data of a COPY"))),
                // Bound, closed, parameters, no columns, nothing to do; notices, settings,
                // notifications; a COPY's output.
                b'2' | b'3' | b't' | b'n' | b'I' | b'N' | b'S' | b'A' | b'H' | b'd' | b'c' => {}
                other => return Poll::Ready(Err(Error::out_of_turn(other))),
            }
        }
    }
}

impl std::fmt::Debug for Connection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Connection").finish_non_exhaustive()
    }
}

fn bound_value(column: Option<&Column>, name: &str, fields: Fields<'_>) -> Result<Value, String> {
    let Some(Column { place, kind, .. }) = column else {
        return Err(format!("there is no column {name}"));
    };
    value(name, fields.get(*place), |bytes| read::binary(*kind, bytes))
}

fn described_value(described: &[Field], name: &str, fields: Fields<'_>) -> Result<Value, String> {
    let Some(place) = described.iter().position(|field| field.name == name) else {
        return Err(format!("there is no column {name}"));
    };
    let kind = Kind::of_text(described[place].oid);
    value(name, fields.get(place), |bytes| read::text(kind, bytes))
}

fn value<E: std::fmt::Display>(
    name: &str,
    field: Result<Option<&[u8]>, Error>,
    read: impl FnOnce(&[u8]) -> Result<Value, E>,
) -> Result<Value, String> {
    match field {
        Ok(Some(bytes)) => read(bytes).map_err(|error| format!("column {name}: {error}")),
        Ok(None) => Err(format!("column {name} is NULL")),
        Err(error) => Err(format!("column {name}: {error}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use tokio::net::UnixStream;
    use tokio_util::either::Either;

    proptest! {
        #[test]
        fn whatever_a_server_says_is_an_answer_or_an_error(
            said in prop::collection::vec(
                (prop::sample::select(&b"1CDEGTZn?"[..]), prop::collection::vec(any::<u8>(), 0..16)),
                0..8,
            ),
        ) {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build().unwrap();
            runtime.block_on(async {
                let (ours, mut theirs) = UnixStream::pair().unwrap();
                for (tag, body) in &said {
                    theirs.write_u8(*tag).await.unwrap();
                    theirs.write_u32(body.len() as u32 + 4).await.unwrap();
                    theirs.write_all(body).await.unwrap();
                }
                theirs.shutdown().await.unwrap();
                let mut connection = Connection::over(Either::Right(Either::Right(ours)));
                let answered = connection.all("SELECT 1", &mut Vec::new()).await;
                let ready = said.iter().any(|(tag, _)| *tag == b'Z');
                assert!(ready || answered.is_err());
            });
        }
    }
}
