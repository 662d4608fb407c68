use reqwest::StatusCode;
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use target_app::Service::Shop;

use crate::backend::{Backend, on_sqlite_and_postgres};
use crate::harness::{self, JSON, Running, error, start};

on_sqlite_and_postgres! {
    the_catalogue_is_filtered_and_sorted,
    stock_is_checked_and_reserved,
    concurrent_reserves_never_lose_or_overdraw_stock,
    the_most_ordered_products_are_known,
    orders_are_stored,
    bad_requests_are_refused_and_leave_nothing,
}

/// The shop with a thousand orders, and the URLs of its three services.
pub async fn shop(backend: Backend) -> (Running, [String; 3]) {
    let shop = start(backend, Shop, 1_000).await;
    let urls = urls(&shop);
    (shop, urls)
}

pub fn urls(shop: &Running) -> [String; 3] {
    std::array::from_fn(|index| shop.app.endpoints()[index].url())
}

pub async fn get(shop: &Running, url: String) -> Value {
    let answer = shop.client.get(url).send().await.unwrap();
    harness::json(answer, StatusCode::OK).await
}

pub async fn post(shop: &Running, url: String, body: Value) -> reqwest::Response {
    let request = shop.client.post(url).header("content-type", JSON);
    request.body(body.to_string()).send().await.unwrap()
}

async fn the_catalogue_is_filtered_and_sorted(backend: Backend) {
    let (shop, [products, ..]) = shop(backend).await;
    let all = get(&shop, format!("{products}/products?limit=1000")).await;
    assert_eq!(all["count"], 1000);
    let default = get(&shop, format!("{products}/products")).await;
    assert_eq!(default["count"], 100);
    let query = "category=Books&price_min=9.99&price_max=250";
    let books = get(&shop, format!("{products}/products?{query}&limit=1000")).await;
    let listed = books["products"].as_array().unwrap();
    assert_eq!(books["count"], listed.len());
    let price = backend.cents("price");
    let sql = format!(
        "SELECT count(*) FROM products WHERE category = 'Books' AND {price} BETWEEN 999 AND 25000"
    );
    assert_eq!(shop.number(&sql).await, listed.len() as i64);
    assert!(listed.len() > 10);
    let prices: Vec<f64> = listed
        .iter()
        .map(|product| product["price"].as_f64().unwrap())
        .collect();
    assert!(prices.is_sorted(), "{prices:?}");
    assert!(listed.iter().all(|product| product["category"] == "Books"));
    let none = get(&shop, format!("{products}/products?category=Boats")).await;
    assert_eq!(none, json!({ "products": [], "count": 0 }));
}

async fn stock_is_checked_and_reserved(backend: Backend) {
    let (shop, [_, inventory, _]) = shop(backend).await;
    let check = format!("{inventory}/inventory/check/7");
    let before = get(&shop, check.clone()).await;
    let stock = before["stock_quantity"].as_i64().unwrap();
    assert_eq!(
        (&before["product_id"], &before["in_stock"]),
        (&json!(7), &json!(true))
    );
    assert!(!before["product_name"].as_str().unwrap().is_empty());

    let reserve = format!("{inventory}/inventory/reserve");
    let wish = |quantity: i64| json!({ "product_id": 7, "quantity": quantity });
    let answer = post(&shop, reserve.clone(), wish(3)).await;
    assert_eq!(
        harness::json(answer, StatusCode::OK).await,
        json!({ "product_id": 7, "reserved": 3, "stock_quantity": stock - 3 })
    );
    let answer = post(&shop, reserve.clone(), wish(stock)).await;
    assert_eq!(
        error(answer, StatusCode::CONFLICT).await,
        "insufficient_stock"
    );
    let answer = post(&shop, reserve, wish(stock - 3)).await;
    assert_eq!(answer.status(), StatusCode::OK);
    let after = get(&shop, check).await;
    assert_eq!(
        (&after["stock_quantity"], &after["in_stock"]),
        (&json!(0), &json!(false))
    );
}

