//! Failures of HTTP/2 and their classes.

use crate::{ErrorClass, Failure};
use h2::Error;
use std::io;

/// The failure of a connection on which HTTP/2 could not be begun.
pub(super) fn opening(error: Error) -> Failure {
    match error.is_io() {
        true => system(error, "before the first request"),
        false => protocol(&error),
    }
}

pub(super) fn system(error: Error, when: &str) -> Failure {
    match error.into_io() {
        Some(system) if system.raw_os_error().is_some() || is_tls(&system) => Failure::io(system),
        _ => Failure::text(
            ErrorClass::Reset,
            format!("the server closed the connection {when}"),
        ),
    }
}

fn is_tls(error: &io::Error) -> bool {
    error
        .get_ref()
        .is_some_and(|inner| inner.is::<rustls::Error>())
}

pub(super) fn protocol(error: &Error) -> Failure {
    let class = match error.is_library() {
        true => ErrorClass::Protocol,
        false if error.is_remote() => ErrorClass::Reset,
        false => ErrorClass::Other,
    };
    Failure::text(class, format!("HTTP/2: {error}"))
}
