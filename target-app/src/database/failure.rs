//! Meaning of a database error for the request that met it.

use sqlx::Error;
use sqlx::error::DatabaseError;

/// Why a statement or a connection failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Failure {
    /// The server has as many clients as it takes.
    TooManyConnections,
    /// No connection came free in time.
    PoolTimeout,
    /// The server does not answer, or not yet.
    Unavailable,
    /// The statement failed for a reason of its own.
    Failed,
}

/// True if SQLite refused because of what another connection does (SQLITE_BUSY, in any of its
/// extended forms).
pub(super) fn is_busy(error: &Error) -> bool {
    let code = error.as_database_error().and_then(DatabaseError::code);
    let code = code.and_then(|code| code.parse::<u32>().ok());
    code.is_some_and(|code| code & 0xff == 5)
}

impl Failure {
    pub(crate) fn of(error: &Error) -> Self {
        match error {
            Error::PoolTimedOut => Failure::PoolTimeout,
            Error::Database(error) => Self::of_server(error.as_ref()),
            Error::Io(_)
            | Error::Tls(_)
            | Error::Protocol(_)
            | Error::PoolClosed
            | Error::WorkerCrashed => Failure::Unavailable,
            _ => Failure::Failed,
        }
    }

    fn of_server(error: &dyn DatabaseError) -> Self {
        if let Some(error) = error.try_downcast_ref::<sqlx::mysql::MySqlDatabaseError>() {
            return match error.number() {
                // ER_CON_COUNT_ERROR, ER_TOO_MANY_USER_CONNECTIONS, ER_USER_LIMIT_REACHED
                1040 | 1203 | 1226 => Failure::TooManyConnections,
                // ER_SERVER_SHUTDOWN, ER_CONNECTION_KILLED
                1053 | 1927 => Failure::Unavailable,
                _ => Failure::Failed,
            };
        }
        match error.code().as_deref() {
            // too_many_connections
            Some("53300") => Failure::TooManyConnections,
            // Connection exceptions; and admin_shutdown, crash_shutdown, cannot_connect_now
            Some(code) if code.starts_with("08") || code.starts_with("57P") => Failure::Unavailable,
            _ => Failure::Failed,
        }
    }

    /// True if the connection that failed, and others of its age, are of no more use.
    pub(super) fn is_of_connection(self) -> bool {
        self == Failure::Unavailable
    }

    /// The value of the label in the metrics.
    pub(crate) fn reason(self) -> &'static str {
        match self {
            Failure::TooManyConnections => "too_many_connections",
            Failure::PoolTimeout => "pool_timeout",
            Failure::Unavailable => "unavailable",
            Failure::Failed => "failed",
        }
    }

    /// The code in the JSON that a client gets.
    pub(crate) fn code(self) -> &'static str {
        match self {
            Failure::TooManyConnections => "too_many_connections",
            Failure::PoolTimeout => "pool_timeout",
            Failure::Unavailable | Failure::Failed => "database_unavailable",
        }
    }

    /// Message for the client.
    pub(crate) fn message(self, error: &Error) -> String {
        match self {
            Failure::TooManyConnections => {
                format!("the database takes no more connections: {error}")
            }
            Failure::PoolTimeout => {
                "no database connection came free in time: all of the pool are in use".to_owned()
            }
            Failure::Unavailable => format!("the database does not answer: {error}"),
            Failure::Failed => format!("the database failed: {error}"),
        }
    }
}
