//! How an answer can break the protocol.

use std::fmt;

/// Why an answer cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Violation {
    /// The head is not HTTP/1.
    Head(httparse::Error),
    /// A status below 100.
    Status(u16),
    /// The head is longer than this bound.
    HeadTooLong(usize),
    /// The body is longer than this bound.
    BodyTooLong(u64),
    /// 101 Switching Protocols, which no request asked for.
    Upgrade,
    /// `Content-Length` is no number, or there are several that differ.
    ContentLength,
    /// `Transfer-Encoding` in an answer of HTTP/1.0.
    TransferEncoding,
    /// A chunk's size line or end is malformed.
    Chunk,
    /// The extensions of the chunks are longer than anyone needs.
    ChunkExtensions,
    /// The fields after the last chunk are malformed or too many.
    Trailers,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Violation::Head(error) => write!(f, "the answer is not HTTP/1.1: {error}"),
            Violation::Status(status) => write!(f, "{status:03} is not a status"),
            Violation::HeadTooLong(limit) => {
                write!(f, "the answer's head is longer than {limit} bytes")
            }
            Violation::BodyTooLong(limit) => {
                write!(f, "the answer's body is longer than {limit} bytes")
            }
            Violation::Upgrade => f.write_str("the server switched protocols without being asked"),
            Violation::ContentLength => {
                f.write_str("the answer's Content-Length is not one number")
            }
            Violation::TransferEncoding => {
                f.write_str("Transfer-Encoding in an answer of HTTP/1.0")
            }
            Violation::Chunk => f.write_str("the body's chunks are malformed"),
            Violation::ChunkExtensions => f.write_str("the body's chunk extensions are too long"),
            Violation::Trailers => f.write_str("the fields after the body are malformed"),
        }
    }
}

impl std::error::Error for Violation {}
