//! The routes of the service.

use axum::Router;
use axum::body::Bytes;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::{get, post};
use prometheus_client::registry::Registry;
use serde_json::json;
use std::time::{Duration, SystemTime};
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::inbox::{Inbox, Received};
use super::message::{Envelope, Posted};
use super::metrics::HelloMetrics;
use super::sns::{Sns, SnsConfig};
use super::topic::{Topic, WEBHOOK, deliver};
use crate::clock::{millis, timestamp};
use crate::http::{Api, ApiError, TypedBody, json_response};
use crate::telemetry::Telemetry;
use crate::{Error, Service};

#[derive(Clone)]
struct Hello {
    topic: Topic,
    inbox: Inbox,
    metrics: HelloMetrics,
    telemetry: Telemetry,
}

/// The service that listens on `port`, publishing as `config` says.
pub(crate) fn open(
    config: &SnsConfig,
    port: u16,
    telemetry: &Telemetry,
    tasks: &mut JoinSet<()>,
    stopping: watch::Receiver<bool>,
) -> Result<Router, Error> {
    let mut registry = Registry::default();
    let metrics = HelloMetrics::register(&mut registry);
    let (topic, queue) = match Sns::new(config, port, telemetry)? {
        Some(sns) => {
            tasks.spawn(until(stopping.clone(), sns.clone().keep_subscribed()));
            (Topic::Sns(sns), None)
        }
        None => {
            let (topic, queue) = Topic::in_process();
            (topic, Some(queue))
        }
    };
    let hello = Hello {
        topic: topic.clone(),
        inbox: Inbox::default(),
        metrics,
        telemetry: telemetry.clone(),
    };
    let health = move || {
        let topic = topic.clone();
        async move {
            let topic = topic.health()?;
            Ok([("topic".to_owned(), topic)].into_iter().collect())
        }
    };
    let router = Api::new()
        .route("/", get(greet))
        .route("/publish", post(publish))
        .route("/messages/{message_id}", get(find))
        .route(WEBHOOK, post(webhook))
        .finish_with(hello, Service::Hello.name(), health, telemetry, registry);
    if let Some(queue) = queue {
        tasks.spawn(until(stopping, deliver(queue, router.clone())));
    }
    Ok(router)
}

/// Runs `task` until the app stops.
async fn until(mut stopping: watch::Receiver<bool>, task: impl Future<Output = ()>) {
    tokio::select! {
        () = task => {}
        // An error means that the app was dropped, which is to stop as well.
        _ = stopping.wait_for(|&stop| stop) => {}
    }
}

impl Hello {
    fn receive(&self, envelope: Envelope, now: SystemTime) {
        let delivery_ms = millis(now).saturating_sub(envelope.published_at);
        let new = self.inbox.keep(Received {
            message_id: envelope.id,
            message: envelope.text,
            received_at: timestamp(now),
            delivery_ms,
        });
        if new {
            self.metrics.received.inc();
            let delivery = Duration::from_millis(delivery_ms);
            self.metrics.delivery.observe(delivery.as_secs_f64());
        } else {
            self.metrics.repeated.inc();
        }
    }
}

async fn greet() -> Response {
    json_response(StatusCode::OK, &json!({ "message": "Hello, World!" }))
}

/// 202: the message is on its way, and not back yet.
async fn publish(State(hello): State<Hello>, body: TypedBody) -> Result<Response, ApiError> {
    let envelope = Envelope::from_request(body.json()?, SystemTime::now())?;
    match hello.topic.publish(&envelope).await {
        Ok(()) => hello.metrics.published.inc(),
        Err(error) => {
            hello.metrics.failed.inc();
            return Err(error);
        }
    };
    let accepted = json!({ "message_id": envelope.id });
    Ok(json_response(StatusCode::ACCEPTED, &accepted))
}

async fn find(
    State(hello): State<Hello>,
    message_id: Result<Path<String>, PathRejection>,
) -> Result<Response, ApiError> {
    message_id
        .ok()
        .and_then(|Path(id)| hello.inbox.find(&id))
        .map(|message| json_response(StatusCode::OK, &message))
        .ok_or_else(|| {
            ApiError::new(
                StatusCode::NOT_FOUND,
                "unknown_message",
                "no message with this id has come back",
            )
        })
}

/// Receives the topic's posts. SNS repeats what is not answered by 2xx.
async fn webhook(State(hello): State<Hello>, body: Bytes) -> Result<Response, ApiError> {
    match Posted::from_body(&body)? {
        Posted::Notification(notification) => {
            let now = SystemTime::now();
            let envelope = notification.into_envelope(now);
            let trace = envelope.trace.clone();
            hello
                .telemetry
                .consume("hello process", &trace, || hello.receive(envelope, now));
        }
        Posted::SubscriptionConfirmation(confirmation) => match &hello.topic {
            Topic::Sns(sns) => sns.confirm(&confirmation).await?,
            Topic::InProcess(_) => {
                return Err(ApiError::invalid(
                    "the topic is in this process and needs no confirmation",
                ));
            }
        },
        Posted::UnsubscribeConfirmation(_) => {
            if let Topic::Sns(sns) = &hello.topic {
                sns.subscribe_again();
            }
        }
    }
    Ok(json_response(StatusCode::OK, &json!({ "status": "ok" })))
}
