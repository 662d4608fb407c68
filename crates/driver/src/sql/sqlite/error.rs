//! Meanings of SQLite's errors, by their extended result codes (sqlite.org/rescode.html).

use crate::ErrorClass;

/// The class of an error. `waited`: the statement took as long as a lock is waited for, which tells
/// the reasons to be busy apart.
pub fn class(code: i32, waited: bool) -> ErrorClass {
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

/// Returns true if a statement is refused for a missing object that its session may create.
pub fn is_of_names(message: &str) -> bool {
    message.starts_with("no such ") || message.starts_with("unknown database ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_that_are_hard_to_provoke() {
        for (code, waited, class) in [
            (5, false, ErrorClass::Deadlock),
            (5, true, ErrorClass::Timeout),
            (517, true, ErrorClass::SerializationFailure),
            (2067, false, ErrorClass::Constraint),
            (10, false, ErrorClass::Other),
        ] {
            assert_eq!(super::class(code, waited), class, "{code}");
        }
    }
}
