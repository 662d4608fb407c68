//! Meanings of PostgreSQL's SQLSTATEs (PostgreSQL's documentation, appendix A).

use crate::ErrorClass;

/// A server that crashes ends its sessions at any point, even right after a commit.
pub const CRASH_SHUTDOWN: &str = "57P02";

const NO_DATABASE: &str = "3D000";

/// The class of an error. `fatal`: it ended the session.
pub fn class(code: &str, fatal: bool) -> ErrorClass {
    match code {
        "40001" => ErrorClass::SerializationFailure,
        "40P01" => ErrorClass::Deadlock,
        "53300" => ErrorClass::TooManyConnections,
        // Cancelled, by statement_timeout or by hand; a lock not had in time.
        "57014" | "55P03" => ErrorClass::Timeout,
        // A protocol violation, among errors of the connection.
        "08P01" => ErrorClass::Protocol,
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

/// Returns true if a statement is refused for a missing object that its session may create.
pub fn is_of_names(code: &str) -> bool {
    // A table, a column, a function, another object, a schema.
    matches!(code, "42P01" | "42703" | "42883" | "42704" | "3F000")
}

/// Advice on an error for which the server has no hint.
pub fn help(code: &str, message: &str) -> Option<&'static str> {
    Some(match code {
        "26000" => {
            "a pooler in transaction mode gives each transaction another session: set \
             prepared = false for this database"
        }
        "08P01" if message.contains("startup parameter") => {
            "a pooler cannot give it to one client alone: leave the database's statement_timeout \
             and isolation out, or have the pooler ignore it"
        }
        "42P18" => "say its type, as in $1::text",
        "42601" if is_of_several(code, message) => {
            "write each as a step of its own, or set prepared = false for this database"
        }
        _ => return None,
    })
}

/// Returns true if a text is refused because it holds several statements.
pub fn is_of_several(code: &str, message: &str) -> bool {
    code == "42601" && message.contains("multiple commands")
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
            ("08P01", true, ErrorClass::Protocol),
            ("42501", false, ErrorClass::Other),
            ("22012", false, ErrorClass::Other),
            ("", false, ErrorClass::Other),
        ] {
            assert_eq!(super::class(code, fatal), class, "{code}");
        }
    }
}
