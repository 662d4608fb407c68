//! What is sent, as hyper's server and httparse understand it.

use super::*;
use crate::{Trace, TraceId, http::request::Request};
use http::{HeaderName, header};
use http_body_util::{BodyExt, Empty};
use hyper::{
    body::{Bytes, Incoming},
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::TokioIo;
use loadgen_data::Escape;
use loadgen_plan::http::Sampling;
use proptest::{collection::vec, option, prelude::*, sample::select};

/// What arrived.
#[derive(Debug, Clone, PartialEq)]
struct Arrived {
    method: Method,
    path: String,
    fields: Vec<(HeaderName, Vec<u8>)>,
    body: Vec<u8>,
}

impl Arrived {
    fn field(&self, name: HeaderName) -> Option<&[u8]> {
        let mut named = self.fields.iter().filter(|(own, _)| *own == name);
        let first = named.next().map(|(_, value)| value.as_slice());
        assert!(named.next().is_none(), "{name} came twice");
        first
    }
}

fn trace() -> Trace {
    Trace {
        id: TraceId(0x4bf9_2f35),
        span: 7,
        sampled: true,
        server: 0,
        status: None,
    }
}

fn rendered(step: &HttpStep, url: &str, values: &[Value]) -> Vec<u8> {
    let request = Request::compile(step, Some(&url.parse().unwrap()), &[], &settings());
    // Left over from another session's request.
    let mut buffer = b"something else".repeat(9);
    let progress = Progress::default();
    if step.trace.is_some() {
        progress.traced(trace());
    }
    let fill = Fill {
        values,
        progress: &progress,
        cookies: None,
        url: None,
    };
    let bytes = request.render(&fill, &mut buffer).to_vec();
    assert!(request.fixed().is_none_or(|fixed| fixed == bytes));
    bytes
}

/// Hands bytes to hyper's server; gives the requests that it made of them.
fn served(bytes: &[u8]) -> Vec<Arrived> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    let bytes = bytes.to_vec();
    runtime.block_on(async move {
        let (mut client, server) = tokio::io::duplex(1 << 20);
        let arrived = Arc::<Mutex<Vec<Arrived>>>::default();
        let kept = arrived.clone();
        let service = service_fn(move |request: hyper::Request<Incoming>| {
            let kept = kept.clone();
            async move {
                let (head, body) = request.into_parts();
                let fields = head.headers.iter();
                let fields = fields.map(|(name, value)| (name.clone(), value.as_bytes().to_vec()));
                let one = Arrived {
                    method: head.method,
                    path: head.uri.to_string(),
                    fields: fields.collect(),
                    body: body.collect().await?.to_bytes().to_vec(),
                };
                kept.lock().unwrap().push(one);
                Ok::<_, hyper::Error>(hyper::Response::new(Empty::<Bytes>::new()))
            }
        });
        let serving = tokio::spawn(
            http1::Builder::new()
                .half_close(true)
                .serve_connection(TokioIo::new(server), service),
        );
        client.write_all(&bytes).await.unwrap();
        client.shutdown().await.unwrap();
        let mut answers = Vec::new();
        client.read_to_end(&mut answers).await.unwrap();
        serving.await.unwrap().unwrap();
        arrived.lock().unwrap().clone()
    })
}

fn value() -> impl Strategy<Value = Value> {
    prop_oneof![
        any::<i64>().prop_map(Value::Int),
        (-1e9..1e9).prop_map(Value::Float),
        ".{0,12}".prop_map(|text: String| Value::Text(text.into())),
        select(vec![
            "\r\nHost: evil",
            "\n\n",
            " ",
            "a b&c=d?e#f/../%00",
            "\u{e9}\u{1f600}\0"
        ])
        .prop_map(|text| Value::Text(text.into())),
    ]
}

/// A text with holes for three values.
fn text(literal: &'static str, escape: Escape) -> impl Strategy<Value = Template> {
    let part = prop_oneof![
        literal.prop_map(|text: String| Part::Literal(text.into_bytes().into())),
        (0..3usize).prop_map(move |place| Part::Variable(place, escape)),
    ];
    vec(part, 0..4).prop_map(Template::new)
}

fn path() -> impl Strategy<Value = Template> {
    text("[a-z/=&?]{1,5}", Escape::Url).prop_map(|rest| {
        let slash = Part::Literal(b"/".as_slice().into());
        Template::new([slash].into_iter().chain(rest.parts().to_vec()))
    })
}

