//! The driver against small servers that do exactly as they are told.

mod addresses;
mod answers;
mod compression;
mod connections;
mod cookies;
mod elsewhere;
mod endpoints;
mod http2;
mod looks;
mod multipart;
mod phases;
mod proxies;
mod redirects;
mod requests;
mod resumption;
mod samples;
mod timeouts;
mod tls;
mod ttfb;

use super::{stream::Stream, *};
use crate::ErrorClass;
use http::Method;
use loadgen_data::{Template, template::Part};
use loadgen_plan::http::{BodyText, Expect, Settings, StatusRange, WrittenRequest};
use std::{
    pin::Pin,
    sync::{Mutex, MutexGuard},
    time::Duration,
};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, Interest},
    net::{TcpListener, TcpStream},
    sync::Notify,
};
use url::Url;

/// The setup is built once and used by every worker.
const _: () = {
    const fn shared<T: Send + Sync>() {}
    shared::<Setup>();
};

/// Longer than any test may take.
const LONG: Duration = Duration::from_secs(60);

/// Text without holes.
fn literal(text: &str) -> Template {
    Template::new([Part::Literal(text.as_bytes().into())])
}

/// A step that sends no body and expects nothing.
pub(super) fn step(method: Method, path: &str) -> HttpStep {
    HttpStep {
        method,
        path: literal(path),
        elsewhere: None,
        headers: Vec::new(),
        body: None,
        multipart: Vec::new(),
        expect: Expect::default(),
        extract: Vec::new(),
        timeout: LONG,
        trace: None,
        written: WrittenRequest::default(),
    }
}

fn get() -> HttpStep {
    step(Method::GET, "/")
}

fn post() -> HttpStep {
    HttpStep {
        body: Some(literal("data")),
        ..step(Method::POST, "/")
    }
}

fn settings() -> Settings {
    Settings {
        connect_timeout: LONG,
        connections: Default::default(),
        ca_file: None,
        insecure: false,
        user_agent: "test".to_owned(),
        max_head: 16 * 1024,
        max_body: 64 << 20,
        cookies: false,
        redirects: 0,
        compression: Vec::new(),
        proxy: None,
        http2: None,
        identity: None,
    }
}

/// One user of a driver.
struct User {
    clock: Clock,
    driver: HttpDriver,
    session: Session,
    steps: Vec<HttpStep>,
}

impl User {
    fn new(url: &str, steps: impl IntoIterator<Item = HttpStep>) -> Self {
        Self::with(settings(), &[url], 0, steps)
    }

    fn with(
        settings: Settings,
        urls: &[&str],
        index: u64,
        steps: impl IntoIterator<Item = HttpStep>,
    ) -> Self {
        let urls: Vec<Url> = urls.iter().map(|url| url.parse().unwrap()).collect();
        let steps: Vec<HttpStep> = steps.into_iter().collect();
        let setup = Setup::new(&[Target {
            settings: &settings,
            urls: &urls,
            steps: steps.iter().enumerate().collect(),
        }]);
        let setup = Arc::new(setup.unwrap());
        let clock = Clock::of_runtime();
        let driver = HttpDriver::new(clock, Timers::default(), setup);
        Self {
            clock,
            session: driver.session(0, index),
            driver,
            steps,
        }
    }

    /// Another user of the same driver.
    fn other(&self, index: u64) -> Session {
        self.driver.session(0, index)
    }

    /// Whether its servers can be reached.
    async fn preflight(&self) -> Result<(), Unreachable> {
        self.driver.preflight().await
    }

    /// Does the step at this place.
    async fn run(&mut self, step: usize) -> Outcome {
        let progress = Progress::default();
        let step = (step, &self.steps[step]);
        let done = self
            .driver
            .step(&mut self.session, step, &mut [], &progress);
        let outcome = done.await;
        assert_eq!(outcome.sent_at, progress.sent_at());
        assert!(outcome.sent_at.is_none_or(|sent| sent <= outcome.ended_at));
        assert!(outcome.first_byte_at.is_none_or(|first| {
            outcome.sent_at.unwrap() <= first && first <= outcome.ended_at
        }));
        outcome
    }

    /// Does the first step, which must succeed.
    async fn succeed(&mut self) -> Outcome {
        let outcome = self.run(0).await;
        assert!(outcome.failure.is_none(), "{outcome:?}");
        assert!(!outcome.unknown);
        outcome
    }

