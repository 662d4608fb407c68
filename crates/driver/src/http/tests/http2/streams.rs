//! What a request becomes on a stream, and what ends it.

use super::{frames::*, *};
use loadgen_data::template::Escape;
use std::ops::ControlFlow::{Break, Continue};

/// A user of the server at `url`, which speaks HTTP/2 without TLS.
fn user(url: &str, steps: impl IntoIterator<Item = HttpStep>) -> User {
    User::with(speaking(Http2::Require), &[url], 0, steps)
}

/// Answers every request, but for what `answer` says otherwise of its frames.
async fn answering(
    mut answer: impl FnMut(&Frame) -> Option<Vec<u8>> + Send + 'static,
) -> (String, Arc<Mutex<Seen>>) {
    frames::start(move |frame| {
        Continue(
            answer(&frame).unwrap_or_else(|| match frame.ends_request() {
                true => well(frame.stream),
                false => Vec::new(),
            }),
        )
    })
    .await
}

#[tokio::test]
async fn a_request_that_crossed_with_a_goaway_is_sent_again_whatever_its_method() {
    let (url, seen) = answering(|frame| {
        let crossed = frame.ends_request() && (frame.connection, frame.stream) == (0, 3);
        crossed.then(|| go_away(1, NO_ERROR))
    })
    .await;
    let mut user = user(&url, [post()]);
    user.succeed().await;
    let outcome = user.succeed().await;
    assert_eq!((outcome.reconnects, outcome.retries), (1, 0));
    assert!(outcome.connect.is_some());
    assert_eq!(seen.lock().unwrap().connections, 2);
}

#[tokio::test]
async fn a_refused_request_is_sent_again_three_times_and_never_unknown() {
    for (refusals, reconnects, class) in [(3, 3, None), (4, 3, Some(ErrorClass::Reset))] {
        let mut left = refusals;
        let (url, seen) = answering(move |frame| {
            let refused = frame.ends_request() && left > 0;
            left -= u32::from(refused);
            refused.then(|| reset(frame.stream, REFUSED_STREAM))
        })
        .await;
        let mut user = user(&url, [post()]);
        let outcome = user.run(0).await;
        assert_eq!(class_of(&outcome), class);
        assert_eq!(outcome.reconnects, reconnects);
        assert!(!outcome.unknown);
        assert_eq!(outcome.sent_at.is_some(), class.is_none());
        assert_eq!(seen.lock().unwrap().connections, 1);
        user.succeed().await;
    }
}

#[tokio::test]
async fn a_server_that_says_goodbye_with_its_response_is_left() {
    let (url, seen) = answering(|frame| {
        let last = frame.ends_request() && frame.connection == 0;
        last.then(|| [well(frame.stream), go_away(frame.stream, NO_ERROR)].concat())
    })
    .await;
    let mut user = user(&url, [post()]);
    for _ in 0..3 {
        user.succeed().await;
    }
    assert_eq!(seen.lock().unwrap().connections, 2);
}

#[tokio::test]
async fn what_a_goaway_does_not_exclude_may_have_happened() {
    for (method, again) in [(Method::POST, false), (Method::GET, true)] {
        let (url, seen) = frames::start(|frame| match frame.ends_request() {
            true if (frame.connection, frame.stream) == (0, 3) => {
                Break(go_away(frame.stream, ENHANCE_YOUR_CALM))
            }
            true => Continue(well(frame.stream)),
            false => Continue(Vec::new()),
        })
        .await;
        let mut user = user(&url, [step(method, "/")]);
        user.succeed().await;
        let outcome = user.run(0).await;
        assert_eq!(outcome.failure.is_none(), again);
        assert_eq!(
            (outcome.unknown, outcome.reconnects),
            (!again, again.into())
        );
        if !again {
            assert_eq!(class_of(&outcome), Some(ErrorClass::Reset));
            assert!(
                words(&outcome).contains("excessive load"),
                "{}",
                words(&outcome)
            );
        }
        assert_eq!(seen.lock().unwrap().connections, 1 + usize::from(again));
    }
}

