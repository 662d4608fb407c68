//! Whom to trust, and with which certificate to be trusted.

use super::account::Hidden;
use crate::{
    driver::trust::{AnyCertificate, AnyName},
    plan::sql::Database,
};
use rustls::{
    ClientConfig, RootCertStore,
    crypto::aws_lc_rs,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
};
use sqlx::postgres::PgSslMode;
use std::{fs, sync::Arc};

/// The configuration for a mode that encrypts.
///
/// # Errors
/// In words, when a certificate or key cannot be used.
pub fn config(
    mode: PgSslMode,
    database: &Database,
    hidden: &Hidden,
) -> Result<Arc<ClientConfig>, String> {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let builder = ClientConfig::builder_with_provider(provider.clone())
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?;
    let builder = match mode {
        PgSslMode::VerifyFull => builder.with_root_certificates(trusted(database, hidden)?),
        PgSslMode::VerifyCa => {
            let anyone = AnyName::new(trusted(database, hidden)?, provider)?;
            let builder = builder.dangerous();
            builder.with_custom_certificate_verifier(Arc::new(anyone))
        }
        _ => {
            let builder = builder.dangerous();
            builder.with_custom_certificate_verifier(Arc::new(AnyCertificate::new(provider)))
        }
    };
    let config = match (&hidden.certificate, &hidden.key) {
        (None, None) => builder.with_no_client_auth(),
        (Some(certificate), Some(key)) => {
            let chain = certificates(&pem(certificate)?, certificate)?;
            let key = PrivateKeyDer::from_pem_slice(&pem(key)?)
                .map_err(|error| format!("sslkey: {error}"))?;
            let config = builder.with_client_auth_cert(chain, key);
            config.map_err(|error| format!("sslcert: {error}"))?
        }
        (Some(_), None) => return Err("sslcert needs the certificate's sslkey".to_owned()),
        (None, Some(_)) => return Err("sslkey needs the key's sslcert".to_owned()),
    };
    Ok(Arc::new(config))
}

/// The system's certificates, and those of the file that the scenario or else the URL names.
fn trusted(database: &Database, hidden: &Hidden) -> Result<Arc<RootCertStore>, String> {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    let named = match (&database.ca_file, &hidden.root) {
        (Some(file), _) => Some(file.display().to_string()),
        (None, Some(root)) => Some(root.clone()),
        (None, None) => None,
    };
    if let Some(named) = named {
        for certificate in certificates(&pem(&named)?, &named)? {
            let added = roots.add(certificate);
            added.map_err(|error| format!("{named}: {error}"))?;
        }
    }
    Ok(Arc::new(roots))
}

/// sqlx writes a file so when asked for what it was given.
const FILE: &str = "file: ";

/// PEM from a file, or as it stands in the URL.
fn pem(named: &str) -> Result<Vec<u8>, String> {
    if named.trim_start().starts_with("-----BEGIN") {
        return Ok(named.as_bytes().to_vec());
    }
    let file = named.strip_prefix(FILE).unwrap_or(named);
    fs::read(file).map_err(|error| format!("{file}: {error}"))
}

fn certificates(pem: &[u8], named: &str) -> Result<Vec<CertificateDer<'static>>, String> {
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    match found {
        Ok(found) if !found.is_empty() => Ok(found),
        Ok(_) => Err(format!("{named}: it holds no certificate")),
        Err(error) => Err(format!("{named}: {error}")),
    }
}
