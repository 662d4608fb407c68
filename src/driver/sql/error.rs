//! What an error of a database means.

use super::postgres;
use crate::driver::{ErrorClass, Failure};
use sqlx::{
    error::DatabaseError,
    mysql::MySqlDatabaseError,
    postgres::{PgDatabaseError, PgSeverity},
    sqlite::SqliteError,
};
use std::{borrow::Cow, fmt, io};

/// What goes wrong between us and a database.
#[derive(Debug)]
pub enum Error {
    /// Over our own connections to PostgreSQL.
    Postgres(postgres::Error),
    /// Over sqlx's connections.
    Sqlx(sqlx::Error),
}

impl From<postgres::Error> for Error {
    fn from(error: postgres::Error) -> Self {
        Self::Postgres(error)
    }
}

impl From<sqlx::Error> for Error {
    fn from(error: sqlx::Error) -> Self {
        Self::Sqlx(error)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Postgres(error) => error.fmt(f),
            Error::Sqlx(error) => error.fmt(f),
        }
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
        Error::Sqlx(sqlx::Error::Io(error)) | Error::Postgres(postgres::Error::Io(error)) => {
            match is_tls(&error) {
                true => Failure::text(ErrorClass::Tls, no_tls(error)),
                false => Failure::text(ErrorClass::Connection, format!("no connection: {error}")),
            }
        }
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
    let gone = |error: io::Error| lost(ErrorClass::Connection, format!("connection lost: {error}"));
    let unsent = |words: String| Verdict {
        answered: true,
        ..lost(ErrorClass::Other, words)
    };
    match error {
        Error::Postgres(error) => match error {
            postgres::Error::Server(error) => told(&error.code, &error.message, error.fatal),
            postgres::Error::Io(error) => gone(error),
            postgres::Error::Tls(words) => lost(ErrorClass::Tls, no_tls(words)),
            postgres::Error::Login(words) => lost(ErrorClass::Authentication, words),
            postgres::Error::Changed(words) => Verdict {
                broken: false,
                ..lost(ErrorClass::Other, words)
            },
            postgres::Error::Unsendable(words) => unsent(words),
            postgres::Error::Protocol(words) => lost(ErrorClass::Protocol, words),
        },
        Error::Sqlx(error) => match error {
            sqlx::Error::Database(error) => database(&*error, waited),
            sqlx::Error::Io(error) => gone(error),
            sqlx::Error::Tls(error) => lost(ErrorClass::Tls, no_tls(error)),
            sqlx::Error::WorkerCrashed => lost(ErrorClass::Connection, "connection lost"),
            sqlx::Error::Configuration(error) => unsent(error.to_string()),
            sqlx::Error::Encode(error) => Verdict {
                broken: false,
                ..unsent(error.to_string())
            },
            error => lost(ErrorClass::Protocol, error.to_string()),
        },
    }
}

fn lost(class: ErrorClass, words: impl Into<Cow<'static, str>>) -> Verdict {
    Verdict {
        failure: Failure::text(class, words),
        broken: true,
        answered: false,
    }
}

fn database(error: &dyn DatabaseError, waited: bool) -> Verdict {
    if let Some(error) = error.try_downcast_ref::<PgDatabaseError>() {
        let fatal = matches!(error.severity(), PgSeverity::Fatal | PgSeverity::Panic);
        return told(error.code(), error.message(), fatal);
    }
    if let Some(error) = error.try_downcast_ref::<MySqlDatabaseError>() {
        let (number, state) = (error.number(), error.code().unwrap_or("HY000"));
        let class = mysql(number, state);
        return Verdict {
            failure: Failure::text(
                class,
                format!("SQLSTATE {state} (error {number}): {}", error.message()),
            ),
            broken: class == ErrorClass::Connection,
            answered: true,
        };
    }
    let code = error
        .try_downcast_ref::<SqliteError>()
        .and_then(DatabaseError::code)
        .and_then(|code| code.parse().ok())
        .unwrap_or(0);
    Verdict {
        failure: Failure::text(
            sqlite(code, waited),
            format!("SQLite error {code}: {}", error.message()),
        ),
        broken: false,
        answered: true,
    }
}

/// What PostgreSQL tells. `fatal`: the session has ended with it.
fn told(code: &str, message: &str, fatal: bool) -> Verdict {
    Verdict {
        failure: Failure::text(
            postgres_class(code, fatal),
            format!("SQLSTATE {code}: {message}"),
        ),
        broken: fatal,
        // A server that crashes ends its sessions at any point, even right after a commit.
        answered: code != CRASH_SHUTDOWN,
    }
}

const CRASH_SHUTDOWN: &str = "57P02";

