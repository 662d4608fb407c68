//! Receiver of OTLP over HTTP, with what it was sent, decoded.

use crate::request::Request;
use opentelemetry_proto::tonic::{
    collector::trace::v1::ExportTraceServiceRequest,
    common::v1::{KeyValue, any_value::Value},
    trace::v1::span::SpanKind,
};
use prost::Message;
use std::collections::BTreeMap;

/// A span, readable.
#[derive(Debug, Clone)]
pub struct Span {
    /// `service.name` of its resource.
    pub service: String,
    /// Its name.
    pub name: String,
    /// Its kind.
    pub kind: SpanKind,
    /// In hex.
    pub trace: String,
    /// In hex.
    pub id: String,
    /// In hex; empty for a root.
    pub parent: String,
    /// Nanoseconds since 1970.
    pub start: u64,
    /// Nanoseconds since 1970.
    pub end: u64,
    /// Its status is Error.
    pub failed: bool,
    /// Texts and whole numbers, as texts.
    pub attributes: BTreeMap<String, String>,
}

/// The spans of all posts to `/v1/traces`.
pub fn spans(posts: &[Request]) -> Vec<Span> {
    let posts = posts.iter().filter(|post| post.path == "/v1/traces");
    posts.flat_map(of_post).collect()
}

fn of_post(post: &Request) -> Vec<Span> {
    assert_eq!(post.header("content-type"), Some("application/x-protobuf"));
    let request = ExportTraceServiceRequest::decode(&*post.body).expect("a body of spans");
    let mut spans = Vec::new();
    for of_resource in request.resource_spans {
        let resource = attributes(&of_resource.resource.unwrap_or_default().attributes);
        let service = resource.get("service.name").cloned().unwrap_or_default();
        for span in of_resource.scope_spans.into_iter().flat_map(|it| it.spans) {
            spans.push(Span {
                service: service.clone(),
                kind: span.kind(),
                trace: hex(&span.trace_id),
                id: hex(&span.span_id),
                parent: hex(&span.parent_span_id),
                start: span.start_time_unix_nano,
                end: span.end_time_unix_nano,
                failed: span.status.is_some_and(|status| status.code == 2),
                attributes: attributes(&span.attributes),
                name: span.name,
            });
        }
    }
    spans
}

fn attributes(list: &[KeyValue]) -> BTreeMap<String, String> {
    let value = |attribute: &KeyValue| match attribute.value.as_ref()?.value.as_ref()? {
        Value::StringValue(text) => Some(text.clone()),
        Value::IntValue(number) => Some(number.to_string()),
        _ => None,
    };
    list.iter()
        .filter_map(|attribute| Some((attribute.key.clone(), value(attribute)?)))
        .collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
