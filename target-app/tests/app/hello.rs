use reqwest::StatusCode;
use serde_json::{Value, json};
use std::time::{Duration, Instant};
use target_app::Service::Hello;

use crate::backend::Backend;
use crate::harness::{self, FORM, JSON, Running, error, start};

async fn hello() -> Running {
    start(Backend::Sqlite, Hello, 0).await
}

/// Publishes and returns the message's id.
pub async fn publish(hello: &Running, message: &str) -> String {
    let body = json!({ "message": message }).to_string();
    let answer = hello.post("/publish", JSON, body).await;
    let accepted = harness::json(answer, StatusCode::ACCEPTED).await;
    accepted["message_id"].as_str().unwrap().to_owned()
}

/// The message, once it has come back.
pub async fn returned(hello: &Running, id: &str) -> Value {
    let deadline = Instant::now() + Duration::from_secs(60);
    loop {
        let answer = hello.get(&format!("/messages/{id}")).await;
        if answer.status() == StatusCode::OK {
            return harness::json(answer, StatusCode::OK).await;
        }
        assert_eq!(
            error(answer, StatusCode::NOT_FOUND).await,
            "unknown_message"
        );
        assert!(Instant::now() < deadline, "{id} did not come back");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn it_greets() {
    let hello = hello().await;
    let greeting = harness::json(hello.get("/").await, StatusCode::OK).await;
    assert_eq!(greeting, json!({ "message": "Hello, World!" }));
    let health = harness::json(hello.get("/health").await, StatusCode::OK).await;
    assert_eq!(
        health,
        json!({ "status": "ok", "service": "hello", "topic": "in-process" })
    );
}

#[tokio::test]
async fn what_is_published_comes_back_once() {
    let hello = hello().await;
    let texts = [
        "hi",
        "\"quoted\" \\ \n\u{1}",
        "ünï 🦀",
        &"x".repeat(8 * 1024),
    ];
    for text in texts {
        let id = publish(&hello, text).await;
        let message = returned(&hello, &id).await;
        assert_eq!(message["message"], text);
        assert_eq!(message["message_id"], id);
        assert!(message["delivery_ms"].as_u64().is_some());
        assert!(message["received_at"].as_str().unwrap().ends_with('Z'));
    }
    for (sample, count) in [
        (r#"hello_messages_published_total{result="ok"}"#, 4.0),
        (r#"hello_messages_received_total{result="new"}"#, 4.0),
        (r#"hello_messages_received_total{result="repeated"}"#, 0.0),
        ("hello_message_delivery_seconds_count", 4.0),
    ] {
        assert_eq!(hello.metric(sample).await, count, "{sample}");
    }
}

#[tokio::test]
async fn a_notification_that_is_repeated_or_foreign_does_no_harm() {
    let hello = hello().await;
    let notification = json!({
        "Type": "Notification", "MessageId": "m-1", "TopicArn": "arn:x", "Message": "from elsewhere",
        "Timestamp": "2026-11-21T08:30:00.000Z", "SignatureVersion": "1",
    });
    for _ in 0..2 {
        let body = notification.to_string();
        let answer = hello
            .post("/webhook/sns", "text/plain; charset=UTF-8", body)
            .await;
        assert_eq!(answer.status(), StatusCode::OK);
    }
    assert_eq!(returned(&hello, "m-1").await["message"], "from elsewhere");
    for (result, count) in [("new", 1.0), ("repeated", 1.0)] {
        let sample = format!("hello_messages_received_total{{result=\"{result}\"}}");
        assert_eq!(hello.metric(&sample).await, count);
    }
}

#[tokio::test]
async fn bad_messages_are_refused() {
    let hello = hello().await;
    for (body, status, code) in [
        ("{", StatusCode::BAD_REQUEST, "malformed_json"),
        ("{}", StatusCode::UNPROCESSABLE_ENTITY, "invalid"),
        (
            r#"{"message":5}"#,
            StatusCode::UNPROCESSABLE_ENTITY,
            "invalid",
        ),
        (
            r#"{"message":""}"#,
            StatusCode::UNPROCESSABLE_ENTITY,
            "invalid",
        ),
        (r#"["hi"]"#, StatusCode::UNPROCESSABLE_ENTITY, "invalid"),
    ] {
        let answer = hello.post("/publish", JSON, body).await;
        assert_eq!(error(answer, status).await, code, "{body}");
    }
    let long = json!({ "message": "x".repeat(8 * 1024 + 1) }).to_string();
    let answer = hello.post("/publish", JSON, long).await;
    error(answer, StatusCode::UNPROCESSABLE_ENTITY).await;
    let answer = hello.post("/publish", JSON, " ".repeat(65 * 1024)).await;
    error(answer, StatusCode::PAYLOAD_TOO_LARGE).await;
    let answer = hello.post("/publish", FORM, "message=hi").await;
    error(answer, StatusCode::UNSUPPORTED_MEDIA_TYPE).await;
    for path in ["/messages/", "/messages/nope", "/messages/%FF"] {
        error(hello.get(path).await, StatusCode::NOT_FOUND).await;
    }
    for (body, status) in [
        ("nonsense", StatusCode::BAD_REQUEST),
        ("{}", StatusCode::UNPROCESSABLE_ENTITY),
        (r#"{"Type":"Surprise"}"#, StatusCode::UNPROCESSABLE_ENTITY),
        (
            r#"{"Type":"Notification"}"#,
            StatusCode::UNPROCESSABLE_ENTITY,
        ),
        // Nobody is asked to confirm anything here, and no URL of a stranger's is ever visited.
        (
            r#"{"Type":"SubscriptionConfirmation","TopicArn":"arn:x","SubscribeURL":"http://127.0.0.1:1/"}"#,
            StatusCode::UNPROCESSABLE_ENTITY,
        ),
    ] {
        let answer = hello.post("/webhook/sns", "text/plain", body).await;
        error(answer, status).await;
    }
    assert_eq!(
        hello
            .metric(r#"hello_messages_published_total{result="ok"}"#)
            .await,
        0.0
    );
}
