//! TLS sessions that are resumed, as the server sees it.

use super::{tls::trusting, *};
use loadgen_plan::http::{Connections, Resumption};
use rustls::{
    HandshakeKind::{self, Full, Resumed},
    ServerConfig, SupportedProtocolVersion,
    pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer},
    version::{TLS12, TLS13},
};
use std::io::Write;
use tempfile::NamedTempFile;
use tokio_rustls::TlsAcceptor;

/// A server that resumes sessions, and ends each connection after one response.
struct Resuming {
    url: String,
    known_by: NamedTempFile,
    handshakes: Arc<Mutex<Vec<HandshakeKind>>>,
}

impl Resuming {
    async fn start(version: &'static SupportedProtocolVersion) -> Self {
        let rcgen::CertifiedKey { cert, signing_key } =
            rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
        let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(signing_key.serialize_der()));
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_protocol_versions(&[version])
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![cert.der().clone()], key)
            .unwrap();
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let mut known_by = NamedTempFile::new().unwrap();
        known_by.write_all(cert.pem().as_bytes()).unwrap();

        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("https://{}", listener.local_addr().unwrap());
        let handshakes = Arc::<Mutex<Vec<_>>>::default();
        let seen = handshakes.clone();
        tokio::spawn(async move {
            loop {
                let (tcp, _) = listener.accept().await.unwrap();
                let stream = acceptor.accept(tcp).await.unwrap();
                let kind = stream.get_ref().1.handshake_kind().unwrap();
                seen.lock().unwrap().push(kind);
                let bye = "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";
                tokio::spawn(play(stream, vec![Act::Hear, say(bye)], Arc::default()));
            }
        });
        Self {
            url,
            known_by,
            handshakes,
        }
    }

    /// The handshakes of a user with two requests, of another one with two, and of one that goes
    /// on with the connections of the latter and has one.
    async fn handshakes(&self, resumption: Resumption) -> Vec<HandshakeKind> {
        let settings = Settings {
            connections: Connections {
                resumption,
                ..Connections::default()
            },
            ..trusting(&self.known_by)
        };
        let mut user = User::with(settings, &[&self.url], 0, [get()]);
        for index in 1..=2 {
            user.succeed().await;
            user.succeed().await;
            if index == 1 {
                user.session = user.other(index);
            }
        }
        user.driver.renew(&mut user.session);
        user.succeed().await;
        std::mem::take(&mut self.handshakes.lock().unwrap())
    }
}

#[tokio::test]
async fn sessions_are_resumed_by_whom_the_scenario_says() {
    for version in [&TLS12, &TLS13] {
        let server = Resuming::start(version).await;
        for (resumption, expected) in [
            (Resumption::User, [Full, Resumed, Full, Resumed, Full]),
            (
                Resumption::Shared,
                [Full, Resumed, Resumed, Resumed, Resumed],
            ),
            (Resumption::Off, [Full; 5]),
        ] {
            let seen = server.handshakes(resumption).await;
            assert_eq!(seen, expected, "{resumption:?} {version:?}");
        }
    }
}
