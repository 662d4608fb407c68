//! Writing to standard output and standard error.
//!
//! Whoever reads may go at any time, as `head` does: that must not end a run, nor lose its result.

use super::Exit;
use crate::{dashboard::tui::terminal, printable};
use nix::errno::Errno;
use std::{
    fmt::Display,
    fs::File,
    io::{self, ErrorKind, Write, stderr, stdout},
    os::{fd::AsFd, unix::fs::FileTypeExt},
};

/// Writes `text` to standard output and returns `exit`, or what is graver: that it cannot be
/// written. A reader who has gone has seen enough.
pub fn show(text: &str, exit: Exit) -> Exit {
    let mut out = stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if !is_gone(&error) => {
            complain(format_args!("cannot write to standard output: {error}"));
            Exit::Internal
        }
        _ => exit,
    }
}

/// True when nobody reads standard output any more: a pipe is closed, or a terminal was hung up.
fn is_gone(error: &io::Error) -> bool {
    let hung_up = error.raw_os_error() == Some(Errno::EIO as i32);
    error.kind() == ErrorKind::BrokenPipe || (hung_up && is_device())
}

/// True when standard output goes to a device, as terminals are.
fn is_device() -> bool {
    let found = stdout().as_fd().try_clone_to_owned();
    let found = found.and_then(|to| File::from(to).metadata());
    found.is_ok_and(|found| found.file_type().is_char_device())
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
