//! Properties of every service.

use reqwest::{Method, StatusCode};
use serde_json::json;
use std::time::Duration;
use target_app::{App, Error, Location, Service, Setup};

use crate::backend::{Backend, Data, on_each_backend};
use crate::harness::{self, error, start, start_on};

on_each_backend! {
    health_and_metrics_are_everywhere,
    unknown_routes_and_wrong_methods_are_json_errors,
    metrics_count_every_request_once_and_labels_stay_bounded,
    a_restart_finds_the_data_as_it_was_left,
    stopping_closes_the_port_and_idle_connections,
    all_services_run_side_by_side,
    instances_that_start_together_fill_once,
}

async fn instances_that_start_together_fill_once(backend: Backend) {
    let data = backend.data();
    let mut setup = Setup::new(&[Service::Orders], Some(0), data.location()).unwrap();
    setup.records = Some(2_000);
    let (first, second, third) =
        tokio::join!(App::start(&setup), App::start(&setup), App::start(&setup));
    let apps = [first.unwrap(), second.unwrap(), third.unwrap()];
    for app in &apps {
        let url = format!("{}/api/order/2000", app.endpoints()[0].url());
        let answer = harness::client().get(url).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK);
    }
    let mut side = data.side(Service::Orders).await;
    assert_eq!(side.number("SELECT count(*) FROM orders").await, 2_000);
}

async fn health_and_metrics_are_everywhere(backend: Backend) {
    for &service in backend.services() {
        let running = start(backend, service, 1_000).await;
        let health = harness::json(running.get("/health").await, StatusCode::OK).await;
        let name = running.app.endpoints()[0].name;
        assert_eq!(
            (&health["status"], &health["service"]),
            (&json!("ok"), &json!(name))
        );

        let answer = running.get("/metrics").await;
        let content_type = "application/openmetrics-text; version=1.0.0; charset=utf-8";
        assert_eq!(answer.headers()["content-type"], content_type);
        let page = answer.text().await.unwrap();
        assert!(page.ends_with("# EOF\n"));
        for line in [
            "# TYPE http_requests counter",
            "# TYPE http_request_duration_seconds histogram",
        ] {
            assert!(page.contains(line), "{line} in {page}");
        }
    }
}

async fn unknown_routes_and_wrong_methods_are_json_errors(backend: Backend) {
    for &service in backend.services() {
        let running = start(backend, service, 1_000).await;
        for path in ["/nope", "/api/order/1/items", "/health/", "/%00"] {
            let code = error(running.get(path).await, StatusCode::NOT_FOUND).await;
            assert_eq!(code, "no_route", "{path}");
        }
        let (path, allow) = match service {
            Service::Orders => ("/api/order", "POST"),
            Service::Weather => ("/query", "POST"),
            Service::Shop => ("/demo/reset", "POST"),
            Service::Metering => ("/events", "POST"),
            Service::Hello => ("/publish", "POST"),
        };
        for (path, allow) in [
            (path, allow),
            ("/health", "GET,HEAD"),
            ("/metrics", "GET,HEAD"),
        ] {
            let url = format!("{}{path}", running.url);
            let answer = running.client.delete(url).send().await.unwrap();
            assert_eq!(answer.headers()["allow"], allow);
            let code = error(answer, StatusCode::METHOD_NOT_ALLOWED).await;
            assert_eq!(code, "wrong_method", "{path}");
        }
        let head = running.client.head(format!("{}/health", running.url));
        assert_eq!(head.send().await.unwrap().status(), StatusCode::OK);
    }
}

