//! A client of SNS, or of anything that speaks its query protocol.

use axum::http::StatusCode;
use reqwest::{Client, Url};
use serde_json::json;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};
use tokio::sync::Notify;

use super::message::{Confirmation, Envelope};
use super::sign::{Credentials, Signed, authorization};
use super::topic::WEBHOOK;
use crate::Error;
use crate::clock::timestamp;
use crate::http::ApiError;
use crate::telemetry::{Level, Telemetry};

const VERSION: &str = "2010-03-31";
const CONTENT_TYPE: &str = "application/x-www-form-urlencoded";

/// Longest time for a response of SNS.
const PATIENCE: Duration = Duration::from_secs(5);

/// Pause before a subscription that failed is tried again.
const PAUSE: Duration = Duration::from_secs(1);

/// Topic that hello publishes to.
#[derive(Debug, Clone)]
pub struct SnsConfig {
    /// URL of an SNS endpoint; without one the topic is in the process.
    pub endpoint: Option<String>,
    /// Name of a topic, made when it is missing, or the ARN of one.
    pub topic: String,
    /// URL of the webhook as SNS reaches it; the service's own address by default.
    pub webhook: Option<String>,
}

impl Default for SnsConfig {
    fn default() -> Self {
        Self {
            endpoint: None,
            topic: "hello".to_owned(),
            webhook: None,
        }
    }
}

/// Clones share the client and what is known of the subscription.
#[derive(Debug, Clone)]
pub(super) struct Sns(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    client: Client,
    endpoint: Url,
    region: String,
    credentials: Credentials,
    topic: String,
    webhook: String,
    subscription: Mutex<Subscription>,
    subscribe: Notify,
    telemetry: Telemetry,
}

/// State of the subscription; with the topic's ARN.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Subscription {
    None,
    Pending(String),
    Confirmed(String),
}

/// The 503 of a topic that takes or delivers nothing now.
pub(super) fn unavailable(reason: &str) -> ApiError {
    ApiError::new(
        StatusCode::SERVICE_UNAVAILABLE,
        "topic_unavailable",
        format!("the topic is not to be had: {reason}"),
    )
}

impl Sns {
    /// The client that `config` asks for, if it does. `port` is where the service listens.
    pub(super) fn new(
        config: &SnsConfig,
        port: u16,
        telemetry: &Telemetry,
    ) -> Result<Option<Self>, Error> {
        let Some(endpoint) = &config.endpoint else {
            return Ok(None);
        };
        let wrong = |reason: String| Error::Sns {
            url: endpoint.clone(),
            reason,
        };
        let url: Url = endpoint
            .parse()
            .map_err(|error| wrong(format!("{error}")))?;
        if !url.has_host() || !matches!(url.scheme(), "http" | "https") {
            return Err(wrong("expected http://HOST or https://HOST".to_owned()));
        }
        let client = Client::builder()
            .timeout(PATIENCE)
            // Only the URL of a subscription is requested, and nothing that it may redirect to.
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .map_err(|error| wrong(error.to_string()))?;
        // arn:aws:sns:REGION:ACCOUNT:NAME
        let region = config.topic.split(':').nth(3).map(str::to_owned);
        let region = region.or_else(|| std::env::var("AWS_REGION").ok());
        Ok(Some(Self(Arc::new(Inner {
            client,
            endpoint: url,
            region: region.unwrap_or_else(|| "us-east-1".to_owned()),
            credentials: Credentials::from_env(),
            topic: config.topic.clone(),
            webhook: config
                .webhook
                .clone()
                .unwrap_or_else(|| format!("http://127.0.0.1:{port}{WEBHOOK}")),
            subscription: Mutex::new(Subscription::None),
            subscribe: Notify::new(),
            telemetry: telemetry.clone(),
        }))))
    }

    /// Subscribes the webhook, and again whenever the topic turns out to be gone.
    pub(super) async fn keep_subscribed(self) {
        loop {
            match self.subscribe().await {
                Ok(()) => self.0.subscribe.notified().await,
                Err(reason) => {
                    let fields = json!({ "error": reason });
                    let telemetry = &self.0.telemetry;
                    telemetry.event(Level::Warn, "subscribing failed", fields);
                    tokio::time::sleep(PAUSE).await;
                }
            }
        }
    }

    async fn subscribe(&self) -> Result<(), String> {
        let arn = if self.0.topic.starts_with("arn:") {
            self.0.topic.clone()
        } else {
            let answer = self
                .ask("CreateTopic", &[("Name", &self.0.topic)])
                .await
                .map_err(|failure| failure.reason)?;
            element(&answer, "TopicArn").ok_or("CreateTopic gave no TopicArn")?
        };
        let scheme = match self.0.webhook.starts_with("https:") {
            true => "https",
            false => "http",
        };
        let parameters = [
            ("TopicArn", arn.as_str()),
            ("Protocol", scheme),
            ("Endpoint", &self.0.webhook),
        ];
        // The confirmation may come before the answer, and must find its topic.
        *self.subscription() = Subscription::Pending(arn.clone());
        let answer = match self.ask("Subscribe", &parameters).await {
            Ok(answer) => answer,
            Err(failure) => {
                *self.subscription() = Subscription::None;
                return Err(failure.reason);
            }
        };
        let confirmed =
            element(&answer, "SubscriptionArn").is_some_and(|arn| arn.starts_with("arn:"));
        if confirmed {
            *self.subscription() = Subscription::Confirmed(arn);
        }
        Ok(())
    }

