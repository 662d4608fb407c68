//! What https needs: whom to trust, and sessions to resume.

use super::SetupError;
use crate::trust::{AnyCertificate, OrThese};
use loadgen_plan::http::{Http2, Identity, Resumption, Settings};
use loadgen_scenario::input;
use rustls::{
    ClientConfig, RootCertStore, client,
    crypto::aws_lc_rs,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
};
use std::{path::Path, sync::Arc};

/// Sessions that a population keeps, and that a user does; rustls counts eight for each server.
const SHARED_SESSIONS: usize = 256;
const USER_SESSIONS: usize = 16;

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
        let builder = match (settings.insecure, &settings.ca_file) {
            (true, _) => builder
                .dangerous()
                .with_custom_certificate_verifier(Arc::new(AnyCertificate::new(provider))),
            (false, None) => builder.with_root_certificates(self.roots(&[])?),
            (false, Some(path)) => {
                let these = read_file(path)?;
                let roots = self.roots(&these).map_err(|error| match error {
                    SetupError::Tls(error) => ca_refused(path, &error),
                    other => other,
                })?;
                let verifier = OrThese::new(Arc::new(roots), these, provider);
                let verifier = verifier.map_err(|error| ca_refused(path, &error))?;
                builder
                    .dangerous()
                    .with_custom_certificate_verifier(Arc::new(verifier))
            }
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
        config.resumption = match settings.connections.resumption {
            Resumption::Shared => client::Resumption::in_memory_sessions(SHARED_SESSIONS),
            Resumption::User | Resumption::Off => client::Resumption::disabled(),
        };
        Ok(Arc::new(config))
    }

    /// The system's authorities, and `more`.
    fn roots(&mut self, more: &[CertificateDer<'static>]) -> Result<RootCertStore, SetupError> {
        let system = self.system.get_or_insert_with(|| {
            let mut roots = RootCertStore::empty();
            roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
            roots
        });
        let mut roots = system.clone();
        for certificate in more {
            roots.add(certificate.clone()).map_err(SetupError::Tls)?;
        }
        if roots.is_empty() {
            return Err(SetupError::NoRoots);
        }
        Ok(roots)
    }
}

/// TLS of one user.
#[derive(Debug, Default)]
pub(super) struct UserTls(Option<Arc<ClientConfig>>);

impl UserTls {
    /// The configuration for the user's next connection, by that of its population.
    pub(super) fn config(
        &mut self,
        shared: &Arc<ClientConfig>,
        resumption: Resumption,
    ) -> Arc<ClientConfig> {
        let config = match resumption {
            Resumption::Shared | Resumption::Off => shared,
            Resumption::User => self.0.get_or_insert_with(|| {
                let mut own = ClientConfig::clone(shared);
                own.resumption = client::Resumption::in_memory_sessions(USER_SESSIONS);
                Arc::new(own)
            }),
        };
        Arc::clone(config)
    }

    /// Forgets the sessions.
    pub(super) fn forget(&mut self) {
        self.0 = None;
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
    match PrivateKeyDer::from_pem_slice(&pem) {
        Ok(key) => Ok((chain, key)),
        Err(_) if is_encrypted(&pem) => Err(refuse(
            key,
            &"its key is encrypted; write it without a password: openssl pkey -in KEY -out PLAIN",
        )),
        Err(error) => Err(refuse(key, &error)),
    }
}

/// Returns true if a PEM file has a key under a password: of PKCS #8, or as OpenSSL once wrote it.
fn is_encrypted(pem: &[u8]) -> bool {
    let marks: [&[u8]; 2] = [b"BEGIN ENCRYPTED PRIVATE KEY", b"Proc-Type: 4,ENCRYPTED"];
    let mut marks = marks.into_iter();
    marks.any(|mark| memchr::memmem::find(pem, mark).is_some())
}

/// Reads the certificates of a PEM file, of which there must be at least one.
fn read_file(path: &Path) -> Result<Vec<CertificateDer<'static>>, SetupError> {
    let pem = input::read_small(path).map_err(|error| ca_refused(path, &error))?;
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&pem).collect();
    let found = found.map_err(|error| ca_refused(path, &error))?;
    if found.is_empty() {
        return Err(ca_refused(path, &"it holds no certificate"));
    }
    Ok(found)
}

fn ca_refused(path: &Path, reason: &dyn std::fmt::Display) -> SetupError {
    SetupError::CaFile {
        path: path.to_owned(),
        reason: reason.to_string(),
    }
}
