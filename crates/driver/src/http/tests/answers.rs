//! What answers mean.

use super::*;

/// The outcome of one request that is answered so, after which the server closes the connection,
/// and the class of a second one on a fresh connection.
async fn answered(step: HttpStep, answer: &[u8]) -> Outcome {
    let server = Server::start([vec![Act::Hear, say(answer)]]).await;
    let mut user = User::new(&server.url, [step]);
    let outcome = user.run(0).await;
    assert_eq!(outcome.bytes_sent, server.bytes_heard());
    outcome
}

fn expecting(status: &[(u16, u16)], texts: &[&str]) -> HttpStep {
    let status = status
        .iter()
        .map(|(first, last)| StatusRange {
            first: *first,
            last: *last,
        })
        .collect();
    let text = |text: &&str| BodyText {
        bytes: text.as_bytes().into(),
        written: (*text).to_owned(),
    };
    let body_contains = texts.iter().map(text).collect();
    HttpStep {
        expect: Expect {
            status,
            body_contains,
            ..Expect::default()
        },
        ..get()
    }
}

#[tokio::test]
async fn a_kept_connection_is_used_again_and_counted_to_the_byte() {
    let server = Server::start([vec![Act::Hear, ok(), Act::Hear, ok(), Act::Stay]]).await;
    let mut user = User::new(&server.url, [get(), post()]);
    let first = user.succeed().await;
    assert!(first.connect.is_some());
    assert_eq!((first.retries, first.reconnects), (0, 0));
    assert_eq!(first.bytes_received, 40);
    assert_eq!(first.bytes_sent, server.bytes_heard());

    let second = user.run(1).await;
    assert_eq!((class_of(&second), second.connect), (None, None));
    assert_eq!(first.bytes_sent + second.bytes_sent, server.bytes_heard());
    assert!(first.ended_at <= second.sent_at.unwrap());
}

#[tokio::test]
async fn every_way_to_end_an_answer_is_understood() {
    let head = Method::HEAD;
    let cases: [(Method, &str, bool); 13] = [
        (Method::GET, "200 OK\r\nContent-Length: 0\r\n\r\n", true),
        (
            Method::GET,
            "200 OK\r\nContent-Length: 2, 2\r\n\r\nok",
            true,
        ),
        (
            Method::GET,
            "200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2;x=y\r\nok\r\n0\r\nA: b\r\n\r\n",
            true,
        ),
        (
            Method::GET,
            "200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 9\r\n\r\n0\r\n\r\n",
            true,
        ),
        (
            Method::GET,
            "100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
            true,
        ),
        (Method::GET, "204 No Content\r\n\r\n", true),
        (
            Method::GET,
            "304 Not Modified\r\nContent-Length: 5\r\n\r\n",
            true,
        ),
        (head, "200 OK\r\nContent-Length: 5\r\n\r\n", true),
        (
            Method::GET,
            "200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n",
            false,
        ),
        (Method::GET, "200 OK\r\n\r\nuntil the end", false),
        (
            Method::GET,
            "200 OK\r\nTransfer-Encoding: gzip\r\n\r\nuntil the end",
            false,
        ),
        // Whatever follows an answer is nobody's: the connection is out of step.
        (
            Method::GET,
            "200 OK\r\nContent-Length: 0\r\n\r\nHTTP/1.1 500 Surprise\r\n\r\n",
            false,
        ),
        (
            Method::GET,
            "200 OK\r\nContent-Length: 0\r\n\r\n\r\n",
            false,
        ),
    ];
    for (method, answer, kept) in cases {
        for drip in [false, true] {
            let bytes = format!("HTTP/1.1 {answer}").into_bytes();
            let length = bytes.len() as u64;
            let act = if drip { Act::Drip(bytes) } else { say(bytes) };
            let mut acts = vec![Act::Hear, act];
            if kept {
                acts.extend([Act::Hear, ok(), Act::Stay]);
            }
            let server = Server::start([acts, vec![Act::Hear, ok(), Act::Stay]]).await;
            let mut user = User::new(&server.url, [step(method.clone(), "/"), get()]);
            let outcome = user.succeed().await;
            // Bytes that came after the answer are counted when they came with it.
            assert!(outcome.bytes_received <= length, "{answer}");
            assert!(!kept || outcome.bytes_received == length, "{answer}");
            if !kept {
                until_touched(&user.session).await;
            }
            let next = user.run(1).await;
            assert_eq!(class_of(&next), None, "{answer}");
            assert_eq!(next.connect.is_none(), kept, "{answer}");
        }
    }
}

#[tokio::test]
async fn http_10_keeps_only_connections_that_say_so() {
    let body = "Content-Length: 0\r\n\r\n";
    let answer = |more: &str| say(format!("HTTP/1.0 200 OK\r\n{more}{body}"));
    let server = Server::start([
        vec![
            Act::Hear,
            answer("Connection: keep-alive\r\n"),
            Act::Hear,
            answer(""),
        ],
        vec![Act::Hear, ok(), Act::Stay],
    ])
    .await;
    let mut user = User::new(&server.url, [get()]);
    assert!(user.succeed().await.connect.is_some());
    assert!(user.succeed().await.connect.is_none());
    let third = user.succeed().await;
    assert!(third.connect.is_some());
    assert_eq!(third.reconnects, 0);
}