async fn concurrent_reserves_never_lose_or_overdraw_stock(backend: Backend) {
    const PRODUCTS: i64 = 3;
    let (shop, [_, inventory, _]) = shop(backend).await;
    let set = format!("UPDATE products SET stock_quantity = 500 WHERE id <= {PRODUCTS}");
    shop.database().await.execute(&set).await;

    let reserved: Arc<[AtomicI64; PRODUCTS as usize]> = Arc::default();
    let mut clients = tokio::task::JoinSet::new();
    for client in 0..24_i64 {
        let (http, reserved) = (shop.client.clone(), Arc::clone(&reserved));
        let url = format!("{inventory}/inventory/reserve");
        clients.spawn(async move {
            for round in 0..40_i64 {
                let product = (client + round) % PRODUCTS;
                let quantity = 1 + (client * 7 + round * 3) % 5;
                let wish = json!({ "product_id": product + 1, "quantity": quantity });
                let request = http.post(&url).header("content-type", JSON);
                let answer = request.body(wish.to_string()).send().await.unwrap();
                match answer.status() {
                    StatusCode::OK => {
                        let count = &reserved[product as usize];
                        count.fetch_add(quantity, Ordering::Relaxed);
                    }
                    status => assert_eq!(status, StatusCode::CONFLICT),
                }
            }
        });
    }
    clients.join_all().await;
    for product in 1..=PRODUCTS {
        let sql = format!("SELECT stock_quantity FROM products WHERE id = {product}");
        let left = shop.number(&sql).await;
        let taken = reserved[product as usize - 1].load(Ordering::Relaxed);
        assert!(left >= 0);
        assert_eq!(left + taken, 500, "product {product}");
        // 24 clients wanted some 960 pieces of each.
        assert!(left < 5, "{left} are left");
    }
}

async fn the_most_ordered_products_are_known(backend: Backend) {
    let (shop, [.., orders]) = shop(backend).await;
    let popular = get(&shop, format!("{orders}/orders/popular-products?limit=5")).await;
    assert_eq!(popular["count"], 5);
    let sql = "SELECT product_id, count(*) FROM orders GROUP BY product_id \
        ORDER BY count(*) DESC, product_id LIMIT 5";
    let expected = shop.database().await.numbers(sql).await;
    let found: Vec<Vec<i64>> = popular["popular_products"]
        .as_array()
        .unwrap()
        .iter()
        .map(|product| {
            assert!(!product["product_name"].as_str().unwrap().is_empty());
            ["product_id", "order_count"].map(|key| product[key].as_i64().unwrap())
        })
        .map(Vec::from)
        .collect();
    assert_eq!(found, expected);
    let default = get(&shop, format!("{orders}/orders/popular-products")).await;
    assert_eq!(default["count"], 10);
}

async fn orders_are_stored(backend: Backend) {
    let (shop, [.., orders]) = shop(backend).await;
    let create = format!("{orders}/orders/create");
    let order = json!({ "user_id": 5, "product_id": 9, "quantity": 2 });
    let answer = post(&shop, create.clone(), order).await;
    assert_eq!(
        harness::json(answer, StatusCode::CREATED).await,
        json!({ "order_id": 1001, "user_id": 5, "product_id": 9, "quantity": 2 })
    );
    let answer = post(
        &shop,
        create.clone(),
        json!({ "user_id": 5, "product_id": 9 }),
    )
    .await;
    let created = harness::json(answer, StatusCode::CREATED).await;
    assert_eq!(
        (&created["order_id"], &created["quantity"]),
        (&json!(1002), &json!(1))
    );
    let stored = "SELECT user_id, product_id, quantity FROM orders WHERE id > 1000 ORDER BY id";
    let stored = shop.database().await.numbers(stored).await;
    assert_eq!(stored, [[5, 9, 2], [5, 9, 1]]);
    let order = json!({ "user_id": 5, "product_id": 1001, "quantity": 1 });
    let answer = post(&shop, create, order).await;
    assert_eq!(
        error(answer, StatusCode::UNPROCESSABLE_ENTITY).await,
        "invalid"
    );
}

