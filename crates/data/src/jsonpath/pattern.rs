//! Regular expressions within paths.

use regex::{Regex, RegexBuilder};

/// Most bytes of an expression.
const MAX_LENGTH: usize = 256;

/// Most bytes of what it compiles to.
const MAX_SIZE: usize = 1 << 18;

/// Most groups and repetitions within each other.
const MAX_NESTING: u32 = 32;

/// The expression, for the whole of a text or for a part of it; None when it is none or too large.
pub fn compile(text: &str, whole: bool) -> Option<Regex> {
    let build = |text: &str| {
        RegexBuilder::new(text)
            // A point stands for neither end of a line (RFC 9485).
            .crlf(true)
            .size_limit(MAX_SIZE)
            .nest_limit(MAX_NESTING)
            .build()
            .ok()
    };
    if text.len() > MAX_LENGTH {
        return None;
    }
    let part = build(text)?;
    match whole {
        // Wrapped only after it was found to be an expression by itself: `a)|(b` is none.
        true => build(&format!(r"\A(?:{text})\z")),
        false => Some(part),
    }
}
