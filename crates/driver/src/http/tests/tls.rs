//! The same over TLS, and whom it trusts.

use super::*;
use rcgen::{CertifiedKey, generate_simple_self_signed};
use rustls::{
    ServerConfig,
    pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer},
};
use std::io::Write;
use tempfile::NamedTempFile;
use tokio_rustls::TlsAcceptor;

/// A server's identity, and the file by which a client can know it.
pub(super) fn identity(name: &str) -> (TlsAcceptor, NamedTempFile) {
    identity_with(name, &[b"h2", b"http/1.1"])
}

/// One that speaks these protocols.
pub(super) fn identity_with(name: &str, protocols: &[&[u8]]) -> (TlsAcceptor, NamedTempFile) {
    let (acceptor, pem) = test_support::tls::identity(name, protocols);
    let mut file = NamedTempFile::new().unwrap();
    file.write_all(pem.as_bytes()).unwrap();
    (acceptor, file)
}

pub(super) fn trusting(file: &NamedTempFile) -> Settings {
    Settings {
        ca_file: Some(file.path().into()),
        ..settings()
    }
}

#[tokio::test]
async fn a_server_known_by_the_ca_file_is_driven_like_any_other() {
    let (acceptor, file) = identity("127.0.0.1");
    let size = 3 << 20;
    let mut large = format!("HTTP/1.1 200 OK\r\nContent-Length: {size}\r\n\r\n").into_bytes();
    large.resize(large.len() + size, b'x');
    let length = large.len() as u64;
    let acts = vec![
        Act::Hear,
        ok(),
        Act::Hear,
        say(large),
        Act::Hear,
        Act::Drip(b"HTTP/1.1 200 OK\r\n\r\nend".to_vec()),
    ];
    let server = Server::start_with(Some(acceptor), [acts]).await;
    let upload = HttpStep {
        body: Some(literal(&"y".repeat(size))),
        ..post()
    };
    let mut user = User::with(trusting(&file), &[&server.url], 0, [get(), upload]);
    let first = user.succeed().await;
    assert!(first.connect.is_some());
    assert_eq!(
        (first.bytes_sent, first.bytes_received),
        (server.bytes_heard(), 40)
    );
    let second = user.run(1).await;
    assert_eq!((class_of(&second), second.connect), (None, None));
    assert_eq!(second.bytes_received, length);
    assert_eq!(first.bytes_sent + second.bytes_sent, server.bytes_heard());
    let third = user.succeed().await;
    assert_eq!((third.connect, third.bytes_received), (None, 22));
}

#[tokio::test]
async fn reused_connections_follow_the_same_rules() {
    let (acceptor, file) = identity("127.0.0.1");
    let connections = [
        // Noticed before anything is sent.
        vec![Act::Hear, ok()],
        // Noticed after.
        vec![Act::Hear, ok(), Act::Hear],
        vec![Act::Hear, ok(), Act::Hear, Act::Reset],
        vec![Act::Hear, ok(), Act::Hear],
    ];
    let server = Server::start_with(Some(acceptor), connections).await;
    let mut user = User::with(trusting(&file), &[&server.url], 0, [get(), post()]);
    assert_eq!(user.succeed().await.reconnects, 0);
    user.until_closed().await;
    let noticed = user.run(1).await;
    assert_eq!((class_of(&noticed), noticed.reconnects), (None, 1));
    for _ in 0..2 {
        let again = user.succeed().await;
        assert_eq!(again.reconnects, 1);
        assert!(again.connect.is_some());
    }
    let lost = user.run(1).await;
    assert_eq!(class_of(&lost), Some(ErrorClass::Reset));
    assert!(lost.unknown);
}

#[tokio::test]
async fn a_server_that_cannot_be_trusted_is_not_driven() {
    let (stranger, known) = (identity("127.0.0.1").0, identity("127.0.0.1").1);
    let (elsewhere, elsewhere_file) = identity("example.org");
    for (acceptor, file, expected) in [
        (stranger, &known, "certificate"),
        (elsewhere, &elsewhere_file, "not valid for name"),
    ] {
        let answers = vec![vec![Act::Hear, ok(), Act::Stay]; 3];
        let server = Server::start_with(Some(acceptor), answers).await;
        let mut user = User::with(trusting(file), &[&server.url], 0, [get()]);
        let outcome = user.fail(ErrorClass::Tls).await;
        assert_eq!((outcome.sent_at, outcome.connect), (None, None));
        assert!(words(&outcome).contains(expected), "{}", words(&outcome));
        assert!(!outcome.unknown);
        let unreachable = user.preflight().await.unwrap_err();
        assert_eq!(unreachable.failure.class, ErrorClass::Tls);
        assert!(server.heard().is_empty());

        let careless = Settings {
            insecure: true,
            ..settings()
        };
        let mut user = User::with(careless, &[&server.url], 0, [get()]);
        user.succeed().await;
    }
}

#[tokio::test]
async fn a_server_without_tls_fails_the_handshake() {
    for acts in [
        vec![say("HTTP/1.1 400 Bad Request\r\n\r\n")],
        vec![],
        vec![Act::Reset],
    ] {
        let server = Server::start([acts]).await;
        let url = server.url.replace("http:", "https:");
        let careless = Settings {
            insecure: true,
            ..settings()
        };
        let mut user = User::with(careless, &[&url], 0, [get()]);
        let outcome = user.fail(ErrorClass::Tls).await;
        assert!(!outcome.unknown);
    }
}

