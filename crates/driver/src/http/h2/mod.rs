//! HTTP/2 on our own sockets and TLS sessions, over the h2 crate.
//!
//! Framing, header compression and flow control are the crate's; when a request is sent and what is
//! counted of it is ours. A request is handed to the socket by whoever makes it, not by the
//! connection's task, so that the time of its first byte is known.
//!
//! A request is what HTTP/1.1 would send, said in HTTP/2's way, and the head of a response is written
//! as HTTP/1.1 writes it: cookies, redirects, checks and extractions are the same for both.

mod connection;
mod ending;
mod exchange;
mod failure;
mod message;
mod meter;

pub(super) use self::{connection::Connection, exchange::exchange};
