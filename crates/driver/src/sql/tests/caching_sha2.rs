//! MySQL 8's way to log in, against a server that speaks that much of its protocol.

use super::{super::error, *};
use aws_lc_rs::{
    encoding::AsDer,
    rsa::{KeySize, OAEP_SHA1_MGF1SHA1, OaepPrivateDecryptingKey, PrivateDecryptingKey},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use rustls::{ServerConfig, crypto::aws_lc_rs::default_provider, pki_types::PrivatePkcs8KeyDer};
use sha2::{Digest, Sha256};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};
use tokio_rustls::TlsAcceptor;

const PASSWORD: &str = "p@ss wörd";
const NONCE: &[u8; 20] = b"abcdefghijklmnopqrst";
const CAN_TLS: u32 = 0x800;

/// Reaction of the server to the client's proof.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    /// It knows the user from before, and compares the proof.
    Fast,
    /// It wants the password itself, over TLS or encrypted by its key.
    Full,
}

/// A client's way in: packets over a stream.
struct Packets<S>(S, u8);

impl<S: AsyncRead + AsyncWrite + Unpin> Packets<S> {
    async fn read(&mut self) -> Vec<u8> {
        let mut head = [0; 4];
        self.0.read_exact(&mut head).await.unwrap();
        self.1 = head[3].wrapping_add(1);
        let length = u32::from_le_bytes([head[0], head[1], head[2], 0]);
        let mut body = vec![0; length as usize];
        self.0.read_exact(&mut body).await.unwrap();
        body
    }

    async fn write(&mut self, body: &[u8]) {
        let mut packet = (body.len() as u32).to_le_bytes().to_vec();
        packet[3] = self.1;
        self.1 = self.1.wrapping_add(1);
        packet.extend_from_slice(body);
        self.0.write_all(&packet).await.unwrap();
        self.0.flush().await.unwrap();
    }

    /// The rest of the login, and the answer to the first query.
    async fn log_in(&mut self, way: Way, is_tls: bool) {
        let response = self.read().await;
        let name = response[32..].split(|byte| *byte == 0).next().unwrap();
        assert_eq!(name, b"app");
        let proof = &response[32 + name.len() + 2..][..32];
        let right = match way {
            Way::Fast => {
                let is_right = proof == expected();
                if is_right {
                    self.write(&[1, 3]).await;
                }
                is_right
            }
            Way::Full => {
                self.write(&[1, 4]).await;
                self.password(is_tls).await == PASSWORD.as_bytes()
            }
        };
        if !right {
            let refusal = b"\xff\x15\x04#28000Access denied for user 'app'";
            return self.write(refusal).await;
        }
        self.write(&[0, 0, 0, 2, 0, 0, 0]).await;
        let query = self.read().await;
        assert_eq!(query, b"\x03SELECT CONNECTION_ID()");
        let eof = [0xfe, 0, 0, 2, 0];
        self.write(&[1]).await;
        // A column of type BIGINT without a name.
        let column = b"\x03def\0\0\0\0\0\x0c\x3f\0\x15\0\0\0\x08\x81\0\0\0\0";
        self.write(column).await;
        self.write(&eof).await;
        self.write(b"\x0242").await;
        self.write(&eof).await;
    }

    /// The password that the client gives away.
    async fn password(&mut self, is_tls: bool) -> Vec<u8> {
        if is_tls {
            let clear = self.read().await;
            return clear.strip_suffix(&[0]).unwrap().to_vec();
        }
        assert_eq!(self.read().await, [2], "it asks for the key");
        let key = PrivateDecryptingKey::generate(KeySize::Rsa2048).unwrap();
        let public = key.public_key().as_der().unwrap();
        let public = STANDARD.encode(public.as_ref());
        let lines: Vec<_> = public.as_bytes().chunks(64).collect();
        let lines = String::from_utf8(lines.join(&b'\n')).unwrap();
        let pem = format!("-----BEGIN PUBLIC KEY-----\n{lines}\n-----END PUBLIC KEY-----\n");
        self.write(format!("\x01{pem}").as_bytes()).await;
        let secret = self.read().await;
        let key = OaepPrivateDecryptingKey::new(key).unwrap();
        let mut clear = vec![0; key.min_output_size()];
        let clear = key.decrypt(&OAEP_SHA1_MGF1SHA1, &secret, &mut clear, None);
        let clear = clear.unwrap().iter().zip(NONCE.iter().cycle());
        let clear: Vec<u8> = clear.map(|(byte, nonce)| byte ^ nonce).collect();
        clear.strip_suffix(&[0]).unwrap().to_vec()
    }
}

/// The proof that the client knows the password.
fn expected() -> Vec<u8> {
    let once = Sha256::digest(PASSWORD);
    let twice = Sha256::digest(once);
    let mask = Sha256::new().chain_update(twice).chain_update(NONCE);
    once.iter()
        .zip(mask.finalize())
        .map(|(a, b)| a ^ b)
        .collect()
}

