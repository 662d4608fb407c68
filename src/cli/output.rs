//! What is written to standard output and standard error.
//!
//! Whoever reads may go at any time, as `head` does: that must not end a run, nor lose its result.

use super::Exit;
use crate::{dashboard::tui::terminal, printable};
use std::{
    fmt::Display,
    io::{ErrorKind, Write, stderr, stdout},
};

/// Writes `text` to standard output and returns `exit`, or what is graver: that it cannot be
/// written. A reader who has gone has seen enough.
pub fn show(text: &str, exit: Exit) -> Exit {
    let mut out = stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            complain(format_args!("cannot write to standard output: {error}"));
            Exit::Internal
        }
        _ => exit,
    }
}

/// Tells a problem on standard error.
pub fn complain(problem: impl Display) {
    tell(&format!("error: {problem}\n"));
}

/// Writes `text` to standard error, made printable; there is nowhere to tell when that fails.
pub fn tell(text: &str) {
    tell_styled(&printable::lines(text));
}

/// Writes text to standard error that is printable but for the colours that loadgen gave it.
pub fn tell_styled(text: &str) {
    // On a screen that is about to be given back it would be lost.
    terminal::leave();
    let _ = stderr().write_all(text.as_bytes());
}