async fn metrics_count_every_request_once_and_labels_stay_bounded(backend: Backend) {
    let orders = start(backend, Service::Orders, 10).await;
    for id in 1..=12 {
        orders.get(&format!("/api/order/{id}")).await;
    }
    for path in ["/one", "/two", "/api/order/1/three"] {
        orders.get(path).await;
    }
    for method in ["BREW", "WHEN", "DELETE"] {
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        let request = orders
            .client
            .request(method, format!("{}/api/order", orders.url));
        request.send().await.unwrap();
    }
    let requests = |endpoint, method, status| {
        format!(
            r#"http_requests_total{{endpoint="{endpoint}",method="{method}",status="{status}"}}"#
        )
    };
    for (sample, count) in [
        (requests("/api/order/{order_id}", "GET", 200), 10.0),
        (requests("/api/order/{order_id}", "GET", 404), 2.0),
        (requests("unmatched", "GET", 404), 3.0),
        (requests("/api/order", "other", 405), 2.0),
        (requests("/api/order", "DELETE", 405), 1.0),
        // This one is the fourth scrape before its own is counted.
        (requests("/metrics", "GET", 200), 5.0),
    ] {
        assert_eq!(orders.metric(&sample).await, count, "{sample}");
    }
    let labels = r#"{endpoint="/api/order/{order_id}",method="GET"}"#;
    let count = format!("http_request_duration_seconds_count{labels}");
    assert_eq!(orders.metric(&count).await, 12.0);
    let bucket = r#"http_request_duration_seconds_bucket{le="+Inf",endpoint="/api/order/{order_id}",method="GET"}"#;
    assert_eq!(orders.metric(bucket).await, 12.0);
}

async fn a_restart_finds_the_data_as_it_was_left(backend: Backend) {
    let orders = start(backend, Service::Orders, 10).await;
    let body = r#"{"customer_id":7,"items":[{"product_id":7,"quantity":2,"unit_price":9.99}]}"#;
    let answer = orders.post("/api/order", harness::JSON, body).await;
    assert_eq!(answer.status(), StatusCode::CREATED);
    orders.app.stop(Duration::from_secs(10)).await;
    if let Data::Folder(folder) = &orders.data {
        // Closed in order, the log is folded into the file.
        assert!(!folder.path().join("orders.db-wal").exists());
    }

    let orders = start_on(orders.data, Service::Orders, |_| {}).await;
    assert_eq!(orders.number("SELECT count(*) FROM orders").await, 11);
    assert_eq!(orders.get("/api/order/11").await.status(), StatusCode::OK);
}

async fn stopping_closes_the_port_and_idle_connections(backend: Backend) {
    let weather = start(backend, Service::Weather, 1_000).await;
    weather.get("/health").await;
    weather.app.stop(Duration::from_secs(10)).await;
    let again = weather
        .client
        .get(format!("{}/health", weather.url))
        .send()
        .await;
    assert!(again.unwrap_err().is_connect());
}

async fn all_services_run_side_by_side(backend: Backend) {
    let data = backend.data();
    let location = match &data {
        Data::Folder(folder) => Location::Folder(folder.path().join("made/when/missing")),
        Data::Url(_) => data.location(),
    };
    // On a server, orders and shop would have the same table.
    let in_one_database =
        |service: &&Service| matches!(data, Data::Folder(_)) || **service != Service::Shop;
    let services = backend.services().iter().filter(in_one_database);
    let services: Vec<Service> = services.copied().collect();
    let mut setup = Setup::new(&services, Some(0), location).unwrap();
    setup.records = Some(1_000);
    let app = App::start(&setup).await.unwrap();
    let mut found: Vec<_> = app
        .endpoints()
        .iter()
        .map(|endpoint| endpoint.service)
        .collect();
    found.dedup();
    assert_eq!(found, services);
    for endpoint in app.endpoints() {
        let health = harness::client().get(format!("{}/health", endpoint.url()));
        assert_eq!(health.send().await.unwrap().status(), StatusCode::OK);
    }
}

#[tokio::test]
async fn what_prevents_a_start_is_said() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let folder = tempfile::tempdir().unwrap();
    let location = Location::Folder(folder.path().to_path_buf());
    let setup = Setup::new(&[Service::Orders], Some(port), location).unwrap();
    let error = App::start(&setup).await.unwrap_err();
    assert!(matches!(error, Error::Bind { .. }), "{error}");
    assert!(error.to_string().contains(&port.to_string()), "{error}");

    let file = folder.path().join("text");
    std::fs::write(
        &file,
        "this is no database, but long enough to look at ".repeat(50),
    )
    .unwrap();
    let setup = Setup::new(&[Service::Orders], Some(0), Location::File(file)).unwrap();
    let error = App::start(&setup).await.unwrap_err();
    assert!(matches!(error, Error::Database { .. }), "{error}");
    assert!(error.to_string().contains("not a database"), "{error}");
}
