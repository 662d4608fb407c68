//! What only the full client does.

use super::*;
use crate::plan::http::{Encoding, FormPart, PartContent};
use bytes::Bytes;
use std::io::Write;

/// Settings of the full client.
pub(super) fn full(full: Full) -> Settings {
    Settings {
        client: Client::Full(Box::new(full)),
        ..settings()
    }
}

fn answer(more: &str, body: &str) -> Act {
    let length = body.len();
    say(format!(
        "HTTP/1.1 200 OK\r\n{more}Content-Length: {length}\r\n\r\n{body}"
    ))
}

fn redirect(to: &str) -> Act {
    say(format!(
        "HTTP/1.1 302 Found\r\nLocation: {to}\r\nContent-Length: 0\r\n\r\n"
    ))
}

/// The values of a request's header of this name.
pub(super) fn header(request: &[u8], name: &str) -> Vec<String> {
    let text = String::from_utf8_lossy(request);
    let head = text.split("\r\n\r\n").next().unwrap();
    let values = head.lines().skip(1).filter_map(|line| {
        let (own, value) = line.split_once(": ")?;
        own.eq_ignore_ascii_case(name).then(|| value.to_owned())
    });
    values.collect()
}

pub(super) fn first_line(request: &[u8]) -> String {
    let text = String::from_utf8_lossy(request);
    text.lines().next().unwrap().to_owned()
}

#[tokio::test]
async fn cookies_stay_with_their_user_and_are_forgotten_for_the_next() {
    let sets = |value: &str| {
        let cookie = format!("Set-Cookie: sid={value}; Path=/\r\n");
        vec![
            Act::Hear,
            answer(&cookie, ""),
            Act::Hear,
            ok(),
            Act::Hear,
            ok(),
            Act::Stay,
        ]
    };
    let server = Server::start([sets("ada"), sets("grace")]).await;
    let keeping = full(Full {
        cookies: true,
        ..Full::default()
    });
    let mut ada = User::<FullDriver>::with(keeping, &[&server.url], 0, [get()]);
    let mut grace = ada.other(1);
    ada.succeed().await;
    for _ in 0..2 {
        let progress = Progress::default();
        let step = (0, &ada.steps[0]);
        let outcome = ada.driver.step(&mut grace, step, &mut [], &progress);
        assert_eq!(class_of(&outcome.await), None);
    }
    let outcome = ada.succeed().await;
    let sent: Vec<Vec<String>> = server
        .heard()
        .iter()
        .map(|request| header(request, "cookie"))
        .collect();
    let own = |value: &str| vec![format!("sid={value}")];
    assert_eq!(sent, [vec![], vec![], own("grace"), own("ada")]);
    let last = server.heard().last().unwrap().len();
    assert_eq!(outcome.bytes_sent, last as u64);

    // The slot's next arrival is somebody else.
    ada.driver.renew(&mut ada.session);
    let outcome = ada.succeed().await;
    assert_eq!(outcome.connect, None, "connections stay");
    assert!(header(server.heard().last().unwrap(), "cookie").is_empty());
}

#[tokio::test]
async fn redirects_are_followed_as_far_as_is_allowed() {
    let acts = |hops: usize| {
        let hop = |number: usize| [Act::Hear, redirect(&format!("/{number}"))];
        let mut acts: Vec<Act> = (1..=hops).flat_map(hop).collect();
        acts.extend([Act::Hear, ok(), Act::Stay]);
        vec![acts]
    };
    for (hops, most, expected) in [(2, 2, None), (3, 2, Some(ErrorClass::Protocol))] {
        let server = Server::start(acts(hops)).await;
        let following = full(Full {
            redirects: most,
            ..Full::default()
        });
        let mut user = User::<FullDriver>::with(following, &[&server.url], 0, [post()]);
        let outcome = user.run(0).await;
        assert_eq!(class_of(&outcome), expected);
        let lines: Vec<String> = server.heard().iter().map(|r| first_line(r)).collect();
        assert_eq!(
            lines,
            ["POST / HTTP/1.1", "GET /1 HTTP/1.1", "GET /2 HTTP/1.1"]
        );
        if expected.is_some() {
            assert_eq!(words(&outcome), "more than 2 redirects");
        }
        assert_eq!((outcome.reconnects, outcome.retries), (0, 0));
    }
    // Without leave to follow it, a redirect is an answer like any other.
    let server = Server::start(acts(1)).await;
    let mut user = User::<FullDriver>::new(&server.url, [get()]);
    user.succeed().await;
    assert_eq!(server.heard().len(), 1);
}

