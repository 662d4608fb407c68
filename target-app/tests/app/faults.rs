//! Databases that go away, and that take no more clients.

use reqwest::StatusCode;
use std::time::{Duration, Instant};
use target_app::{PoolSettings, Service};
use tokio::task::JoinSet;

use crate::backend::{Backend, Data};
use crate::harness::{self, FORM, JSON, Running, error, start, start_on};
use test_support::servers::{Server, ServerKind};

const ORDER: &str =
    r#"{"customer_id":7,"items":[{"product_id":7,"quantity":2,"unit_price":9.99}]}"#;

/// Well below what a request waits for a connection.
const AT_ONCE: Duration = Duration::from_secs(3);

async fn a_database_that_goes_away_is_503_at_once_until_it_is_back(kind: ServerKind) {
    let server = Server::start(kind, &[]);
    let orders = start_on(Data::Url(server.fresh()), Service::Orders, |_| {}).await;
    // All connections of the pool are in use now and then.
    let mut clients = JoinSet::new();
    for id in 1..=40 {
        let request = orders.client.get(format!("{}/api/order/{id}", orders.url));
        clients.spawn(async move { request.send().await.unwrap().status() });
    }
    for status in clients.join_all().await {
        assert_eq!(status, StatusCode::OK);
    }
    for _ in 0..2 {
        server.crash();
        for _ in 0..20 {
            let started = Instant::now();
            let answer = orders.get("/api/order/1").await;
            let code = error(answer, StatusCode::SERVICE_UNAVAILABLE).await;
            assert_eq!(code, "database_unavailable");
            let answer = orders.post("/api/order", JSON, ORDER).await;
            error(answer, StatusCode::SERVICE_UNAVAILABLE).await;
            let answer = orders.get("/health").await;
            error(answer, StatusCode::SERVICE_UNAVAILABLE).await;
            assert!(started.elapsed() < AT_ONCE);
        }
        let metrics = orders.get("/metrics").await;
        assert_eq!(metrics.status(), StatusCode::OK);
        server.restart();
        // The very first one is answered, and all that follow.
        for id in 1..=20 {
            let answer = orders.get(&format!("/api/order/{id}")).await;
            harness::json(answer, StatusCode::OK).await;
            let answer = orders.post("/api/order", JSON, ORDER).await;
            harness::json(answer, StatusCode::CREATED).await;
        }
    }
    let unavailable = r#"database_failures_total{reason="unavailable"}"#;
    assert!(orders.metric(unavailable).await >= 120.0);
    let rows = "SELECT count(*) FROM orders WHERE order_id > 1000";
    assert_eq!(orders.number(rows).await, 40);
}

#[tokio::test]
async fn postgres_goes_away() {
    a_database_that_goes_away_is_503_at_once_until_it_is_back(ServerKind::Postgres).await;
}

#[tokio::test]
async fn mysql_goes_away() {
    a_database_that_goes_away_is_503_at_once_until_it_is_back(ServerKind::MariaDb).await;
}

#[tokio::test]
async fn a_restart_that_nobody_noticed_costs_no_request() {
    let server = Server::start(ServerKind::Postgres, &[]);
    let weather = start_on(Data::Url(server.fresh()), Service::Weather, |_| {}).await;
    let ask = || weather.post("/query", FORM, "location=Gabrielside");
    harness::json(ask().await, StatusCode::OK).await;
    server.crash();
    server.restart();
    // Idle connections are trusted for half a second.
    tokio::time::sleep(Duration::from_millis(600)).await;
    harness::json(ask().await, StatusCode::OK).await;
}

/// Asks for orders, so many at a time, and counts the answers by status and code.
async fn crowd(orders: &Running, clients: usize, each: usize) -> (usize, Vec<String>) {
    let mut crowd = JoinSet::new();
    for _ in 0..clients {
        let (client, url) = (orders.client.clone(), format!("{}/api/order/7", orders.url));
        crowd.spawn(async move {
            let (mut fine, mut codes) = (0, Vec::new());
            for _ in 0..each {
                let answer = client.get(&url).send().await.unwrap();
                if answer.status() == StatusCode::OK {
                    fine += 1;
                } else {
                    codes.push(error(answer, StatusCode::SERVICE_UNAVAILABLE).await);
                }
            }
            (fine, codes)
        });
    }
    let (mut fine, mut codes) = (0, Vec::new());
    for (more, other) in crowd.join_all().await {
        fine += more;
        codes.extend(other);
    }
    (fine, codes)
}

