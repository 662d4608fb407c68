//! HTTP/2: negotiated in the TLS handshake, required, and by prior knowledge.

mod frames;
mod streams;

use super::{
    tls::{identity, identity_with, trusting},
    *,
};
use http_body_util::{BodyExt, Full as Whole};
use hyper::{
    Request, Response,
    body::{Bytes, Incoming},
    server::conn::{http1, http2},
    service::service_fn,
};
use hyper_util::rt::{TokioExecutor, TokioIo};
use loadgen_plan::http::Http2;
use tokio_rustls::TlsAcceptor;

/// What a server of this module saw.
#[derive(Default)]
struct Log {
    connections: usize,
    heads: Vec<http::request::Parts>,
    bodies: Vec<Bytes>,
}

/// A server that speaks what was agreed on with TLS, HTTP/2 without.
async fn start(tls: Option<TlsAcceptor>) -> (String, Arc<Mutex<Log>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let scheme = if tls.is_some() { "https" } else { "http" };
    let url = format!("{scheme}://{}", listener.local_addr().unwrap());
    let log = Arc::<Mutex<Log>>::default();
    let kept = Arc::clone(&log);
    tokio::spawn(async move {
        loop {
            let (tcp, _) = listener.accept().await.unwrap();
            let kept = Arc::clone(&kept);
            match &tls {
                None => {
                    tokio::spawn(serve(tcp, true, kept));
                }
                Some(tls) => {
                    let tls = tls.clone();
                    tokio::spawn(async move {
                        let Ok(stream) = tls.accept(tcp).await else {
                            return;
                        };
                        let h2 = stream.get_ref().1.alpn_protocol() == Some(b"h2");
                        serve(stream, h2, kept).await;
                    });
                }
            }
        }
    });
    (url, log)
}

async fn serve(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    h2: bool,
    log: Arc<Mutex<Log>>,
) {
    log.lock().unwrap().connections += 1;
    let service = service_fn(move |request: Request<Incoming>| {
        let log = Arc::clone(&log);
        async move {
            let (head, body) = request.into_parts();
            let body = body.collect().await?.to_bytes();
            let size = head.uri.query().and_then(|size| size.parse().ok());
            let mut answer = Response::builder().header("x-kind", "two");
            let mut content = Bytes::from_static(b"well done");
            match (head.uri.path(), size) {
                ("/head", Some(size)) => answer = answer.header("x-long", "x".repeat(size)),
                ("/body", Some(size)) => content = vec![b'x'; size].into(),
                ("/login", _) => {
                    let set = answer.status(303).header("set-cookie", "sid=7");
                    answer = set.header("location", "/home");
                }
                _ => {}
            }
            let mut log = log.lock().unwrap();
            log.bodies.push(body);
            log.heads.push(head);
            let answer = answer.body(Whole::new(content));
            Ok::<_, hyper::Error>(answer.unwrap())
        }
    });
    let io = TokioIo::new(stream);
    let _ = match h2 {
        true => {
            let builder = http2::Builder::new(TokioExecutor::new());
            builder.serve_connection(io, service).await
        }
        false => http1::Builder::new().serve_connection(io, service).await,
    };
}

fn speaking(way: Http2) -> Settings {
    Settings {
        http2: Some(way),
        ..settings()
    }
}

fn steps() -> [HttpStep; 2] {
    let text = BodyText {
        bytes: b"ll d".as_slice().into(),
        written: "ll d".to_owned(),
    };
    let seen = (http::HeaderName::from_static("x-kind"), text.clone());
    let looking = HttpStep {
        expect: Expect {
            body_contains: vec![text],
            header_contains: vec![(
                seen.0,
                BodyText {
                    bytes: b"two".as_slice().into(),
                    written: "two".to_owned(),
                },
            )],
            ..Expect::default()
        },
        ..get()
    };
    let large = HttpStep {
        body: Some(literal(&"x".repeat(1 << 20))),
        ..post()
    };
    [looking, large]
}

/// Does both steps several times on one connection.
async fn drive(mut user: User, log: &Mutex<Log>, version: http::Version) {
    assert!(user.succeed().await.connect.is_some());
    for _ in 0..3 {
        let large = user.run(1).await;
        assert_eq!((class_of(&large), large.connect), (None, None));
        let again = user.succeed().await;
        assert_eq!((again.connect, again.reconnects), (None, 0));
        assert!(again.bytes_received > 9);
    }
    let log = log.lock().unwrap();
    assert_eq!(log.connections, 1);
    let versions: Vec<_> = log.heads.iter().map(|head| head.version).collect();
    assert_eq!(versions, [version; 7]);
    assert_eq!(log.bodies.iter().map(Bytes::len).sum::<usize>(), 3 << 20);
}

#[tokio::test]
async fn by_prior_knowledge_without_tls() {
    let (url, log) = start(None).await;
    let user = User::with(speaking(Http2::Require), &[&url], 0, steps());
    drive(user, &log, http::Version::HTTP_2).await;
    let user = User::with(speaking(Http2::Require), &[&url], 0, steps());
    assert!(user.preflight().await.is_ok());
}

#[tokio::test]
async fn where_the_server_agrees() {
    let one: &[&[u8]] = &[b"http/1.1"];
    let both: &[&[u8]] = &[b"h2", b"http/1.1"];
    for (protocols, version) in [(both, http::Version::HTTP_2), (one, http::Version::HTTP_11)] {
        let (acceptor, file) = identity_with("127.0.0.1", protocols);
        let (url, log) = start(Some(acceptor)).await;
        let settings = Settings {
            http2: Some(Http2::Negotiate),
            ..trusting(&file)
        };
        let user = User::with(settings, &[&url], 0, steps());
        drive(user, &log, version).await;
    }
}

#[tokio::test]
async fn a_server_that_does_not_speak_it_where_it_is_required() {
    let (acceptor, file) = identity_with("127.0.0.1", &[b"http/1.1"]);
    let (url, log) = start(Some(acceptor)).await;
    let settings = Settings {
        http2: Some(Http2::Require),
        ..trusting(&file)
    };
    let mut user = User::with(settings.clone(), &[&url], 0, steps());
    let outcome = user.fail(ErrorClass::Tls).await;
    assert!(!outcome.unknown);
    assert!(user.preflight().await.is_err());
    assert!(log.lock().unwrap().heads.is_empty());

    let (acceptor, file) = identity("127.0.0.1");
    let (url, log) = start(Some(acceptor)).await;
    let settings = Settings {
        ca_file: Some(file.path().into()),
        ..settings
    };
    let user = User::with(settings, &[&url], 0, steps());
    drive(user, &log, http::Version::HTTP_2).await;

    // Without TLS, what answers is no HTTP/2.
    let connections = [vec![Act::Hear, ok(), Act::Stay]];
    let server = Server::start(connections).await;
    let mut user = User::with(speaking(Http2::Require), &[&server.url], 0, [get()]);
    let outcome = user.fail(ErrorClass::Protocol).await;
    assert!(outcome.unknown, "it was sent");
}