fn greeting(capabilities: u32) -> Vec<u8> {
    let capabilities = capabilities.to_le_bytes();
    let mut greeting = b"\x0a8.0.40\0\x01\0\0\0".to_vec();
    greeting.extend_from_slice(&NONCE[..8]);
    greeting.push(0);
    greeting.extend_from_slice(&capabilities[..2]);
    greeting.extend_from_slice(&[0xff, 2, 0]);
    greeting.extend_from_slice(&capabilities[2..]);
    greeting.push(21);
    greeting.extend_from_slice(&[0; 10]);
    greeting.extend_from_slice(&NONCE[8..]);
    greeting.extend_from_slice(b"\0caching_sha2_password\0");
    greeting
}

fn acceptor() -> TlsAcceptor {
    let key = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let secret = PrivatePkcs8KeyDer::from(key.signing_key.serialize_der());
    let config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![key.cert.der().clone()], secret.into())
        .unwrap();
    TlsAcceptor::from(Arc::new(config))
}

async fn serve(tcp: TcpStream, way: Way, with_tls: bool) {
    // The protocol of today, transactions, a database, secure connections, plugins.
    let capabilities = 0x000b_a209 | if with_tls { CAN_TLS } else { 0 };
    let mut packets = Packets(tcp, 0);
    packets.write(&greeting(capabilities)).await;
    if !with_tls {
        return packets.log_in(way, false).await;
    }
    assert_eq!(packets.read().await.len(), 32, "it asks for TLS");
    let Packets(tcp, next) = packets;
    let tls = acceptor().accept(tcp).await.unwrap();
    Packets(tls, next).log_in(way, true).await;
}

#[tokio::test]
async fn a_password_is_proven_or_given_with_and_without_tls() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    for with_tls in [true, false] {
        for way in [Way::Fast, Way::Full] {
            for (password, right) in [("p%40ss%20w%C3%B6rd", true), ("wrong", false)] {
                let mode = if with_tls { "REQUIRED" } else { "DISABLED" };
                let url = format!("mysql://app:{password}@127.0.0.1:{port}/shop?ssl-mode={mode}");
                let target = Target::new(&database(&url), 0).unwrap();
                let served = async {
                    let (tcp, _) = listener.accept().await.unwrap();
                    serve(tcp, way, with_tls).await;
                };
                let (opened, ()) =
                    futures_util::future::join(Connection::open(&target), served).await;
                match opened {
                    Ok(_) => assert!(right, "{way:?} {with_tls}"),
                    Err(error) => {
                        let failure = error::judge_opening(error);
                        let words = failure.detail.to_string();
                        assert!(!right, "{way:?} {with_tls}: {words}");
                        assert_eq!(failure.class, ErrorClass::Authentication, "{words}");
                    }
                }
            }
        }
    }
}

/// Does the login with a server that greets and then sends these packets, and tells why not.
async fn refused_by(packets: &[&[u8]]) -> (ErrorClass, String) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let url = format!("mysql://app:pw@127.0.0.1:{port}/shop");
    let target = Target::new(&database(&url), 0).unwrap();
    let served = async {
        let (tcp, _) = listener.accept().await.unwrap();
        let mut server = Packets(tcp, 0);
        server.write(&greeting(0x000b_a209)).await;
        for packet in packets {
            server.read().await;
            server.write(packet).await;
        }
        server
    };
    let opened = futures_util::future::join(Connection::open(&target), served).await;
    let failure = error::judge_opening(opened.0.unwrap_err());
    (failure.class, failure.detail.to_string())
}

#[tokio::test]
async fn a_login_that_is_not_supported_is_told_by_its_name() {
    let (class, words) = refused_by(&[b"\xfeauth_gssapi_client\0who"]).await;
    assert_eq!(class, ErrorClass::Authentication, "{words}");
    for part in ["`auth_gssapi_client`", "mysql_native_password"] {
        assert!(words.contains(part), "{words}");
    }
    let (class, words) = refused_by(&[b"\xfe"]).await;
    assert_eq!(class, ErrorClass::Authentication, "{words}");
}

#[tokio::test]
async fn nonsense_is_no_proof() {
    let key = b"\x01-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n";
    for packets in [
        &[&b"\x01\x04"[..], b"\x01no key"][..],
        &[b"\x01\x04", key],
        &[b"\x01\x05"],
        // A nonce that is too short for Ed25519; more of a login that has no more.
        &[b"\xfeclient_ed25519\0short"],
        &[
            b"\xfemysql_native_password\0abcdefghijklmnopqrst\0",
            b"\x01\x04",
        ],
        &[b""],
    ] {
        let (class, words) = refused_by(packets).await;
        assert_eq!(class, ErrorClass::Protocol, "{packets:?}: {words}");
    }
}
