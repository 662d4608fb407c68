//! order-service: what was ordered.

use axum::extract::{RawQuery, State};
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::{get, post};
use serde::Serialize;

use super::model::{NewOrder, Popular, popular_limit};
use super::{Shop, store};
use crate::http::{Api, ApiError, TypedBody, json_response};

const POPULAR: &str = "/orders/popular-products";
const CREATE: &str = "/orders/create";

pub(super) fn routes(api: Api<Shop>) -> Api<Shop> {
    api.route(POPULAR, get(popular))
        .span("GET", POPULAR, "order_service.get_popular_products")
        .route(CREATE, post(create))
        .span("POST", CREATE, "order_service.create_order")
}

#[derive(Serialize)]
struct PopularProducts {
    popular_products: Vec<Popular>,
    count: usize,
}

async fn popular(
    State(shop): State<Shop>,
    RawQuery(query): RawQuery,
) -> Result<Response, ApiError> {
    let limit = popular_limit(query.as_deref().unwrap_or_default())?;
    let popular_products = store::popular(&shop.pool, limit).await?;
    let answer = PopularProducts {
        count: popular_products.len(),
        popular_products,
    };
    Ok(json_response(StatusCode::OK, &answer))
}

#[derive(Serialize)]
struct Created {
    order_id: i64,
    user_id: i64,
    product_id: i64,
    quantity: i64,
}

async fn create(State(shop): State<Shop>, body: TypedBody) -> Result<Response, ApiError> {
    let order = NewOrder::from_json(body.json()?)?;
    let order_id = store::create(&shop.pool, &order).await?;
    let order_id = order_id
        .ok_or_else(|| ApiError::invalid(format!("there is no product {}", order.product_id)))?;
    let created = Created {
        order_id,
        user_id: order.user_id,
        product_id: order.product_id,
        quantity: order.quantity,
    };
    Ok(json_response(StatusCode::CREATED, &created))
}