fn any_step() -> impl Strategy<Value = HttpStep> {
    let method = select(vec![
        Method::GET,
        Method::HEAD,
        Method::POST,
        Method::PUT,
        Method::PATCH,
        Method::DELETE,
        Method::OPTIONS,
    ]);
    let name = select(vec![
        header::ACCEPT,
        header::CONTENT_TYPE,
        header::HOST,
        header::USER_AGENT,
        header::AUTHORIZATION,
        HeaderName::from_static("x-request-id"),
    ]);
    let field = (name, text("[!-~]{1,5}", Escape::Header));
    let fields = vec(field, 0..4).prop_map(|mut fields| {
        fields.sort_by(|(one, _), (other, _)| one.as_str().cmp(other.as_str()));
        fields.dedup_by(|(one, _), (other, _)| one == other);
        fields
    });
    let body = option::of(prop_oneof![
        text("[ -~]{0,9}", Escape::None),
        text("[ -~]{0,9}", Escape::Json),
    ]);
    let trace = option::of(any::<bool>().prop_map(|_| Sampling::share(1.0)));
    (method, path(), fields, body, trace).prop_map(|(method, path, headers, body, trace)| {
        HttpStep {
            path,
            headers,
            body,
            trace,
            ..step(method, "/")
        }
    })
}

fn text_of(template: &Template, values: &[Value]) -> Vec<u8> {
    let mut bytes = Vec::new();
    template.render(values, &mut bytes);
    bytes
}

proptest! {
    #[test]
    fn hyper_understands_what_was_meant(
        step in any_step(),
        values in vec(value(), 3),
        prefix in select(vec!["", "/", "/api", "/api/v1/"]),
    ) {
        let url = format!("http://127.0.0.1:8080{prefix}");
        let bytes = rendered(&step, &url, &values);
        // Twice: nothing of the first may be taken for the second.
        let arrived = served(&[&bytes[..], &bytes].concat());
        prop_assert_eq!(arrived.len(), 2);
        prop_assert_eq!(&arrived[0], &arrived[1]);
        let arrived = &arrived[0];

        prop_assert_eq!(&arrived.method, &step.method);
        let path = [prefix.trim_end_matches('/').as_bytes(), &text_of(&step.path, &values)].concat();
        prop_assert_eq!(arrived.path.as_bytes(), &path);
        for (name, template) in &step.headers {
            let sent = text_of(template, &values);
            prop_assert_eq!(arrived.field(name.clone()), Some(sent.trim_ascii()), "{}", name);
        }
        let own = |name: HeaderName| step.headers.iter().any(|(own, _)| *own == name);
        if !own(header::HOST) {
            prop_assert_eq!(arrived.field(header::HOST), Some(b"127.0.0.1:8080".as_slice()));
        }
        if !own(header::USER_AGENT) {
            prop_assert_eq!(arrived.field(header::USER_AGENT), Some(b"test".as_slice()));
        }
        let context = "00-0000000000000000000000004bf92f35-0000000000000007-01";
        prop_assert_eq!(
            arrived.field(HeaderName::from_static("traceparent")),
            step.trace.map(|_| context.as_bytes())
        );
        let body = step.body.as_ref().map(|body| text_of(body, &values));
        let length = match &body {
            Some(body) => Some(body.len().to_string()),
            None => matches!(step.method, Method::POST | Method::PUT | Method::PATCH)
                .then(|| "0".to_owned()),
        };
        prop_assert_eq!(arrived.field(header::CONTENT_LENGTH), length.as_deref().map(str::as_bytes));
        prop_assert_eq!(&arrived.body, &body.unwrap_or_default());
    }
}

#[test]
fn a_request_reads_like_this() {
    let id = Template::new([
        Part::Literal(b"id=".as_slice().into()),
        Part::Variable(0, Escape::Form),
    ]);
    let create = HttpStep {
        headers: vec![(
            header::CONTENT_TYPE,
            literal("application/x-www-form-urlencoded"),
        )],
        body: Some(id),
        ..step(Method::POST, "/order?x=1")
    };
    let bytes = rendered(
        &create,
        "http://me:pass%3Aword@example.org/api/",
        &[Value::Int(1234567890)],
    );
    assert_eq!(
        String::from_utf8(bytes).unwrap(),
        "POST /api/order?x=1 HTTP/1.1\r\n\
         host: example.org\r\n\
         user-agent: test\r\n\
         authorization: Basic bWU6cGFzczp3b3Jk\r\n\
         content-type: application/x-www-form-urlencoded\r\n\
         content-length: 13\r\n\
         \r\n\
         id=1234567890"
    );
    let bytes = rendered(&get(), "http://[::1]:81", &[]);
    assert!(bytes.starts_with(b"GET / HTTP/1.1\r\nhost: [::1]:81\r\n"));
    let bytes = rendered(&get(), "https://example.org:443", &[]);
    assert!(bytes.starts_with(b"GET / HTTP/1.1\r\nhost: example.org\r\n"));
}

