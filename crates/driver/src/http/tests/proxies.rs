//! Through proxies: in the open for http, by a tunnel for https.

use super::{
    full::{first_line, full, header},
    tls::identity,
    *,
};
use base64::{Engine as _, engine::general_purpose::STANDARD};

/// A proxy on a free port that wants to know who asks; gives its address and the heads it saw.
async fn proxy() -> (String, Arc<Mutex<Vec<Vec<u8>>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let heads = Arc::<Mutex<Vec<Vec<u8>>>>::default();
    let kept = Arc::clone(&heads);
    tokio::spawn(async move {
        loop {
            let (client, _) = listener.accept().await.unwrap();
            tokio::spawn(pass(client, Arc::clone(&kept)));
        }
    });
    (address, heads)
}

async fn pass(mut client: TcpStream, heads: Arc<Mutex<Vec<Vec<u8>>>>) {
    let Some(request) = hear(&mut client).await else {
        return;
    };
    let line = first_line(&request);
    let known = header(&request, "proxy-authorization");
    heads.lock().unwrap().push(request.clone());
    if known != [format!("Basic {}", STANDARD.encode("me:word"))] {
        let refusal = b"HTTP/1.1 407 Who are you\r\nContent-Length: 0\r\n\r\n";
        let _ = client.write_all(refusal).await;
        return;
    }
    let asked = line.split(' ').nth(1).unwrap();
    if let Some(host) = asked.strip_prefix("http://") {
        let host = host.split('/').next().unwrap();
        let mut server = TcpStream::connect(host).await.unwrap();
        server.write_all(&request).await.unwrap();
        let _ = tokio::io::copy_bidirectional(&mut client, &mut server).await;
    } else {
        let mut server = TcpStream::connect(asked).await.unwrap();
        let opened = b"HTTP/1.1 200 Connected\r\n\r\n";
        client.write_all(opened).await.unwrap();
        let _ = tokio::io::copy_bidirectional(&mut client, &mut server).await;
    }
}

fn through(address: &str, user: &str) -> Settings {
    let url = format!("http://{user}{address}").parse().unwrap();
    Settings {
        proxy: Some(url),
        ..full()
    }
}

#[tokio::test]
async fn plain_requests_are_passed_on() {
    let (address, heads) = proxy().await;
    let server = Server::start([vec![Act::Hear, ok(), Act::Hear, ok(), Act::Stay]]).await;
    let settings = through(&address, "me:word@");
    let mut user = User::<FullDriver>::with(settings, &[&server.url], 0, [get()]);
    assert!(user.preflight().await.is_ok());
    user.succeed().await;
    let again = user.succeed().await;
    assert_eq!((again.connect, again.reconnects), (None, 0));
    let line = format!("GET {}/ HTTP/1.1", server.url);
    assert_eq!(first_line(&heads.lock().unwrap()[0]), line);
    assert_eq!(server.heard().len(), 2);
}

#[tokio::test]
async fn secure_ones_go_through_a_tunnel() {
    let (address, heads) = proxy().await;
    let (acceptor, file) = identity("127.0.0.1");
    let acts = vec![Act::Hear, ok(), Act::Hear, ok(), Act::Stay];
    let server = Server::start_with(Some(acceptor), [acts]).await;
    let settings = Settings {
        ca_file: Some(file.path().into()),
        ..through(&address, "me:word@")
    };
    let mut user = User::<FullDriver>::with(settings, &[&server.url], 0, [get()]);
    let first = user.succeed().await;
    assert!(first.connect.is_some());
    assert_eq!(first.bytes_sent, server.bytes_heard());
    assert_eq!(user.succeed().await.connect, None);
    let host = server.url.trim_start_matches("https://");
    let line = format!("CONNECT {host} HTTP/1.1");
    let heads = heads.lock().unwrap();
    assert_eq!(first_line(&heads[0]), line);
    // What is for the proxy does not reach the server.
    assert!(header(&server.heard()[0], "proxy-authorization").is_empty());
}

#[tokio::test]
async fn a_proxy_that_refuses_or_is_not_there() {
    let (address, _) = proxy().await;
    let (acceptor, file) = identity("127.0.0.1");
    let server = Server::start_with(Some(acceptor), [vec![]]).await;
    let stranger = Settings {
        ca_file: Some(file.path().into()),
        ..through(&address, "")
    };
    let mut user = User::<FullDriver>::with(stranger, &[&server.url], 0, [get()]);
    let outcome = user.run(0).await;
    assert!(outcome.failure.is_some() && outcome.sent_at.is_none());
    assert!(words(&outcome).contains("proxy"), "{}", words(&outcome));

    let nobody = Server::start([vec![Act::Leave]]).await;
    let address = nobody.url.trim_start_matches("http://").to_owned();
    let _ = TcpStream::connect(&address).await;
    while TcpStream::connect(&address).await.is_ok() {}
    let gone = through(&address, "me:word@");
    let mut user = User::<FullDriver>::with(gone, &["http://127.0.0.1:1"], 0, [get()]);
    user.fail(ErrorClass::Refused).await;
    let unreachable = user.preflight().await.unwrap_err().to_string();
    let expected = format!("the proxy http://{address}/ cannot be reached");
    assert!(unreachable.starts_with(&expected), "{unreachable}");
}
