//! Requests as SERVER spans and log lines.

use axum::extract::{MatchedPath, Request, State};
use axum::middleware::Next;
use axum::response::Response;
use opentelemetry::KeyValue;
use opentelemetry::trace::{FutureExt, SpanKind, Status, TraceContextExt, Tracer};
use serde_json::json;
use std::sync::Arc;
use std::time::Instant;

use super::{Level, Telemetry, context_of};

/// A route whose spans have a name of their own.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Operation {
    pub(crate) method: &'static str,
    pub(crate) template: &'static str,
    pub(crate) name: &'static str,
}

/// Makes each request a span, below the caller's if it sent one, and a log line. To be layered
/// only when telemetry is on.
pub(crate) async fn track(
    State((telemetry, operations)): State<(Telemetry, Arc<[Operation]>)>,
    request: Request,
    next: Next,
) -> Response {
    let Some(on) = &telemetry.0 else {
        return next.run(request).await;
    };
    let started = Instant::now();
    let method = request.method().as_str().to_owned();
    let path = request.uri().path().to_owned();
    let route: Option<&MatchedPath> = request.extensions().get();
    let route = route.map(|route| route.as_str().to_owned());
    let named = operations
        .iter()
        .find(|named| named.method == method && Some(named.template) == route.as_deref());
    let name = match (named, &route) {
        (Some(operation), _) => operation.name.to_owned(),
        (None, Some(route)) => format!("{method} {route}"),
        (None, None) => method.clone(),
    };
    let mut attributes = vec![
        KeyValue::new("http.request.method", method.clone()),
        KeyValue::new("url.path", path.clone()),
    ];
    if let Some(route) = route {
        attributes.push(KeyValue::new("http.route", route));
    }
    let span = on
        .tracer
        .span_builder(name)
        .with_kind(SpanKind::Server)
        .with_attributes(attributes);
    let parent = context_of(request.headers());
    let context = parent.with_span(on.tracer.build_with_context(span, &parent));

    let response = next.run(request).with_context(context.clone()).await;

    let status = response.status();
    let span = context.span();
    span.set_attribute(KeyValue::new(
        "http.response.status_code",
        i64::from(status.as_u16()),
    ));
    let level = if status.is_server_error() {
        span.set_status(Status::error(status.to_string()));
        Level::Error
    } else {
        Level::Info
    };
    span.end();
    let _current = context.clone().attach();
    let duration_ms = started.elapsed().as_micros() as f64 / 1000.0;
    telemetry.event(
        level,
        "request",
        json!({
            "method": method, "path": path, "status": status.as_u16(), "duration_ms": duration_ms,
        }),
    );
    response
}