#[tokio::test]
async fn without_a_pool_postgres_has_too_many_clients_and_with_one_it_has_not() {
    // Three of them are kept for superusers, and so for this test.
    let server = Server::start(ServerKind::Postgres, &["max_connections=13"]);
    let url = server.fresh();
    let mut side = Data::Url(url.clone()).side(Service::Orders).await;
    side.execute("CREATE ROLE app LOGIN; GRANT ALL ON SCHEMA public TO app")
        .await;
    let url = url.replace("postgres@", "app@");

    let no_pool = |setup: &mut target_app::Setup| {
        setup.pool = Some(PoolSettings::Unpooled {
            acquire_timeout: Duration::from_secs(30),
        });
    };
    let orders = start_on(Data::Url(url.clone()), Service::Orders, no_pool).await;
    // Slow enough that many overlap.
    side.execute(
        "ALTER TABLE orders RENAME TO stored; CREATE VIEW orders AS \
         SELECT stored.* FROM stored, (SELECT pg_sleep(0.2)) AS slowly; \
         GRANT SELECT ON orders TO app",
    )
    .await;
    let (_, codes) = crowd(&orders, 60, 2).await;
    let refused = codes
        .iter()
        .filter(|&code| code == "too_many_connections")
        .count();
    assert!(refused > 0 && refused == codes.len(), "{codes:?}");
    let counted = r#"database_failures_total{reason="too_many_connections"}"#;
    assert_eq!(orders.metric(counted).await, refused as f64);

    let answer = orders.get("/api/order/7").await;
    harness::json(answer, StatusCode::OK).await;
    orders.app.stop(Duration::from_secs(10)).await;

    let pool = |setup: &mut target_app::Setup| {
        setup.pool = Some(PoolSettings::Pooled {
            min: 1,
            max: 5,
            acquire_timeout: Duration::from_secs(60),
        });
    };
    side.execute("DROP VIEW orders; ALTER TABLE stored RENAME TO orders")
        .await;
    let orders = start_on(Data::Url(url), Service::Orders, pool).await;
    let (fine, codes) = crowd(&orders, 60, 2).await;
    assert_eq!((fine, codes), (120, Vec::new()));
    let opened = orders.metric("database_connections_opened_total").await;
    assert!((1.0..=5.0).contains(&opened), "{opened}");
}

#[tokio::test]
async fn the_message_is_the_databases_own() {
    let server = Server::start(ServerKind::Postgres, &["max_connections=8"]);
    let url = server.fresh();
    let no_pool = |setup: &mut target_app::Setup| {
        setup.pool = Some(PoolSettings::Unpooled {
            acquire_timeout: Duration::from_secs(30),
        });
    };
    let data = Data::Url(url);
    let mut held = Vec::new();
    let orders = start_on(Data::Url(data.url()), Service::Orders, no_pool).await;
    // Connections of the start may be closing still.
    tokio::time::sleep(Duration::from_millis(300)).await;
    for _ in 0..8 {
        held.push(data.side(Service::Orders).await);
    }
    let answer = orders.get("/health").await;
    let body = harness::json(answer, StatusCode::SERVICE_UNAVAILABLE).await;
    let message = body["message"].as_str().unwrap();
    assert!(
        message.contains("sorry, too many clients already"),
        "{message}"
    );
}

#[tokio::test]
async fn an_exhausted_pool_is_503_after_the_acquire_timeout_and_says_so() {
    let data = Backend::Postgres.data();
    let mut side = data.side(Service::Orders).await;
    let orders = start_on(data, Service::Orders, |setup| {
        setup.pool = Some(PoolSettings::Pooled {
            min: 0,
            max: 2,
            acquire_timeout: Duration::from_millis(300),
        });
    })
    .await;
    side.execute("BEGIN; LOCK TABLE orders IN ACCESS EXCLUSIVE MODE")
        .await;
    let stuck: Vec<_> = (0..2)
        .map(|_| {
            let request = orders.client.get(format!("{}/api/order/7", orders.url));
            tokio::spawn(async move { request.send().await.unwrap().status() })
        })
        .collect();
    let active = r#"database_pool_connections{state="active"}"#;
    while orders.metric(active).await < 2.0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let started = Instant::now();
    let answer = orders.get("/health").await;
    let code = error(answer, StatusCode::SERVICE_UNAVAILABLE).await;
    assert_eq!(code, "pool_timeout");
    assert!(started.elapsed() >= Duration::from_millis(300));
    let timeouts = r#"database_failures_total{reason="pool_timeout"}"#;
    assert_eq!(orders.metric(timeouts).await, 1.0);
    assert_eq!(orders.metric("database_pool_max_connections").await, 2.0);
    side.execute("COMMIT").await;
    for stuck in stuck {
        assert_eq!(stuck.await.unwrap(), StatusCode::OK);
    }
    let answer = orders.get("/health").await;
    assert_eq!(answer.status(), StatusCode::OK);
}

#[tokio::test]
async fn without_a_pool_sqlite_serves_as_well() {
    let orders = start_on(Backend::Sqlite.data(), Service::Orders, |setup| {
        setup.pool = Some(PoolSettings::Unpooled {
            acquire_timeout: Duration::from_secs(60),
        });
    })
    .await;
    let (fine, codes) = crowd(&orders, 20, 5).await;
    assert_eq!((fine, codes), (100, Vec::new()));
    let answer = orders.post("/api/order", JSON, ORDER).await;
    harness::json(answer, StatusCode::CREATED).await;
}

#[tokio::test]
async fn a_request_that_is_given_up_leaves_no_lock_behind() {
    let orders = start(Backend::Postgres, Service::Orders, 10).await;
    let mut side = orders.database().await;
    side.execute("BEGIN; LOCK TABLE order_items IN ACCESS EXCLUSIVE MODE")
        .await;
    // Has inserted its order, and waits to insert its items.
    let request = orders.client.post(format!("{}/api/order", orders.url));
    let request = request.header("content-type", JSON).body(ORDER).send();
    let patience = Duration::from_millis(300);
    assert!(tokio::time::timeout(patience, request).await.is_err());
    side.execute("COMMIT").await;
    // Nobody else needs to use that connection for its transaction to end.
    side.execute("BEGIN; SET lock_timeout = '30s'; LOCK TABLE orders IN ACCESS EXCLUSIVE MODE")
        .await;
}