async fn bad_requests_are_refused_and_leave_nothing(backend: Backend) {
    let (shop, [products, inventory, orders]) = shop(backend).await;
    let state = "SELECT (SELECT sum(stock_quantity) FROM products)::bigint, count(*) FROM orders";
    let state = match backend {
        Backend::Postgres => state.to_owned(),
        _ => state.replace("::bigint", ""),
    };
    let before = shop.database().await.numbers(&state).await;

    for query in [
        "price_min=cheap",
        "price_max=-1",
        "price_max=0.001",
        "limit=0",
        "limit=9999999999999999999",
        "limit=1&limit=2",
    ] {
        let url = format!("{products}/products?{query}");
        let answer = shop.client.get(url).send().await.unwrap();
        let code = error(answer, StatusCode::BAD_REQUEST).await;
        assert_eq!(code, "invalid_query", "{query}");
    }
    // A text that is no UTF-8 or holds a NUL is the name of no category.
    for category in ["%FF%FE", "%00", "';--", "x%00y"] {
        let found = get(&shop, format!("{products}/products?category={category}")).await;
        assert_eq!(found["count"], 0, "{category}");
    }
    for id in ["1001", "0", "-1", "abc", "99999999999999999999", "%FF"] {
        let url = format!("{inventory}/inventory/check/{id}");
        let answer = shop.client.get(url).send().await.unwrap();
        let code = error(answer, StatusCode::NOT_FOUND).await;
        assert_eq!(code, "unknown_product", "{id}");
    }
    let reserve = format!("{inventory}/inventory/reserve");
    let unknown = json!({ "product_id": 1001, "quantity": 1 });
    let answer = post(&shop, reserve.clone(), unknown).await;
    assert_eq!(
        error(answer, StatusCode::NOT_FOUND).await,
        "unknown_product"
    );
    let create = format!("{orders}/orders/create");
    for (url, body) in [
        (&reserve, json!({ "product_id": 1, "quantity": -1 })),
        (&reserve, json!({ "product_id": 1, "quantity": 0 })),
        (&reserve, json!({ "product_id": 1, "quantity": 1.5 })),
        (&reserve, json!({ "product_id": 1, "quantity": i64::MAX })),
        (&reserve, json!({ "product_id": 1 })),
        (&reserve, json!([1, 1])),
        (&create, json!({ "user_id": 0, "product_id": 1 })),
        (&create, json!({ "user_id": 1, "product_id": -1 })),
        (
            &create,
            json!({ "user_id": 1, "product_id": 1, "quantity": -2 }),
        ),
        (&create, json!({ "user_id": "1", "product_id": 1 })),
    ] {
        let answer = post(&shop, url.clone(), body.clone()).await;
        let code = error(answer, StatusCode::UNPROCESSABLE_ENTITY).await;
        assert_eq!(code, "invalid", "{body}");
    }
    for url in [&reserve, &create] {
        let send = |content_type: &'static str, body: String| {
            let request = shop.client.post(url).header("content-type", content_type);
            request.body(body).send()
        };
        let answer = send(JSON, "{\"product_id\":".to_owned()).await.unwrap();
        assert_eq!(
            error(answer, StatusCode::BAD_REQUEST).await,
            "malformed_json"
        );
        let answer = send(harness::FORM, "product_id=1".to_owned())
            .await
            .unwrap();
        error(answer, StatusCode::UNSUPPORTED_MEDIA_TYPE).await;
        let answer = send(JSON, " ".repeat(65 * 1024)).await.unwrap();
        error(answer, StatusCode::PAYLOAD_TOO_LARGE).await;
    }
    for delay in [
        json!({ "delay_ms": -1 }),
        json!({ "delay_ms": 60_001 }),
        json!({}),
    ] {
        let url = format!("{products}/demo/enable-slow-queries");
        let answer = post(&shop, url, delay).await;
        assert_eq!(
            error(answer, StatusCode::UNPROCESSABLE_ENTITY).await,
            "invalid"
        );
    }
    assert_eq!(shop.database().await.numbers(&state).await, before);
}
