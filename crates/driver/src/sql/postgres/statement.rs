//! Statements that a session keeps prepared, and what the server says of them.

use super::{Connection, Error, bind, kind::PostgresType, message::Field};
use crate::sql::datum::Data;
use bytes::BytesMut;
use loadgen_plan::sql::Statement;
use postgres_protocol::message::frontend;
use std::{future::poll_fn, sync::Arc};

/// The server's description of a statement.
#[derive(Debug, Default)]
pub struct Description {
    /// The numbers of its parameters' types.
    pub parameters: Vec<u32>,
    /// Its columns; none when it returns no rows.
    pub columns: Vec<Field>,
}

/// Form in which a prepared statement is executed: as each session finds it, because a table may have been
/// altered since the run began, and another user or search path may mean another table.
#[derive(Debug, PartialEq, Eq)]
pub struct Shape {
    /// Its parameters.
    kinds: Box<[PostgresType]>,
    /// Columns that are taken ([`Statement::columns`]); None where there is none of this name.
    pub columns: Box<[Option<Column>]>,
}

/// A column that is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Column {
    /// Index in the row.
    pub index: usize,
    /// The kind by which its values are read.
    pub kind: PostgresType,
}

impl Shape {
    /// The shape of a statement that the server describes so.
    pub fn new(description: &Description, statement: Option<&Statement>) -> Self {
        let kinds = description.parameters.iter().copied().map(PostgresType::of);
        let names = statement.into_iter().flat_map(Statement::columns);
        Self {
            kinds: kinds.collect(),
            columns: names.map(|name| find(&description.columns, name)).collect(),
        }
    }
}

/// The column of this name.
pub fn find(columns: &[Field], name: &str) -> Option<Column> {
    let index = columns.iter().position(|column| column.name == name)?;
    Some(Column {
        index,
        kind: PostgresType::of(columns[index].oid),
    })
}

impl Connection {
    /// Has the server describe a statement, without executing or keeping it.
    ///
    /// # Errors
    /// The server's error, or one of the connection.
    pub async fn describe(&mut self, sql: &str) -> Result<Description, Error> {
        let out = self.output.begin();
        parse("", sql, out)?;
        self.bound = None;
        poll_fn(|cx| self.poll_converse(cx, |_, _, _| Ok(()))).await?;
        Ok(std::mem::take(&mut self.described))
    }

    /// Returns true if the session keeps the statement of step `index` prepared.
    pub fn is_prepared(&self, index: usize) -> bool {
        matches!(self.prepared.get(index), Some(Some(_)))
    }

    /// Prepares the statement of step `index`, which is mostly of the shape `known`.
    ///
    /// # Errors
    /// The server's error, or one of the connection.
    pub async fn prepare(
        &mut self,
        index: usize,
        sql: &str,
        statement: Option<&Statement>,
        known: Option<&Arc<Shape>>,
    ) -> Result<(), Error> {
        let mut name = BytesMut::new();
        bind::put_name((&self.prefix, index), &mut name);
        let name = String::from_utf8_lossy(&name[..name.len() - 1]);
        let out = self.output.begin();
        // An outdated one may still have the name.
        frontend::close(b'S', &name, out).map_err(Error::unsendable)?;
        parse(&name, sql, out)?;
        self.bound = None;
        poll_fn(|cx| self.poll_converse(cx, |_, _, _| Ok(()))).await?;
        let shape = Shape::new(&self.described, statement);
        if self.prepared.len() <= index {
            self.prepared.resize(index + 1, None);
        }
        self.prepared[index] = Some(match known {
            Some(known) if **known == shape => Arc::clone(known),
            _ => Arc::new(shape),
        });
        Ok(())
    }

    /// Makes ready to execute the prepared statement of step `index`.
    ///
    /// # Errors
    /// In words, when it is not prepared, or there are too many or too long values.
    pub fn bind(&mut self, index: usize, data: &Data<'_>) -> Result<(), String> {
        let Some(Some(shape)) = self.prepared.get(index) else {
            return Err("the statement is not prepared".to_owned());
        };
        self.bound = Some(index);
        let out = self.output.begin();
        bind::write((&self.prefix, index), &shape.kinds, data, out)
    }
}

/// Appends Parse, without types, Describe and Sync.
fn parse(name: &str, sql: &str, out: &mut BytesMut) -> Result<(), Error> {
    frontend::parse(name, sql, [], out)
        .and_then(|()| frontend::describe(b'S', name, out))
        .map_err(Error::unsendable)?;
    frontend::sync(out);
    Ok(())
}