/// By SQLSTATE (PostgreSQL's documentation, appendix A). `fatal`: it ended the session.
fn postgres_class(code: &str, fatal: bool) -> ErrorClass {
    match code {
        "40001" => ErrorClass::SerializationFailure,
        "40P01" => ErrorClass::Deadlock,
        "53300" => ErrorClass::TooManyConnections,
        // Cancelled, by statement_timeout or by hand; a lock not had in time.
        "57014" | "55P03" => ErrorClass::Timeout,
        // A missing right, in the class of syntax errors.
        "42501" => ErrorClass::Other,
        _ => match code.get(..2) {
            Some("08") => ErrorClass::Connection,
            Some("28") => ErrorClass::Authentication,
            Some("23") => ErrorClass::Constraint,
            Some("42") => ErrorClass::Syntax,
            // The server shuts down, starts up, or ends idle sessions.
            Some("57") => ErrorClass::Connection,
            _ if fatal && code != NO_DATABASE => ErrorClass::Connection,
            _ => ErrorClass::Other,
        },
    }
}

const NO_DATABASE: &str = "3D000";

/// By error number, because MySQL's SQLSTATE is mostly HY000 (MySQL's error reference, and
/// MariaDB's error codes).
fn mysql(number: u16, state: &str) -> ErrorClass {
    match number {
        // Too many connections, of all or of this user.
        1040 | 1203 | 1226 => ErrorClass::TooManyConnections,
        // Access denied; host not allowed; unknown way to log in.
        1044 | 1045 | 1130 | 1251 | 1524 | 1698 => ErrorClass::Authentication,
        1213 | 1614 => ErrorClass::Deadlock,
        // Record has changed since last read (snapshot isolation).
        1020 => ErrorClass::SerializationFailure,
        // Lock wait; interrupted; MariaDB's and MySQL's statement limits; NOWAIT.
        1205 | 1317 | 1969 | 3024 | 3572 => ErrorClass::Timeout,
        // Shutdown, aborted, network errors, killed.
        1053 | 1077 | 1079 | 1080 | 1152..=1161 | 1184 | 1927 => ErrorClass::Connection,
        // No default for a column; a check.
        1364 | 1859 | 3819 => ErrorClass::Constraint,
        // Missing rights, in the class of syntax errors.
        1142 | 1143 | 1227 | 1370 => ErrorClass::Other,
        _ => match state.get(..2) {
            Some("08") => ErrorClass::Connection,
            Some("28") => ErrorClass::Authentication,
            Some("23") => ErrorClass::Constraint,
            Some("42") => ErrorClass::Syntax,
            _ => ErrorClass::Other,
        },
    }
}

/// By extended result code (sqlite.org/rescode.html).
fn sqlite(code: i32, waited: bool) -> ErrorClass {
    const BUSY_SNAPSHOT: i32 = 517;
    match (code, code & 0xff) {
        (BUSY_SNAPSHOT, _) => ErrorClass::SerializationFailure,
        // Busy: the lock did not come in time, or waiting for it could never end.
        (_, 5) if waited => ErrorClass::Timeout,
        (_, 5 | 6) => ErrorClass::Deadlock,
        // Interrupted.
        (_, 9) => ErrorClass::Timeout,
        (_, 19) => ErrorClass::Constraint,
        (_, 23) => ErrorClass::Authentication,
        // Cannot open; not a database.
        (_, 14 | 26) => ErrorClass::Connection,
        // Without a meaning of its own; what cannot be prepared has it.
        (1, _) => ErrorClass::Syntax,
        _ => ErrorClass::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_that_are_hard_to_provoke() {
        for (code, fatal, class) in [
            ("40001", false, ErrorClass::SerializationFailure),
            ("57P03", true, ErrorClass::Connection),
            ("25P03", true, ErrorClass::Connection),
            ("3D000", true, ErrorClass::Other),
            ("28P01", true, ErrorClass::Authentication),
            ("42501", false, ErrorClass::Other),
            ("22012", false, ErrorClass::Other),
            ("", false, ErrorClass::Other),
        ] {
            assert_eq!(postgres_class(code, fatal), class, "{code}");
        }
        for (number, state, class) in [
            (1203, "42000", ErrorClass::TooManyConnections),
            (1205, "HY000", ErrorClass::Timeout),
            (1020, "HY000", ErrorClass::SerializationFailure),
            (3024, "HY000", ErrorClass::Timeout),
            (4025, "23000", ErrorClass::Constraint),
            (1142, "42000", ErrorClass::Other),
            (1064, "42000", ErrorClass::Syntax),
        ] {
            assert_eq!(mysql(number, state), class, "{number}");
        }
        for (code, waited, class) in [
            (5, false, ErrorClass::Deadlock),
            (5, true, ErrorClass::Timeout),
            (517, true, ErrorClass::SerializationFailure),
            (2067, false, ErrorClass::Constraint),
            (10, false, ErrorClass::Other),
        ] {
            assert_eq!(sqlite(code, waited), class, "{code}");
        }
    }
}
