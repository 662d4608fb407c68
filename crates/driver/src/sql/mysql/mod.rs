//! The protocol of MySQL and MariaDB, over our own connections.
//!
//! As with PostgreSQL's, the way of a statement is short: its values are written into the bytes that
//! are sent, its response is looked at where it was received, and only what a step takes of it is
//! read.

mod bind;
mod cancel;
pub mod error;
mod greeting;
mod input;
mod kind;
mod login;
mod options;
mod packet;
mod proof;
mod read;
mod row;
mod statement;

pub use cancel::Killer;
pub use error::{Error, ServerError};
pub use options::ConnectOptions;

use self::{
    input::Input,
    kind::MysqlType,
    login::Login,
    packet::{Done, ERR, HEAD},
    row::{Columns, Protocol, Values},
    statement::Prepared,
};
use super::{
    bounds::Tally,
    datum::Row,
    response::Response,
    wire::{self, Output, Socket},
};
use bytes::BufMut;
use loadgen_data::Value;
use loadgen_plan::sql::{Limits, Statement};
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
    /// Statements that the session keeps prepared, by [`loadgen_plan::Step::index`].
    prepared: Vec<Option<Prepared>>,
    /// Step whose prepared statement is executed.
    bound: Option<usize>,
    /// Protocol of the rows of what is executed.
    protocol: Protocol,
    /// The part of the response that comes next.
    phase: Phase,
    /// The statement that was prepared last.
    described: Option<Prepared>,
    /// The columns of the rows that are read.
    columns: Columns,
    /// Number of rows changed, as far as the response has been read.
    changed: u64,
    /// The response against its bounds, as far as it has been read.
    tally: Tally,
    /// The server's number for it.
    number: u64,
}

/// Part of a response.
#[derive(Debug, Clone, Copy)]
enum Phase {
    /// The end of a statement without rows, or the number of columns.
    Result,
    /// Columns, as many as are left, then their end and rows.
    Columns(u64),
    Rows,
    /// The first packet of the response to a preparation.
    Prepare,
    /// Parameters of a prepared statement, as many as are left, and their end; then so many
    /// columns.
    Parameters(u16, u16),
    /// Columns of a prepared statement, as many as are left, and their end.
    PreparedColumns(u16),
}

/// Commands.
const QUIT: u8 = 1;
const QUERY: u8 = 3;

/// First byte of a request for a file of the client.
const LOCAL_FILE: u8 = 0xfb;

impl Connection {
    /// Connects, logs in and sets the session up.
    ///
    /// # Errors
    /// When there is no server, it cannot be trusted, or it does not let us in.
    pub async fn open(options: &ConnectOptions) -> Result<Self, Error> {
        let login = Login::open(options).await?;
        let mut connection = Self::over(login.socket, options.limits);
        connection.input = login.input;
        connection.output = login.output;
        let mut rows = Vec::new();
        connection.all(&options.setup, &mut rows).await?;
        let number = rows.pop().and_then(|mut row| row.pop());
        match number {
            Some((_, Value::Int(number))) => connection.number = number.unsigned_abs(),
            _ => return Err(Error::malformed()),
        }
        Ok(connection)
    }

    fn over(socket: Socket, limits: Limits) -> Self {
        Self {
            socket,
            output: Output::default(),
            input: Input::default(),
            prepared: Vec::new(),
            bound: None,
            protocol: Protocol::Text,
            phase: Phase::Result,
            described: None,
            columns: Columns::default(),
            changed: 0,
            tally: Tally::new(limits),
            number: 0,
        }
    }

    /// Makes the runtime that this is called in watch the socket. Where the system refuses, the
    /// one that did so far goes on: responses are noticed later, by a wake-up of another thread.
    pub fn move_here(&mut self) {
        let _ = wire::socket::move_here(&mut self.socket);
    }

    /// The server's number for it, for cancelling its work.
    pub fn number(&self) -> u64 {
        self.number
    }

    /// Numbers of bytes ever sent and received, before encryption.
    pub fn traffic(&self) -> [u64; 2] {
        [self.output.sent, self.input.received()]
    }

