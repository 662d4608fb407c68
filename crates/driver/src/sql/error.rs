//! Meanings of a database's errors.

use super::{
    mysql,
    postgres::{self, sqlstate},
    sqlite, wire,
};
use crate::{ErrorClass, Failure, Shortage};
use sqlx::{error::DatabaseError, sqlite::SqliteError};
use std::{borrow::Cow, fmt, io};

/// An error of a connection to a database.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error(transparent)]
    Postgres(#[from] postgres::Error),
    #[error(transparent)]
    MySql(#[from] mysql::Error),
    /// Over sqlx's connections to SQLite.
    #[error(transparent)]
    Sqlx(#[from] sqlx::Error),
    /// The server says what it should not, or too much.
    #[error("{0}")]
    Protocol(Cow<'static, str>),
}

impl Error {
    /// Error for a message that breaks the protocol.
    pub fn protocol(words: impl Into<Cow<'static, str>>) -> Self {
        Self::Protocol(words.into())
    }
}

/// An error, understood.
#[derive(Debug)]
pub struct Verdict {
    /// Its class and words.
    pub failure: Failure,
    /// The connection cannot be used any more.
    pub broken: bool,
    /// The server said for certain that the statement had no effect. Otherwise it may have
    /// happened.
    pub answered: bool,
}

/// Understands an error of opening a connection.
pub fn judge_opening(error: impl Into<Error>) -> Failure {
    match error.into() {
        Error::Postgres(wire::Error::Io(error))
        | Error::MySql(wire::Error::Io(error))
        | Error::Sqlx(sqlx::Error::Io(error)) => match is_tls(&error) {
            true => Failure::text(ErrorClass::Tls, no_tls(error)),
            false => {
                let words = format!("no connection: {error}");
                Failure::for_want_of(Shortage::of(&error), ErrorClass::Connection, words)
            }
        },
        error => judge(error, false).failure,
    }
}

fn no_tls(why: impl fmt::Display) -> String {
    format!("no TLS connection: {why}")
}

/// Errors of a handshake, such as a certificate that is not trusted, come as errors of the socket.
fn is_tls(error: &io::Error) -> bool {
    let source = error.get_ref();
    source.is_some_and(|source| source.is::<rustls::Error>())
}

/// Understands an error. `waited`: the statement took as long as a lock is waited for, which tells
/// SQLite's reasons to be busy apart.
pub fn judge(error: Error, waited: bool) -> Verdict {
    match error {
        Error::Postgres(error) => ours(error, |error| told_by_postgres(&error)),
        Error::MySql(error) => ours(error, |error| told_by_mysql(&error)),
        Error::Sqlx(error) => match error {
            sqlx::Error::Database(error) => told_by_sqlite(&*error, waited),
            sqlx::Error::Io(error) => gone(&error),
            sqlx::Error::WorkerCrashed => lost(ErrorClass::Connection, "connection lost"),
            sqlx::Error::Configuration(error) => unsent(error.to_string()),
            sqlx::Error::Encode(error) => Verdict {
                broken: false,
                ..unsent(error.to_string())
            },
            error => lost(ErrorClass::Protocol, error.to_string()),
        },
        Error::Protocol(words) => lost(ErrorClass::Protocol, words),
    }
}

/// Judges an error of a connection of our own; `told` judges what the server reported.
fn ours<S>(error: wire::Error<S>, told: impl FnOnce(S) -> Verdict) -> Verdict {
    match error {
        wire::Error::Server(error) => told(error),
        wire::Error::Io(error) => gone(&error),
        wire::Error::Tls(words) => lost(ErrorClass::Tls, no_tls(words)),
        wire::Error::Login(words) => lost(ErrorClass::Authentication, words),
        wire::Error::Unsendable(words) => unsent(words),
        wire::Error::Protocol(words) => lost(ErrorClass::Protocol, words),
    }
}

fn gone(error: &io::Error) -> Verdict {
    lost(ErrorClass::Connection, format!("connection lost: {error}"))
}

fn unsent(words: String) -> Verdict {
    Verdict {
        answered: true,
        ..lost(ErrorClass::Other, words)
    }
}

fn lost(class: ErrorClass, words: impl Into<Cow<'static, str>>) -> Verdict {
    Verdict {
        failure: Failure::text(class, words),
        broken: true,
        answered: false,
    }
}

fn told_by_mysql(error: &mysql::ServerError) -> Verdict {
    let mysql::ServerError {
        number,
        state,
        message,
    } = error;
    let class = mysql::error::class(*number, state);
    Verdict {
        failure: Failure::text(
            class,
            format!("SQLSTATE {state} (error {number}): {message}"),
        ),
        broken: class == ErrorClass::Connection,
        answered: true,
    }
}

fn told_by_sqlite(error: &dyn DatabaseError, waited: bool) -> Verdict {
    let code = error
        .try_downcast_ref::<SqliteError>()
        .and_then(DatabaseError::code)
        .and_then(|code| code.parse().ok())
        .unwrap_or(0);
    Verdict {
        failure: Failure::text(
            sqlite::error::class(code, waited),
            format!("SQLite error {code}: {}", error.message()),
        ),
        broken: false,
        answered: true,
    }
}

fn told_by_postgres(error: &postgres::ServerError) -> Verdict {
    let postgres::ServerError {
        code,
        message,
        fatal,
        ..
    } = error;
    let mut words = match code.is_empty() && message.is_empty() {
        true => "the server reports an error, and says nothing of it".to_owned(),
        false => format!("SQLSTATE {code}: {message}"),
    };
    if let Some(help) = sqlstate::help(code, message) {
        words += &format!(" ({help})");
    }
    Verdict {
        failure: Failure::text(sqlstate::class(code, *fatal), words),
        broken: *fatal,
        answered: code != sqlstate::CRASH_SHUTDOWN,
    }
}

/// Why a server does not prepare a statement.
pub struct Refusal {
    /// The server's message.
    pub message: String,
    /// The server's hint on how to mend it.
    pub hint: Option<String>,
    /// Position of the error in the statement, in characters from 1.
    pub position: Option<usize>,
    code: Code,
}

enum Code {
    Postgres(String),
    MySql(u16),
    Sqlite,
}

impl Refusal {
    /// The refusal that an error is; else the error, which says that the server could not be asked.
    pub fn of(error: Error) -> Result<Self, Error> {
        match error {
            Error::Postgres(postgres::Error::Server(error)) if !error.fatal => {
                let mut message = error.message;
                if let Some(detail) = error.detail {
                    message += &format!(" ({detail})");
                }
                Ok(Self {
                    message,
                    hint: error.hint,
                    position: error.position,
                    code: Code::Postgres(error.code),
                })
            }
            Error::MySql(mysql::Error::Server(error)) => Ok(Self {
                message: error.message,
                hint: None,
                position: None,
                code: Code::MySql(error.number),
            }),
            Error::Sqlx(sqlx::Error::Database(error)) => Ok(Self {
                message: error.message().to_owned(),
                hint: None,
                position: None,
                code: Code::Sqlite,
            }),
            error => Err(error),
        }
    }

    /// Returns true if an object is missing that the session may create.
    pub fn is_of_names(&self) -> bool {
        match &self.code {
            Code::Postgres(code) => sqlstate::is_of_names(code),
            Code::MySql(number) => mysql::error::is_of_names(*number),
            Code::Sqlite => sqlite::error::is_of_names(&self.message),
        }
    }

    /// Returns true if the statement is refused only because it cannot be prepared; it may still be
    /// sent as text.
    pub fn is_of_preparing(&self) -> bool {
        match &self.code {
            Code::Postgres(code) => sqlstate::is_of_several(code, &self.message),
            Code::MySql(number) => *number == mysql::error::ONLY_AS_TEXT,
            Code::Sqlite => false,
        }
    }

    /// Advice on how to mend the statement: the server's hint, else loadgen's own.
    pub fn help(&self) -> Option<String> {
        let own = match &self.code {
            Code::Postgres(code) => sqlstate::help(code, &self.message),
            Code::MySql(mysql::error::ONLY_AS_TEXT) => {
                Some("set prepared = false for this database")
            }
            Code::MySql(_) | Code::Sqlite => None,
        };
        self.hint.clone().or_else(|| own.map(str::to_owned))
    }
}
