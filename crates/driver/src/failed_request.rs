//! What is kept of a request that failed.

/// Most bytes of a response's body that are kept.
pub const BODY_START: usize = 200;

/// A request that failed, for a sample of its failure.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct FailedRequest {
    /// Method and URL with their values; those of parameters named like secrets are redacted.
    pub request: String,
    /// Beginning of the response's body, at most [`BODY_START`] bytes. May hold secrets.
    pub body: Box<[u8]>,
}