    /// Does the first step, which must fail like this.
    async fn fail(&mut self, class: ErrorClass) -> Outcome {
        let outcome = self.run(0).await;
        assert_eq!(class_of(&outcome), Some(class), "{outcome:?}");
        outcome
    }
}

impl User {
    /// Waits until the runtime has seen the server close the idle connection.
    async fn until_closed(&self) {
        let Some(Channel::Http1(stream, _)) = &self.session.channel else {
            panic!("no connection is kept");
        };
        while !tcp(stream)
            .ready(Interest::READABLE)
            .await
            .unwrap()
            .is_read_closed()
        {
            tokio::task::yield_now().await;
        }
    }
}

/// Waits until the runtime has seen something happen to the idle connection, if one is kept.
async fn until_touched(session: &Session) {
    if let Some(Channel::Http1(stream, _)) = &session.channel {
        tcp(stream).readable().await.unwrap();
    }
}

/// The connection that carries everything.
fn tcp(stream: &Stream) -> &TcpStream {
    match stream {
        Stream::Tcp(tcp) => tcp,
        Stream::Unix(_) => panic!("a Unix socket"),
        Stream::Tls(tls) => tcp(tls.get_ref().0),
    }
}

/// The values of a request's header of this name.
fn header(request: &[u8], name: &str) -> Vec<String> {
    let text = String::from_utf8_lossy(request);
    let head = text.split("\r\n\r\n").next().unwrap();
    let values = head.lines().skip(1).filter_map(|line| {
        let (own, value) = line.split_once(": ")?;
        own.eq_ignore_ascii_case(name).then(|| value.to_owned())
    });
    values.collect()
}

fn first_line(request: &[u8]) -> String {
    let text = String::from_utf8_lossy(request);
    text.lines().next().unwrap().to_owned()
}

fn class_of(outcome: &Outcome) -> Option<ErrorClass> {
    outcome.failure.as_ref().map(|failure| failure.class)
}

fn words(outcome: &Outcome) -> String {
    let failure = outcome.failure.as_ref().unwrap();
    failure.detail.to_string()
}

/// What a server does next on a connection.
#[derive(Debug, Clone)]
enum Act {
    /// Reads a request.
    Hear,
    /// Writes this.
    Say(Vec<u8>),
    /// Writes this byte by byte.
    Drip(Vec<u8>),
    /// Goes on when it is told to.
    Await(Arc<Notify>),
    /// Ends the connection with a RST.
    Reset,
    /// Accepts no further connections, and goes on once that is so.
    Leave,
    /// Keeps the connection open and does nothing more.
    Stay,
}

fn say(text: impl Into<Vec<u8>>) -> Act {
    Act::Say(text.into())
}

/// An answer with a body.
fn ok() -> Act {
    say("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
}

/// A server on a free port.
struct Server {
    url: String,
    heard: Arc<Mutex<Vec<Vec<u8>>>>,
}

impl Server {
    /// Its n-th connection goes through the n-th list of acts and is then closed.
    async fn start(connections: impl IntoIterator<Item = Vec<Act>>) -> Self {
        let secure: Option<tokio_rustls::TlsAcceptor> = None;
        Self::start_with(secure, connections).await
    }

    async fn start_with(
        tls: Option<tokio_rustls::TlsAcceptor>,
        connections: impl IntoIterator<Item = Vec<Act>>,
    ) -> Self {
        let connections: Vec<Vec<Act>> = connections.into_iter().collect();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let heard = Arc::<Mutex<Vec<_>>>::default();
        let scheme = if tls.is_some() { "https" } else { "http" };
        let server = Self {
            url: format!("{scheme}://{address}"),
            heard: heard.clone(),
        };
        tokio::spawn(async move {
            let mut listener = Some(listener);
            for acts in connections {
                let Some(accepting) = &listener else { return };
                let (tcp, _) = accepting.accept().await.unwrap();
                if acts.iter().any(|act| matches!(act, Act::Leave)) {
                    listener = None;
                }
                match &tls {
                    None => {
                        tokio::spawn(play(tcp, acts, heard.clone()));
                    }
                    Some(tls) => {
                        let (tls, heard) = (tls.clone(), heard.clone());
                        tokio::spawn(async move {
                            if let Ok(stream) = tls.accept(tcp).await {
                                play(stream, acts, heard).await;
                            }
                        });
                    }
                }
            }
        });
        server
    }

    /// The requests so far.
    fn heard(&self) -> MutexGuard<'_, Vec<Vec<u8>>> {
        self.heard.lock().unwrap()
    }

    fn port(&self) -> u16 {
        let url: Url = self.url.parse().unwrap();
        url.port().unwrap()
    }

    fn bytes_heard(&self) -> u64 {
        self.heard()
            .iter()
            .map(|request| request.len() as u64)
            .sum()
    }
}

