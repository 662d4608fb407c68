//! Spans of sampled requests, as OTLP over HTTP has them.

use super::{
    About,
    attribute::{number, text},
    otlp,
};
use loadgen_core::time::Nanos;
use loadgen_plan::Plan;
use loadgen_record::{Ending, Span};
use opentelemetry_proto::tonic::{
    collector::trace::v1::ExportTraceServiceRequest,
    common::v1::KeyValue,
    trace::v1::{
        ResourceSpans, ScopeSpans, Span as OtlpSpan, Status, span::SpanKind, status::StatusCode,
    },
};
use prost::Message;
use std::time::SystemTime;

/// Most spans of one post: some hundred kilobytes.
const MOST: usize = 2_000;

/// The flags of `traceparent`: sampled.
const SAMPLED: u32 = 1;

/// Properties that all spans of a step share.
#[derive(Debug, Clone, Default)]
struct SpanTemplate {
    name: String,
    attributes: Vec<KeyValue>,
    population: usize,
}

/// Makes spans of what was measured.
#[derive(Debug)]
pub(super) struct Spans {
    /// By step index.
    kinds: Vec<SpanTemplate>,
    /// By population, then by place.
    servers: Vec<Vec<Vec<KeyValue>>>,
}

impl Spans {
    pub(super) fn new(about: &About) -> Self {
        let server = |server: &super::Server| {
            vec![
                text("server.address", &server.host),
                number("server.port", server.port.into()),
                text("url.scheme", server.scheme),
            ]
        };
        let servers = about.servers.iter();
        Self {
            kinds: kinds(&about.plan),
            servers: servers
                .map(|servers| servers.iter().map(server).collect())
                .collect(),
        }
    }

    /// The bodies for these spans, each with their number. The run's clock began at `zero`.
    pub(super) fn bodies(
        &self,
        spans: &[Span],
        zero: SystemTime,
        about: &About,
    ) -> impl Iterator<Item = (Vec<u8>, u64)> {
        let zero = otlp::nanos(zero);
        spans.chunks(MOST).map(move |spans| {
            let request = ExportTraceServiceRequest {
                resource_spans: vec![ResourceSpans {
                    resource: Some(otlp::resource(about)),
                    scope_spans: vec![ScopeSpans {
                        scope: Some(otlp::scope()),
                        spans: spans.iter().map(|span| self.span(span, zero)).collect(),
                        ..ScopeSpans::default()
                    }],
                    ..ResourceSpans::default()
                }],
            };
            (request.encode_to_vec(), spans.len() as u64)
        })
    }

    fn span(&self, span: &Span, zero: u64) -> OtlpSpan {
        let kind = self.kinds.get(span.step).cloned().unwrap_or_default();
        let mut attributes = kind.attributes;
        let servers = self.servers.get(kind.population);
        let server = servers.and_then(|servers| servers.get(span.trace.server));
        attributes.extend(server.into_iter().flatten().cloned());
        if let Some(status) = span.trace.status {
            attributes.push(number("http.response.status_code", status.into()));
        }
        let failed = match span.ending {
            Ending::Ok => None,
            Ending::Failed(_) | Ending::Interrupted => Some(span.ending.name()),
        };
        attributes.extend(failed.map(|name| text("error.type", name)));
        let at = |offset: Nanos| zero.saturating_add(offset);
        OtlpSpan {
            trace_id: span.trace.id.0.to_be_bytes().to_vec(),
            span_id: span.trace.span.to_be_bytes().to_vec(),
            flags: SAMPLED,
            name: kind.name,
            kind: SpanKind::Client.into(),
            start_time_unix_nano: at(span.start),
            end_time_unix_nano: at(span.end),
            attributes,
            status: failed.map(|_| Status {
                code: StatusCode::Error.into(),
                ..Status::default()
            }),
            ..OtlpSpan::default()
        }
    }
}

fn kinds(plan: &Plan) -> Vec<SpanTemplate> {
    let mut kinds = vec![SpanTemplate::default(); plan.steps.len()];
    for (population, own) in plan.populations.iter().enumerate() {
        for step in own.load_steps() {
            let (Some(http), Some(kind)) = (step.kind.http(), kinds.get_mut(step.index)) else {
                continue;
            };
            let path = &http.written.path;
            let method = http.method.as_str();
            let id = plan.steps.get(step.index).map_or("", |label| &label.id);
            *kind = SpanTemplate {
                name: format!("{method} {path}"),
                attributes: vec![
                    text("http.request.method", method),
                    text("url.template", path),
                    text("loadgen.step", id),
                ],
                population,
            };
        }
    }
    kinds
}
