//! Phases of opening a connection, where the server decides how long they take.

use super::{
    tls::{identity, trusting},
    *,
};
use crate::Phases;
use loadgen_core::time::nanos;

/// Time that the server takes to begin a handshake.
const DELAY: Duration = Duration::from_millis(40);

#[tokio::test]
async fn a_slow_handshake_is_the_handshakes_time() {
    let (acceptor, file) = identity("127.0.0.1");
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        let (tcp, _) = listener.accept().await.unwrap();
        tokio::time::sleep(DELAY).await;
        let stream = acceptor.accept(tcp).await.unwrap();
        let acts = vec![Act::Hear, ok(), Act::Hear, ok(), Act::Stay];
        play(stream, acts, Arc::default()).await;
    });
    let mut user = User::with(trusting(&file), &[&url], 0, [get()]);
    let opened = user.succeed().await;
    let phases = opened.phases.unwrap();
    let (Some(tcp), Some(tls)) = (phases.tcp, phases.tls) else {
        panic!("{phases:?}");
    };
    assert_eq!(phases.dns, None);
    assert!(tls >= nanos(DELAY), "{phases:?}");
    assert!(tcp + tls <= opened.connect.unwrap(), "{phases:?}");
    assert_eq!(user.succeed().await.phases, None);
}

#[tokio::test]
async fn a_name_is_looked_up_once_and_that_is_a_part_of_connecting() {
    let server = Server::start(vec![vec![Act::Hear, ok(), Act::Stay]; 2]).await;
    let url = server.url.replace("127.0.0.1", "localhost");
    let mut user = User::new(&url, [get()]);
    let first = user.succeed().await;
    let phases = *first.phases.unwrap();
    let (Some(dns), Some(tcp), None) = (phases.dns, phases.tcp, phases.tls) else {
        panic!("{phases:?}");
    };
    assert!(dns + tcp <= first.connect.unwrap());
    user.session = user.other(1);
    let second = *user.succeed().await.phases.unwrap();
    let known = Phases {
        dns: None,
        ..second
    };
    assert_eq!(second, known);
    assert!(second.tcp.is_some());
}
