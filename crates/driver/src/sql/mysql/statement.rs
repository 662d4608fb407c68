//! Statements that a session keeps prepared.

use super::{
    Connection, Error, Phase, bind,
    packet::{self, Reader},
    row::Protocol,
};
use crate::sql::datum::Data;
use bytes::{BufMut, BytesMut};
use std::future::poll_fn;

/// A prepared statement, as the server knows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Prepared {
    /// The server's number for it.
    pub number: u32,
    pub columns: u16,
    pub parameters: u16,
}

/// Commands.
const PREPARE: u8 = 0x16;
const CLOSE: u8 = 0x19;

impl Prepared {
    /// Reads the first packet of the response to a preparation.
    pub fn read(body: &[u8]) -> Result<Self, Error> {
        let mut reader = Reader(body);
        let mut read = || {
            reader.skip(1)?;
            Some(Self {
                number: reader.u32()?,
                columns: reader.u16()?,
                parameters: reader.u16()?,
            })
        };
        read().ok_or_else(Error::malformed)
    }
}

impl Connection {
    /// Has the server describe a statement, which is not kept: the number of its parameters, and the
    /// names of its columns.
    ///
    /// # Errors
    /// The server's error, or one of the connection.
    pub async fn describe(&mut self, sql: &str) -> Result<(usize, Vec<String>), Error> {
        let prepared = self.send_prepare(sql, None).await?;
        let columns = self.columns.names().map(str::to_owned).collect();
        put_close(prepared.number, self.output.begin());
        // There is no response to it.
        self.send().await?;
        Ok((prepared.parameters.into(), columns))
    }

    /// Returns true if the session keeps the statement of step `index` prepared.
    pub fn is_prepared(&self, index: usize) -> bool {
        matches!(self.prepared.get(index), Some(Some(_)))
    }

    /// Prepares the statement of step `index`.
    ///
    /// # Errors
    /// The server's error, or one of the connection.
    pub async fn prepare(&mut self, index: usize, sql: &str) -> Result<(), Error> {
        let outdated = self.prepared.get_mut(index).and_then(Option::take);
        let prepared = self.send_prepare(sql, outdated).await?;
        if self.prepared.len() <= index {
            self.prepared.resize(index + 1, None);
        }
        self.prepared[index] = Some(prepared);
        Ok(())
    }

    /// Makes ready to execute the prepared statement of step `index`, whose `?`s stand for the
    /// parameters in `order`.
    ///
    /// # Errors
    /// In words, when it is not prepared, or has another number of parameters.
    pub fn bind(&mut self, index: usize, order: &[u16], data: &Data<'_>) -> Result<(), String> {
        let Some(Some(prepared)) = self.prepared.get(index) else {
            return Err("the statement is not prepared".to_owned());
        };
        if usize::from(prepared.parameters) != order.len() {
            return Err(format!(
                "the server finds {} parameters in it instead of {}",
                prepared.parameters,
                order.len()
            ));
        }
        self.bound = Some(index);
        self.protocol = Protocol::Binary;
        self.phase = Phase::Result;
        bind::write_execution(prepared.number, order, data, self.output.begin());
        Ok(())
    }

    /// Has the server prepare a statement, and forget an outdated one.
    async fn send_prepare(
        &mut self,
        sql: &str,
        outdated: Option<Prepared>,
    ) -> Result<Prepared, Error> {
        let out = self.output.begin();
        if let Some(outdated) = outdated {
            put_close(outdated.number, out);
        }
        packet::write(0, out, |out| {
            out.put_u8(PREPARE);
            out.extend_from_slice(sql.as_bytes());
        });
        self.bound = None;
        self.phase = Phase::Prepare;
        poll_fn(|cx| self.poll_converse(cx, |_, _| Ok(()))).await?;
        self.described.take().ok_or_else(Error::malformed)
    }
}

fn put_close(number: u32, out: &mut BytesMut) {
    packet::write(0, out, |out| {
        out.put_u8(CLOSE);
        out.put_u32_le(number);
    });
}
