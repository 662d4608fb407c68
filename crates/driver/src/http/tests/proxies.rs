//! Through proxies: requests for http in the open, everything else by a tunnel.

use super::{
    tls::{identity, identity_with, trusting},
    *,
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use test_support::socks::{Asked, SocksProxy};

/// An HTTP proxy on a free port that wants to know who asks, and the heads that it saw.
struct Proxy {
    address: String,
    heads: Arc<Mutex<Vec<Vec<u8>>>>,
}

impl Proxy {
    async fn start(tls: Option<tokio_rustls::TlsAcceptor>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let heads = Arc::<Mutex<Vec<Vec<u8>>>>::default();
        let kept = Arc::clone(&heads);
        tokio::spawn(async move {
            loop {
                let (client, _) = listener.accept().await.unwrap();
                let (tls, kept) = (tls.clone(), Arc::clone(&kept));
                tokio::spawn(async move {
                    match tls {
                        None => pass(client, kept).await,
                        Some(tls) => {
                            if let Ok(client) = tls.accept(client).await {
                                pass(client, kept).await;
                            }
                        }
                    }
                });
            }
        });
        Self { address, heads }
    }

    /// The first lines of what it was asked.
    fn lines(&self) -> Vec<String> {
        let heads = self.heads.lock().unwrap();
        heads.iter().map(|head| first_line(head)).collect()
    }
}

/// Takes one request, and passes everything on from there.
async fn pass(mut client: impl Peer, heads: Arc<Mutex<Vec<Vec<u8>>>>) {
    let Some(request) = hear(&mut client).await else {
        return;
    };
    let line = first_line(&request);
    let known = header(&request, "proxy-authorization");
    heads.lock().unwrap().push(request.clone());
    if known != [format!("Basic {}", STANDARD.encode("me:pass word"))] {
        let refusal = b"HTTP/1.1 407 Who are you\r\nContent-Length: 0\r\n\r\n";
        let _ = client.write_all(refusal).await;
        return;
    }
    let asked = line.split(' ').nth(1).unwrap();
    let in_the_open = asked.strip_prefix("http://");
    let host = in_the_open.map_or(asked, |rest| rest.split('/').next().unwrap());
    let Ok(mut server) = TcpStream::connect(host).await else {
        let refusal = b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n";
        let _ = client.write_all(refusal).await;
        return;
    };
    match in_the_open {
        Some(_) => server.write_all(&request).await.unwrap(),
        None => {
            let opened = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 Connected\r\nVia: me\r\n\r\n";
            client.write_all(opened).await.unwrap();
        }
    }
    let _ = tokio::io::copy_bidirectional(&mut client, &mut server).await;
}

const LOGIN: &str = "me:pass%20word@";

fn through(proxy: &str, settings: Settings) -> Settings {
    Settings {
        proxy: Some(proxy.parse().unwrap()),
        ..settings
    }
}

fn http_proxy(proxy: &Proxy, settings: Settings) -> Settings {
    through(&format!("http://{LOGIN}{}", proxy.address), settings)
}

#[tokio::test]
async fn requests_for_http_are_passed_on() {
    let proxy = Proxy::start(None).await;
    let acts = vec![Act::Hear, ok(), Act::Hear, ok(), Act::Stay];
    let server = Server::start([acts]).await;
    let settings = http_proxy(&proxy, settings());
    let mut user = User::with(settings, &[&server.url], 0, [get(), post()]);
    assert!(user.preflight().await.is_ok());
    let first = user.succeed().await;
    assert!(first.connect.is_some());
    let again = user.run(1).await;
    assert_eq!(class_of(&again), None);
    assert_eq!((again.connect, again.reconnects), (None, 0));
    let heard = server.heard();
    let lines = heard.iter().map(|request| first_line(request));
    let url = &server.url;
    let expected = [
        format!("GET {url}/ HTTP/1.1"),
        format!("POST {url}/ HTTP/1.1"),
    ];
    assert_eq!(lines.collect::<Vec<_>>(), expected);
    let lengths = heard.iter().map(|request| request.len() as u64);
    let sent = [first.bytes_sent, again.bytes_sent];
    assert_eq!(lengths.collect::<Vec<_>>(), sent);
}

#[tokio::test]
async fn requests_for_https_go_through_a_tunnel() {
    let proxy = Proxy::start(None).await;
    let (acceptor, file) = identity("127.0.0.1");
    let acts = vec![Act::Hear, ok(), Act::Hear, ok(), Act::Stay];
    let server = Server::start_with(Some(acceptor), [acts]).await;
    let settings = http_proxy(&proxy, trusting(&file));
    let mut user = User::with(settings, &[&server.url], 0, [get()]);
    let first = user.succeed().await;
    assert!(first.connect.is_some() && first.phases.unwrap().tls.is_some());
    assert_eq!(first.bytes_sent, server.bytes_heard());
    assert_eq!(user.succeed().await.connect, None);
    let host = server.url.trim_start_matches("https://");
    assert_eq!(proxy.lines(), [format!("CONNECT {host} HTTP/1.1")]);
    // What is for the proxy does not reach the server.
    let heard = server.heard();
    assert!(header(&heard[0], "proxy-authorization").is_empty());
    assert_eq!(first_line(&heard[0]), "GET / HTTP/1.1");
}

#[tokio::test]
async fn a_proxy_may_be_asked_by_https() {
    let (acceptor, file) = identity_with("127.0.0.1", &[b"h2", b"http/1.1"]);
    let proxy = Proxy::start(Some(acceptor.clone())).await;
    let settings = Settings {
        http2: Some(loadgen_plan::http::Http2::Negotiate),
        ..trusting(&file)
    };
    let settings = through(&format!("https://{LOGIN}{}", proxy.address), settings);
    let server = Server::start([vec![Act::Hear, ok(), Act::Stay]]).await;
    let mut user = User::with(settings.clone(), &[&server.url], 0, [get()]);
    assert!(user.preflight().await.is_ok());
    user.succeed().await;
    let (plain, file) = identity_with("127.0.0.1", &[b"http/1.1"]);
    let secure = Server::start_with(Some(plain), [vec![Act::Hear, ok(), Act::Stay]]).await;
    // One that is not trusted behind one that is.
    let mut user = User::with(settings.clone(), &[&secure.url], 0, [get()]);
    user.fail(ErrorClass::Tls).await;
    drop(file);
    let anyone = Settings {
        insecure: true,
        ..settings
    };
    let secure = Server::start_with(Some(acceptor), [vec![Act::Hear, ok(), Act::Stay]]).await;
    let http1 = Settings {
        http2: None,
        ..anyone
    };
    let mut user = User::with(http1, &[&secure.url], 0, [get()]);
    user.succeed().await;
    assert_eq!(first_line(&secure.heard()[0]), "GET / HTTP/1.1");
}

#[tokio::test]
async fn redirects_to_other_hosts_go_through_the_proxy_too() {
    let proxy = Proxy::start(None).await;
    let (acceptor, file) = identity("127.0.0.1");
    let secure = Server::start_with(Some(acceptor), [vec![Act::Hear, ok(), Act::Stay]]).await;
    let leads = |to: &str| {
        say(format!(
            "HTTP/1.1 302 Found\r\nLocation: {to}\r\nContent-Length: 0\r\n\r\n"
        ))
    };
    let other = Server::start([vec![Act::Hear, leads(&secure.url), Act::Stay]]).await;
    let server = Server::start([vec![Act::Hear, leads(&other.url), Act::Stay]]).await;
    let settings = Settings {
        redirects: 5,
        ..http_proxy(&proxy, trusting(&file))
    };
    let mut user = User::with(settings, &[&server.url], 0, [get()]);
    user.succeed().await;
    let host = secure.url.trim_start_matches("https://");
    let expected = [
        format!("GET {}/ HTTP/1.1", server.url),
        format!("GET {}/ HTTP/1.1", other.url),
        format!("CONNECT {host} HTTP/1.1"),
    ];
    assert_eq!(proxy.lines(), expected);
    let heard = secure.heard();
    assert_eq!(first_line(&heard[0]), "GET / HTTP/1.1");
    assert!(header(&heard[0], "proxy-authorization").is_empty());
}

#[tokio::test]
async fn a_proxy_that_refuses_is_named() {
    let proxy = Proxy::start(None).await;
    let (acceptor, file) = identity("127.0.0.1");
    let server = Server::start_with(Some(acceptor), [vec![]]).await;
    let host = server.url.trim_start_matches("https://");
    let address = &proxy.address;
    for (login, url, expected) in [
        (
            "me:wrong@",
            server.url.as_str(),
            format!("no connection to {host}: 407 Proxy Authentication Required"),
        ),
        (
            LOGIN,
            "https://127.0.0.1:1",
            "no connection to 127.0.0.1:1: 502 Bad Gateway".to_owned(),
        ),
    ] {
        let settings = through(&format!("http://{login}{address}"), trusting(&file));
        let mut user = User::with(settings, &[url], 0, [get()]);
        let outcome = user.fail(ErrorClass::Refused).await;
        assert!(outcome.sent_at.is_none() && !outcome.unknown);
        let expected = format!("the proxy http://{address}/: {expected}");
        assert_eq!(words(&outcome), expected);
    }
    // In the open it is a response like any other.
    let settings = through(&format!("http://{address}"), settings());
    let mut user = User::with(settings, &["http://127.0.0.1:1"], 0, [get()]);
    let outcome = user.fail(ErrorClass::Status4xx).await;
    assert_eq!(outcome.status.map(NonZeroU16::get), Some(407));
}

#[tokio::test]
async fn a_proxy_that_is_not_there_or_is_none() {
    let nobody = Server::start([vec![Act::Leave]]).await;
    let address = nobody.url.trim_start_matches("http://").to_owned();
    let _ = TcpStream::connect(&address).await;
    while TcpStream::connect(&address).await.is_ok() {}
    let gone = through(&format!("http://{LOGIN}{address}"), settings());
    let mut user = User::with(gone, &["http://127.0.0.1:1"], 0, [get()]);
    let outcome = user.fail(ErrorClass::Refused).await;
    let named = format!("the proxy http://{address}/: ");
    assert!(words(&outcome).starts_with(&named), "{}", words(&outcome));
    let unreachable = user.preflight().await.unwrap_err().to_string();
    let expected = format!("the proxy http://{address}/ cannot be reached");
    assert!(unreachable.starts_with(&expected), "{unreachable}");

    for (acts, class) in [
        (vec![Act::Hear], ErrorClass::Reset),
        (vec![Act::Hear, Act::Reset], ErrorClass::Reset),
        (
            vec![Act::Hear, say("220 mail\r\n\r\n")],
            ErrorClass::Protocol,
        ),
    ] {
        let proxy = Server::start([acts]).await;
        let (_, file) = identity("127.0.0.1");
        let settings = through(&proxy.url, trusting(&file));
        let mut user = User::with(settings, &["https://127.0.0.1:1"], 0, [get()]);
        let outcome = user.fail(class).await;
        assert!(words(&outcome).starts_with("the proxy "), "{outcome:?}");
    }
}

#[tokio::test]
async fn a_tunnel_that_is_never_open_times_out() {
    let proxy = Server::start([vec![Act::Hear, Act::Stay]]).await;
    let (_, file) = identity("127.0.0.1");
    let settings = Settings {
        connect_timeout: Duration::from_millis(50),
        ..through(&proxy.url, trusting(&file))
    };
    let mut user = User::with(settings, &["https://127.0.0.1:1"], 0, [get()]);
    let outcome = user.fail(ErrorClass::Timeout).await;
    assert_eq!(words(&outcome), "no connection within 50ms");
    assert_eq!(proxy.heard().len(), 1);
}

#[tokio::test]
async fn socks_proxies_open_tunnels_for_everything() {
    let login = || Some(("me".to_owned(), "pass word".to_owned()));
    // The scheme says who looks up the name.
    for (scheme, host, asked) in [
        ("socks5", "127.0.0.1", "127.0.0.1"),
        ("socks5h", "shop.example", "shop.example"),
        ("socks5h", "127.0.0.1", "127.0.0.1"),
    ] {
        for secure in [false, true] {
            let (acceptor, file) = identity(host);
            let acts = vec![Act::Hear, ok(), Act::Stay];
            let server = Server::start_with(secure.then_some(acceptor), [acts]).await;
            let proxy = SocksProxy::start(Some(("me", "pass word")));
            let url = format!("{scheme}://{LOGIN}{}", proxy.address());
            let settings = through(&url, trusting(&file));
            let target = server.url.replace("127.0.0.1", host);
            let mut user = User::with(settings, &[&target], 0, [get()]);
            assert!(user.preflight().await.is_ok());
            let outcome = user.succeed().await;
            assert_eq!(outcome.bytes_sent, server.bytes_heard());
            assert_eq!(first_line(&server.heard()[0]), "GET / HTTP/1.1");
            let asked = Asked {
                login: login(),
                host: format!("{asked}:{}", server.port()),
            };
            assert_eq!(proxy.asked(), [asked], "{scheme} {secure}");
        }
    }
}

#[tokio::test]
async fn names_are_looked_up_here_for_socks5() {
    let server = Server::start([vec![Act::Hear, ok(), Act::Stay]]).await;
    let proxy = SocksProxy::start(None);
    let url = format!("socks5://{}", proxy.address());
    let target = server.url.replace("127.0.0.1", "shop.example");
    let mut user = User::with(through(&url, settings()), &[&target], 0, [get()]);
    let known = user.driver.addresses[0][0].behind();
    known.assume([([127, 0, 0, 1], server.port()).into()]);
    user.succeed().await;
    let host = format!("127.0.0.1:{}", server.port());
    assert_eq!(proxy.asked(), [Asked { login: None, host }]);
    assert_eq!(
        header(&server.heard()[0], "host"),
        [format!("shop.example:{}", server.port())]
    );
}

#[tokio::test]
async fn a_socks_proxy_that_refuses_is_named() {
    let proxy = SocksProxy::start(Some(("me", "pass word")));
    let address = proxy.address();
    for (login, why) in [
        ("me:wrong@", "Password auth failure"),
        ("", "No acceptable auth methods"),
        (LOGIN, "Connection refused"),
    ] {
        let settings = through(&format!("socks5://{login}{address}"), settings());
        let mut user = User::with(settings, &["http://127.0.0.1:1"], 0, [get()]);
        let outcome = user.fail(ErrorClass::Refused).await;
        let expected = format!("the proxy socks5://{address}: no connection to 127.0.0.1:1: {why}");
        assert!(
            words(&outcome).starts_with(&expected),
            "{}",
            words(&outcome)
        );
    }
}
