//! What is kept of a request that failed.

use super::{compression::gzip, *};
use crate::BODY_START;
use http::header::CONTENT_TYPE;
use loadgen_plan::http::JsonCheck;

/// A response with this status line and body, in chunks of 7 bytes.
fn chunked(status: &str, body: &str) -> Act {
    let mut text = format!("HTTP/1.1 {status}\r\nTransfer-Encoding: chunked\r\n\r\n");
    for chunk in body.as_bytes().chunks(7) {
        text += &format!(
            "{:x}\r\n{}\r\n",
            chunk.len(),
            str::from_utf8(chunk).unwrap()
        );
    }
    say(text + "0\r\n\r\n")
}

async fn failed(settings: Settings, step: HttpStep, act: Act) -> (FailedRequest, String) {
    let server = Server::start([vec![Act::Hear, act, Act::Stay]]).await;
    let mut user = User::with(settings, &[&server.url], 0, [step]);
    let outcome = user.run(0).await;
    assert!(outcome.failure.is_some(), "{outcome:?}");
    (*outcome.failed.unwrap(), server.url)
}

#[tokio::test]
async fn the_request_and_the_beginning_of_the_body_are_kept_of_a_failure() {
    let long = "0123456789".repeat(50);
    let expecting = |expect: Expect| HttpStep {
        expect,
        ..step(Method::GET, "/a?token=secret&b=1")
    };
    let text = |text: &str| BodyText {
        bytes: text.as_bytes().into(),
        written: text.to_owned(),
    };
    let looking = [
        Expect::default(),
        Expect {
            status: vec![StatusRange {
                first: 200,
                last: 299,
            }],
            ..Expect::default()
        },
        Expect {
            body_contains: vec![text("not there")],
            ..Expect::default()
        },
        Expect {
            header_contains: vec![(CONTENT_TYPE, text("json"))],
            ..Expect::default()
        },
        Expect {
            size: Some((0, 10)),
            ..Expect::default()
        },
        Expect {
            json: vec![JsonCheck {
                path: loadgen_data::jsonpath::JsonPath::parse("$.a").unwrap(),
                wanted: loadgen_plan::http::Wanted::Fixed(Value::Int(1)),
            }],
            ..Expect::default()
        },
    ];
    for (index, expect) in looking.into_iter().enumerate() {
        let status = if index < 2 { "500 Oops" } else { "200 OK" };
        let act = chunked(status, &long);
        let (failed, url) = failed(settings(), expecting(expect), act).await;
        assert_eq!(failed.request, format!("GET {url}/a?token=(redacted)&b=1"));
        assert_eq!(*failed.body, long.as_bytes()[..BODY_START], "{index}");
    }
}

#[tokio::test]
async fn a_body_is_kept_unpacked() {
    let packed = gzip(b"{\"error\":\"no\"}");
    let head = format!(
        "HTTP/1.1 404 Not Found\r\nContent-Encoding: gzip\r\nContent-Length: {}\r\n\r\n",
        packed.len()
    );
    let settings = Settings {
        compression: loadgen_plan::http::Encoding::ALL.into(),
        ..settings()
    };
    let act = say([head.into_bytes(), packed].concat());
    let (failed, _) = failed(settings, get(), act).await;
    assert_eq!(*failed.body, *b"{\"error\":\"no\"}");
}

#[tokio::test]
async fn without_a_response_only_the_request_is_kept() {
    let server = Server::start([vec![Act::Hear, Act::Reset]]).await;
    let mut user = User::new(&server.url, [post()]);
    let outcome = user.run(0).await;
    let expected = FailedRequest {
        request: format!("POST {}/", server.url),
        body: Box::default(),
    };
    assert_eq!(outcome.failed.as_deref(), Some(&expected));
}

#[tokio::test]
async fn nothing_is_kept_of_a_success() {
    let server = Server::start([vec![Act::Hear, ok(), Act::Stay]]).await;
    let mut user = User::new(&server.url, [get()]);
    assert_eq!(user.succeed().await.failed, None);
}
