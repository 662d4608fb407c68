//! When connections are opened, given up and replaced.

use super::*;
use loadgen_core::time::Nanos;
use loadgen_plan::http::Connections;

#[tokio::test]
async fn nobody_listens() {
    let server = Server::start([vec![Act::Leave, Act::Hear, ok()]]).await;
    let mut user = User::new(&server.url, [step(Method::POST, "/")]);
    user.succeed().await;
    let outcome = user.fail(ErrorClass::Refused).await;
    assert_eq!((outcome.sent_at, outcome.connect), (None, None));
    assert!(!outcome.unknown);
    assert_eq!((outcome.bytes_sent, outcome.bytes_received), (0, 0));
}

#[tokio::test]
async fn a_name_without_an_address() {
    // Too long a label is refused without asking any name server.
    let url = format!("http://{}.invalid", "a".repeat(64));
    let mut user = User::new(&url, [get()]);
    for _ in 0..2 {
        let outcome = user.fail(ErrorClass::Dns).await;
        assert!(words(&outcome).starts_with("cannot resolve aaa"));
        assert_eq!(outcome.sent_at, None);
    }
}

#[tokio::test]
async fn a_fresh_connection_that_closes_is_not_tried_again() {
    for end in [None, Some(Act::Reset)] {
        let acts = [Act::Hear].into_iter().chain(end);
        let server = Server::start([acts.collect(), vec![Act::Hear, ok()]]).await;
        let mut user = User::new(&server.url, [get()]);
        let outcome = user.fail(ErrorClass::Reset).await;
        assert!(outcome.unknown);
        assert_eq!((outcome.reconnects, outcome.retries), (0, 0));
        assert_eq!(outcome.bytes_sent, server.bytes_heard());
    }
}

#[tokio::test]
async fn an_answer_that_is_cut_off() {
    let cases = [
        ("HTTP/1.1 200", true),
        ("HTTP/1.1 100 Continue\r\n\r\n", true),
        ("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhell", false),
        (
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n",
            false,
        ),
    ];
    for (answer, unknown) in cases {
        for end in [None, Some(Act::Reset)] {
            // Also on a reused connection: that it was used before excuses nothing once it spoke.
            let acts = [Act::Hear, ok(), Act::Hear, say(answer)];
            let acts = acts.into_iter().chain(end.clone());
            let server = Server::start([acts.collect(), vec![Act::Hear, ok()]]).await;
            let mut user = User::new(&server.url, [get()]);
            user.succeed().await;
            let outcome = user.fail(ErrorClass::Reset).await;
            assert_eq!(outcome.unknown, unknown, "{answer}");
            assert_eq!(outcome.reconnects, 0);
        }
    }
}

#[tokio::test]
async fn a_reset_ends_no_answer_that_lasts_until_the_close() {
    let answer = say("HTTP/1.1 200 OK\r\n\r\npart");
    let server = Server::start([vec![Act::Hear, answer, Act::Reset]]).await;
    let mut user = User::new(&server.url, [get()]);
    user.fail(ErrorClass::Reset).await;
}

#[tokio::test]
async fn a_connection_known_to_be_closed_is_replaced_for_any_method() {
    let signal = Arc::<Notify>::default();
    let surplus = say("HTTP/1.1 408 Request Timeout\r\nConnection: close\r\n\r\n");
    for end in [vec![], vec![Act::Reset], vec![surplus, Act::Stay]] {
        let mut acts = vec![Act::Hear, ok(), Act::Await(signal.clone())];
        acts.extend(end);
        let server = Server::start([acts, vec![Act::Hear, ok(), Act::Stay]]).await;
        let mut user = User::new(&server.url, [post()]);
        user.succeed().await;
        signal.notify_one();
        until_touched(&user.session).await;
        let outcome = user.succeed().await;
        assert_eq!(outcome.reconnects, 1);
        assert!(outcome.connect.is_some());
        assert_eq!(server.heard().len(), 2);
        let request = server.heard()[1].len() as u64;
        assert_eq!(outcome.bytes_sent, request, "nothing was sent in vain");
    }
}

#[tokio::test]
async fn a_request_of_which_nothing_was_sent_is_repeated_for_any_method() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let (gone, wait) = std::sync::mpsc::channel();
    let server = std::thread::spawn(move || {
        use std::io::{Read, Write};
        for _ in 0..2 {
            let (mut stream, _) = listener.accept().unwrap();
            let mut request = [0; 1024];
            assert!(stream.read(&mut request).unwrap() > 0);
            let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
            stream.write_all(answer).unwrap();
            gone.send(stream).unwrap();
        }
    });
    let mut user = User::new(&url, [post()]);
    user.succeed().await;
    // The runtime has no chance to notice before the request is written.
    let stream = wait.recv().unwrap();
    socket2::SockRef::from(&stream)
        .set_linger(Some(Duration::ZERO))
        .unwrap();
    drop(stream);
    let outcome = user.succeed().await;
    assert_eq!(outcome.reconnects, 1);
    assert!(outcome.connect.is_some());
    server.join().unwrap();
}