#[tokio::test]
async fn a_redirect_takes_no_secret_to_another_server() {
    let other = Server::start([vec![Act::Hear, ok(), Act::Stay]]).await;
    let to = redirect(&format!("{}/there", other.url));
    let server = Server::start([vec![Act::Hear, to, Act::Stay]]).await;
    let following = full(Full {
        redirects: 5,
        ..Full::default()
    });
    let step = HttpStep {
        headers: vec![
            (http::header::AUTHORIZATION, literal("Bearer secret")),
            (
                http::HeaderName::from_static("x-api-key"),
                literal("secret"),
            ),
            (http::header::ACCEPT, literal("text/plain")),
        ],
        ..get()
    };
    let mut user = User::<FullDriver>::with(following, &[&server.url], 0, [step]);
    let outcome = user.succeed().await;
    // The connection to the other server is none that replaces one.
    assert_eq!(outcome.reconnects, 0);
    for (name, there) in [("authorization", 0), ("x-api-key", 0), ("accept", 1)] {
        assert_eq!(header(&server.heard()[0], name).len(), 1);
        assert_eq!(header(&other.heard()[0], name).len(), there, "{name}");
    }
}

fn gzip(text: &[u8]) -> Vec<u8> {
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

fn unpacking() -> Full {
    Full {
        compression: Encoding::ALL.into(),
        ..Full::default()
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
        let mut user = User::<FullDriver>::with(full(unpacking()), &[&server.url], 0, [step]);
        let outcome = user.succeed().await;
        assert_eq!(outcome.bytes_received, length, "{name}");
        let asked = header(&server.heard()[0], "accept-encoding");
        assert_eq!(asked, ["zstd, br, gzip, deflate"]);
        assert_eq!(outcome.bytes_sent, server.bytes_heard());
    }
}

#[tokio::test]
async fn a_body_may_not_unpack_to_more_than_its_bound() {
    let bomb = gzip(&vec![0; 1 << 20]);
    assert!(bomb.len() < 2000);
    let server = Server::start([vec![Act::Hear, packed("gzip", &bomb), Act::Stay]]).await;
    let bounded = Settings {
        max_body: 1 << 16,
        ..full(unpacking())
    };
    let mut user = User::<FullDriver>::with(bounded, &[&server.url], 0, [get()]);
    let outcome = user.fail(ErrorClass::Protocol).await;
    assert_eq!(
        words(&outcome),
        "the answer's body is longer than 65536 bytes"
    );
    assert!(!outcome.unknown);
}

#[tokio::test]
async fn an_answer_may_come_before_all_of_the_request_is_read() {
    let refusal =
        "HTTP/1.1 413 Content Too Large\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut start = [0; 1024];
        stream.read_exact(&mut start).await.unwrap();
        stream.write_all(refusal.as_bytes()).await.unwrap();
        std::future::pending::<()>().await;
    });
    let large = HttpStep {
        body: Some(literal(&"x".repeat(20 << 20))),
        ..post()
    };
    let mut user = User::<FullDriver>::new(&url, [large]);
    let outcome = user.fail(ErrorClass::Status4xx).await;
    assert!(!outcome.unknown);
}

#[tokio::test]
async fn content_in_parts_is_sent_as_forms_with_files_are() {
    let server = Server::start([vec![Act::Hear, ok(), Act::Stay]]).await;
    let value = Template::new([Part::Variable(0, crate::data::Escape::None)]);
    let parts = vec![
        FormPart {
            name: "note".to_owned(),
            content: PartContent::Text(value),
            filename: None,
            kind: None,
        },
        FormPart {
            name: "upload".to_owned(),
            content: PartContent::File(Bytes::from_static(b"\0\xff file")),
            filename: Some("a.bin".to_owned()),
            kind: Some("application/x-test".to_owned()),
        },
    ];
    let step = HttpStep {
        multipart: parts,
        ..step(Method::POST, "/up")
    };
    let mut user = User::<FullDriver>::new(&server.url, [step]);
    let progress = Progress::default();
    let mut values = [Value::Text("a\r\nb".into())];
    let step = (0, &user.steps[0]);
    let outcome = user
        .driver
        .step(&mut user.session, step, &mut values, &progress);
    let outcome = outcome.await;
    assert!(outcome.failure.is_none(), "{outcome:?}");
    let heard = server.heard();
    assert_eq!(outcome.bytes_sent, heard[0].len() as u64);
    let kind = header(&heard[0], "content-type").remove(0);
    let boundary = kind.strip_prefix("multipart/form-data; boundary=").unwrap();
    let body = memchr::memmem::find(&heard[0], b"\r\n\r\n").unwrap() + 4;
    let expected = [
        format!("--{boundary}\r\nContent-Disposition: form-data; name=\"note\"\r\n\r\na\r\nb\r\n"),
        format!(
            "--{boundary}\r\nContent-Disposition: form-data; name=\"upload\"; filename=\"a.bin\"\r\n\
             Content-Type: application/x-test\r\n\r\n"
        ),
    ]
    .concat()
    .into_bytes();
    let expected = [
        &expected[..],
        b"\0\xff file\r\n",
        format!("--{boundary}--\r\n").as_bytes(),
    ]
    .concat();
    assert_eq!(
        String::from_utf8_lossy(&heard[0][body..]),
        String::from_utf8_lossy(&expected)
    );
}