    /// Makes ready to send a text as it is.
    pub fn write(&mut self, sql: &str) {
        self.bound = None;
        self.protocol = Protocol::Text;
        self.phase = Phase::Result;
        packet::write(0, self.output.begin(), |out| {
            out.put_u8(QUERY);
            out.extend_from_slice(sql.as_bytes());
        });
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
        let protocol = self.protocol;
        ready!(self.poll_converse(cx, |columns, row| {
            let Some(row) = row else {
                response.waits();
                return Ok(());
            };
            response.rows += 1;
            if let Some(statement) = statement.filter(|_| response.rows == 1) {
                for name in statement.columns() {
                    let index = columns.names().position(|column| column == name);
                    let values = columns.values(row, protocol)?;
                    response.taken.push(value(index, name, values, protocol)?);
                }
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
        self.write(sql);
        let mut keep = |columns: &Columns, row: Option<&[u8]>| {
            let Some(row) = row else {
                return Ok(());
            };
            let values = columns.values(row, Protocol::Text)?;
            let row = columns.names().zip(values).map(|(name, value)| {
                let value = match value? {
                    (_, None) => Value::Unset,
                    (kind, Some(bytes)) => {
                        read::value(kind, Protocol::Text, bytes).map_err(Error::unreadable)?
                    }
                };
                Ok::<_, Error>((name.to_owned(), value))
            });
            rows.push(row.collect::<Result<_, _>>()?);
            Ok(())
        };
        poll_fn(|cx| self.poll_converse(cx, &mut keep)).await?;
        Ok(self.changed)
    }

    /// Says goodbye.
    pub async fn close(mut self) {
        packet::write(0, self.output.begin(), |out| out.put_u8(QUIT));
        // It is gone either way.
        let _ = self.send().await;
        let _ = self.socket.shutdown().await;
    }

    async fn send(&mut self) -> io::Result<()> {
        poll_fn(|cx| self.output.poll_send(cx, &mut self.socket)).await
    }

    /// Forgets the statement that is executed if the server has, so that it is prepared anew.
    fn forget(&mut self, error: &Error) {
        let is_outdated = matches!(error, Error::Server(error) if error.is_of_outdated());
        let bound = self.bound.filter(|_| is_outdated);
        if let Some(kept) = bound.and_then(|index| self.prepared.get_mut(index)) {
            *kept = None;
        }
    }

    /// Sends what was written and reads the response to its end. `on_row` has each row, with the
    /// columns, and no row when more is waited for.
    ///
    /// Called anew each time that there may be more to read, as all of a statement's way is one
    /// function: the nested futures that it would be otherwise cost more than what they do.
    fn poll_converse(
        &mut self,
        cx: &mut Context<'_>,
        mut on_row: impl FnMut(&Columns, Option<&[u8]>) -> Result<(), Error>,
    ) -> Poll<Result<(), Error>> {
        if !self.output.is_sent() {
            self.changed = 0;
            self.tally.reset();
            ready!(self.output.poll_send(cx, &mut self.socket))?;
        }
        loop {
            let Some(body) = self.input.next(self.tally)? else {
                on_row(&self.columns, None)?;
                ready!(self.input.poll_fill(cx, &mut self.socket))?;
                continue;
            };
            let length = (HEAD + body.len()) as u64;
            self.tally.add(length).map_err(Error::Protocol)?;
            let Some(first) = body.first() else {
                return Poll::Ready(Err(Error::malformed()));
            };
            if *first == ERR {
                let error = packet::read_error(body);
                self.forget(&error);
                return Poll::Ready(Err(error));
            }
            let next = match (self.phase, *first) {
                (Phase::Rows, 0xfe) if packet::is_end(body) => {
                    packet::read_end(body)?.then_some(Phase::Result)
                }
                (Phase::Rows, _) => {
                    self.tally.row().map_err(Error::Protocol)?;
                    on_row(&self.columns, Some(body))?;
                    Some(Phase::Rows)
                }
                (Phase::Result, 0) => {
                    let done = Done::read(body)?;
                    self.changed += done.changed;
                    done.more.then_some(Phase::Result)
                }
                (Phase::Result, LOCAL_FILE) => {
                    return Poll::Ready(Err(Error::protocol("the server asks for a local file")));
                }
                (Phase::Result, _) => {
                    self.columns.clear();
                    let count = packet::Reader(body).number();
                    Some(Phase::Columns(count.ok_or_else(Error::malformed)?))
                }
                (Phase::Columns(0), _) if packet::is_end(body) => Some(Phase::Rows),
                (Phase::Columns(left @ 1..), _) => {
                    self.columns.push(body)?;
                    Some(Phase::Columns(left - 1))
                }
                (Phase::Prepare, 0) => {
                    let prepared = Prepared::read(body)?;
                    self.described = Some(prepared);
                    self.columns.clear();
                    match (prepared.parameters, prepared.columns) {
                        (0, columns) => prepared_columns(columns),
                        (parameters, columns) => Some(Phase::Parameters(parameters, columns)),
                    }
                }
                (Phase::Parameters(0, columns), _) if packet::is_end(body) => {
                    prepared_columns(columns)
                }
                (Phase::Parameters(left @ 1.., columns), _) => {
                    Some(Phase::Parameters(left - 1, columns))
                }
                (Phase::PreparedColumns(0), _) if packet::is_end(body) => None,
                (Phase::PreparedColumns(left @ 1..), _) => {
                    self.columns.push(body)?;
                    Some(Phase::PreparedColumns(left - 1))
                }
                _ => return Poll::Ready(Err(Error::malformed())),
            };
            match next {
                Some(phase) => self.phase = phase,
                None => return Poll::Ready(Ok(())),
            }
        }
    }
}

/// Phase after the parameters of a prepared statement: none if it has no columns.
fn prepared_columns(count: u16) -> Option<Phase> {
    (count > 0).then_some(Phase::PreparedColumns(count))
}

impl std::fmt::Debug for Connection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Connection").finish_non_exhaustive()
    }
}

/// The value of the column at `index`; else why there is none, in words.
fn value(
    index: Option<usize>,
    name: &str,
    mut values: Values<'_>,
    protocol: Protocol,
) -> Result<Result<Value, String>, Error> {
    let Some(index) = index else {
        return Ok(Err(format!("there is no column {name}")));
    };
    let value: (MysqlType, Option<&[u8]>) = values.nth(index).ok_or_else(Error::malformed)??;
    Ok(match value {
        (kind, Some(bytes)) => {
            read::value(kind, protocol, bytes).map_err(|error| format!("column {name}: {error}"))
        }
        (_, None) => Err(format!("column {name} is NULL")),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sql::wire::socket::of_unix;
    use bytes::BytesMut;
    use proptest::prelude::*;
    use tokio::net::UnixStream;

    /// Result of a statement with this response.
    async fn responded(sent: &[u8], limits: Limits) -> Result<u64, Error> {
        let (ours, mut theirs) = UnixStream::pair().unwrap();
        let write = async {
            theirs.write_all(sent).await.unwrap();
            theirs.shutdown().await.unwrap();
        };
        let mut connection = Connection::over(of_unix(ours), limits);
        let mut rows = Vec::new();
        let read = connection.all("SELECT 1", &mut rows);
        futures_util::future::join(write, read).await.1
    }

    fn packets(bodies: &[&[u8]]) -> Vec<u8> {
        let mut out = BytesMut::new();
        for (body, number) in bodies.iter().zip(1..) {
            packet::write(number, &mut out, |out| out.extend_from_slice(body));
        }
        out.to_vec()
    }

    const COLUMN: &[u8] = b"\x03def\0\0\0\x01x\0\x0c\x3f\0\x15\0\0\0\x08\x81\0\0\0\0";
    const END: &[u8] = &[0xfe, 0, 0, 2, 0];

    #[tokio::test]
    async fn nonsense_is_no_response() {
        let right = packets(&[b"\x01", COLUMN, END, b"\x017", END]);
        assert_eq!(responded(&right, Limits::default()).await.unwrap(), 0);
        let wrongs: [&[&[u8]]; 10] = [
            &[b""],
            // No number of changes; a number of columns that is none, and more than there are.
            &[b"\0"],
            &[b"\xfc"],
            &[b"\xfe\xff\xff\xff\xff\xff\xff\xff\xff", COLUMN, END],
            // A column that is cut off; no end of the columns.
            &[b"\x01", &COLUMN[..8], END],
            &[b"\x01", COLUMN, COLUMN],
            // Rows that are too short, or hold no number; an end without a status.
            &[b"\x01", COLUMN, END, b"\x057", END],
            &[b"\x01", COLUMN, END, b"\x01a", END],
            &[b"\x01", COLUMN, END, b"\x017", &END[..3]],
            // A request for a file.
            &[b"\xfb/etc/passwd"],
        ];
        for wrong in wrongs {
            let error = responded(&packets(wrong), Limits::default())
                .await
                .unwrap_err();
            assert!(matches!(error, Error::Protocol(_)), "{error}: {wrong:?}");
        }
    }

    #[tokio::test]
    async fn a_packet_is_refused_before_it_is_read() {
        let limits = Limits {
            max_rows: 1,
            max_bytes: 1 << 10,
        };
        // Nothing of it comes, and the server stays: to wait for it would take for ever.
        let error = responded(b"\xff\xff\xff\x01", limits).await.unwrap_err();
        assert_eq!(
            error.to_string(),
            "the response has more than 1024 bytes (`max_bytes`)"
        );
    }

    #[tokio::test]
    async fn a_value_takes_several_packets() {
        for length in [packet::WHOLE - 4, packet::WHOLE, 2 * packet::WHOLE + 9] {
            let mut row = BytesMut::new();
            packet::put_bytes(&vec![b'1'; length], &mut row);
            let column = COLUMN
                .iter()
                .map(|byte| if *byte == 8 { 253 } else { *byte });
            let column: Vec<u8> = column.collect();
            let sent = packets(&[b"\x01", &column, END, &row, b"\x011", END]);
            let limits = Limits {
                max_rows: 2,
                max_bytes: 64 << 20,
            };
            responded(&sent, limits).await.unwrap();
        }
    }

    proptest! {
        #[test]
        fn whatever_a_server_sends_is_a_response_or_an_error(
            sent in prop::collection::vec(
                prop_oneof![
                    prop::collection::vec(any::<u8>(), 0..16),
                    prop::sample::select(vec![COLUMN.to_vec(), END.to_vec(), vec![1], vec![1, 7]]),
                ],
                0..8,
            ),
        ) {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build().unwrap();
            runtime.block_on(async {
                let bodies: Vec<&[u8]> = sent.iter().map(Vec::as_slice).collect();
                // It may be either; it ends.
                drop(responded(&packets(&bodies), Limits::default()).await);
            });
        }
    }
}