#[test]
fn who_frames_a_body_by_hand_is_not_interfered_with() {
    let by_hand = HttpStep {
        headers: vec![(header::TRANSFER_ENCODING, literal("chunked"))],
        body: Some(literal("2\r\nok\r\n0\r\n\r\n")),
        ..step(Method::POST, "/")
    };
    let arrived = served(&rendered(&by_hand, "http://host", &[]));
    assert_eq!(arrived[0].body, b"ok");
    assert_eq!(arrived[0].field(header::CONTENT_LENGTH), None);
}

#[tokio::test]
async fn values_reach_the_server() {
    let server = Server::start([vec![Act::Hear, ok(), Act::Hear, ok(), Act::Stay]]).await;
    let create = HttpStep {
        body: Some(Template::new([Part::Variable(0, Escape::Json)])),
        ..step(Method::PUT, "/")
    };
    let mut user = User::new(&server.url, [create]);
    for (value, sent) in [
        (Value::Int(7), "7"),
        (Value::Text("a\"b".into()), "\"a\\\"b\""),
    ] {
        let progress = Progress::default();
        let mut values = [value];
        let outcome = user
            .driver
            .step(
                &mut user.session,
                (0, &user.steps[0]),
                &mut values,
                &progress,
            )
            .await;
        assert!(outcome.failure.is_none());
        assert!(server.heard().last().unwrap().ends_with(sent.as_bytes()));
    }
}

#[tokio::test]
async fn traces_reach_the_server() {
    let server = Server::start([vec![Act::Hear, ok(), Act::Hear, ok(), Act::Stay]]).await;
    let traced = HttpStep {
        trace: Some(Sampling::share(1.0)),
        ..get()
    };
    let mut user = User::new(&server.url, [traced]);
    let mut seen = Vec::new();
    for _ in 0..2 {
        let progress = Progress::default();
        let outcome = user
            .driver
            .step(&mut user.session, (0, &user.steps[0]), &mut [], &progress)
            .await;
        assert!(outcome.failure.is_none());
        let trace = progress.trace().unwrap();
        assert_eq!(
            (trace.status, trace.sampled, trace.server),
            (Some(200), true, 0)
        );
        let heard = server.heard().last().unwrap().clone();
        let heard = String::from_utf8(heard).unwrap();
        assert_eq!(outcome.bytes_sent, heard.len() as u64);
        let context = format!("traceparent: 00-{}-{:016x}-01\r\n", trace.id, trace.span);
        assert!(heard.contains(&context), "{context}\n{heard}");
        seen.push(trace.id);
    }
    assert_ne!(seen[0], seen[1]);
}

#[tokio::test]
async fn a_path_that_values_would_turn_into_another_is_not_sent() {
    let path = |before: &'static str| {
        let literal = |text: &'static str| Part::Literal(text.as_bytes().into());
        Template::new([
            literal(before),
            Part::Variable(0, Escape::Url),
            literal("/items?x="),
            Part::Variable(0, Escape::Url),
        ])
    };
    let acts = [Act::Hear, ok(), Act::Hear, ok(), Act::Stay];
    let server = Server::start([acts.to_vec()]).await;
    let delete = |before| HttpStep {
        path: path(before),
        ..step(Method::DELETE, "/")
    };
    let mut user = User::new(&server.url, [delete("/orders/"), delete("/orders/%2e")]);
    for (step, value, sent) in [
        (0, "..", None),
        (0, ".", None),
        (0, "...", Some("/orders/.../items?x=...")),
        (0, "%2e%2e", Some("/orders/%252e%252e/items?x=%252e%252e")),
        (1, ".", None),
        (1, "", None),
    ] {
        let progress = Progress::default();
        let step = (step, &user.steps[step]);
        let mut values = [Value::Text(value.into())];
        let done = user
            .driver
            .step(&mut user.session, step, &mut values, &progress);
        let outcome = done.await;
        match sent {
            Some(path) => {
                assert!(outcome.failure.is_none(), "{value}: {outcome:?}");
                let heard = server.heard().last().unwrap().clone();
                let line = format!("DELETE {path} HTTP/1.1\r\n");
                assert!(heard.starts_with(line.as_bytes()), "{value}");
            }
            None => {
                assert_eq!(class_of(&outcome), Some(ErrorClass::Other));
                assert!(words(&outcome).starts_with("not sent: "), "{outcome:?}");
                assert_eq!((outcome.sent_at, outcome.bytes_sent), (None, 0));
            }
        }
    }
}
