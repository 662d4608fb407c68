use reqwest::StatusCode;
use serde_json::{Value, json};
use target_app::Service::Orders;

use crate::backend::{Backend, on_each_backend};
use crate::harness::{self, FORM, JSON, error, start, start_on};

on_each_backend! {
    seeded_orders_are_there_with_their_items,
    an_order_that_does_not_exist_is_404,
    a_created_order_can_be_read,
    bad_orders_are_refused_and_leave_nothing,
    what_is_acknowledged_to_concurrent_clients_is_stored_exactly,
    a_failing_database_is_503_until_it_is_back,
    a_write_lock_held_elsewhere_delays_writes_but_not_reads,
    clients_that_give_up_leave_no_lock_and_no_half_order,
    orders_are_lost_where_that_is_asked_for,
}

const VALID: &str =
    r#"{"customer_id":7,"items":[{"product_id":7,"quantity":2,"unit_price":9.99}]}"#;

async fn seeded_orders_are_there_with_their_items(backend: Backend) {
    let orders = start(backend, Orders, 300).await;
    assert_eq!(orders.number("SELECT count(*) FROM customer").await, 1000);
    assert_eq!(orders.number("SELECT count(*) FROM orders").await, 300);
    for id in [1, 150, 300] {
        let order = orders.get(&format!("/api/order/{id}")).await;
        let order = harness::json(order, StatusCode::OK).await;
        assert_eq!(order["order_id"], id);
        assert!((1..=1000).contains(&order["customer_id"].as_i64().unwrap()));
        assert!(!order["status"].as_str().unwrap().is_empty());
        let created_at = order["created_at"].as_str().unwrap();
        assert!(
            created_at.len() == 20 && created_at.ends_with('Z'),
            "{created_at}"
        );
        assert!((1..=5).contains(&order["items"].as_array().unwrap().len()));
        let cents = |value: &Value| (value.as_f64().unwrap() * 100.0).round() as i64;
        let items = order["items"].as_array().unwrap().iter();
        let sum: i64 = items
            .map(|item| item["quantity"].as_i64().unwrap() * cents(&item["unit_price"]))
            .sum();
        assert_eq!(cents(&order["total_amount"]), sum);
    }
    let wrong_totals = "SELECT count(*) FROM orders o WHERE total_amount != \
        (SELECT sum(quantity * unit_price) FROM order_items i WHERE i.order_id = o.order_id)";
    assert_eq!(orders.number(wrong_totals).await, 0);
}

async fn orders_are_lost_where_that_is_asked_for(backend: Backend) {
    let orders = start_on(backend.data(), Orders, |setup| {
        setup.records = Some(10);
        setup.drop_orders = Some(3);
    })
    .await;
    for _ in 0..10 {
        let created = orders.post("/api/order", JSON, VALID).await;
        assert_eq!(created.status(), StatusCode::CREATED);
    }
    assert_eq!(orders.number("SELECT count(*) FROM orders").await, 17);
    let items = "SELECT count(*) FROM order_items WHERE order_id > 10";
    assert_eq!(orders.number(items).await, 7);
}

async fn an_order_that_does_not_exist_is_404(backend: Backend) {
    let orders = start(backend, Orders, 10).await;
    for id in [
        "11",
        "0",
        "-1",
        "abc",
        "1.5",
        "99999999999999999999",
        "%20",
        "%FF",
    ] {
        let answer = orders.get(&format!("/api/order/{id}")).await;
        let code = error(answer, StatusCode::NOT_FOUND).await;
        assert_eq!(code, "unknown_order", "{id}");
    }
}

