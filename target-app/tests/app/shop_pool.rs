//! The shop's pool: shared, exhausted, slow, gone, and well again.

use reqwest::StatusCode;
use serde_json::{Value, json};
use std::time::{Duration, Instant};
use target_app::Service::Shop;

use crate::backend::{Backend, Data, on_sqlite_and_postgres};
use crate::harness::{self, Running, error, start_on};
use crate::shop::{get, post, shop, urls};
use test_support::servers::{Server, ServerKind};

on_sqlite_and_postgres! {
    an_exhausted_pool_is_shown_times_out_and_recovers,
    slow_queries_take_as_long_as_told,
    one_pool_serves_all_three,
}

async fn pool(shop: &Running, url: &str) -> Value {
    get(shop, format!("{url}/health")).await["pool"].take()
}

async fn until(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(60);
    while !holds().await {
        assert!(Instant::now() < deadline, "{what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

async fn an_exhausted_pool_is_shown_times_out_and_recovers(backend: Backend) {
    let (shop, [products, inventory, orders]) = shop(backend).await;
    let health = get(&shop, format!("{products}/health")).await;
    assert_eq!(health["status"], "ok");
    assert_eq!(health["pool"]["max"], 100);

    let exhaust = format!("{inventory}/demo/simulate-pool-exhaustion");
    let answer = harness::json(
        post(&shop, exhaust.clone(), json!({})).await,
        StatusCode::OK,
    )
    .await;
    assert_eq!(answer["held_connections"], 95);
    // A second time changes nothing.
    let answer = harness::json(post(&shop, exhaust, json!({})).await, StatusCode::OK).await;
    assert_eq!(answer["held_connections"], 95);
    for url in [&products, &inventory, &orders] {
        let pool = pool(&shop, url).await;
        assert_eq!(
            (&pool["active"], &pool["available"]),
            (&json!(95), &json!(5))
        );
        assert_eq!(
            (&pool["held"], &pool["utilization_percent"]),
            (&json!(95), &json!(95.0))
        );
    }
    // Five are left, and do their work.
    let check = format!("{inventory}/inventory/check/1");
    get(&shop, check.clone()).await;

    // Slow queries keep those five busy.
    let slow = format!("{orders}/demo/enable-slow-queries");
    post(&shop, slow, json!({ "delay_ms": 30_000 })).await;
    let mut busy = tokio::task::JoinSet::new();
    for _ in 0..5 {
        busy.spawn(shop.client.get(&check).send());
    }
    until("the last five are busy", async || {
        pool(&shop, &orders).await["available"] == 0
    })
    .await;
    let asked = Instant::now();
    let late = tokio::spawn(shop.client.get(&check).send());
    until("a request waits", async || {
        pool(&shop, &products).await["waiting"] == 1
    })
    .await;
    let health = get(&shop, format!("{products}/health")).await;
    assert_eq!(
        (&health["status"], &health["pool"]["active"]),
        (&json!("exhausted"), &json!(100))
    );
    let answer = late.await.unwrap().unwrap();
    let code = error(answer, StatusCode::SERVICE_UNAVAILABLE).await;
    assert_eq!(code, "pool_timeout");
    assert!(
        asked.elapsed() >= Duration::from_millis(2_900),
        "{:?}",
        asked.elapsed()
    );

    let reset = post(&shop, format!("{orders}/demo/reset"), json!({})).await;
    let reset = harness::json(reset, StatusCode::OK).await;
    assert_eq!(reset["simulation"]["held_connections"], 0);
    get(&shop, check).await;
    busy.shutdown().await;
    until("all are free", async || {
        pool(&shop, &products).await["active"] == 0
    })
    .await;
    assert_eq!(
        get(&shop, format!("{products}/health")).await["status"],
        "ok"
    );
}

async fn slow_queries_take_as_long_as_told(backend: Backend) {
    let (shop, [products, inventory, orders]) = shop(backend).await;
    post(
        &shop,
        format!("{products}/demo/enable-slow-queries"),
        json!({ "delay_ms": 300 }),
    )
    .await;
    let stats = get(&shop, format!("{orders}/stats")).await;
    assert_eq!(stats["service"], "order-service");
    assert_eq!(
        stats["simulation"],
        json!({ "slow_query_enabled": true, "delay_ms": 300, "held_connections": 0 })
    );
    for url in [
        format!("{products}/products"),
        format!("{inventory}/inventory/check/1"),
        format!("{orders}/orders/popular-products"),
    ] {
        let asked = Instant::now();
        get(&shop, url).await;
        assert!(asked.elapsed() >= Duration::from_millis(300));
    }
    post(&shop, format!("{inventory}/demo/reset"), json!({})).await;
    let stats = get(&shop, format!("{products}/stats")).await;
    assert_eq!(stats["simulation"]["slow_query_enabled"], false);
}

async fn one_pool_serves_all_three(backend: Backend) {
    let (shop, [products, inventory, orders]) = shop(backend).await;
    post(
        &shop,
        format!("{orders}/demo/enable-slow-queries"),
        json!({ "delay_ms": 5_000 }),
    )
    .await;
    let mut busy = tokio::task::JoinSet::new();
    for url in [
        format!("{products}/products"),
        format!("{inventory}/inventory/check/1"),
        format!("{orders}/orders/popular-products"),
    ] {
        busy.spawn(shop.client.get(url).send());
    }
    for url in [&products, &inventory, &orders] {
        until("three are in use", async || {
            pool(&shop, url).await["active"] == 3
        })
        .await;
    }
    busy.shutdown().await;
}

#[tokio::test]
async fn a_database_that_goes_away_is_503_at_once_until_it_is_back() {
    let server = Server::start(ServerKind::Postgres, &["max_connections=120"]);
    let shop = start_on(Data::Url(server.fresh()), Shop, |setup| {
        setup.records = Some(100);
    })
    .await;
    let [products, inventory, orders] = urls(&shop);
    let reads = [
        format!("{products}/products"),
        format!("{inventory}/inventory/check/1"),
        format!("{orders}/orders/popular-products"),
        format!("{orders}/health"),
    ];
    for url in &reads {
        get(&shop, url.clone()).await;
    }
    server.crash();
    for url in &reads {
        let asked = Instant::now();
        let answer = shop.client.get(url).send().await.unwrap();
        let code = error(answer, StatusCode::SERVICE_UNAVAILABLE).await;
        assert_eq!(code, "database_unavailable", "{url}");
        assert!(
            asked.elapsed() < Duration::from_secs(2),
            "{:?}",
            asked.elapsed()
        );
    }
    let order = json!({ "user_id": 1, "product_id": 1 });
    let answer = post(&shop, format!("{orders}/orders/create"), order.clone()).await;
    error(answer, StatusCode::SERVICE_UNAVAILABLE).await;
    server.restart();
    for url in &reads {
        get(&shop, url.clone()).await;
    }
    let answer = post(&shop, format!("{orders}/orders/create"), order).await;
    assert_eq!(answer.status(), StatusCode::CREATED);
}
