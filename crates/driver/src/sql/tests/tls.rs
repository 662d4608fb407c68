//! Encrypted connections.

use super::*;
use loadgen_plan::sql::Tls;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};

on_each! {
    server:
        certificates_are_checked_as_the_mode_says,
        a_server_without_tls_is_refused_when_it_is_required;
}

fn authority() -> CertifiedIssuer<'static, KeyPair> {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

async fn certificates_are_checked_as_the_mode_says(kind: ServerKind) {
    let (trusted, other) = (authority(), authority());
    let key = KeyPair::generate().unwrap();
    // It names the host localhost, and no address.
    let certificate = CertificateParams::new(vec!["localhost".to_owned()])
        .unwrap()
        .signed_by(&key, &trusted)
        .unwrap()
        .pem();
    let files = [
        ("cert.pem", certificate.as_str()),
        ("key.pem", &key.serialize_pem()),
    ];
    let folder = tempfile::tempdir().unwrap();
    let store = |name: &str, authority: &CertifiedIssuer<'_, KeyPair>| {
        let file = folder.path().join(name);
        std::fs::write(&file, authority.pem()).unwrap();
        file
    };
    let (ca, wrong_ca) = (store("ca.pem", &trusted), store("other.pem", &other));
    let (options, encrypted, no, yes) = match kind {
        ServerKind::Postgres => (
            [
                "ssl=on",
                "ssl_cert_file=FOLDER/cert.pem",
                "ssl_key_file=FOLDER/key.pem",
            ],
            "SELECT ssl::text AS x FROM pg_stat_ssl WHERE pid = pg_backend_pid()",
            Value::Text("false".into()),
            Value::Text("true".into()),
        ),
        ServerKind::MariaDb => (
            ["ssl", "ssl-cert=FOLDER/cert.pem", "ssl-key=FOLDER/key.pem"],
            "SELECT variable_value <> '' AS x FROM information_schema.session_status \
             WHERE variable_name = 'Ssl_cipher'",
            Value::Int(0),
            Value::Int(1),
        ),
    };
    let server = Server::start_with(kind, &options, &files);
    let url = server.fresh();
    let at = |host: &str, tls, ca: Option<&std::path::PathBuf>| Database {
        tls,
        ca_file: ca.cloned(),
        ..database(&url.replace("127.0.0.1", host))
    };
    let (address, name) = ("127.0.0.1", "localhost");
    for (database, expected) in [
        (at(address, None, None), &yes),
        (at(address, Some(Tls::Disable), None), &no),
        (at(address, Some(Tls::Prefer), None), &yes),
        (at(address, Some(Tls::Require), None), &yes),
        (at(address, Some(Tls::VerifyCa), Some(&ca)), &yes),
        (at(name, Some(Tls::VerifyFull), Some(&ca)), &yes),
    ] {
        assert_eq!(&ask(&database, encrypted).await, expected, "{database:?}");
    }
    for database in [
        at(address, Some(Tls::VerifyFull), Some(&ca)),
        at(name, Some(Tls::VerifyFull), Some(&wrong_ca)),
        at(address, Some(Tls::VerifyCa), Some(&wrong_ca)),
        at(address, Some(Tls::VerifyCa), None),
    ] {
        match prepare_all(std::slice::from_ref(&database), &[]).await {
            Err(PrepareError::Unreachable { failure, .. }) => {
                assert_eq!(failure.class, ErrorClass::Tls, "{}", failure.detail);
            }
            other => panic!("{database:?}: {other:?}"),
        }
    }
}

async fn a_server_without_tls_is_refused_when_it_is_required(kind: ServerKind) {
    let database = Database {
        tls: Some(Tls::Require),
        ..served(kind)
    };
    match prepare_all(&[database], &[]).await {
        Err(PrepareError::Unreachable { failure, .. }) => {
            assert_eq!(failure.class, ErrorClass::Tls, "{}", failure.detail);
        }
        other => panic!("{other:?}"),
    }
}
