//! Names with several addresses.

use super::*;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

/// A server at every address of this machine.
struct Everywhere {
    port: u16,
    /// The addresses that were connected to.
    used: Arc<Mutex<Vec<IpAddr>>>,
}

impl Everywhere {
    async fn start() -> Self {
        let listener = TcpListener::bind("0.0.0.0:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let used = Arc::<Mutex<Vec<_>>>::default();
        let server = Self {
            port,
            used: used.clone(),
        };
        tokio::spawn(async move {
            loop {
                let (tcp, _) = listener.accept().await.unwrap();
                used.lock().unwrap().push(tcp.local_addr().unwrap().ip());
                let acts = vec![Act::Hear, ok(), Act::Stay];
                tokio::spawn(play(tcp, acts, Arc::default()));
            }
        });
        server
    }

    /// Addresses that were connected to since this was last called.
    fn used(&self) -> Vec<IpAddr> {
        std::mem::take(&mut self.used.lock().unwrap())
    }
}

fn local(last: u8) -> Ipv4Addr {
    Ipv4Addr::new(127, 0, 0, last)
}

/// Makes the first request of users with these numbers.
async fn request_as(user: &mut User, numbers: impl IntoIterator<Item = u64>) {
    for number in numbers {
        user.session = user.other(number);
        user.succeed().await;
    }
}

#[tokio::test]
async fn users_take_them_in_turn() {
    let server = Everywhere::start().await;
    let mut user = User::new(&format!("http://many.test:{}", server.port), [get()]);
    let addresses = [11, 12, 13].map(|last| SocketAddr::from((local(last), server.port)));
    user.driver.addresses[0][0].assume(addresses);
    request_as(&mut user, 0..6).await;
    let turns = [11, 12, 13, 11, 12, 13].map(|last| IpAddr::from(local(last)));
    assert_eq!(server.used(), turns);
}

#[tokio::test]
async fn one_that_fails_is_passed_over() {
    let server = Everywhere::start().await;
    let mut user = User::new(&format!("http://many.test:{}", server.port), [get()]);
    // TCP has no way to a broadcast address.
    let addresses = [Ipv4Addr::BROADCAST, local(11), local(12)];
    let addresses = addresses.map(|address| SocketAddr::from((address, server.port)));
    user.driver.addresses[0][0].assume(addresses);
    request_as(&mut user, [0, 1, 2, 3]).await;
    let used = [11, 11, 12, 11].map(|last| IpAddr::from(local(last)));
    assert_eq!(server.used(), used);
}

/// Connections that wait to be accepted at a port of `127.0.0.11`, as the kernel tells.
fn queued(port: u16) -> u64 {
    let address = format!("0B00007F:{port:04X}");
    let sockets = std::fs::read_to_string("/proc/net/tcp").unwrap();
    let mut sockets = sockets
        .lines()
        .map(|line| line.split_whitespace().collect::<Vec<_>>());
    let listening = sockets.find(|fields| fields[1] == address && fields[3] == "0A");
    let (_, waiting) = listening.unwrap()[4].split_once(':').unwrap();
    u64::from_str_radix(waiting, 16).unwrap()
}

/// Two servers of one port: one with a full queue, which has no answer for anybody, and another
/// one.
async fn full_and_free() -> (std::net::TcpListener, std::net::TcpStream, TcpListener) {
    use socket2::{Domain, SockAddr, Socket, Type};
    let full = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    full.bind(&SockAddr::from(SocketAddr::from((local(11), 0))))
        .unwrap();
    full.listen(0).unwrap();
    let full = std::net::TcpListener::from(full);
    let address = full.local_addr().unwrap();
    let first = std::net::TcpStream::connect(address).unwrap();
    while queued(address.port()) == 0 {
        tokio::task::yield_now().await;
    }
    let free = TcpListener::bind((local(12), address.port())).await;
    (full, first, free.unwrap())
}

#[tokio::test]
async fn one_that_does_not_answer_is_overtaken_and_then_tried_last() {
    let (full, _first, free) = full_and_free().await;
    let port = full.local_addr().unwrap().port();
    tokio::spawn(async move {
        loop {
            let (tcp, _) = free.accept().await.unwrap();
            tokio::spawn(play(tcp, vec![Act::Hear, ok(), Act::Stay], Arc::default()));
        }
    });
    let mut user = User::new(&format!("http://many.test:{port}"), [get()]);
    let all = [11, 12].map(|last| SocketAddr::from((local(last), port)));
    let known = &user.driver.addresses[0][0];
    known.assume(all);
    assert_eq!(known.order(&all, 0, user.clock.now()), all);
    let outcome = user.succeed().await;
    let tcp = outcome.phases.unwrap().tcp.unwrap();
    assert!(tcp >= 250_000_000, "{tcp}");
    let order = user.driver.addresses[0][0].order(&all, 0, user.clock.now());
    assert_eq!(order, [all[1], all[0]]);
}