/// A server's end of a connection.
trait Peer: AsyncRead + AsyncWrite + Unpin + Send {
    fn reset_on_close(&self);
}

impl Peer for TcpStream {
    fn reset_on_close(&self) {
        self.set_zero_linger().unwrap();
    }
}

impl Peer for tokio_rustls::server::TlsStream<TcpStream> {
    fn reset_on_close(&self) {
        self.get_ref().0.reset_on_close();
    }
}

async fn play(mut stream: impl Peer, acts: Vec<Act>, heard: Arc<Mutex<Vec<Vec<u8>>>>) {
    for act in acts {
        match act {
            Act::Hear => {
                let Some(request) = hear(&mut stream).await else {
                    return;
                };
                heard.lock().unwrap().push(request);
            }
            Act::Say(bytes) => {
                if stream.write_all(&bytes).await.is_err() || stream.flush().await.is_err() {
                    return;
                }
            }
            Act::Drip(bytes) => {
                for byte in bytes {
                    if stream.write_all(&[byte]).await.is_err() || stream.flush().await.is_err() {
                        return;
                    }
                    tokio::task::yield_now().await;
                }
            }
            Act::Reset => return stream.reset_on_close(),
            Act::Await(signal) => signal.notified().await,
            Act::Leave => {}
            Act::Stay => std::future::pending().await,
        }
    }
    let _ = stream.shutdown().await;
}

/// The next request; None when the client has gone.
async fn hear(stream: &mut (impl AsyncRead + Unpin)) -> Option<Vec<u8>> {
    let mut request = Vec::new();
    let head = loop {
        if stream.read_buf(&mut request).await.ok()? == 0 {
            return None;
        }
        if let Some(end) = memchr::memmem::find(&request, b"\r\n\r\n") {
            break end + 4;
        }
    };
    let length = String::from_utf8_lossy(&request[..head])
        .lines()
        .find_map(|line| line.strip_prefix("content-length: ")?.parse().ok())
        .unwrap_or(0);
    while request.len() < head + length {
        if stream.read_buf(&mut request).await.ok()? == 0 {
            return None;
        }
    }
    Some(request)
}

#[tokio::test]
async fn an_idle_user_takes_little_memory() {
    let user = User::new("http://127.0.0.1:1", [get()]);
    let mut session = user.driver.session(0, 0);
    let progress = Progress::default();
    let step = user
        .driver
        .step(&mut session, (0, &user.steps[0]), &mut [], &progress);
    let future = size_of_val(&step);
    drop(step);
    let timer = size_of::<Pin<Box<tokio::time::Sleep>>>() + size_of::<tokio::time::Sleep>();
    let total = size_of::<Session>() + timer + future;
    assert!(total < 1536, "session, timer and future take {total} bytes");
}

#[test]
fn what_cannot_be_driven_is_refused_in_words() {
    let missing = Settings {
        ca_file: Some("/nonexistent/ca.pem".into()),
        ..settings()
    };
    let empty = tempfile::NamedTempFile::new().unwrap();
    let empty_settings = Settings {
        ca_file: Some(empty.path().into()),
        ..settings()
    };
    let cases = [
        ("ftp://host", settings(), "only http and https"),
        (
            "http://user:secret@host/?a=b",
            settings(),
            "http://host/?a=b: a query",
        ),
        ("https://host", missing, "/nonexistent/ca.pem: "),
        ("https://host", empty_settings, "no certificate"),
    ];
    for (url, settings, expected) in cases {
        let refused = Setup::new(&[Target {
            settings: &settings,
            urls: &[url.parse().unwrap()],
            steps: Vec::new(),
        }]);
        let words = refused.unwrap_err().to_string();
        assert!(words.contains(expected), "{words}");
    }
}
