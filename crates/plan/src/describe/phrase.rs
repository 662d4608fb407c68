//! Phrases that several parts of a description have.

use crate::http::StatusRange;
use loadgen_core::printable;
use std::fmt::Write;

/// A line with its heading in a column of its own; the only way by which texts of a scenario are
/// shown.
pub(super) fn line(out: &mut String, heading: &str, text: &str) {
    // Writing into a String cannot fail, here and below.
    let _ = writeln!(out, "{heading:<12}{}", printable::line(text));
}

/// Writes it as the scenario does.
pub(crate) fn status(range: &StatusRange) -> String {
    let StatusRange { first, last } = *range;
    if first == last {
        first.to_string()
    } else if first % 100 == 0 && last == first + 99 {
        format!("{}xx", first / 100)
    } else {
        format!("{first}-{last}")
    }
}
