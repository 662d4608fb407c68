//! Properties that must hold for whatever bytes come from outside, by target.
//!
//! `scripts/fuzz` has libFuzzer look for inputs for which it does not; the seeds, among them what was
//! found so far, are tried by every `cargo test`.

mod database;
mod http;
mod jsonpath;
mod result;
mod scenario;

/// Tries an input, and panics where something does not hold.
pub type Check = fn(&[u8]);

/// Targets: the name of each, which is that of its folder of seeds, and its check.
pub const TARGETS: [(&str, Check); 6] = [
    ("codec", http::check),
    ("database", database::check),
    ("journal", result::check_journal),
    ("jsonpath", jsonpath::check),
    ("result", result::check_result),
    ("scenario", scenario::check),
];

/// Returns true if a terminal shows the text and does nothing else.
fn is_printable(text: &str) -> bool {
    let plain = |c| loadgen::printable::is_printable(c) || matches!(c, '\n' | '\t');
    text.chars().all(plain)
}
