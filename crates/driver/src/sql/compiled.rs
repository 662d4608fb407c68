//! Statements as they are sent.

use super::postgres::Shape;
use std::sync::Arc;

/// A statement as it is sent.
#[derive(Debug)]
pub(super) struct Compiled {
    pub(super) sql: Arc<str>,
    pub(super) form: Form,
    /// Its response is rows, even when there are none.
    pub(super) returns_rows: bool,
    /// Each user's session is to have what it sets, whichever connection it has.
    pub(super) sets_session: bool,
}

/// Form in which a statement's parameters are sent.
#[derive(Debug)]
pub(super) enum Form {
    /// As each session finds it; mostly it is of this shape, which was found before the run.
    Postgres(Option<Arc<Shape>>),
    /// In the order of the `?`s.
    MySql(Vec<u16>),
    /// By number.
    Sqlite {
        /// The statement is kept prepared.
        keep: bool,
    },
    /// Written into the text.
    Literal,
}
