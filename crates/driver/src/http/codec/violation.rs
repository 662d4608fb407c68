//! Ways in which a response can break the protocol.

/// Why an answer cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Violation {
    /// The head is not HTTP/1.
    #[error("the answer is not HTTP/1.1: {0}")]
    Head(httparse::Error),
    /// A status below 100.
    #[error("{0:03} is not a status")]
    Status(u16),
    /// The head is longer than this bound.
    #[error("the answer's head is longer than {0} bytes")]
    HeadTooLong(usize),
    /// The body is longer than this bound.
    #[error("the answer's body is longer than {0} bytes")]
    BodyTooLong(u64),
    /// 101 Switching Protocols, which no request asked for.
    #[error("the server switched protocols without being asked")]
    Upgrade,
    /// `Content-Length` is no number, or there are several that differ.
    #[error("the answer's Content-Length is not one number")]
    ContentLength,
    /// `Transfer-Encoding` in an answer of HTTP/1.0.
    #[error("Transfer-Encoding in an answer of HTTP/1.0")]
    TransferEncoding,
    /// A chunk's size line or end is malformed.
    #[error("the body's chunks are malformed")]
    Chunk,
    /// The extensions of the chunks are longer than anyone needs.
    #[error("the body's chunk extensions are too long")]
    ChunkExtensions,
    /// The fields after the last chunk are malformed or too many.
    #[error("the fields after the body are malformed")]
    Trailers,
}
