//! Messages as they travel: an envelope of ours inside a notification of SNS.

use serde::{Deserialize, Serialize};
use std::time::SystemTime;

use crate::clock::millis;
use crate::http::{ApiError, parse_json};
use crate::telemetry::Carrier;

/// The longest text in bytes: escaped twice it still fits into a request body.
const MAX_TEXT: usize = 8 * 1024;

/// Message that is published. The trace context is inside, because not every way carries
/// attributes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Envelope {
    pub(super) id: String,
    pub(super) text: String,
    /// Milliseconds since 1970.
    pub(super) published_at: u64,
    #[serde(flatten)]
    pub(super) trace: Carrier,
}

#[derive(Deserialize)]
struct Publish {
    message: String,
}

impl Envelope {
    /// The message that a request body asks to publish.
    pub(super) fn from_request(body: &[u8], now: SystemTime) -> Result<Self, ApiError> {
        let Publish { message } = parse_json(body)?;
        if message.is_empty() || message.len() > MAX_TEXT {
            return Err(ApiError::invalid(format!(
                "message must be 1 to {MAX_TEXT} bytes long, not {}",
                message.len()
            )));
        }
        Ok(Self {
            id: format!("{:032x}", rand::random::<u128>()),
            text: message,
            published_at: millis(now),
            trace: Carrier::of_current(),
        })
    }

    /// As the text of a message.
    pub(super) fn to_text(&self) -> String {
        // Fails only for maps with keys that are no strings, which an envelope has not.
        serde_json::to_string(self).unwrap_or_default()
    }
}

/// Request of SNS to a webhook, as far as it is used.
#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "Type")]
pub(super) enum Posted {
    /// A published message.
    Notification(Notification),
    /// The question whether the webhook wants the topic's messages.
    SubscriptionConfirmation(Confirmation),
    /// The news that it gets them no more.
    UnsubscribeConfirmation(Confirmation),
}

/// A message of a topic.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Notification {
    pub(super) message_id: String,
    pub(super) topic_arn: String,
    pub(super) message: String,
}

/// A change of a subscription.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Confirmation {
    #[serde(rename = "TopicArn")]
    pub(super) topic_arn: String,
    /// Asking for it confirms the subscription.
    #[serde(rename = "SubscribeURL")]
    pub(super) subscribe_url: String,
}

impl Posted {
    /// Reads a body. Its Content-Type is not looked at: SNS sends JSON as `text/plain`.
    pub(super) fn from_body(body: &[u8]) -> Result<Self, ApiError> {
        parse_json(body)
    }
}

impl Notification {
    /// The envelope inside. Whoever else publishes to the topic sends a plain text, which then is
    /// all that is known.
    pub(super) fn into_envelope(self, now: SystemTime) -> Envelope {
        serde_json::from_str(&self.message).unwrap_or_else(|_| Envelope {
            id: self.message_id,
            text: self.message,
            published_at: millis(now),
            trace: Carrier::default(),
        })
    }
}
