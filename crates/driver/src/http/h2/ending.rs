//! Ends of requests over HTTP/2: what a failure means for the request.

use super::{
    super::exchange::End,
    connection::Connection,
    failure::{protocol, system},
};
use crate::{ErrorClass, Failure};
use h2::{Error, Reason};

/// The end of a request that failed before the head of its response.
pub(super) fn before_response(error: Error, connection: &Connection, max_head: usize) -> End {
    if was_not_processed(&error) {
        return End::NotProcessed(protocol(&error));
    }
    if connection.meter.is_foreign() {
        let words = "the server does not speak HTTP/2";
        return End::Failed(Failure::text(ErrorClass::Protocol, words));
    }
    if error.is_io() {
        return End::Closed(closed(error, connection, "without a response"));
    }
    if error.is_reset() && error.is_library() {
        let words = format!("the response's head is malformed, or longer than {max_head} bytes");
        return End::Failed(Failure::text(ErrorClass::Protocol, words));
    }
    End::Failed(protocol(&error))
}

/// The failure of a response that ended too early.
pub(super) fn within_response(error: Error, connection: &Connection) -> Failure {
    match error.is_io() {
        true => closed(error, connection, "within its response"),
        false => protocol(&error),
    }
}

/// Returns true if the server says that it did not process the request (RFC 9113, 8.7): its stream
/// is beyond the last one of a GOAWAY, or was refused. h2 gives a remote GOAWAY as the error of
/// no other streams.
fn was_not_processed(error: &Error) -> bool {
    error.is_remote() && (error.is_go_away() || error.reason() == Some(Reason::REFUSED_STREAM))
}

/// The failure of a connection that ended: the server's GOAWAY tells more than the end of file that
/// followed it.
fn closed(error: Error, connection: &Connection, when: &str) -> Failure {
    if let Some(end) = connection.end().filter(|end| end.is_go_away()) {
        return protocol(end);
    }
    system(error, when)
}