#[tokio::test]
async fn a_request_that_asks_to_close_is_the_connections_last() {
    let server = Server::start([vec![Act::Hear, ok(), Act::Stay], vec![Act::Hear, ok()]]).await;
    let close = (http::header::CONNECTION, literal("close"));
    let mut user = User::new(
        &server.url,
        [HttpStep {
            headers: vec![close],
            ..get()
        }],
    );
    for _ in 0..2 {
        let outcome = user.succeed().await;
        assert!(outcome.connect.is_some());
        assert_eq!(outcome.reconnects, 0);
    }
}

#[tokio::test]
async fn large_bodies_pass_whole() {
    let size = 10 << 20;
    let mut answer = format!("HTTP/1.1 200 OK\r\nContent-Length: {size}\r\n\r\n").into_bytes();
    let length = answer.len() + size;
    answer.resize(length - 3, b'x');
    answer.extend(b"end");
    let body = "y".repeat(size);
    let server = Server::start([vec![Act::Hear, say(answer), Act::Hear, ok(), Act::Stay]]).await;
    let step = HttpStep {
        body: Some(literal(&body)),
        ..expecting(&[], &["xend"])
    };
    let mut user = User::new(&server.url, [step, get()]);
    let outcome = user.succeed().await;
    assert_eq!(outcome.bytes_received, length as u64);
    assert!(server.heard()[0].ends_with(body.as_bytes()));
    assert_eq!(outcome.bytes_sent, server.bytes_heard());
    assert_eq!(user.run(1).await.connect, None);
}

#[tokio::test]
async fn statuses_are_judged_by_what_the_step_names() {
    let (client, server, other) = (
        Some(ErrorClass::Status4xx),
        Some(ErrorClass::Status5xx),
        Some(ErrorClass::Expectation),
    );
    type Ranges = &'static [(u16, u16)];
    let cases: [(Ranges, u16, Option<ErrorClass>); 11] = [
        (&[], 200, None),
        (&[], 302, None),
        (&[], 404, client),
        (&[], 503, server),
        (&[(200, 200)], 200, None),
        (&[(200, 200)], 201, other),
        (&[(200, 200)], 404, client),
        (&[(200, 200)], 500, server),
        (&[(200, 299), (404, 404)], 404, None),
        (&[(500, 599)], 503, None),
        (&[(500, 599)], 200, other),
    ];
    for (named, status, expected) in cases {
        let answer = format!("HTTP/1.1 {status} X\r\nContent-Length: 2\r\n\r\nok");
        let outcome = answered(expecting(named, &[]), answer.as_bytes()).await;
        assert_eq!(class_of(&outcome), expected, "{named:?} {status}");
        assert!(!outcome.unknown);
        if expected.is_some() {
            assert_eq!(words(&outcome), format!("status {status}"));
        }
    }
}

#[tokio::test]
async fn a_failed_status_keeps_the_connection() {
    let missing = say("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n");
    let server = Server::start([vec![Act::Hear, missing, Act::Hear, ok(), Act::Stay]]).await;
    let mut user = User::new(&server.url, [get()]);
    user.fail(ErrorClass::Status4xx).await;
    assert_eq!(user.succeed().await.connect, None);
}

#[tokio::test]
async fn bodies_must_contain_every_text() {
    let answer = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nwell\r\n5\r\n done\r\n0\r\n\r\n";
    for texts in [&["well done"][..], &["we", "ll d", "ne"], &[""]] {
        let outcome = answered(expecting(&[], texts), answer).await;
        assert_eq!(class_of(&outcome), None, "{texts:?}");
    }
    let outcome = answered(expecting(&[], &["done", "do\nne"]), answer).await;
    assert_eq!(class_of(&outcome), Some(ErrorClass::Expectation));
    assert_eq!(words(&outcome), r"the body does not contain `do\nne`");
    // The status is looked at first.
    let refused = b"HTTP/1.1 500 X\r\nContent-Length: 0\r\n\r\n";
    let outcome = answered(expecting(&[], &["done"]), refused).await;
    assert_eq!(class_of(&outcome), Some(ErrorClass::Status5xx));
}

#[tokio::test]
async fn what_is_not_http_is_a_protocol_error() {
    let long = format!("HTTP/1.1 200 OK\r\nA: {}\r\n\r\n", "x".repeat(17 * 1024));
    let cases: [(&str, bool); 9] = [
        ("SSH-2.0-OpenSSH_9.2\r\n", true),
        ("\x15\x03\x01\0\x02\x02", true),
        ("HTTP/1.1 200 OK\r\n folded: x\r\n\r\n", true),
        ("HTTP/1.1 101 Switching Protocols\r\n\r\n", true),
        ("HTTP/1.1 200 OK\r\nContent-Length: 1, 2\r\n\r\n", true),
        (
            "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
            true,
        ),
        (&long, true),
        (
            "HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n",
            false,
        ),
        (
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n",
            false,
        ),
    ];
    for (answer, unknown) in cases {
        let connections = [
            vec![Act::Hear, say(answer), Act::Stay],
            vec![Act::Hear, ok(), Act::Stay],
        ];
        let server = Server::start(connections).await;
        let mut user = User::new(&server.url, [get()]);
        let outcome = user.fail(ErrorClass::Protocol).await;
        assert_eq!(outcome.unknown, unknown, "{answer}");
        assert!(user.succeed().await.connect.is_some());
    }
}
