//! Routes of all three for looking at the pool, and for making it suffer.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::{get, post};
use serde::Deserialize;
use serde_json::json;
use std::time::Duration;

use super::Shop;
use crate::http::{Api, ApiError, TypedBody, json_response, parse_json};

/// The slowest that queries can be made, in milliseconds.
const MAX_DELAY_MS: u64 = 60_000;

pub(super) fn routes(api: Api<Shop>) -> Api<Shop> {
    api.route("/stats", get(stats))
        .route("/demo/enable-slow-queries", post(enable_slow_queries))
        .route("/demo/simulate-pool-exhaustion", post(exhaust))
        .route("/demo/reset", post(reset))
}

async fn stats(State(shop): State<Shop>) -> Response {
    let stats = json!({
        "service": shop.name,
        "uptime_s": shop.started.elapsed().as_secs(),
        "pool": shop.pool.state(),
        "simulation": shop.pool.simulation(),
    });
    json_response(StatusCode::OK, &stats)
}

#[derive(Deserialize)]
struct SlowQueries {
    delay_ms: u64,
}

async fn enable_slow_queries(
    State(shop): State<Shop>,
    body: TypedBody,
) -> Result<Response, ApiError> {
    let SlowQueries { delay_ms } = parse_json(body.json()?)?;
    if delay_ms > MAX_DELAY_MS {
        let message = format!("delay_ms must be from 0 to {MAX_DELAY_MS}");
        return Err(ApiError::invalid(message));
    }
    shop.pool.slow_down(Duration::from_millis(delay_ms));
    Ok(json_response(StatusCode::OK, &shop.pool.simulation()))
}

async fn exhaust(State(shop): State<Shop>) -> Response {
    let held = shop.pool.exhaust().await;
    let answer = json!({ "held_connections": held, "pool": shop.pool.state() });
    json_response(StatusCode::OK, &answer)
}

async fn reset(State(shop): State<Shop>) -> Response {
    shop.pool.reset();
    let answer = json!({ "pool": shop.pool.state(), "simulation": shop.pool.simulation() });
    json_response(StatusCode::OK, &answer)
}
