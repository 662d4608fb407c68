//! Spans as a real receiver gets them, and log lines.

use opentelemetry_proto::tonic::trace::v1::span::SpanKind;
use serde_json::{Value, json};
use std::time::Duration;
use target_app::Service::{Hello, Metering, Orders, Shop, Weather};
use target_app::{Service, TelemetryConfig};

use crate::backend::{Backend, on_sqlite_and_postgres};
use crate::harness::{FORM, JSON, Running, start_on};
use crate::otlp::{Received, Receiver};
use crate::process::Process;

on_sqlite_and_postgres! {
    every_database_call_is_a_span_of_the_callers_trace,
    a_database_call_has_the_attributes_of_the_demo,
    a_failed_call_is_a_failed_span,
}

const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
const PARENT: &str = "b7ad6b7169203331";

async fn traced(backend: Backend, service: Service, receiver: &Receiver) -> Running {
    let otlp = Some(receiver.url.clone());
    start_on(backend.data(), service, |setup| {
        setup.records = Some(100);
        setup.telemetry = TelemetryConfig { otlp, log: false };
    })
    .await
}

/// Sends a request as part of a trace; a body makes it a POST.
async fn send(service: &Running, endpoint: usize, path: &str, body: Option<(&str, &str)>) {
    let url = format!("{}{path}", service.app.endpoints()[endpoint].url());
    let request = match body {
        None => service.client.get(url),
        Some((content_type, body)) => {
            let request = service
                .client
                .post(url)
                .header("content-type", content_type);
            request.body(body.to_owned())
        }
    };
    let request = request.header("traceparent", format!("00-{TRACE}-{PARENT}-01"));
    let answer = request.send().await.unwrap();
    assert!(answer.status().is_success(), "{path}: {}", answer.status());
}

/// Ends the service, which sends what is left.
async fn spans(service: Running, receiver: &Receiver) -> Vec<Received> {
    let Running { app, data, .. } = service;
    app.stop(Duration::from_secs(10)).await;
    drop(data);
    receiver.spans()
}

