//! Requests as Prometheus sees them: how many, how they ended, how long they took.

use axum::body::Body;
use axum::extract::{MatchedPath, Request, State};
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderValue, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};
use std::sync::Arc;
use std::time::Instant;

use super::ApiError;

/// Seconds: from what a cached read takes to what a client gives up at.
const BUCKETS: [f64; 15] = [
    0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0,
];

/// The endpoint of requests that match no route.
const UNMATCHED: &str = "unmatched";

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RequestLabels {
    endpoint: &'static str,
    method: &'static str,
    status: u16,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct DurationLabels {
    endpoint: &'static str,
    method: &'static str,
}

/// Labels are static texts, so that counting a request allocates nothing once its series exists.
#[derive(Clone)]
pub(super) struct HttpMetrics {
    templates: Arc<[&'static str]>,
    requests: Family<RequestLabels, Counter>,
    durations: Family<DurationLabels, Histogram, fn() -> Histogram>,
}

impl HttpMetrics {
    pub(super) fn register(registry: &mut Registry, templates: Vec<&'static str>) -> Self {
        let metrics = Self {
            templates: templates.into(),
            requests: Family::default(),
            durations: Family::new_with_constructor(|| Histogram::new(BUCKETS)),
        };
        registry.register(
            "http_requests",
            "Requests answered, by route, method and status",
            metrics.requests.clone(),
        );
        registry.register_with_unit(
            "http_request_duration",
            "Time from the request's head to the answer's, by route and method",
            Unit::Seconds,
            metrics.durations.clone(),
        );
        metrics
    }

    fn endpoint(&self, path: Option<&MatchedPath>) -> &'static str {
        path.and_then(|path| self.templates.iter().find(|&&known| known == path.as_str()))
            .copied()
            .unwrap_or(UNMATCHED)
    }
}

/// Counts and times each request.
pub(super) async fn track(
    State(metrics): State<HttpMetrics>,
    request: Request,
    next: Next,
) -> Response {
    let started = Instant::now();
    let endpoint = metrics.endpoint(request.extensions().get());
    let method = method_label(request.method());
    let response = next.run(request).await;
    let duration = started.elapsed().as_secs_f64();
    let labels = DurationLabels { endpoint, method };
    metrics.durations.get_or_create(&labels).observe(duration);
    let labels = RequestLabels {
        endpoint,
        method,
        status: response.status().as_u16(),
    };
    metrics.requests.get_or_create(&labels).inc();
    response
}

/// Clients can invent methods; labels must not grow with them.
fn method_label(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::POST => "POST",
        Method::HEAD => "HEAD",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        _ => "other",
    }
}

/// The page that Prometheus scrapes.
pub(super) async fn page(State(registry): State<Arc<Registry>>) -> Response {
    let mut text = String::with_capacity(8 * 1024);
    if encode(&mut text, &registry).is_err() {
        // Writing to a String does not fail; a metric that cannot be encoded would.
        return ApiError::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "metrics_unavailable",
            "the metrics cannot be encoded",
        )
        .into_response();
    }
    let mut response = Response::new(Body::from(text));
    response.headers_mut().insert(
        CONTENT_TYPE,
        HeaderValue::from_static("application/openmetrics-text; version=1.0.0; charset=utf-8"),
    );
    response
}
