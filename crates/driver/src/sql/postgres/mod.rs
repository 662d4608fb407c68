//! PostgreSQL's protocol, version 3, over our own connections.
//!
//! Driving is what this program is for, so the way of a statement is kept short: it is bound into
//! the bytes that are sent, its response is looked at where it was received, and only what a step
//! takes of it is read. A prepared statement costs one write, one wait and one read of the system.

mod bind;
mod cancel;
mod error;
mod input;
mod kind;
mod login;
mod message;
mod options;
mod read;
mod socket;
pub mod sqlstate;
mod statement;

pub use cancel::{CancelKey, cancel};
pub use error::{Error, ServerError};
pub use message::Field;
pub use options::ConnectOptions;
pub use statement::{Column, Description, Shape};

use self::{bind::Format, input::Input, kind::PostgresType, message::Fields};
use super::{
    bounds::Tally,
    datum::{Datum, Row},
    response::Response,
    wire::{self, Output, Socket},
};
use bytes::BytesMut;
use loadgen_data::Value;
use loadgen_plan::sql::{Limits, Statement};
use postgres_protocol::message::frontend;
use std::{
    future::poll_fn,
    io,
    sync::Arc,
    task::{Context, Poll, ready},
};
use tokio::io::AsyncWriteExt;

/// An open session.
pub struct Connection {
    socket: Socket,
    output: Output,
    input: Input,
    /// Prefix of the names of its prepared statements. Differs between runs, which may share a
    /// server's session behind a pooler.
    prefix: [u8; options::PREFIX],
    /// Shapes of the statements that the session keeps prepared, by [`loadgen_plan::Step::index`].
    prepared: Vec<Option<Arc<Shape>>>,
    /// Step whose prepared statement is executed; None for a text.
    bound: Option<usize>,
    /// The server's description of the statement, or of the rows that a text returns.
    described: Description,
    /// Number of rows changed, as far as the response has been read.
    changed: u64,
    /// The response against its bounds, as far as it has been read.
    tally: Tally,
    /// The first error in the response.
    failed: Option<Error>,
    /// Key for cancelling its work.
    key: CancelKey,
}

/// SQLSTATEs of a prepared statement that has to be prepared anew: the columns of its result have
/// changed, or it is gone.
const OUTDATED: [&str; 2] = ["0A000", "26000"];

/// SQLSTATE of a login that the server refuses, maybe only with or only without encryption.
const NO_ENTRANCE: &str = "28000";

impl Connection {
    /// Connects and logs in.
    ///
    /// # Errors
    /// When there is no server, it cannot be trusted, or it does not let us in.
    pub async fn open(options: &ConnectOptions) -> Result<Self, Error> {
        let mut refusal = None;
        for encrypted in options.attempts() {
            let socket = socket::open(options, *encrypted).await?;
            let mut connection = Self::over(socket, options.prefix, options.limits);
            match connection.login(options).await {
                Ok(()) => return Ok(connection),
                Err(Error::Server(error)) if error.code == NO_ENTRANCE => {
                    refusal.get_or_insert(Error::Server(error));
                }
                Err(error) => return Err(error),
            }
        }
        // There is one attempt at least.
        Err(refusal.unwrap_or_else(Error::malformed))
    }

    fn over(socket: Socket, prefix: [u8; options::PREFIX], limits: Limits) -> Self {
        Self {
            socket,
            output: Output::default(),
            input: Input::default(),
            prefix,
            prepared: Vec::new(),
            bound: None,
            described: Description::default(),
            changed: 0,
            tally: Tally::new(limits),
            failed: None,
            key: CancelKey::default(),
        }
    }

    /// Makes the runtime that this is called in watch the socket. Where the system refuses, the
    /// one that did so far goes on: responses are noticed later, by a wake-up of another thread.
    pub fn move_here(&mut self) {
        let _ = wire::socket::move_here(&mut self.socket);
    }

    /// Key for cancelling its work.
    pub fn key(&self) -> CancelKey {
        self.key
    }

    /// Numbers of bytes ever sent and received, before encryption.
    pub fn traffic(&self) -> [u64; 2] {
        [self.output.sent, self.input.received()]
    }

    /// Makes ready to send a text as it is.
    ///
    /// # Errors
    /// When it cannot be sent.
    pub fn write(&mut self, sql: &str) -> Result<(), Error> {
        self.bound = None;
        frontend::query(sql, self.output.begin()).map_err(Error::unsendable)
    }

