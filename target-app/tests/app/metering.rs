use reqwest::StatusCode;
use serde_json::{Value, json};
use std::time::{Duration, Instant};
use target_app::Profile;
use target_app::Service::Metering;

use crate::backend::{Backend, Data, on_sqlite_and_postgres};
use crate::harness::{self, FORM, JSON, Running, error, start_on};
use test_support::servers::{Server, ServerKind};

on_sqlite_and_postgres! {
    a_window_is_added_up_once_when_it_is_over,
    seeded_windows_are_added_up,
    bad_events_are_refused,
}

async fn metering(data: Data) -> Running {
    start_on(data, Metering, |setup| {
        setup.records = None;
        setup.metering.window = Duration::from_secs(1);
    })
    .await
}

pub fn event(customer: &str, quantity: i64) -> String {
    json!({ "tenant_id": "acme", "customer_id": customer, "quantity": quantity }).to_string()
}

/// Waits until no window is open.
pub async fn all_closed(data: &Data) {
    let deadline = Instant::now() + Duration::from_secs(120);
    let open = "SELECT count(*) FROM usage_windows WHERE closed_at IS NULL";
    let mut side = data.side(Metering).await;
    while side.number(open).await > 0 {
        assert!(Instant::now() < deadline, "windows are left open");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// Sums over the windows of a customer: how many windows, events, and the quantity.
async fn totals(metering: &Running, customer: &str) -> (usize, i64, i64) {
    let answer = metering.get(&format!("/windows/acme/{customer}")).await;
    let body = harness::json(answer, StatusCode::OK).await;
    let windows = body["windows"].as_array().unwrap();
    let sum = |key: &str| -> i64 {
        windows
            .iter()
            .map(|window| window[key].as_i64().unwrap())
            .sum()
    };
    assert_eq!(body["count"], windows.len());
    (windows.len(), sum("event_count"), sum("total_quantity"))
}

async fn a_window_is_added_up_once_when_it_is_over(backend: Backend) {
    let metering = metering(backend.data()).await;
    assert_eq!(totals(&metering, "c1").await, (0, 0, 0));
    let mut starts: Vec<Value> = Vec::new();
    for quantity in 1..=20 {
        let answer = metering.post("/events", JSON, event("c1", quantity)).await;
        let mut accepted = harness::json(answer, StatusCode::ACCEPTED).await;
        starts.push(accepted["window_start"].take());
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    starts.dedup();
    assert!(starts.len() > 1, "{starts:?}");
    all_closed(&metering.data).await;
    assert_eq!(totals(&metering, "c1").await, (starts.len(), 20, 210));
    let processed = "metering_aggregation_windows_processed_total";
    assert_eq!(metering.metric(processed).await, starts.len() as f64);
    assert_eq!(
        metering.metric("metering_events_accepted_total").await,
        20.0
    );
    let stats = harness::json(metering.get("/stats").await, StatusCode::OK).await;
    assert_eq!(stats["events_accepted"], 20);
    assert_eq!(stats["windows_processed"], starts.len());
    let health = metering.get("/actuator/health").await;
    assert_eq!(
        harness::json(health, StatusCode::OK).await,
        json!({ "status": "UP", "components": { "db": { "status": "UP" } } })
    );
}

async fn seeded_windows_are_added_up(backend: Backend) {
    let metering = start_on(backend.data(), Metering, |setup| {
        setup.records = Some(2_005);
    })
    .await;
    all_closed(&metering.data).await;
    let mut side = metering.database().await;
    let wrong = "SELECT count(*) FROM aggregation_windows a WHERE total_quantity != \
        (SELECT sum(quantity) FROM usage_events e WHERE e.tenant_id = a.tenant_id \
         AND e.customer_id = a.customer_id AND e.window_start = a.window_start)";
    assert_eq!(side.number(wrong).await, 0);
    let windows = "SELECT count(*) FROM aggregation_windows";
    assert_eq!(side.number(windows).await, 201);
}

async fn bad_events_are_refused(backend: Backend) {
    let metering = metering(backend.data()).await;
    for (body, status, code) in [
        ("{", StatusCode::BAD_REQUEST, "malformed_json"),
        ("{}", StatusCode::UNPROCESSABLE_ENTITY, "invalid"),
        (
            r#"{"tenant_id":"a","customer_id":"b","quantity":0}"#,
            StatusCode::UNPROCESSABLE_ENTITY,
            "invalid",
        ),
        (
            r#"{"tenant_id":"a","customer_id":"b","quantity":-5}"#,
            StatusCode::UNPROCESSABLE_ENTITY,
            "invalid",
        ),
        (
            r#"{"tenant_id":"a","customer_id":"b","quantity":1000000001}"#,
            StatusCode::UNPROCESSABLE_ENTITY,
            "invalid",
        ),
        (
            r#"{"tenant_id":"a:b","customer_id":"b","quantity":1}"#,
            StatusCode::UNPROCESSABLE_ENTITY,
            "invalid",
        ),
        (
            r#"{"tenant_id":"","customer_id":"b","quantity":1}"#,
            StatusCode::UNPROCESSABLE_ENTITY,
            "invalid",
        ),
        (
            r#"{"tenant_id":"a","customer_id":"\u0000","quantity":1}"#,
            StatusCode::UNPROCESSABLE_ENTITY,
            "invalid",
        ),
        (
            r#"{"tenant_id":1,"customer_id":"b","quantity":1}"#,
            StatusCode::UNPROCESSABLE_ENTITY,
            "invalid",
        ),
    ] {
        let answer = metering.post("/events", JSON, body).await;
        assert_eq!(error(answer, status).await, code, "{body}");
    }
    let answer = metering.post("/events", FORM, "quantity=1").await;
    error(answer, StatusCode::UNSUPPORTED_MEDIA_TYPE).await;
    let answer = metering.post("/events", JSON, " ".repeat(65 * 1024)).await;
    error(answer, StatusCode::PAYLOAD_TOO_LARGE).await;
    for customer in ["%00", "%FF", "a%20b", "';--"] {
        let answer = metering.get(&format!("/windows/acme/{customer}")).await;
        let none = harness::json(answer, StatusCode::OK).await;
        assert_eq!(none, json!({ "count": 0, "windows": [] }), "{customer}");
    }
    assert_eq!(
        metering.number("SELECT count(*) FROM usage_events").await,
        0
    );
}

#[tokio::test]
async fn a_database_that_goes_away_is_503_at_once_and_loses_no_event() {
    let server = Server::start(ServerKind::Postgres, &[]);
    let metering = metering(Data::Url(server.fresh())).await;
    let answer = metering.post("/events", JSON, event("c1", 5)).await;
    assert_eq!(answer.status(), StatusCode::ACCEPTED);
    server.crash();
    let asked = Instant::now();
    let answer = metering.post("/events", JSON, event("c1", 7)).await;
    error(answer, StatusCode::SERVICE_UNAVAILABLE).await;
    assert!(
        asked.elapsed() < Duration::from_secs(2),
        "{:?}",
        asked.elapsed()
    );
    let health = metering.get("/actuator/health").await;
    let health = harness::json(health, StatusCode::SERVICE_UNAVAILABLE).await;
    assert_eq!(health["status"], "DOWN");
    server.restart();
    let answer = metering.post("/events", JSON, event("c1", 11)).await;
    assert_eq!(answer.status(), StatusCode::ACCEPTED);
    all_closed(&metering.data).await;
    let (_, events, quantity) = totals(&metering, "c1").await;
    assert_eq!((events, quantity), (2, 16));
}

#[tokio::test]
async fn the_spike_profile_opens_the_circuit_and_closes_it_again() {
    let server = Server::start(ServerKind::Postgres, &[]);
    let metering = start_on(Data::Url(server.fresh()), Metering, |setup| {
        setup.records = None;
        setup.metering.profile = Profile::Spike;
    })
    .await;
    server.crash();
    let mut codes = Vec::new();
    for _ in 0..25 {
        let answer = metering.post("/events", JSON, event("c1", 1)).await;
        codes.push(error(answer, StatusCode::SERVICE_UNAVAILABLE).await);
    }
    assert!(
        codes[..20].iter().all(|code| code != "circuit_open"),
        "{codes:?}"
    );
    assert!(
        codes[20..].iter().all(|code| code == "circuit_open"),
        "{codes:?}"
    );
    let rejected = "metering_circuit_breaker_rejected_total";
    assert_eq!(metering.metric(rejected).await, 5.0);
    server.restart();
    let deadline = Instant::now() + Duration::from_secs(60);
    let mut accepted = 0;
    while accepted < 20 {
        let answer = metering.post("/events", JSON, event("c1", 1)).await;
        if answer.status() == StatusCode::ACCEPTED {
            accepted += 1;
        } else {
            assert!(Instant::now() < deadline, "the circuit stays open");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
    // The service itself was well all the time.
    assert!(metering.metric(rejected).await > 5.0);
}
