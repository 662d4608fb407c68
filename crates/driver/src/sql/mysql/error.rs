//! Meanings of the errors of MySQL and MariaDB (MySQL's error reference, and MariaDB's error
//! codes). By number, because their SQLSTATE is mostly HY000.

use crate::{ErrorClass, sql::wire};

/// An error of a connection to MySQL or MariaDB.
pub type Error = wire::Error<ServerError>;

/// An error that the server reports.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct ServerError {
    pub number: u16,
    /// SQLSTATE.
    pub state: String,
    /// The server's message.
    pub message: String,
}

impl ServerError {
    /// Returns true if a prepared statement is not, or no longer, known to the server.
    pub fn is_of_outdated(&self) -> bool {
        matches!(self.number, 1243 | 1615)
    }
}

/// This statement cannot be prepared, only sent as text.
pub const ONLY_AS_TEXT: u16 = 1295;

/// The class of an error.
pub fn class(number: u16, state: &str) -> ErrorClass {
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
        // Shutdown, aborted, network errors, killed, idle for too long.
        1053 | 1077 | 1079 | 1080 | 1152..=1161 | 1184 | 1927 | 4031 => ErrorClass::Connection,
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

/// Returns true if a statement is refused for a missing object that its session may create.
pub fn is_of_names(number: u16) -> bool {
    // A database, a column, a table, a function or procedure.
    matches!(number, 1049 | 1054 | 1146 | 1305)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_that_are_hard_to_provoke() {
        for (number, state, class) in [
            (1203, "42000", ErrorClass::TooManyConnections),
            (1205, "HY000", ErrorClass::Timeout),
            (1020, "HY000", ErrorClass::SerializationFailure),
            (3024, "HY000", ErrorClass::Timeout),
            (4025, "23000", ErrorClass::Constraint),
            (1142, "42000", ErrorClass::Other),
            (1064, "42000", ErrorClass::Syntax),
        ] {
            assert_eq!(super::class(number, state), class, "{number}");
        }
    }
}
