//! Nothing waits longer than it was told to.

use super::*;
use loadgen_core::time::nanos;

const SHORT: Duration = Duration::from_millis(300);

fn impatient() -> HttpStep {
    HttpStep {
        timeout: SHORT,
        ..get()
    }
}

/// Does the first step, which must last as long as its timeout.
async fn time_out(user: &mut User) -> Outcome {
    let started = user.clock.now();
    let outcome = user.fail(ErrorClass::Timeout).await;
    assert!(outcome.ended_at - started >= nanos(SHORT));
    outcome
}

#[tokio::test]
async fn no_answer() {
    let connections = [
        vec![Act::Hear, ok(), Act::Hear, Act::Stay],
        vec![Act::Hear, ok(), Act::Stay],
    ];
    let server = Server::start(connections).await;
    let mut user = User::new(&server.url, [impatient(), get()]);
    assert_eq!(class_of(&user.run(1).await), None);
    let outcome = time_out(&mut user).await;
    assert_eq!(words(&outcome), "no complete answer within 300ms");
    assert!(outcome.unknown && outcome.sent_at.is_some());
    let next = user.run(1).await;
    assert_eq!(class_of(&next), None);
    assert!(next.connect.is_some());
    assert_eq!(next.reconnects, 0);
}

#[tokio::test]
async fn an_answer_that_stops() {
    let half = say("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf");
    let server = Server::start([vec![Act::Hear, half, Act::Stay]]).await;
    let mut user = User::new(&server.url, [impatient()]);
    assert!(!time_out(&mut user).await.unknown);
}

#[tokio::test]
async fn an_answer_that_never_stops() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    // On a thread of its own, so that there is always more to read.
    let listener = listener.into_std().unwrap();
    listener.set_nonblocking(false).unwrap();
    let server = std::thread::spawn(move || {
        use std::io::{Read, Write};
        let (mut stream, _) = listener.accept().unwrap();
        assert!(stream.read(&mut [0; 1024]).unwrap() > 0);
        let head = b"HTTP/1.1 200 OK\r\n\r\n";
        let piece = vec![b'x'; 1 << 20];
        let _ = stream.write_all(head);
        while stream.write_all(&piece).is_ok() {}
    });
    let endless = Settings {
        max_body: u64::MAX,
        ..settings()
    };
    let mut user = User::with(endless, &[&url], 0, [impatient()]);
    time_out(&mut user).await;
    let ended = tokio::task::spawn_blocking(|| server.join());
    ended.await.unwrap().unwrap();
}

#[tokio::test]
async fn a_request_that_nobody_reads() {
    let server = Server::start([vec![Act::Stay]]).await;
    let large = HttpStep {
        body: Some(literal(&"x".repeat(20 << 20))),
        ..impatient()
    };
    let mut user = User::new(&server.url, [large]);
    let outcome = time_out(&mut user).await;
    assert!(outcome.unknown);
    assert!(outcome.bytes_sent > 0);
}

#[tokio::test]
async fn a_second_attempt_has_what_is_left_of_the_time() {
    let connections = [vec![Act::Hear, ok(), Act::Hear], vec![Act::Hear, Act::Stay]];
    let server = Server::start(connections).await;
    let mut user = User::new(&server.url, [impatient(), get()]);
    assert_eq!(class_of(&user.run(1).await), None);
    let outcome = time_out(&mut user).await;
    assert_eq!(outcome.reconnects, 1);
    assert!(outcome.unknown);
}

#[tokio::test]
async fn a_handshake_that_nobody_answers() {
    // Accepts, and then says nothing that TLS could go on with.
    let server = Server::start([vec![Act::Stay], vec![Act::Stay], vec![Act::Stay]]).await;
    let url = server.url.replace("http:", "https:");
    let hasty = Settings {
        connect_timeout: SHORT,
        insecure: true,
        ..settings()
    };
    let mut user = User::with(hasty.clone(), &[&url], 0, [get()]);
    let outcome = time_out(&mut user).await;
    assert_eq!(outcome.sent_at, None);
    assert!(words(&outcome).starts_with("no connection within 300ms"));
    let unreachable = user.preflight().await.unwrap_err();
    assert_eq!(unreachable.failure.class, ErrorClass::Timeout);

    // The step's own timeout bounds it as well.
    let patient = Settings {
        connect_timeout: LONG,
        ..hasty
    };
    let mut user = User::with(patient, &[&url], 0, [impatient()]);
    time_out(&mut user).await;
}