/// The certificate that `openssl req -x509` makes is an authority's.
#[tokio::test]
async fn a_certificate_of_the_ca_file_is_trusted_itself() {
    use rcgen::{BasicConstraints, CertificateParams, IsCa, KeyPair, date_time_ymd};
    let server = |name: &str, expired: bool| {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new([name.to_owned()]).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        if expired {
            params.not_after = date_time_ymd(2020, 1, 1);
        }
        let cert = params.self_signed(&key).unwrap();
        let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![cert.der().clone()], key)
            .unwrap();
        let mut file = NamedTempFile::new().unwrap();
        file.write_all(cert.pem().as_bytes()).unwrap();
        (TlsAcceptor::from(Arc::new(config)), file)
    };
    let (own, other) = (server("127.0.0.1", false), server("127.0.0.1", false));
    let (elsewhere, expired) = (server("example.org", false), server("127.0.0.1", true));
    for ((acceptor, _), (_, file), refused) in [
        (&own, &own, None),
        (&own, &other, Some("certificate")),
        (&elsewhere, &elsewhere, Some("not valid for name")),
        (&expired, &expired, Some("expired")),
    ] {
        let acts = vec![Act::Hear, ok(), Act::Stay];
        let server = Server::start_with(Some(acceptor.clone()), [acts]).await;
        let mut user = User::with(trusting(file), &[&server.url], 0, [get()]);
        let outcome = user.run(0).await;
        match refused {
            None => assert_eq!(class_of(&outcome), None, "{outcome:?}"),
            Some(why) => {
                assert_eq!(class_of(&outcome), Some(ErrorClass::Tls));
                assert!(words(&outcome).contains(why), "{}", words(&outcome));
            }
        }
    }
}

fn pem_file(pem: &str) -> NamedTempFile {
    let mut file = NamedTempFile::new().unwrap();
    file.write_all(pem.as_bytes()).unwrap();
    file
}

/// A server that asks clients who they are, the file by which it is known, and a client's
/// certificate and key that it trusts.
fn asking() -> (TlsAcceptor, NamedTempFile, [NamedTempFile; 2]) {
    use rcgen::{CertificateParams, Issuer, KeyPair};
    let authority_key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(Vec::<String>::new()).unwrap();
    params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let authority = params.self_signed(&authority_key).unwrap();
    let issuer = Issuer::new(params, authority_key);
    let client_key = KeyPair::generate().unwrap();
    let params = CertificateParams::new(["client".to_owned()]).unwrap();
    let client = params.signed_by(&client_key, &issuer).unwrap();
    let shown = [
        pem_file(&client.pem()),
        pem_file(&client_key.serialize_pem()),
    ];

    let CertifiedKey { cert, signing_key } =
        generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(signing_key.serialize_der()));
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut roots = rustls::RootCertStore::empty();
    roots.add(authority.der().clone()).unwrap();
    let verifier = rustls::server::WebPkiClientVerifier::builder_with_provider(
        Arc::new(roots),
        Arc::clone(&provider),
    );
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_client_cert_verifier(verifier.build().unwrap())
        .with_single_cert(vec![cert.der().clone()], key)
        .unwrap();
    let known = pem_file(&cert.pem());
    (TlsAcceptor::from(Arc::new(config)), known, shown)
}

#[tokio::test]
async fn a_client_certificate_is_shown_to_servers_that_ask() {
    use loadgen_plan::http::Identity;
    let (acceptor, known, [cert, key]) = asking();
    let connections = vec![vec![Act::Hear, ok(), Act::Stay]; 2];
    let server = Server::start_with(Some(acceptor), connections).await;
    let with = |identity| Settings {
        identity,
        ..trusting(&known)
    };
    let identity = Identity {
        cert: cert.path().into(),
        key: key.path().into(),
    };
    let settings = with(Some(identity.clone()));
    let mut user = User::with(settings, &[&server.url], 0, [get()]);
    user.succeed().await;
    let mut nobody = User::with(with(None), &[&server.url], 0, [get()]);
    nobody.fail(ErrorClass::Tls).await;

    let under_a_password = pem_file("-----BEGIN ENCRYPTED PRIVATE KEY-----\n");
    for (identity, said) in [
        (
            Identity {
                key: under_a_password.path().into(),
                ..identity.clone()
            },
            &*format!(
                "the client certificate {}: its key is encrypted; write it without a password: ",
                under_a_password.path().display()
            ),
        ),
        (
            Identity {
                cert: "/nonexistent/client.pem".into(),
                ..identity.clone()
            },
            "the client certificate /nonexistent/client.pem: ",
        ),
        (
            Identity {
                cert: known.path().into(),
                ..identity
            },
            "the client certificate ",
        ),
    ] {
        let refused = Setup::new(&[Target {
            settings: &with(Some(identity)),
            urls: &["https://127.0.0.1".parse().unwrap()],
            steps: Vec::new(),
        }]);
        let words = refused.unwrap_err().to_string();
        assert!(words.starts_with(said), "{words}");
    }
}
