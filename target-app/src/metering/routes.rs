//! The routes of the service.

use axum::Router;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::{get, post};
use prometheus_client::registry::Registry;
use serde_json::{Map, Value, json};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::aggregate::Aggregator;
use super::breaker::Breaker;
use super::config::{MeteringConfig, Profile};
use super::lock::Locks;
use super::metrics::MeteringMetrics;
use super::model::{Event, Windows};
use super::store;
use crate::Service;
use crate::database::Database;
use crate::http::{Api, ApiError, TypedBody, json_response};

/// Longest time of a call with the time limiter on.
const TIME_LIMIT: Duration = Duration::from_secs(2);

/// Windows that are shown of a customer.
const SHOWN: i64 = 1_000;

#[derive(Clone)]
struct Metering {
    database: Database,
    windows: Windows,
    locks: Option<Locks>,
    metrics: MeteringMetrics,
    breaker: Option<Arc<Breaker>>,
    /// Name that tells it from other instances.
    instance: Arc<str>,
}

/// The service over a migrated database, and in `tasks` the work behind it. `port` tells instances
/// apart.
pub(crate) fn open(
    database: Database,
    config: &MeteringConfig,
    port: u16,
    tasks: &mut JoinSet<()>,
    stopping: watch::Receiver<bool>,
) -> Router {
    let mut registry = Registry::default();
    let metrics = MeteringMetrics::register(&mut registry);
    let (wait, lease) = (config.lock_wait, config.lock_lease);
    let locks = config.redis.clone();
    let locks = locks.map(|client| Locks::new(client, wait, lease, metrics.clone()));
    let instance: Arc<str> = format!("{}:{port}", std::process::id()).into();
    let metering = Metering {
        database: database.clone(),
        windows: Windows::new(config.window),
        locks: locks.clone(),
        metrics: metrics.clone(),
        breaker: (config.profile == Profile::Spike).then(|| Arc::new(Breaker::new())),
        instance: Arc::clone(&instance),
    };
    let aggregator = Aggregator::new(database.clone(), metering.windows, locks, instance, metrics);
    tasks.spawn(aggregator.run(stopping));
    Api::new()
        .route("/events", post(take))
        .route("/windows/{tenant_id}/{customer_id}", get(windows))
        .route("/stats", get(stats))
        .route("/actuator/health", get(actuator_health))
        .finish(metering, Service::Metering, database, registry)
}

/// 202: the event is stored, and counted when its window is over.
async fn take(State(metering): State<Metering>, body: TypedBody) -> Result<Response, ApiError> {
    let event = Event::from_json(body.json()?)?;
    let start = metering.guarded(&event).await?;
    metering.metrics.events.inc();
    let accepted = json!({ "window_start": start });
    Ok(json_response(StatusCode::ACCEPTED, &accepted))
}

impl Metering {
    /// Stores an event as the profile says; returns its window's start.
    async fn guarded(&self, event: &Event) -> Result<String, ApiError> {
        let stored = store::store(&self.database, self.windows, event, SystemTime::now());
        let Some(breaker) = &self.breaker else {
            return Ok(stored.await?.to_string());
        };
        if !breaker.allows(Instant::now()) {
            self.metrics.rejected.inc();
            return Err(ApiError::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "circuit_open",
                "the circuit breaker is open: nearly all calls before this one failed",
            ));
        }
        let report = Report(breaker, true);
        let stored = timeout(TIME_LIMIT, stored).await.map_err(|_| {
            ApiError::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "time_limit",
                "the database took longer than 2 s",
            )
        })??;
        report.succeeded();
        Ok(stored.to_string())
    }
}

/// Tells the breaker how a call ended: badly, unless told otherwise before it is dropped, as it
/// also is when the client gives up.
struct Report<'a>(&'a Breaker, bool);

impl Report<'_> {
    fn succeeded(mut self) {
        self.1 = false;
    }
}

impl Drop for Report<'_> {
    fn drop(&mut self) {
        self.0.ended(self.1, Instant::now());
    }
}

async fn windows(
    State(metering): State<Metering>,
    customer: Result<Path<(String, String)>, PathRejection>,
) -> Result<Response, ApiError> {
    // An id that is no text names no customer, who then has no windows.
    let windows = match customer {
        Ok(Path((tenant, customer))) if !tenant.contains('\0') && !customer.contains('\0') => {
            store::aggregated(&metering.database, &tenant, &customer, SHOWN).await?
        }
        _ => Vec::new(),
    };
    let answer = json!({ "count": windows.len(), "windows": windows });
    Ok(json_response(StatusCode::OK, &answer))
}

/// Work of this instance since it began, so that its share can be told.
async fn stats(State(metering): State<Metering>) -> Response {
    let stats = json!({
        "service": Service::Metering.name(),
        "instance": *metering.instance,
        "events_accepted": metering.metrics.events.get(),
        "windows_processed": metering.metrics.processed.get(),
    });
    json_response(StatusCode::OK, &stats)
}

/// Health as Spring Boot tells it. Events are taken while the database answers; windows wait for
/// Redis if need be.
async fn actuator_health(State(metering): State<Metering>) -> Response {
    let word = |is_up: bool| if is_up { "UP" } else { "DOWN" };
    let database = match metering.database.read().await {
        Ok(mut session) => session.ping().await.is_ok(),
        Err(_) => false,
    };
    let mut components = Map::new();
    components.insert("db".to_owned(), json!({ "status": word(database) }));
    if let Some(locks) = &metering.locks {
        let redis: Value = json!({ "status": word(locks.answers().await) });
        components.insert("redis".to_owned(), redis);
    }
    let status = match database {
        true => StatusCode::OK,
        false => StatusCode::SERVICE_UNAVAILABLE,
    };
    let health = json!({ "status": word(database), "components": components });
    json_response(status, &health)
}
