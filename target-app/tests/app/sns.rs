//! hello with a topic outside the process: moto, and an endpoint that asks for confirmation.

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode as Status};
use axum::routing::{get, post};
use reqwest::StatusCode;
use serde_json::json;
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use target_app::Service::Hello;
use target_app::SnsConfig;

use crate::backend::Backend;
use crate::harness::{JSON, Running, error, start_on};
use crate::hello::{publish, returned};
use test_support::servers::free_port;

/// moto's server, which `scripts/test` installs.
struct Moto {
    process: Child,
    port: u16,
}

impl Moto {
    fn start(port: u16) -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        let installed = root.join("target/tools/python/bin/moto_server");
        let program = match installed.exists() {
            true => installed,
            false => PathBuf::from("moto_server"),
        };
        let mut command = Command::new(program);
        command.args(["-H", "127.0.0.1", "-p", &port.to_string()]);
        let process = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        let process = process.expect("moto_server is needed: scripts/test installs it");
        let deadline = Instant::now() + Duration::from_secs(120);
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(Instant::now() < deadline, "moto does not answer");
            std::thread::sleep(Duration::from_millis(50));
        }
        Self { process, port }
    }

    fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }
}

impl Drop for Moto {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

async fn hello(endpoint: String) -> Running {
    start_on(Backend::Sqlite.data(), Hello, |setup| {
        setup.sns = SnsConfig {
            endpoint: Some(endpoint),
            ..SnsConfig::default()
        };
    })
    .await
}

async fn until_healthy(hello: &Running, healthy: bool) {
    let deadline = Instant::now() + Duration::from_secs(60);
    while hello.get("/health").await.status().is_success() != healthy {
        assert!(Instant::now() < deadline, "health is not {healthy}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn messages_go_out_to_sns_and_come_back_also_after_it_was_gone() {
    let port = free_port();
    let hello = hello(format!("http://127.0.0.1:{port}")).await;
    // It starts without its topic, and says so.
    let answer = hello.post("/publish", JSON, r#"{"message":"hi"}"#).await;
    let code = error(answer, StatusCode::SERVICE_UNAVAILABLE).await;
    assert_eq!(code, "topic_unavailable");
    let code = error(hello.get("/health").await, StatusCode::SERVICE_UNAVAILABLE).await;
    assert_eq!(code, "topic_unavailable");

    let moto = Moto::start(port);
    until_healthy(&hello, true).await;
    for text in ["one", "\"two\" <&> ü"] {
        let id = publish(&hello, text).await;
        assert_eq!(returned(&hello, &id).await["message"], text);
    }
    drop(moto);
    let answer = hello.post("/publish", JSON, r#"{"message":"hi"}"#).await;
    error(answer, StatusCode::SERVICE_UNAVAILABLE).await;
    // moto forgets its topics: the first that is published shows it.
    let moto = Moto::start(port);
    let deadline = Instant::now() + Duration::from_secs(60);
    loop {
        let answer = hello.post("/publish", JSON, r#"{"message":"again"}"#).await;
        if answer.status() == StatusCode::ACCEPTED {
            break;
        }
        assert!(Instant::now() < deadline, "the topic is not made again");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let id = publish(&hello, "three").await;
    assert_eq!(returned(&hello, &id).await["message"], "three");
    assert!(moto.url().contains(&port.to_string()));
    let failed = r#"hello_messages_published_total{result="failed"}"#;
    assert!(hello.metric(failed).await >= 2.0);
}

/// Requests to an endpoint that wants confirmations.
#[derive(Clone, Default)]
struct Asked(Arc<Mutex<Vec<String>>>);

impl Asked {
    fn add(&self, what: impl Into<String>) {
        self.0.lock().unwrap().push(what.into());
    }

    fn has(&self, what: &str) -> bool {
        self.0
            .lock()
            .unwrap()
            .iter()
            .any(|asked| asked.contains(what))
    }
}

const ARN: &str = "arn:aws:sns:us-east-1:123456789012:hello";

async fn act(State(asked): State<Asked>, headers: HeaderMap, body: String) -> (Status, String) {
    let authorization = headers["authorization"].to_str().unwrap();
    assert!(
        authorization.starts_with("AWS4-HMAC-SHA256 Credential="),
        "{authorization}"
    );
    asked.add(&body);
    let action = |name: &str| body.contains(&format!("Action={name}&"));
    let answer = if action("CreateTopic") {
        format!("<R><TopicArn>{ARN}</TopicArn></R>")
    } else if action("Subscribe") {
        "<R><SubscriptionArn>pending confirmation</SubscriptionArn></R>".to_owned()
    } else {
        "<R><MessageId>m</MessageId></R>".to_owned()
    };
    (Status::OK, answer)
}

async fn confirm(State(asked): State<Asked>) -> &'static str {
    asked.add("confirmed");
    "<R/>"
}

#[tokio::test]
async fn a_subscription_is_confirmed_for_our_topic_and_endpoint_only() {
    let asked = Asked::default();
    let router = Router::new()
        .route("/", post(act))
        .route("/confirm", get(confirm))
        .with_state(asked.clone());
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await });

    let hello = hello(endpoint.clone()).await;
    let deadline = Instant::now() + Duration::from_secs(60);
    while !asked.has("Action=Subscribe&") {
        assert!(Instant::now() < deadline, "not subscribed");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let webhook = format!("{}/webhook/sns", hello.url);
    let form = serde_urlencoded::to_string([("Endpoint", webhook)]).unwrap();
    assert!(asked.has(&form) && asked.has("Protocol=http&"));
    // Until it is confirmed, nothing would come back.
    let answer = hello.post("/publish", JSON, r#"{"message":"hi"}"#).await;
    error(answer, StatusCode::SERVICE_UNAVAILABLE).await;

    let confirmation = |arn: &str, url: String| {
        json!({
            "Type": "SubscriptionConfirmation", "MessageId": "m", "Token": "t", "TopicArn": arn,
            "Message": "You have chosen to subscribe.", "SubscribeURL": url,
        })
        .to_string()
    };
    for (arn, url) in [
        (
            "arn:aws:sns:us-east-1:123456789012:other",
            format!("{endpoint}/confirm"),
        ),
        (ARN, "http://127.0.0.1:9/confirm".to_owned()),
        (ARN, "file:///etc/passwd".to_owned()),
        (ARN, "nonsense".to_owned()),
    ] {
        let body = confirmation(arn, url.clone());
        let answer = hello.post("/webhook/sns", "text/plain", body).await;
        let code = error(answer, StatusCode::UNPROCESSABLE_ENTITY).await;
        assert_eq!(code, "invalid", "{arn} {url}");
    }
    assert!(!asked.has("confirmed"));
    until_healthy(&hello, false).await;

    let body = confirmation(
        ARN,
        format!("{endpoint}/confirm?Action=ConfirmSubscription"),
    );
    let answer = hello.post("/webhook/sns", "text/plain", body).await;
    assert_eq!(answer.status(), StatusCode::OK);
    assert!(asked.has("confirmed"));
    until_healthy(&hello, true).await;
    publish(&hello, "hi there").await;
    assert!(asked.has("Action=Publish&") && asked.has("hi+there"));
}