#[tokio::test]
async fn a_connection_that_ends_fails_what_was_sent() {
    for (response, unknown) in [(vec![], true), (head(1, "200", 0), false)] {
        let (url, _) = frames::start(move |frame| match frame.ends_request() {
            true => Break(response.clone()),
            false => Continue(Vec::new()),
        })
        .await;
        let mut user = user(&url, [get()]);
        let outcome = user.fail(ErrorClass::Reset).await;
        assert_eq!((outcome.unknown, outcome.reconnects), (unknown, 0));
    }
}

#[tokio::test]
async fn a_response_that_stops_the_upload_counts() {
    let mut answered = false;
    let (url, _) = answering(move |frame| {
        let first = frame.kind == DATA && !std::mem::replace(&mut answered, true);
        let early = || {
            let body = frames::frame(DATA, END_STREAM, frame.stream, b"no");
            [
                head(frame.stream, "413", 0),
                body,
                reset(frame.stream, NO_ERROR),
            ]
            .concat()
        };
        Some(if first { early() } else { Vec::new() })
    })
    .await;
    // More than the server lets through.
    let upload = HttpStep {
        body: Some(literal(&"x".repeat(200_000))),
        ..post()
    };
    let mut user = user(&url, [upload]);
    let outcome = user.fail(ErrorClass::Status4xx).await;
    assert!(!outcome.unknown);
}

#[tokio::test]
async fn interim_responses_padding_and_trailers_belong_to_no_body() {
    let (url, _) = answering(|frame| {
        let stream = frame.stream;
        let parts = [
            head(stream, "103", 0),
            head(stream, "200", 0),
            padded(stream, b"well"),
            trailer(stream),
        ];
        frame.ends_request().then(|| parts.concat())
    })
    .await;
    let sized = HttpStep {
        expect: Expect {
            size: Some((4, 4)),
            ..Expect::default()
        },
        ..get()
    };
    let mut user = user(&url, [sized]);
    user.succeed().await;
    assert_eq!(user.succeed().await.connect, None);
}

#[tokio::test]
async fn an_idle_connection_answers_pings() {
    let acknowledged = Arc::<Notify>::default();
    let told = Arc::clone(&acknowledged);
    let (url, _) = answering(move |frame| {
        if (frame.kind, frame.flags) == (PING, ACK) {
            told.notify_one();
        }
        let ping = frames::frame(PING, 0, 0, b"12345678");
        let both = || [well(frame.stream), ping].concat();
        frame.ends_request().then(both)
    })
    .await;
    let mut user = user(&url, [get()]);
    user.succeed().await;
    acknowledged.notified().await;
}

#[tokio::test]
async fn every_byte_is_counted() {
    let (url, seen) = answering(|_| None).await;
    let mut user = user(&url, [post()]);
    let mut sent = 0;
    for _ in 0..3 {
        sent += user.succeed().await.bytes_sent;
    }
    assert_eq!(sent, seen.lock().unwrap().bytes);
    let last = user.succeed().await;
    assert_eq!(last.bytes_received, well(7).len() as u64);
}

#[tokio::test]
async fn a_connection_outlives_a_timeout_unless_nothing_came_on_it() {
    let (url, seen) = answering(|frame| {
        let silent = frame.connection == 0 && matches!(frame.stream, 1 | 5);
        silent.then(Vec::new)
    })
    .await;
    let impatient = HttpStep {
        timeout: Duration::from_millis(100),
        ..get()
    };
    let mut user = user(&url, [impatient, get()]);
    // At least the server's SETTINGS came.
    for (step, class, connections) in [
        (0, Some(ErrorClass::Timeout), 1),
        (1, None, 1),
        (0, Some(ErrorClass::Timeout), 1),
        (1, None, 2),
    ] {
        let outcome = user.run(step).await;
        assert_eq!(class_of(&outcome), class);
        assert_eq!(outcome.unknown, class.is_some());
        assert_eq!(seen.lock().unwrap().connections, connections);
    }
}

