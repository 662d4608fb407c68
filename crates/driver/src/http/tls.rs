//! What https needs: whom to trust.

use super::SetupError;
use crate::trust::AnyCertificate;
use loadgen_plan::http::{Http2, Identity, Settings};
use loadgen_scenario::input;
use rustls::{
    ClientConfig, RootCertStore,
    crypto::aws_lc_rs,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
};
use std::{path::Path, sync::Arc};

/// Makes TLS configurations; the system's certificates, which take a while to read, are read once.
#[derive(Default)]
pub(super) struct Trust {
    system: Option<RootCertStore>,
}

impl Trust {
    /// The configuration that `settings` ask for.
    pub(super) fn config(&mut self, settings: &Settings) -> Result<Arc<ClientConfig>, SetupError> {
        let provider = Arc::new(aws_lc_rs::default_provider());
        let builder = ClientConfig::builder_with_provider(provider.clone())
            .with_safe_default_protocol_versions()
            .map_err(SetupError::Tls)?;
        let builder = if settings.insecure {
            builder
                .dangerous()
                .with_custom_certificate_verifier(Arc::new(AnyCertificate::new(provider)))
        } else {
            builder.with_root_certificates(self.roots(settings.ca_file.as_deref())?)
        };
        let mut config = match &settings.identity {
            None => builder.with_no_client_auth(),
            Some(identity) => {
                let (chain, key) = read(identity)?;
                let config = builder.with_client_auth_cert(chain, key);
                config.map_err(|error| refuse(&identity.cert, &error))?
            }
        };
        let protocols: &[&[u8]] = match settings.http2 {
            None => &[b"http/1.1"],
            Some(Http2::Negotiate) => &[b"h2", b"http/1.1"],
            Some(Http2::Require) => &[b"h2"],
        };
        config.alpn_protocols = protocols.iter().map(|name| name.to_vec()).collect();
        Ok(Arc::new(config))
    }

    fn roots(&mut self, ca_file: Option<&Path>) -> Result<RootCertStore, SetupError> {
        let system = self.system.get_or_insert_with(|| {
            let mut roots = RootCertStore::empty();
            roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
            roots
        });
        let mut roots = system.clone();
        if let Some(path) = ca_file {
            add_file(&mut roots, path)?;
        }
        if roots.is_empty() {
            return Err(SetupError::NoRoots);
        }
        Ok(roots)
    }
}

fn refuse(path: &Path, reason: &dyn std::fmt::Display) -> SetupError {
    SetupError::Identity {
        path: path.to_owned(),
        reason: reason.to_string(),
    }
}

/// A client certificate, with those between it and its authority, and its key.
fn read(
    identity: &Identity,
) -> Result<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>), SetupError> {
    let Identity { cert, key } = identity;
    let pem = input::read_small(cert).map_err(|error| refuse(cert, &error))?;
    let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&pem).collect();
    let chain = chain.map_err(|error| refuse(cert, &error))?;
    if chain.is_empty() {
        return Err(refuse(cert, &"it holds no certificate"));
    }
    let pem = match key == cert {
        true => pem,
        false => input::read_small(key).map_err(|error| refuse(key, &error))?,
    };
    let key_der = PrivateKeyDer::from_pem_slice(&pem);
    Ok((chain, key_der.map_err(|error| refuse(key, &error))?))
}

/// Adds every certificate of a PEM file, of which there must be at least one.
fn add_file(roots: &mut RootCertStore, path: &Path) -> Result<(), SetupError> {
    let refuse = |reason: String| SetupError::CaFile {
        path: path.to_owned(),
        reason,
    };
    let before = roots.len();
    let pem = input::read_small(path).map_err(|error| refuse(error.to_string()))?;
    for certificate in CertificateDer::pem_slice_iter(&pem) {
        let certificate = certificate.map_err(|error| refuse(error.to_string()))?;
        roots
            .add(certificate)
            .map_err(|error| refuse(error.to_string()))?;
    }
    if roots.len() == before {
        return Err(refuse("it holds no certificate".to_owned()));
    }
    Ok(())
}