    /// Sends what was made ready, and reads the response to its end.
    ///
    /// # Errors
    /// The server's error, or one of the connection.
    pub fn poll_exchange(
        &mut self,
        cx: &mut Context<'_>,
        statement: Option<&Statement>,
        response: &mut Response,
    ) -> Poll<Result<(), Error>> {
        ready!(self.poll_converse(cx, |described, bound, fields| {
            let Some(fields) = fields else {
                response.waits();
                return Ok(());
            };
            response.rows += 1;
            if let Some(statement) = statement.filter(|_| response.rows == 1) {
                let names = statement.columns().enumerate();
                response.taken.extend(names.map(|(at, name)| {
                    let column = match bound {
                        Some(shape) => shape.columns.get(at).copied().flatten(),
                        None => statement::find(described, name),
                    };
                    value(column, name, fields)
                }));
            }
            Ok(())
        }))?;
        response.changed += self.changed;
        Poll::Ready(Ok(()))
    }

    /// Does what a text asks, keeps all rows, and tells how many were changed.
    ///
    /// # Errors
    /// The server's error, or one of the connection; a value that cannot be read.
    pub async fn all(&mut self, sql: &str, rows: &mut Vec<Row>) -> Result<u64, Error> {
        self.write(sql)?;
        let mut keep = |described: &[Field], _: Option<&Shape>, fields: Option<Fields<'_>>| {
            let Some(fields) = fields else {
                return Ok(());
            };
            let row = described.iter().enumerate().map(|(index, field)| {
                let value = match fields.get(index)? {
                    None => Value::Unset,
                    Some(bytes) => read::value(PostgresType::of(field.oid), bytes)
                        .map_err(Error::unreadable)?,
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

    async fn send(&mut self) -> io::Result<()> {
        poll_fn(|cx| self.output.poll_send(cx, &mut self.socket)).await
    }

    /// Forgets the statement that is executed, so that it is prepared anew. A server may say so
    /// before anything was executed.
    fn forget(&mut self) {
        let bound = self.bound.and_then(|index| self.prepared.get_mut(index));
        if let Some(kept) = bound {
            *kept = None;
        }
    }

    /// Sends what was written and reads the response to its end, which is when the server is ready
    /// again. `on_row` has each row, with the columns as they were described, if they were, and the
    /// shape of the statement that is executed.
    ///
    /// Called anew each time that there may be more to hear, as all of a statement's way is one
    /// function: the nested futures that it would be otherwise cost more than what they do.
    /// `on_row` is told each row, and by none that more is waited for.
    fn poll_converse(
        &mut self,
        cx: &mut Context<'_>,
        mut on_row: impl FnMut(&[Field], Option<&Shape>, Option<Fields<'_>>) -> Result<(), Error>,
    ) -> Poll<Result<(), Error>> {
        if !self.output.is_sent() {
            self.described.columns.clear();
            self.changed = 0;
            self.tally.reset();
            self.failed = None;
            ready!(self.output.poll_send(cx, &mut self.socket))?;
        }
        loop {
            let message = match self.input.next(self.tally) {
                Ok(Some(message)) => message,
                Ok(None) => {
                    on_row(&self.described.columns, None, None)?;
                    match ready!(self.input.poll_fill(cx, &mut self.socket)) {
                        Ok(()) => continue,
                        // Prefer the server's last error to the end of file that followed it.
                        Err(error) => {
                            return Poll::Ready(Err(self.failed.take().unwrap_or(error)));
                        }
                    }
                }
                Err(error) => return Poll::Ready(Err(self.failed.take().unwrap_or(error))),
            };
            self.tally.add(message.length()).map_err(Error::Protocol)?;
            match message.tag {
                b'D' => {
                    self.tally.row().map_err(Error::Protocol)?;
                    let bound = self.bound.and_then(|index| self.prepared.get(index));
                    let shape = bound.and_then(Option::as_deref);
                    let fields = Fields::of(message.body)?;
                    // Of a prepared statement the columns are not described again.
                    if self.bound.is_none() && fields.len() != self.described.columns.len() {
                        return Poll::Ready(Err(Error::malformed()));
                    }
                    on_row(&self.described.columns, shape, Some(fields))?;
                }
                b'C' => self.changed += message::changed(message.body)?,
                b'Z' => {
                    message::ready(message.body)?;
                    return Poll::Ready(self.failed.take().map_or(Ok(()), Err));
                }
                b'T' => self.described.columns = message::describe(message.body)?,
                b't' => self.described.parameters = message::parameters(message.body)?,
                b'E' => {
                    let error = ServerError::read(message.body);
                    if error.fatal {
                        return Poll::Ready(Err(Error::from(error)));
                    }
                    if OUTDATED.contains(&error.code.as_str()) {
                        self.forget();
                    }
                    self.failed.get_or_insert(Error::from(error));
                }
                b'G' => return Poll::Ready(Err(Error::protocol("it asks for the data of a COPY"))),
                // Parsed, bound, closed, no columns, nothing to do.
                b'1' | b'2' | b'3' | b'n' | b'I' if message.body.is_empty() => {}
                b'1' | b'2' | b'3' | b'n' | b'I' => return Poll::Ready(Err(Error::malformed())),
                // Notices, settings, notifications; a COPY's output.
                b'N' | b'S' | b'A' | b'H' | b'd' | b'c' => {}
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

/// Returns true if a value is certain to be of the type with this OID.
pub fn is_of(oid: u32, datum: Datum<'_>) -> bool {
    /// text, varchar, bpchar, name, unknown.
    const TEXTS: [u32; 5] = [25, 1043, 1042, 19, 705];
    let written = bind::put(PostgresType::of(oid), datum, &mut BytesMut::new());
    TEXTS.contains(&oid) || written == Format::Binary
}

fn value(column: Option<Column>, name: &str, fields: Fields<'_>) -> Result<Value, String> {
    let Some(Column { index, kind }) = column else {
        return Err(format!("there is no column {name}"));
    };
    match fields.get(index) {
        Ok(Some(bytes)) => {
            read::value(kind, bytes).map_err(|error| format!("column {name}: {error}"))
        }
        Ok(None) => Err(format!("column {name} is NULL")),
        Err(error) => Err(format!("column {name}: {error}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sql::wire::socket::of_unix;
    use proptest::prelude::*;
    use tokio::net::UnixStream;

    /// Result of a statement with this response.
    async fn answered(said: &[u8], limits: Limits) -> Result<u64, Error> {
        let (ours, mut theirs) = UnixStream::pair().unwrap();
        theirs.write_all(said).await.unwrap();
        let mut connection = Connection::over(of_unix(ours), *b"abcdefg_", limits);
        connection.all("SELECT 1", &mut Vec::new()).await
    }

    fn message(tag: u8, body: &[u8]) -> Vec<u8> {
        let length = (body.len() as u32 + 4).to_be_bytes();
        [&[tag], length.as_slice(), body].concat()
    }

    #[tokio::test]
    async fn nonsense_is_no_response() {
        let described = message(
            b'T',
            b"\0\x01a\0\0\0\0\0\0\0\0\0\0\x17\0\x04\xff\xff\xff\xff\0\0",
        );
        let row = message(b'D', b"\0\x01\0\0\0\x011");
        let (done, ready) = (message(b'C', b"SELECT 1\0"), message(b'Z', b"I"));
        let right = [&described[..], &row, &done, &ready].concat();
        assert_eq!(answered(&right, Limits::default()).await.unwrap(), 1);
        for (row, done, ready) in [
            (message(b'D', b""), &done, &ready),
            // Two columns; a column that is cut off, or has a negative length; something after it.
            (
                message(b'D', b"\0\x02\0\0\0\x011\0\0\0\x011"),
                &done,
                &ready,
            ),
            (message(b'D', b"\0\x01\0\0\0\x321"), &done, &ready),
            (message(b'D', b"\0\x01\xff\xff\xff\xf9"), &done, &ready),
            (message(b'D', b"\0\x01\0\0\0\x0112"), &done, &ready),
            (row.clone(), &message(b'C', b""), &ready),
            (row.clone(), &message(b'C', b"\0"), &ready),
            (row.clone(), &done, &message(b'Z', b"")),
            (row.clone(), &done, &message(b'Z', b"X")),
            (row.clone(), &message(b'I', b"x"), &ready),
        ] {
            let said = [&described[..], &row, done, ready].concat();
            let error = answered(&said, Limits::default()).await.unwrap_err();
            assert!(matches!(error, Error::Protocol(_)), "{error}: {said:?}");
        }
    }

    #[tokio::test]
    async fn a_message_is_refused_before_it_is_read() {
        let limits = Limits {
            max_rows: 1,
            max_bytes: 1 << 30,
        };
        // Nothing of it comes, and the server stays: to wait for it would take for ever.
        let error = answered(b"D\x7f\xff\xff\xf0", limits).await.unwrap_err();
        assert_eq!(
            error.to_string(),
            "the response has more than 1073741824 bytes (`max_bytes`)"
        );
    }

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
                let mut connection = Connection::over(of_unix(ours), *b"abcdefg_", Limits::default());
                let answered = connection.all("SELECT 1", &mut Vec::new()).await;
                let ready = said.iter().any(|(tag, body)| {
                    *tag == b'Z' && message::ready(body).is_ok()
                });
                assert!(ready || answered.is_err());
            });
        }
    }
}
