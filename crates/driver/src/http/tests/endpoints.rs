//! Connections that go elsewhere than the URL says.

use super::{
    tls::{identity, trusting},
    *,
};
use loadgen_plan::{
    http::{ConnectEnd, ConnectTo, Connections},
    socket,
};
use tokio::net::{UnixListener, UnixStream};

impl Peer for UnixStream {
    fn reset_on_close(&self) {}
}

/// A server on a socket in a folder of its own, and what it heard.
fn on_socket(acts: Vec<Act>) -> (tempfile::TempDir, Url, Arc<Mutex<Vec<Vec<u8>>>>) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("own.sock");
    let listener = UnixListener::bind(&path).unwrap();
    let heard = Arc::<Mutex<Vec<_>>>::default();
    let hears = heard.clone();
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            tokio::spawn(play(stream, acts.clone(), hears.clone()));
        }
    });
    (folder, socket::url(&path).unwrap(), heard)
}

fn connecting(host: &str, port: Option<u16>, end: ConnectEnd) -> Settings {
    let other = ConnectTo {
        host: host.to_owned(),
        port,
        end,
    };
    Settings {
        connections: Connections {
            connect_to: vec![other],
            ..Connections::default()
        },
        ..settings()
    }
}

fn starts(request: &[u8], head: &str) -> bool {
    String::from_utf8_lossy(request).starts_with(head)
}

#[tokio::test]
async fn a_unix_socket_is_driven_like_any_other_server() {
    let acts = vec![Act::Hear, ok(), Act::Hear, ok()];
    let (folder, url, heard) = on_socket(acts);
    let mut user = User::new(url.as_str(), [get()]);
    user.preflight().await.unwrap();
    let first = user.succeed().await;
    assert!(first.connect.is_some() && first.bytes_received > 0);
    assert_eq!(user.succeed().await.connect, None);
    // The server has closed it.
    user.succeed().await;
    let heard = std::mem::take(&mut *heard.lock().unwrap());
    assert_eq!(heard.len(), 3);
    assert!(starts(&heard[0], "GET / HTTP/1.1\r\nhost: localhost\r\n"));

    let gone = folder.path().join("gone.sock");
    let user = User::new(socket::url(&gone).unwrap().as_str(), [get()]);
    let unreachable = user.preflight().await.unwrap_err().to_string();
    let expected = format!("unix:{} cannot be reached: No such file", gone.display());
    assert!(unreachable.starts_with(&expected), "{unreachable}");
}

#[tokio::test]
async fn a_full_queue_of_a_socket_is_waited_for() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("own.sock");
    let socket = socket2::Socket::new(socket2::Domain::UNIX, socket2::Type::STREAM, None).unwrap();
    socket
        .bind(&socket2::SockAddr::unix(&path).unwrap())
        .unwrap();
    socket.listen(0).unwrap();
    socket.set_nonblocking(true).unwrap();
    let mut waiting = Vec::new();
    while let Ok(stream) = UnixStream::connect(&path).await {
        waiting.push(stream);
    }
    let listener = UnixListener::from_std(socket.into()).unwrap();
    let url = socket::url(&path).unwrap();
    let mut user = User::new(url.as_str(), [get()]);
    let served = async {
        // The first ones are those that wait.
        for _ in 0..=waiting.len() {
            let (stream, _) = listener.accept().await.unwrap();
            let acts = vec![Act::Hear, ok()];
            tokio::spawn(play(stream, acts, Arc::default()));
            tokio::task::yield_now().await;
        }
    };
    tokio::join!(user.succeed(), served);
}

#[tokio::test]
async fn another_host_is_connected_to_and_the_request_stays() {
    let server = Server::start([vec![Act::Hear, ok(), Act::Stay]]).await;
    let end = ConnectEnd::Host("127.0.0.1".to_owned(), Some(server.port()));
    let settings = connecting("shop.example", None, end);
    let mut user = User::with(settings, &["http://shop.example"], 0, [get()]);
    user.succeed().await;
    let expected = "GET / HTTP/1.1\r\nhost: shop.example\r\n";
    assert!(starts(&server.heard()[0], expected));
}

#[tokio::test]
async fn the_certificate_is_that_of_the_name() {
    let (acceptor, file) = identity("shop.example");
    let server = Server::start_with(Some(acceptor), [vec![Act::Hear, ok(), Act::Stay]]).await;
    let end = ConnectEnd::Host("127.0.0.1".to_owned(), Some(server.port()));
    let settings = Settings {
        ca_file: trusting(&file).ca_file,
        ..connecting("shop.example", Some(8443), end)
    };
    let urls = ["https://shop.example:8443"];
    let mut user = User::with(settings, &urls, 0, [get()]);
    user.succeed().await;
    let expected = "GET / HTTP/1.1\r\nhost: shop.example:8443\r\n";
    assert!(starts(&server.heard()[0], expected));
}

#[tokio::test]
async fn a_socket_may_stand_in_place_of_a_host() {
    let (folder, _, heard) = on_socket(vec![Act::Hear, ok(), Act::Stay]);
    let end = ConnectEnd::Socket(folder.path().join("own.sock"));
    let settings = connecting("shop.example", None, end);
    let mut user = User::with(settings, &["http://shop.example:81"], 0, [get()]);
    user.succeed().await;
    let expected = "GET / HTTP/1.1\r\nhost: shop.example:81\r\n";
    assert!(starts(&heard.lock().unwrap()[0], expected));
}