async fn a_created_order_can_be_read(backend: Backend) {
    let orders = start(backend, Orders, 10).await;
    let body = r#"{"items":[
            {"product_id":9,"quantity":3,"unit_price":0.10},
            {"product_id":2,"quantity":1,"unit_price":1e2}
        ],"customer_id":1000,"note":"unknown keys do no harm"}"#;
    let answer = orders.post("/api/order", JSON, body).await;
    assert_eq!(answer.status(), StatusCode::CREATED);
    assert_eq!(
        answer.text().await.unwrap(),
        r#"{"order_id":11,"total_amount":100.30,"status":"pending"}"#
    );
    let text = orders.get("/api/order/11").await.text().await.unwrap();
    let mut order: Value = serde_json::from_str(&text).unwrap();
    assert!(order["created_at"].take().is_string());
    let first = order["items"][0]["item_id"].as_i64().unwrap();
    assert_eq!(
        order,
        json!({
            "order_id": 11, "customer_id": 1000, "total_amount": 100.30, "status": "pending", "created_at": null,
            "items": [
                { "item_id": first, "product_id": 9, "quantity": 3, "unit_price": 0.10 },
                { "item_id": first + 1, "product_id": 2, "quantity": 1, "unit_price": 100.00 },
            ]
        })
    );
    for exact in [
        r#""total_amount":100.30,"#,
        r#""unit_price":0.10}"#,
        r#""unit_price":100.00}"#,
    ] {
        assert!(text.contains(exact), "{exact} in {text}");
    }
}

async fn bad_orders_are_refused_and_leave_nothing(backend: Backend) {
    let orders = start(backend, Orders, 10).await;
    let item = |product: &str, quantity: &str, price: &str| {
        format!(
            r#"{{"customer_id":1,"items":[{{"product_id":{product},"quantity":{quantity},"unit_price":{price}}}]}}"#
        )
    };
    let items = |count: usize| {
        let one = r#"{"product_id":1,"quantity":1,"unit_price":0.01}"#;
        format!(
            r#"{{"customer_id":1,"items":[{}]}}"#,
            vec![one; count].join(",")
        )
    };
    let rows = "SELECT (SELECT count(*) FROM orders) + (SELECT count(*) FROM order_items)";
    let before = orders.number(rows).await;

    for malformed in [
        "",
        "{",
        "{\"customer_id\":1,\"items\":[",
        "nonsense",
        "{\"customer_id\":1,}",
        "\u{0}",
    ] {
        let answer = orders.post("/api/order", JSON, malformed).await;
        assert_eq!(
            error(answer, StatusCode::BAD_REQUEST).await,
            "malformed_json",
            "{malformed}"
        );
    }
    for invalid in [
        "{}".to_owned(),
        "null".to_owned(),
        "[]".to_owned(),
        "[1,[[1,1,1]]]".to_owned(),
        r#"{"customer_id":1,"items":[[1,1,1]]}"#.to_owned(),
        r#"{"customer_id":1}"#.to_owned(),
        r#"{"customer_id":1,"items":{}}"#.to_owned(),
        r#"{"customer_id":"1","items":[]}"#.to_owned(),
        r#"{"customer_id":1.5,"items":[]}"#.to_owned(),
        r#"{"customer_id":1,"customer_id":2,"items":[]}"#.to_owned(),
        VALID.replace("\"customer_id\":7", "\"customer_id\":1001"),
        VALID.replace("\"customer_id\":7", "\"customer_id\":-1"),
        VALID.replace("\"customer_id\":7", "\"customer_id\":1e99"),
        items(0),
        items(101),
        item("0", "1", "1"),
        item("\"7\"", "1", "1"),
        item("1", "0", "1"),
        item("1", "-3", "1"),
        item("1", "1.5", "1"),
        item("1", "1000001", "0"),
        item("1", "9223372036854775808", "1"),
        item("1", "1", "-0.01"),
        item("1", "1", "9.999"),
        item("1", "1", "0.005"),
        item("1", "1", "\"9.99\""),
        item("1", "1", "null"),
        item("1", "1", "100000000"),
        item("1", "1000000", "100"),
        item("1", "2", "99999999.99"),
    ] {
        let answer = orders.post("/api/order", JSON, &*invalid).await;
        let code = error(answer, StatusCode::UNPROCESSABLE_ENTITY).await;
        assert_eq!(code, "invalid", "{invalid}");
    }
    let answer = orders.post("/api/order", FORM, "customer_id=1").await;
    let code = error(answer, StatusCode::UNSUPPORTED_MEDIA_TYPE).await;
    assert_eq!(code, "unsupported_media_type");
    let answer = orders.post("/api/order", "text/plain", VALID).await;
    error(answer, StatusCode::UNSUPPORTED_MEDIA_TYPE).await;
    let answer = orders
        .client
        .post(format!("{}/api/order", orders.url))
        .send();
    error(answer.await.unwrap(), StatusCode::UNSUPPORTED_MEDIA_TYPE).await;
    let large = format!("{}{VALID}", " ".repeat(64 * 1024));
    let answer = orders.post("/api/order", JSON, large).await;
    assert_eq!(
        error(answer, StatusCode::PAYLOAD_TOO_LARGE).await,
        "too_large"
    );

    assert_eq!(orders.number(rows).await, before);
    assert_eq!(orders.metric("orders_processed_total").await, 0.0);

    // The largest that is allowed.
    let answer = orders
        .post("/api/order", "Application/JSON; charset=utf-8", items(100))
        .await;
    let created = harness::json(answer, StatusCode::CREATED).await;
    assert_eq!(created["total_amount"], 1.0);
    assert_eq!(orders.number(rows).await, before + 101);
}

