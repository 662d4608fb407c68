//! Metrics of messages that go out and come back.

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};

/// Seconds: from a delivery within the process to one that SNS had to repeat.
const BUCKETS: [f64; 12] = [
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0, 30.0,
];

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ResultLabel {
    result: &'static str,
}

#[derive(Debug, Clone)]
pub(super) struct HelloMetrics {
    /// Messages that the topic took.
    pub(super) published: Counter,
    /// Messages that it did not.
    pub(super) failed: Counter,
    /// Messages that the webhook got for the first time.
    pub(super) received: Counter,
    /// Messages that it got again: SNS delivers at least once.
    pub(super) repeated: Counter,
    /// Time from publishing to the webhook.
    pub(super) delivery: Histogram,
}

impl HelloMetrics {
    pub(super) fn register(registry: &mut Registry) -> Self {
        let published = Family::<ResultLabel, Counter>::default();
        let received = Family::<ResultLabel, Counter>::default();
        let metrics = Self {
            published: published.get_or_create_owned(&ResultLabel { result: "ok" }),
            failed: published.get_or_create_owned(&ResultLabel { result: "failed" }),
            received: received.get_or_create_owned(&ResultLabel { result: "new" }),
            repeated: received.get_or_create_owned(&ResultLabel { result: "repeated" }),
            delivery: Histogram::new(BUCKETS),
        };
        registry.register(
            "hello_messages_published",
            "Messages given to the topic, by result",
            published,
        );
        registry.register(
            "hello_messages_received",
            "Messages that the webhook got, by whether they are new",
            received,
        );
        registry.register_with_unit(
            "hello_message_delivery",
            "Time from publishing a message to its arrival on the webhook",
            Unit::Seconds,
            metrics.delivery.clone(),
        );
        metrics
    }
}