#[tokio::test]
async fn heads_and_bodies_are_bounded_and_leave_the_connection_good() {
    let (url, log) = super::start(None).await;
    let settings = Settings {
        max_body: 6 << 20,
        ..speaking(Http2::Require)
    };
    let sized = |path: &str| step(Method::GET, path);
    let steps = [
        sized("/head?17000"),
        sized("/body?6291457"),
        sized("/head?15000"),
        // Longer than every window.
        sized("/body?6291456"),
    ];
    let mut user = User::with(settings, &[&url], 0, steps);
    for (step, expected) in [(0, "16384 bytes"), (1, "6291456")] {
        let outcome = user.run(step).await;
        assert_eq!(class_of(&outcome), Some(ErrorClass::Protocol));
        assert!(words(&outcome).contains(expected), "{}", words(&outcome));
    }
    for step in [2, 3] {
        assert_eq!(class_of(&user.run(step).await), None);
    }
    assert_eq!(log.lock().unwrap().connections, 1);
}

#[tokio::test]
async fn the_request_is_as_http2_has_it() {
    let (url, log) = super::start(None).await;
    let hole = |before: &str, after: &str| {
        let text = |text: &str| Part::Literal(text.as_bytes().into());
        let hole = Part::Variable(0, Escape::None);
        Template::new([text(before), hole, text(after)])
    };
    let name = http::HeaderName::from_static;
    let step = HttpStep {
        method: Method::POST,
        path: hole("/a/", "?b=c"),
        headers: vec![
            (name("host"), literal("shop.example")),
            (name("connection"), literal("keep-alive")),
            (name("keep-alive"), literal("timeout=5")),
            (name("proxy-connection"), literal("keep-alive")),
            (name("x-tag"), literal("1")),
            (name("x-tag"), hole("<", ">")),
            (name("x-tag"), literal("3")),
        ],
        body: Some(hole("{", "}")),
        ..get()
    };
    let user = user(&url, [step]);
    let mut session = user.driver.session(0, 0);
    let mut values = [Value::Text("ab".into())];
    let progress = Progress::default();
    let done = user
        .driver
        .step(&mut session, (0, &user.steps[0]), &mut values, &progress);
    assert_eq!(class_of(&done.await), None);
    let log = log.lock().unwrap();
    let head = &log.heads[0];
    assert_eq!(head.uri, "http://shop.example/a/ab?b=c");
    let mut headers: Vec<_> = head
        .headers
        .iter()
        .map(|(name, value)| format!("{name}: {}", value.to_str().unwrap()))
        .collect();
    headers.sort();
    assert_eq!(
        headers,
        [
            "content-length: 4",
            "user-agent: test",
            "x-tag: 1",
            "x-tag: 3",
            "x-tag: <ab>"
        ]
    );
    let tags: Vec<_> = head.headers.get_all("x-tag").iter().collect();
    assert_eq!(tags, ["1", "<ab>", "3"]);
    assert_eq!(log.bodies[0], "{ab}");
}

#[tokio::test]
async fn cookies_and_redirects_are_as_with_http1() {
    let (url, log) = super::start(None).await;
    let settings = Settings {
        cookies: true,
        redirects: 1,
        ..speaking(Http2::Require)
    };
    let login = HttpStep {
        path: literal("/login"),
        ..post()
    };
    let mut user = User::with(settings, &[&url], 0, [login]);
    user.succeed().await;
    let log = log.lock().unwrap();
    let asked: Vec<_> = log
        .heads
        .iter()
        .map(|head| {
            (
                head.method.as_str(),
                head.uri.path(),
                head.headers.get("cookie"),
            )
        })
        .collect();
    let cookie = http::HeaderValue::from_static("sid=7");
    assert_eq!(
        asked,
        [("POST", "/login", None), ("GET", "/home", Some(&cookie))]
    );
    assert_eq!((log.connections, log.bodies[1].len()), (1, 0));
}
