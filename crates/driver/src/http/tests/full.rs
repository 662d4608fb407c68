//! What only the full client does.

use super::*;
use bytes::Bytes;
use loadgen_plan::http::{FormPart, PartContent};

/// Settings of the full client.
pub(super) fn full() -> Settings {
    Settings {
        client: FullDriver::chosen(),
        ..settings()
    }
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
    let value = Template::new([Part::Variable(0, loadgen_data::Escape::None)]);
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
