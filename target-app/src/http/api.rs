//! A service's routes, completed with those that every service has.

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::StatusCode;
use axum::middleware::from_fn_with_state;
use axum::response::Response;
use axum::routing::{MethodRouter, get};
use prometheus_client::registry::Registry;
use serde_json::{Map, Value};
use std::sync::Arc;

use super::metrics::{HttpMetrics, page, track};
use super::{ApiError, json_response};
use crate::Service;
use crate::database::Database;
use crate::telemetry::{self, Operation, Telemetry};

/// The largest request body; a full order is a tenth of it.
const BODY_LIMIT: usize = 64 * 1024;

/// Collects routes. The templates are kept, because they label the metrics.
pub(crate) struct Api<S> {
    router: Router<S>,
    templates: Vec<&'static str>,
    operations: Vec<Operation>,
}

impl<S: Clone + Send + Sync + 'static> Api<S> {
    pub(crate) fn new() -> Self {
        Self {
            router: Router::new(),
            templates: Vec::new(),
            operations: Vec::new(),
        }
    }

    pub(crate) fn route(mut self, template: &'static str, methods: MethodRouter<S>) -> Self {
        self.router = self.router.route(template, methods);
        self.templates.push(template);
        self
    }

    /// Names the spans of a route; otherwise they are called after the method and the template.
    pub(crate) fn span(
        mut self,
        method: &'static str,
        template: &'static str,
        name: &'static str,
    ) -> Self {
        self.operations.push(Operation {
            method,
            template,
            name,
        });
        self
    }

    /// [`Api::finish_with`] for a service that is healthy when its database answers.
    pub(crate) fn finish(
        self,
        state: S,
        service: Service,
        database: Database,
        mut registry: Registry,
    ) -> Router {
        database.register_metrics(&mut registry);
        let telemetry = database.telemetry().clone();
        let health = move || {
            let database = database.clone();
            async move {
                database.read().await?.ping().await?;
                Ok(Map::new())
            }
        };
        self.finish_with(state, service.name(), health, &telemetry, registry)
    }

    /// Adds `/health`, `/metrics`, JSON errors for everything else, the limit on bodies, and the
    /// counting, timing and telling of every request. `name` is who is healthy as `health` says,
    /// and `registry` has the service's own metrics.
    pub(crate) fn finish_with<F, H>(
        self,
        state: S,
        name: &'static str,
        health: F,
        telemetry: &Telemetry,
        mut registry: Registry,
    ) -> Router
    where
        F: Fn() -> H + Clone + Send + Sync + 'static,
        H: Future<Output = Result<Map<String, Value>, ApiError>> + Send + 'static,
    {
        let health = move || {
            let health = health();
            async move { Ok::<_, ApiError>(healthy(name, health.await?)) }
        };
        let shared = Api::new()
            .route("/health", get(health))
            .route("/metrics", get(page));
        let mut templates = self.templates;
        templates.extend(shared.templates);
        let metrics = HttpMetrics::register(&mut registry, templates);
        let shared = shared.router.with_state(Arc::new(registry));
        let router = self
            .router
            .with_state(state)
            .merge(shared)
            .fallback(no_route)
            .method_not_allowed_fallback(wrong_method)
            .layer(DefaultBodyLimit::max(BODY_LIMIT))
            .layer(from_fn_with_state(metrics, track));
        if !telemetry.is_on() {
            return router;
        }
        let tell = (telemetry.clone(), self.operations.into());
        router.layer(from_fn_with_state(tell, telemetry::track))
    }
}

/// `{"status": "ok", "service": name}` and what the service has to add, its own status included.
fn healthy(name: &'static str, details: Map<String, Value>) -> Response {
    let mut health = Map::new();
    health.insert("status".to_owned(), "ok".into());
    health.insert("service".to_owned(), name.into());
    health.extend(details);
    json_response(StatusCode::OK, &health)
}

async fn no_route() -> ApiError {
    ApiError::new(StatusCode::NOT_FOUND, "no_route", "no such route")
}

async fn wrong_method() -> ApiError {
    ApiError::new(
        StatusCode::METHOD_NOT_ALLOWED,
        "wrong_method",
        "the route does not take this method; Allow names those it does",
    )
}
