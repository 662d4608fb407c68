//! Whom to trust, and with which certificate to be trusted.

use crate::trust::{AnyCertificate, AnyName};
use loadgen_plan::sql::{ConnectParams, Database, Tls as Mode};
use loadgen_scenario::input;
use rustls::{
    ClientConfig, RootCertStore,
    crypto::aws_lc_rs,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
};
use std::{path::Path, sync::Arc};

/// The parameters of a URL that name files with certificates and a key, or have them in PEM.
pub struct TlsParameters {
    /// Certificates to trust.
    pub root: &'static str,
    /// Certificate of the client.
    pub certificate: &'static str,
    /// Key of that certificate.
    pub key: &'static str,
}

/// The configuration for a mode that encrypts.
///
/// # Errors
/// In words, when a certificate or key cannot be used.
pub fn config(
    mode: Mode,
    database: &Database,
    params: &ConnectParams,
    names: &TlsParameters,
) -> Result<Arc<ClientConfig>, String> {
    let root = params.given(names.root);
    let provider = Arc::new(aws_lc_rs::default_provider());
    let builder = ClientConfig::builder_with_provider(provider.clone())
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?;
    let builder = match mode {
        Mode::VerifyFull => builder.with_root_certificates(trusted(database, root)?),
        Mode::VerifyCa => {
            let anyone = AnyName::new(trusted(database, root)?, provider)?;
            let builder = builder.dangerous();
            builder.with_custom_certificate_verifier(Arc::new(anyone))
        }
        _ => {
            let builder = builder.dangerous();
            builder.with_custom_certificate_verifier(Arc::new(AnyCertificate::new(provider)))
        }
    };
    let TlsParameters {
        certificate, key, ..
    } = *names;
    let config = match (params.given(certificate), params.given(key)) {
        (None, None) => builder.with_no_client_auth(),
        (Some(own), Some(own_key)) => {
            let chain = certificates(&pem(own)?, own)?;
            let own_key = PrivateKeyDer::from_pem_slice(&pem(own_key)?)
                .map_err(|error| format!("{key}: {error}"))?;
            let config = builder.with_client_auth_cert(chain, own_key);
            config.map_err(|error| format!("{certificate}: {error}"))?
        }
        (Some(_), None) => return Err(format!("{certificate} needs the certificate's {key}")),
        (None, Some(_)) => return Err(format!("{key} needs the key's {certificate}")),
    };
    Ok(Arc::new(config))
}

/// Certificates to trust: those of the file that the scenario names besides the system's, or of
/// that which the URL or the environment names alone, as with libpq.
fn trusted(database: &Database, root: Option<&str>) -> Result<Arc<RootCertStore>, String> {
    let mut roots = RootCertStore::empty();
    let named = root.filter(|named| *named != "system");
    if database.ca_file.is_some() || named.is_none() {
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    }
    let own = database.ca_file.as_ref();
    let file = own
        .map(|file| file.display().to_string())
        .or(named.map(str::to_owned));
    if let Some(file) = file {
        for certificate in certificates(&pem(&file)?, &file)? {
            let added = roots.add(certificate);
            added.map_err(|error| format!("{file}: {error}"))?;
        }
    }
    Ok(Arc::new(roots))
}

/// PEM from a file, or as it stands in the URL.
fn pem(named: &str) -> Result<Vec<u8>, String> {
    if named.trim_start().starts_with("-----BEGIN") {
        return Ok(named.as_bytes().to_vec());
    }
    input::read_small(Path::new(named)).map_err(|error| format!("{named}: {error}"))
}

fn certificates(pem: &[u8], named: &str) -> Result<Vec<CertificateDer<'static>>, String> {
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    match found {
        Ok(found) if !found.is_empty() => Ok(found),
        Ok(_) => Err(format!("{named}: it holds no certificate")),
        Err(error) => Err(format!("{named}: {error}")),
    }
}
