//! Topics that messages are published to: a queue within the process, or SNS.

use axum::Router;
use axum::body::Body;
use axum::http::{Method, Request};
use serde_json::json;
use tokio::sync::mpsc::{self, Receiver, Sender};
use tower::ServiceExt;

use super::message::{Envelope, Notification, Posted};
use super::sns::Sns;
use crate::http::ApiError;

/// Path that the topic posts its messages to.
pub(super) const WEBHOOK: &str = "/webhook/sns";

/// Messages on their way within the process, at most.
const QUEUE: usize = 10_000;

/// The topic's name, until SNS says otherwise.
const LOCAL_ARN: &str = "arn:local:sns:in-process:hello";

#[derive(Debug, Clone)]
pub(super) enum Topic {
    /// Delivered to the webhook's handler by a task, without a network.
    InProcess(Sender<Envelope>),
    /// Published to an SNS endpoint, which posts them.
    Sns(Sns),
}

impl Topic {
    /// A topic of this process and what is published to it, for [`deliver`].
    pub(super) fn in_process() -> (Self, Receiver<Envelope>) {
        let (sender, receiver) = mpsc::channel(QUEUE);
        (Topic::InProcess(sender), receiver)
    }

    /// Gives a message to the topic; it is on its way when this returns.
    pub(super) async fn publish(&self, envelope: &Envelope) -> Result<(), ApiError> {
        match self {
            Topic::InProcess(queue) => queue
                .try_send(envelope.clone())
                .map_err(|_| super::sns::unavailable("10000 messages are on their way already")),
            Topic::Sns(sns) => sns.publish(envelope).await,
        }
    }

    /// State for `/health`: an error while messages would not come back.
    pub(super) fn health(&self) -> Result<serde_json::Value, ApiError> {
        match self {
            Topic::InProcess(_) => Ok(json!("in-process")),
            Topic::Sns(sns) => sns.topic().map(|arn| json!(arn)),
        }
    }
}

/// Posts what comes out of `messages` to the webhook of `router`, one after the other.
pub(super) async fn deliver(mut messages: Receiver<Envelope>, router: Router) {
    while let Some(envelope) = messages.recv().await {
        let notification = Posted::Notification(Notification {
            message_id: envelope.id.clone(),
            topic_arn: LOCAL_ARN.to_owned(),
            message: envelope.to_text(),
        });
        // Fails only for maps with keys that are no strings, which a notification has not.
        let body = serde_json::to_vec(&notification).unwrap_or_default();
        let mut request = Request::new(Body::from(body));
        *request.method_mut() = Method::POST;
        *request.uri_mut() = axum::http::Uri::from_static(WEBHOOK);
        // A router answers always; its error type has no values.
        let _ = router.clone().oneshot(request).await;
    }
}
