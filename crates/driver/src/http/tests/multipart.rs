//! Content in parts.

use super::*;
use bytes::Bytes;
use loadgen_plan::http::{FormPart, PartContent};

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
    let mut user = User::new(&server.url, [step]);
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