async fn every_database_call_is_a_span_of_the_callers_trace(backend: Backend) {
    let order = r#"{"customer_id":7,"items":[{"product_id":7,"quantity":2,"unit_price":9.99}]}"#;
    let event = r#"{"tenant_id":"t","customer_id":"c","quantity":1}"#;
    let reserve = r#"{"product_id":1,"quantity":1}"#;
    type Body = Option<(&'static str, &'static str)>;
    type Call = (
        usize,
        &'static str,
        Body,
        &'static str,
        &'static str,
        &'static [&'static str],
    );
    let calls: [(Service, &[Call]); 4] = [
        (
            Orders,
            &[
                (
                    0,
                    "/api/order/1",
                    None,
                    "orders",
                    "GET /api/order/{order_id}",
                    &["SELECT orders"],
                ),
                (
                    0,
                    "/api/order",
                    Some((JSON, order)),
                    "orders",
                    "POST /api/order",
                    &["INSERT orders", "INSERT order_items"],
                ),
            ],
        ),
        (
            Weather,
            &[(
                0,
                "/query",
                Some((FORM, "location=Gabrielside")),
                "weather",
                "POST /query",
                &["SELECT weather_data"],
            )],
        ),
        (
            Shop,
            &[
                (
                    0,
                    "/products",
                    None,
                    "product-service",
                    "product_service.get_products",
                    &["SELECT products"],
                ),
                (
                    1,
                    "/inventory/check/1",
                    None,
                    "inventory-service",
                    "inventory_service.check_stock",
                    &["SELECT products"],
                ),
                (
                    1,
                    "/inventory/reserve",
                    Some((JSON, reserve)),
                    "inventory-service",
                    "inventory_service.reserve_stock",
                    &["UPDATE products"],
                ),
                (
                    2,
                    "/orders/popular-products",
                    None,
                    "order-service",
                    "order_service.get_popular_products",
                    &["SELECT orders"],
                ),
                (
                    2,
                    "/orders/create",
                    Some((JSON, r#"{"user_id":1,"product_id":1}"#)),
                    "order-service",
                    "order_service.create_order",
                    &["INSERT orders"],
                ),
            ],
        ),
        (
            Metering,
            &[(
                0,
                "/events",
                Some((JSON, event)),
                "metering",
                "POST /events",
                &[
                    "INSERT usage_events",
                    "INSERT usage_windows",
                    "INSERT usage_events",
                ],
            )],
        ),
    ];
    for (service, calls) in calls {
        let receiver = Receiver::start().await;
        let running = traced(backend, service, &receiver).await;
        for &(endpoint, path, body, ..) in calls {
            send(&running, endpoint, path, body).await;
        }
        let spans = spans(running, &receiver).await;
        for &(_, path, _, resource, name, statements) in calls {
            let server = spans.iter().find(|span| span.name == name);
            let server = server.unwrap_or_else(|| panic!("{name} in {spans:?}"));
            assert_eq!(
                (server.kind, &*server.service),
                (SpanKind::Server, resource)
            );
            assert_eq!((&*server.trace_id, &*server.parent_id), (TRACE, PARENT));
            assert_eq!(server.attributes["url.path"], path);
            assert!(server.attributes["http.response.status_code"].as_i64() < Some(300));
            let children: Vec<&Received> = spans
                .iter()
                .filter(|span| span.parent_id == server.span_id)
                .collect();
            let names: Vec<&str> = children.iter().map(|span| &*span.name).collect();
            let database = children[0].attributes["db.name"].as_str().unwrap();
            let expected: Vec<String> = statements
                .iter()
                .map(|statement| statement.replacen(' ', &format!(" {database}."), 1))
                .collect();
            assert_eq!(names, expected);
            for child in children {
                assert_eq!((child.kind, &*child.trace_id), (SpanKind::Client, TRACE));
                assert_eq!(child.service, resource);
            }
        }
    }
}

async fn a_database_call_has_the_attributes_of_the_demo(backend: Backend) {
    let receiver = Receiver::start().await;
    let shop = traced(backend, Shop, &receiver).await;
    send(&shop, 1, "/inventory/check/1", None).await;
    let slow = r#"{"delay_ms":20}"#;
    send(&shop, 0, "/demo/enable-slow-queries", Some((JSON, slow))).await;
    send(&shop, 1, "/inventory/check/1", None).await;
    let url = shop.data.url();
    let spans = spans(shop, &receiver).await;
    let calls: Vec<&Received> = spans
        .iter()
        .filter(|span| span.kind == SpanKind::Client)
        .collect();
    assert_eq!(calls.len(), 2, "{calls:?}");
    for (call, slow) in calls.into_iter().zip([false, true]) {
        let (system, name, host, user, parameter) = match backend {
            Backend::Sqlite => ("sqlite", "shop", "", "", "?"),
            _ => {
                let name = url.rsplit('/').next().unwrap();
                ("postgresql", name, "127.0.0.1", "postgres", "$1")
            }
        };
        let statement = format!("SELECT name, stock_quantity FROM products WHERE id = {parameter}");
        assert_eq!(call.name, format!("SELECT {name}.products"));
        assert_eq!(
            json!(call.attributes),
            json!({
                "db.system": system,
                "db.name": name,
                "db.operation": "SELECT",
                "db.statement": statement,
                "net.peer.name": host,
                "db.sql.table": "products",
                "db.user": user,
                "db.connection_pool.active": 1,
                "db.connection_pool.max": 100,
                "db.connection_pool.utilization_percent": 1.0,
                "db.connection_pool.available_connections": 99,
                "db.simulation.slow_query_enabled": slow,
            })
        );
    }
}

async fn a_failed_call_is_a_failed_span(backend: Backend) {
    let receiver = Receiver::start().await;
    let otlp = Some(receiver.url.clone());
    let orders = start_on(backend.data(), Orders, |setup| {
        setup.records = Some(10);
        setup.telemetry = TelemetryConfig { otlp, log: false };
    })
    .await;
    let rename = "ALTER TABLE order_items RENAME TO elsewhere";
    orders.database().await.execute(rename).await;
    assert_eq!(orders.get("/api/order/1").await.status(), 503);
    let spans = spans(orders, &receiver).await;
    let call = spans.iter().find(|span| span.kind == SpanKind::Client);
    assert!(call.unwrap().is_error, "{call:?}");
    let server = spans
        .iter()
        .find(|span| span.kind == SpanKind::Server)
        .unwrap();
    assert!(server.is_error && server.parent_id.is_empty());
    assert_eq!(server.attributes["http.response.status_code"], 503);
}

#[tokio::test]
async fn a_message_continues_the_trace_of_its_publisher() {
    let receiver = Receiver::start().await;
    let hello = traced(Backend::Sqlite, Hello, &receiver).await;
    send(&hello, 0, "/publish", Some((JSON, r#"{"message":"hi"}"#))).await;
    while hello
        .metric(r#"hello_messages_received_total{result="new"}"#)
        .await
        < 1.0
    {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let spans = spans(hello, &receiver).await;
    let find = |name: &str| spans.iter().find(|span| span.name == name).unwrap();
    let (publish, webhook) = (find("POST /publish"), find("POST /webhook/sns"));
    let process = find("hello process");
    assert_eq!(process.kind, SpanKind::Consumer);
    assert_eq!(process.trace_id, TRACE);
    assert_eq!(process.parent_id, publish.span_id);
    assert_eq!(process.links, std::slice::from_ref(&webhook.span_id));
}

#[tokio::test]
async fn log_lines_are_json_with_trace_ids() {
    let args = ["orders", "--managed", "--port", "0", "--log-json"];
    let mut process = Process::spawn(&args);
    let report = process.report();
    let url = report["services"][0]["url"].as_str().unwrap().to_owned();
    let client = crate::harness::client();
    let request = client.get(format!("{url}/api/order/1"));
    let request = request.header("traceparent", format!("00-{TRACE}-{PARENT}-01"));
    request.send().await.unwrap();
    client.get(format!("{url}/nope")).send().await.unwrap();
    process.close_stdin();
    let (status, _, err) = process.end();
    assert!(status.success(), "{err}");
    let lines: Vec<Value> = err
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(lines.len(), 2, "{err}");
    assert_eq!(lines[0]["trace_id"], TRACE);
    assert_eq!(
        (&lines[0]["path"], &lines[0]["status"]),
        (&json!("/api/order/1"), &json!(200))
    );
    assert_eq!(
        (&lines[0]["service"], &lines[0]["level"]),
        (&json!("orders"), &json!("info"))
    );
    assert_eq!(lines[1]["status"], 404);
    let id = lines[1]["trace_id"].as_str().unwrap();
    assert!(id.len() == 32 && id != TRACE);
    assert!(lines[1]["duration_ms"].as_f64().is_some());
}
