//! Why the driver cannot be set up.

use std::path::PathBuf;

/// Why the driver cannot be set up.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    /// A URL that cannot be driven.
    #[error("{url}: {reason}")]
    Url {
        /// As it was given, without credentials.
        url: String,
        /// In words.
        reason: &'static str,
    },
    /// A file of certificates that cannot be used.
    #[error("the CA file {}: {reason}", .path.display())]
    CaFile {
        /// Where it should be.
        path: PathBuf,
        /// In words.
        reason: String,
    },
    /// A client certificate that cannot be used.
    #[error("the client certificate {}: {reason}", .path.display())]
    Identity {
        /// Where it should be.
        path: PathBuf,
        /// In words.
        reason: String,
    },
    /// There is no certificate to trust.
    #[error(
        "this system has no CA certificates to check servers by; name a CA file, or accept any certificate"
    )]
    NoRoots,
    /// The TLS library refused its configuration.
    #[error("TLS cannot be set up: {0}")]
    Tls(rustls::Error),
}
