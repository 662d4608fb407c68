//! The certificates that databases' certificates are checked against.

use crate::{plan::sql::Database, scenario::input};
use base64::{Engine, engine::general_purpose::STANDARD};

/// The system's certificates and those of `ca_file`.
///
/// # Errors
/// In words, when the file cannot be read.
pub fn pem(database: &Database) -> Result<Vec<u8>, String> {
    let mut pem = Vec::new();
    if let Some(file) = &database.ca_file {
        pem = input::read_small(file).map_err(|error| format!("{}: {error}", file.display()))?;
        pem.push(b'\n');
    }
    for certificate in rustls_native_certs::load_native_certs().certs {
        pem.extend_from_slice(b"-----BEGIN CERTIFICATE-----\n");
        for line in STANDARD.encode(&certificate).as_bytes().chunks(64) {
            pem.extend_from_slice(line);
            pem.push(b'\n');
        }
        pem.extend_from_slice(b"-----END CERTIFICATE-----\n");
    }
    Ok(pem)
}
