//! Regular expressions within paths.

use crate::pattern::{Pattern, Rules};

/// The expression, for the whole of a text or for a part of it; None when it is none or too large.
pub fn compile(text: &str, whole: bool) -> Option<Pattern> {
    let part = Pattern::new(text, Rules::JSONPATH).ok()?;
    if !whole {
        return Some(part);
    }
    // Wrapped only after it was found to be an expression by itself: `a)|(b` is none.
    let text = format!(r"\A(?:{text})\z");
    let rules = Rules {
        length: text.len(),
        ..Rules::JSONPATH
    };
    Pattern::new(&text, rules).ok()
}