    /// Forgets the subscription and makes a new one.
    pub(super) fn subscribe_again(&self) {
        *self.subscription() = Subscription::None;
        self.0.subscribe.notify_one();
    }

    /// The topic's ARN, while what is published to it comes back.
    pub(super) fn topic(&self) -> Result<String, ApiError> {
        match &*self.subscription() {
            Subscription::Confirmed(arn) => Ok(arn.clone()),
            Subscription::Pending(_) => Err(unavailable("the subscription awaits confirmation")),
            Subscription::None => Err(unavailable("the webhook is not subscribed")),
        }
    }

    /// Publishes a message, its trace context as an attribute as well.
    pub(super) async fn publish(&self, envelope: &Envelope) -> Result<(), ApiError> {
        let arn = self.topic()?;
        let text = envelope.to_text();
        let mut parameters = vec![("TopicArn", arn.as_str()), ("Message", &text)];
        if let Some(traceparent) = envelope.trace.traceparent() {
            parameters.extend([
                ("MessageAttributes.entry.1.Name", "traceparent"),
                ("MessageAttributes.entry.1.Value.DataType", "String"),
                ("MessageAttributes.entry.1.Value.StringValue", traceparent),
            ]);
        }
        match self.ask("Publish", &parameters).await {
            Ok(_) => Ok(()),
            Err(failure) => {
                if failure.status == Some(reqwest::StatusCode::NOT_FOUND) {
                    self.subscribe_again();
                }
                Err(unavailable(&failure.reason))
            }
        }
    }

    /// Confirms the subscription to our topic. Anyone may post to the webhook, so only our own
    /// endpoint is ever asked.
    pub(super) async fn confirm(&self, confirmation: &Confirmation) -> Result<(), ApiError> {
        let arn = &confirmation.topic_arn;
        let expected = match &*self.subscription() {
            Subscription::Pending(ours) | Subscription::Confirmed(ours) => ours == arn,
            Subscription::None => false,
        };
        let url: Option<Url> = confirmation.subscribe_url.parse().ok();
        let url = url.filter(|url| expected && url.origin() == self.0.endpoint.origin());
        let Some(url) = url else {
            return Err(ApiError::invalid(
                "the confirmation is not for the topic and endpoint in use",
            ));
        };
        let answer = self.0.client.get(url).send().await;
        answer
            .and_then(reqwest::Response::error_for_status)
            .map_err(|error| unavailable(&chain(&error)))?;
        *self.subscription() = Subscription::Confirmed(arn.clone());
        Ok(())
    }

    async fn ask(&self, action: &str, parameters: &[(&str, &str)]) -> Result<String, Failure> {
        let mut form = vec![("Action", action), ("Version", VERSION)];
        form.extend_from_slice(parameters);
        // Pairs of texts always make a form.
        let body = serde_urlencoded::to_string(form).unwrap_or_default();
        let endpoint = &self.0.endpoint;
        let host = match (endpoint.host_str(), endpoint.port()) {
            (Some(host), Some(port)) => format!("{host}:{port}"),
            (host, _) => host.unwrap_or_default().to_owned(),
        };
        let time = basic_time(SystemTime::now());
        let signed = Signed {
            host: &host,
            region: &self.0.region,
            service: "sns",
            content_type: CONTENT_TYPE,
            time: &time,
        };
        let credentials = &self.0.credentials;
        let authorization = authorization(credentials, &signed, body.as_bytes());
        let mut request = self
            .0
            .client
            .post(endpoint.clone())
            .header("content-type", CONTENT_TYPE)
            .header("x-amz-date", &time)
            .header("authorization", authorization);
        if let Some(token) = &credentials.session_token {
            request = request.header("x-amz-security-token", token);
        }
        let answer = request.body(body).send().await.map_err(Failure::of)?;
        let status = answer.status();
        let text = answer.text().await.map_err(Failure::of)?;
        if status.is_success() {
            return Ok(text);
        }
        let message = element(&text, "Message").unwrap_or_default();
        Err(Failure {
            status: Some(status),
            reason: format!("{action} was answered {status}: {message}"),
        })
    }

    fn subscription(&self) -> MutexGuard<'_, Subscription> {
        let subscription = &self.0.subscription;
        subscription.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Why SNS did not do as asked.
struct Failure {
    status: Option<reqwest::StatusCode>,
    reason: String,
}

impl Failure {
    fn of(error: reqwest::Error) -> Self {
        Self {
            status: None,
            reason: chain(&error),
        }
    }
}

/// An error and its causes: reqwest says what went wrong in the last of them.
fn chain(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source());
    let texts: Vec<String> = causes.map(ToString::to_string).collect();
    texts.join(": ")
}

/// `20261121T083000Z`
fn basic_time(time: SystemTime) -> String {
    let time = timestamp(time);
    let seconds = time.split('.').next().unwrap_or_default();
    format!("{}Z", seconds.replace(['-', ':'], ""))
}

/// The text of the first element `name`. ARNs have no characters that XML escapes.
fn element(xml: &str, name: &str) -> Option<String> {
    let (_, rest) = xml.split_once(&format!("<{name}>"))?;
    let (text, _) = rest.split_once(&format!("</{name}>"))?;
    Some(text.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_read_and_written_as_sns_has_them() {
        assert_eq!(basic_time(SystemTime::UNIX_EPOCH), "19700101T000000Z");
        let xml = "<A><TopicArn> arn:x </TopicArn></A>";
        assert_eq!(element(xml, "TopicArn").as_deref(), Some("arn:x"));
        assert_eq!(element(xml, "MessageId"), None);
        assert_eq!(element("<TopicArn>", "TopicArn"), None);
    }
}