#[tokio::test]
async fn an_idempotent_request_is_sent_again_when_its_old_connection_closes() {
    let methods = [
        (Method::GET, true),
        (Method::HEAD, true),
        (Method::OPTIONS, true),
        (Method::PUT, true),
        (Method::DELETE, true),
        (Method::TRACE, true),
        (Method::POST, false),
        (Method::PATCH, false),
    ];
    for (method, again) in methods {
        for end in [None, Some(Act::Reset)] {
            let empty = say("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
            let acts = [Act::Hear, empty.clone(), Act::Hear];
            let acts = acts.into_iter().chain(end.clone());
            let server = Server::start([acts.collect(), vec![Act::Hear, empty, Act::Stay]]).await;
            let mut user = User::new(&server.url, [step(method.clone(), "/")]);
            let first = user.succeed().await;
            let second = user.run(0).await;
            if again {
                assert_eq!(class_of(&second), None, "{method}");
                assert_eq!(second.reconnects, 1);
                assert!(second.connect.is_some());
                assert!(!second.unknown);
                assert_eq!(second.bytes_sent, 2 * first.bytes_sent);
                assert_eq!(server.heard().len(), 3);
            } else {
                assert_eq!(class_of(&second), Some(ErrorClass::Reset), "{method}");
                assert!(second.unknown);
                assert_eq!((second.reconnects, second.connect), (0, None));
            }
        }
    }
}

#[tokio::test]
async fn a_request_is_sent_again_only_once() {
    let server = Server::start([
        vec![Act::Hear, ok(), Act::Hear],
        vec![Act::Hear],
        vec![Act::Hear, ok()],
    ])
    .await;
    let mut user = User::new(&server.url, [get()]);
    user.succeed().await;
    let outcome = user.fail(ErrorClass::Reset).await;
    assert!(outcome.unknown);
    assert_eq!(outcome.reconnects, 1);
    assert_eq!(server.heard().len(), 3);
}

#[tokio::test]
async fn what_was_sent_stays_unknown_when_the_second_connection_is_refused() {
    let server = Server::start([vec![Act::Leave, Act::Hear, ok(), Act::Hear]]).await;
    let mut user = User::new(&server.url, [get()]);
    user.succeed().await;
    let outcome = user.fail(ErrorClass::Refused).await;
    assert!(outcome.unknown && outcome.sent_at.is_some());
    assert_eq!((outcome.reconnects, outcome.connect), (1, None));
}

#[tokio::test]
async fn an_early_answer_counts_though_the_request_was_not_read() {
    let refusal = "HTTP/1.1 413 Content Too Large\r\nContent-Length: 0\r\n\r\n";
    for end in [Act::Reset, Act::Stay] {
        let connections = [vec![say(refusal), end], vec![Act::Hear, ok()]];
        let server = Server::start(connections).await;
        let large = HttpStep {
            body: Some(literal(&"x".repeat(20 << 20))),
            ..post()
        };
        let mut user = User::new(&server.url, [large, get()]);
        let outcome = user.fail(ErrorClass::Status4xx).await;
        assert!(outcome.bytes_sent < 20 << 20);
        // Half a request is in the connection.
        let next = user.run(1).await;
        assert_eq!(class_of(&next), None);
        assert!(next.connect.is_some());
    }
}

#[tokio::test]
async fn a_server_may_send_all_before_it_reads_anything() {
    let size = 20 << 20;
    let mut answer = format!("HTTP/1.1 200 OK\r\nContent-Length: {size}\r\n\r\n").into_bytes();
    answer.resize(answer.len() + size - 1, b'x');
    let acts = vec![say(answer), Act::Hear, say("x"), Act::Hear, ok(), Act::Stay];
    let server = Server::start([acts]).await;
    let large = HttpStep {
        body: Some(literal(&"y".repeat(size))),
        ..post()
    };
    let mut user = User::new(&server.url, [large, get()]);
    user.succeed().await;
    assert_eq!(server.heard().len(), 1);
    assert_eq!(user.run(1).await.connect, None);
}

#[tokio::test]
async fn a_step_that_is_given_up_takes_its_connection_along() {
    let connections = [
        vec![Act::Hear, ok(), Act::Hear, Act::Stay],
        vec![Act::Hear, ok()],
    ];
    let server = Server::start(connections).await;
    let mut user = User::new(&server.url, [get()]);
    user.succeed().await;
    let progress = Progress::default();
    let mut nothing = [];
    let step = user.driver.step(
        &mut user.session,
        (0, &user.steps[0]),
        &mut nothing,
        &progress,
    );
    assert!(
        tokio::time::timeout(Duration::from_millis(50), step)
            .await
            .is_err()
    );
    assert!(progress.sent_at().is_some());
    let next = user.succeed().await;
    assert!(next.connect.is_some());
    assert_eq!(next.reconnects, 0);
}

#[tokio::test]
async fn sessions_take_the_servers_in_turn() {
    let answers = || vec![vec![Act::Hear, ok(), Act::Stay]; 3];
    let (first, second) = (
        Server::start(answers()).await,
        Server::start(answers()).await,
    );
    for index in 0..5 {
        let urls = [&*first.url, &*second.url];
        let mut user = User::with(settings(), &urls, index, [get()]);
        user.succeed().await;
    }
    assert_eq!((first.heard().len(), second.heard().len()), (3, 2));
}

#[tokio::test]
async fn every_address_of_a_name_is_tried() {
    // Listens on one family only, while localhost often has both.
    let server = Server::start([vec![Act::Hear, ok()]]).await;
    let url = server.url.replace("127.0.0.1", "localhost");
    User::new(&url, [get()]).succeed().await;
}

#[tokio::test]
async fn preflight_connects_and_says_nothing() {
    let server = Server::start([vec![Act::Stay], vec![Act::Leave, Act::Stay]]).await;
    let user = User::new(&server.url, [get()]);
    assert!(user.preflight().await.is_ok());
    assert!(user.preflight().await.is_ok());
    let error = user.preflight().await.unwrap_err();
    assert_eq!(error.failure.class, ErrorClass::Refused);
    let expected = format!("{}/ cannot be reached: Connection refused", server.url);
    assert!(error.to_string().starts_with(&expected), "{error}");
    assert!(server.heard().is_empty());
}

fn reusing(reuse: bool) -> Settings {
    Settings {
        connections: Connections {
            reuse,
            ..Connections::default()
        },
        ..settings()
    }
}

#[tokio::test]
async fn without_reuse_each_request_has_a_connection_of_its_own() {
    let connection = vec![Act::Hear, ok(), Act::Hear, ok(), Act::Stay];
    for (reuse, connections) in [(false, 2), (true, 1)] {
        let server = Server::start(vec![connection.clone(); 2]).await;
        let mut user = User::with(reusing(reuse), &[&server.url], 0, [post()]);
        let opened = [user.succeed().await, user.succeed().await];
        assert!(opened.iter().all(|outcome| outcome.reconnects == 0));
        let opened = opened.iter().filter(|outcome| outcome.connect.is_some());
        assert_eq!(opened.count(), connections);
        let closes = |request: &Vec<u8>| {
            let request = String::from_utf8_lossy(request);
            request.contains("\r\nconnection: close\r\n")
        };
        assert!(
            server
                .heard()
                .iter()
                .all(|request| closes(request) != reuse)
        );
    }
}

#[tokio::test]
async fn a_connection_is_given_up_before_the_server_ends_it() {
    let kept = |limit: &str| {
        let head = format!("HTTP/1.1 200 OK\r\nKeep-Alive: {limit}\r\nContent-Length: 0\r\n\r\n");
        vec![
            Act::Hear,
            say(head.clone()),
            Act::Hear,
            say(head),
            Act::Stay,
        ]
    };
    for (limit, kept_ms) in [
        ("timeout=5, max=9", Some(4_000)),
        ("timeout=1", Some(500)),
        ("timeout=0", Some(0)),
        ("max=9", None),
    ] {
        let server = Server::start([kept(limit), kept(limit)]).await;
        let mut user = User::new(&server.url, [post()]);
        let ended_at = user.succeed().await.ended_at;
        let Some(Channel::Http1(_, until)) = &mut user.session.channel else {
            panic!("no connection is kept");
        };
        let expected = kept_ms.map_or(Nanos::MAX, |ms| ended_at + ms * 1_000_000);
        assert_eq!(*until, expected, "{limit}");
        // As if that time had passed, if there is one.
        *until = kept_ms.map_or(Nanos::MAX, |_| ended_at);
        let outcome = user.succeed().await;
        assert_eq!(outcome.reconnects, 0);
        assert_eq!(outcome.connect.is_some(), kept_ms.is_some(), "{limit}");
    }
}