async fn what_is_acknowledged_to_concurrent_clients_is_stored_exactly(backend: Backend) {
    const CLIENTS: i64 = 12;
    const EACH: i64 = 20;
    let orders = start(backend, Orders, 50).await;
    let stored_before = orders.number("SELECT count(*) FROM order_items").await;

    let mut clients = tokio::task::JoinSet::new();
    for client in 0..CLIENTS {
        let (http, url) = (orders.client.clone(), format!("{}/api/order", orders.url));
        clients.spawn(async move {
            let mut acknowledged = Vec::new();
            for round in 0..EACH {
                let number = client * EACH + round;
                // 0.07, 1.17, 2.27, ...: most are no exact floats.
                let items: Vec<_> = (0..=number % 5)
                    .map(|item| {
                        let cents = 7 + 110 * (number + item);
                        let price = format!("{}.{:02}", cents / 100, cents % 100);
                        (item + 1, cents, price)
                    })
                    .collect();
                let total: i64 = items
                    .iter()
                    .map(|(quantity, cents, _)| quantity * cents)
                    .sum();
                let items: Vec<_> = items
                    .iter()
                    .map(|(quantity, _, price)| {
                        format!(
                            r#"{{"product_id":{},"quantity":{quantity},"unit_price":{price}}}"#,
                            number + 1
                        )
                    })
                    .collect();
                let body = format!(
                    r#"{{"customer_id":{},"items":[{}]}}"#,
                    number + 1,
                    items.join(",")
                );
                let request = http.post(&url).header("content-type", JSON).body(body);
                let text = request.send().await.unwrap().text().await.unwrap();
                let total_text = format!(r#""total_amount":{}.{:02},"#, total / 100, total % 100);
                assert!(text.contains(&total_text), "{total_text} in {text}");
                let created: Value = serde_json::from_str(&text).unwrap();
                let id = created["order_id"].as_i64().unwrap();
                acknowledged.push((id, number + 1, total, items.len() as i64));
            }
            acknowledged
        });
    }
    let mut acknowledged = clients.join_all().await.concat();
    acknowledged.sort_unstable();

    let total = backend.cents("o.total_amount");
    let stored = format!(
        "SELECT o.order_id, o.customer_id, {total}, count(*) \
         FROM orders o JOIN order_items i ON i.order_id = o.order_id AND i.product_id = o.customer_id \
         WHERE o.order_id > 50 GROUP BY o.order_id HAVING sum(i.quantity * i.unit_price) = max(o.total_amount) \
         ORDER BY o.order_id"
    );
    let stored = orders.database().await.numbers(&stored).await;
    let stored: Vec<_> = stored
        .iter()
        .map(|row| (row[0], row[1], row[2], row[3]))
        .collect();
    assert_eq!(stored, acknowledged);
    let items: i64 = acknowledged.iter().map(|order| order.3).sum();
    let stored_now = orders.number("SELECT count(*) FROM order_items").await;
    assert_eq!(stored_now - stored_before, items);

    let posts = r#"http_requests_total{endpoint="/api/order",method="POST",status="201"}"#;
    assert_eq!(orders.metric(posts).await, (CLIENTS * EACH) as f64);
    assert_eq!(
        orders.metric("orders_processed_total").await,
        (CLIENTS * EACH) as f64
    );
    assert_eq!(
        orders.metric("order_items_written_total").await,
        items as f64
    );
}

async fn a_failing_database_is_503_until_it_is_back(backend: Backend) {
    let orders = start(backend, Orders, 10).await;
    let rows = "SELECT count(*) FROM orders";
    let before = orders.number(rows).await;
    let mut side = orders.database().await;
    side.execute("ALTER TABLE order_items RENAME TO elsewhere")
        .await;

    let answer = orders.get("/api/order/1").await;
    let code = error(answer, StatusCode::SERVICE_UNAVAILABLE).await;
    assert_eq!(code, "database_unavailable");
    let answer = orders.post("/api/order", JSON, VALID).await;
    error(answer, StatusCode::SERVICE_UNAVAILABLE).await;
    // The order had been inserted when its items failed.
    assert_eq!(side.number(rows).await, before);
    let failed = r#"http_requests_total{endpoint="/api/order",method="POST",status="503"}"#;
    assert_eq!(orders.metric(failed).await, 1.0);

    side.execute("ALTER TABLE elsewhere RENAME TO order_items")
        .await;
    assert_eq!(orders.get("/api/order/1").await.status(), StatusCode::OK);
    let answer = orders.post("/api/order", JSON, VALID).await;
    assert_eq!(answer.status(), StatusCode::CREATED);
}

async fn a_write_lock_held_elsewhere_delays_writes_but_not_reads(backend: Backend) {
    let orders = start(backend, Orders, 10).await;
    let mut side = orders.database().await;
    side.execute(match backend {
        Backend::Sqlite => "BEGIN IMMEDIATE",
        Backend::Postgres => "BEGIN; LOCK TABLE orders IN EXCLUSIVE MODE",
        Backend::MySql => "BEGIN; SELECT * FROM orders FOR UPDATE",
    })
    .await;
    let write = tokio::spawn({
        let request = orders.client.post(format!("{}/api/order", orders.url));
        request.header("content-type", JSON).body(VALID).send()
    });
    for id in 1..=10 {
        let answer = orders.get(&format!("/api/order/{id}")).await;
        assert_eq!(answer.status(), StatusCode::OK);
    }
    assert!(!write.is_finished());
    side.execute("ROLLBACK").await;
    let answer = write.await.unwrap().unwrap();
    assert_eq!(answer.status(), StatusCode::CREATED);
}

async fn clients_that_give_up_leave_no_lock_and_no_half_order(backend: Backend) {
    let orders = start(backend, Orders, 10).await;
    for micros in (0..2000).step_by(50) {
        let request = orders.client.post(format!("{}/api/order", orders.url));
        let request = request.header("content-type", JSON).body(VALID);
        let patience = std::time::Duration::from_micros(micros);
        let _ = tokio::time::timeout(patience, request.send()).await;
    }
    let answer = orders.post("/api/order", JSON, VALID).await;
    assert_eq!(answer.status(), StatusCode::CREATED);
    let halves =
        "SELECT count(*) FROM orders WHERE order_id NOT IN (SELECT order_id FROM order_items)";
    assert_eq!(orders.number(halves).await, 0);
}

#[tokio::test]
async fn metrics_are_served_on_a_port_of_their_own_as_well() {
    let orders = harness::start_on(Backend::Sqlite.data(), Orders, |setup| {
        *setup = setup.clone().with_metrics_port(0);
    })
    .await;
    orders.get("/api/order/7").await;
    let metrics = orders.app.endpoints()[1].url();
    let get = async |path: &str| {
        let request = orders.client.get(format!("{metrics}{path}"));
        request.send().await.unwrap()
    };
    let page = get("/metrics").await.text().await.unwrap();
    let counted =
        r#"http_requests_total{endpoint="/api/order/{order_id}",method="GET",status="200"} 1"#;
    assert!(page.contains(counted), "{page}");
    assert_eq!(get("/api/order/7").await.status(), StatusCode::NOT_FOUND);
}
