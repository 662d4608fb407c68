//! TLS in front of a server that knows none.

use rcgen::{CertifiedKey, generate_simple_self_signed};
use rustls::{
    ServerConfig,
    pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer},
};
use std::{net::SocketAddr, sync::Arc};
use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
    runtime::{Builder, Runtime},
};
use tokio_rustls::TlsAcceptor;

/// Takes TLS off and passes on what it carries. It ends when it is dropped.
pub struct TlsFront {
    address: SocketAddr,
    /// The certificate that it shows, as a client can trust it.
    pub pem: String,
    _runtime: Runtime,
}

impl TlsFront {
    /// In front of the server at `behind`, as `127.0.0.1`.
    pub fn start(behind: SocketAddr) -> Self {
        let (acceptor, pem) = identity("127.0.0.1", &[]);
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .expect("a runtime");
        let listener = runtime
            .block_on(TcpListener::bind(("127.0.0.1", 0)))
            .expect("a free port");
        let address = listener.local_addr().expect("it is bound");
        runtime.spawn(async move {
            loop {
                let (client, _) = listener.accept().await.expect("a connection");
                tokio::spawn(pass(acceptor.clone(), client, behind));
            }
        });
        Self {
            address,
            pem,
            _runtime: runtime,
        }
    }

    /// Its root, without a slash at the end.
    pub fn url(&self) -> String {
        format!("https://{}", self.address)
    }
}

/// A server of this name that speaks these protocols: what takes off its TLS, and the certificate,
/// in PEM, by which a client can trust it.
pub fn identity(name: &str, protocols: &[&[u8]]) -> (TlsAcceptor, String) {
    let CertifiedKey { cert, signing_key } =
        generate_simple_self_signed([name.to_owned()]).expect("a certificate");
    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(signing_key.serialize_der()));
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("the provider has them")
        .with_no_client_auth()
        .with_single_cert(vec![cert.der().clone()], key)
        .expect("they belong together");
    config.alpn_protocols = protocols.iter().map(|name| name.to_vec()).collect();
    (TlsAcceptor::from(Arc::new(config)), cert.pem())
}

/// A client that does not trust the certificate ends the handshake; that is its business.
async fn pass(acceptor: TlsAcceptor, client: TcpStream, behind: SocketAddr) {
    let Ok(mut client) = acceptor.accept(client).await else {
        return;
    };
    let mut server = TcpStream::connect(behind).await.expect("it listens");
    // Either side may end it in any way.
    let _ = copy_bidirectional(&mut client, &mut server).await;
}
