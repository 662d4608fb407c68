//! Compressed bodies, on connections of our own.

use super::*;
use loadgen_data::jsonpath::JsonPath;
use loadgen_plan::http::{Encoding, Extract, ExtractSource};
use std::io::Write;

pub(super) fn gzip(text: &[u8]) -> Vec<u8> {
    let level = flate2::Compression::default();
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), level);
    encoder.write_all(text).unwrap();
    encoder.finish().unwrap()
}

fn packed(encoding: &str, body: &[u8]) -> Act {
    let head = format!(
        "HTTP/1.1 200 OK\r\nContent-Encoding: {encoding}\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    Act::Say([head.as_bytes(), body].concat())
}

fn unpacking() -> Settings {
    Settings {
        compression: Encoding::ALL.into(),
        ..settings()
    }
}

fn sized(text: &str, bytes: u64) -> HttpStep {
    let text = BodyText {
        bytes: text.as_bytes().into(),
        written: text.to_owned(),
    };
    HttpStep {
        expect: Expect {
            body_contains: vec![text],
            size: Some((bytes, bytes)),
            ..Expect::default()
        },
        ..get()
    }
}

#[tokio::test]
async fn bodies_are_unpacked_to_be_looked_at_and_counted_as_they_came() {
    let text = "needle in hay ".repeat(5000);
    let zstd = zstd::bulk::compress(text.as_bytes(), 3).unwrap();
    for (name, body) in [
        ("gzip", gzip(text.as_bytes())),
        ("zstd", zstd),
        // One that was not asked for is left alone.
        ("identity", text.clone().into_bytes()),
    ] {
        let act = packed(name, &body);
        let Act::Say(bytes) = &act else { return };
        let length = bytes.len() as u64;
        let server = Server::start([vec![Act::Hear, act, Act::Stay]]).await;
        let step = sized("needle in hay needle", text.len() as u64);
        let mut user = User::with(unpacking(), &[&server.url], 0, [step]);
        let outcome = user.succeed().await;
        assert_eq!(outcome.bytes_received, length, "{name}");
        let asked = header(&server.heard()[0], "accept-encoding");
        assert_eq!(asked, ["zstd, br, gzip, deflate"]);
        assert_eq!(outcome.bytes_sent, server.bytes_heard());
    }
}

/// A header as browsers send it asks for compression, which only `compression` undoes.
#[tokio::test]
async fn a_compressed_body_that_was_to_be_json_names_the_key_that_undoes_it() {
    let body = br#"{"token":"t"}"#;
    for (name, body) in [
        ("gzip", gzip(body)),
        ("zstd", zstd::encode_all(&body[..], 0).unwrap()),
    ] {
        let server = Server::start([vec![Act::Hear, packed(name, &body), Act::Stay]]).await;
        let step = HttpStep {
            extract: vec![Extract {
                name: "token".to_owned(),
                variable: 0,
                source: ExtractSource::Json(JsonPath::parse("$.token").unwrap()),
                written: None,
            }],
            ..get()
        };
        let mut user = User::with(settings(), &[&server.url], 0, [step]);
        let outcome = user.fail(ErrorClass::Expectation).await;
        let expected = format!(
            "no token: the body is compressed: compression = [{name:?}] of [http] undoes it"
        );
        assert_eq!(words(&outcome), expected);
    }
}

#[tokio::test]
async fn a_body_may_not_unpack_to_more_than_its_bound() {
    let bomb = gzip(&vec![0; 1 << 20]);
    assert!(bomb.len() < 2000);
    let server = Server::start([vec![Act::Hear, packed("gzip", &bomb), Act::Stay]]).await;
    let bounded = Settings {
        max_body: 1 << 16,
        ..unpacking()
    };
    let mut user = User::with(bounded, &[&server.url], 0, [get()]);
    let outcome = user.fail(ErrorClass::Protocol).await;
    assert_eq!(
        words(&outcome),
        "the answer's body is longer than 65536 bytes"
    );
    assert!(!outcome.unknown);
}

#[tokio::test]
async fn a_broken_body_is_no_success_though_nobody_looks_at_it() {
    let whole = gzip(b"text");
    for body in [&whole[..whole.len() - 1], b"plain text"] {
        let server = Server::start([vec![Act::Hear, packed("gzip", body), Act::Stay]]).await;
        let mut user = User::with(unpacking(), &[&server.url], 0, [get()]);
        let outcome = user.fail(ErrorClass::Protocol).await;
        assert!(words(&outcome).starts_with("the body is not gzip: "));
    }
}

#[tokio::test]
async fn what_has_no_body_may_name_an_encoding() {
    let head = "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 9\r\n\r\n";
    let server = Server::start([vec![Act::Hear, say(head), Act::Hear, ok(), Act::Stay]]).await;
    let steps = [step(Method::HEAD, "/"), get()];
    let mut user = User::with(unpacking(), &[&server.url], 0, steps);
    user.succeed().await;
    assert_eq!(user.run(1).await.connect, None);
}
