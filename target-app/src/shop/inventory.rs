//! inventory-service: what is in stock.

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::{get, post};
use serde::Serialize;

use super::model::{Reserve, unknown_product};
use super::{Shop, store};
use crate::http::{Api, ApiError, TypedBody, json_response};

const CHECK: &str = "/inventory/check/{product_id}";
const RESERVE: &str = "/inventory/reserve";

pub(super) fn routes(api: Api<Shop>) -> Api<Shop> {
    api.route(CHECK, get(check))
        .span("GET", CHECK, "inventory_service.check_stock")
        .route(RESERVE, post(reserve))
        .span("POST", RESERVE, "inventory_service.reserve_stock")
}

async fn check(
    State(shop): State<Shop>,
    product_id: Result<Path<i64>, PathRejection>,
) -> Result<Response, ApiError> {
    // An id that is no number names no product.
    let Path(product_id) = product_id.map_err(|_| unknown_product())?;
    let stock = store::stock(&shop.pool, product_id).await?;
    let stock = stock.ok_or_else(unknown_product)?;
    Ok(json_response(StatusCode::OK, &stock))
}

#[derive(Serialize)]
struct Reserved {
    product_id: i64,
    reserved: i64,
    stock_quantity: i64,
}

async fn reserve(State(shop): State<Shop>, body: TypedBody) -> Result<Response, ApiError> {
    let wish = Reserve::from_json(body.json()?)?;
    let Some(left) = store::reserve(&shop.pool, &wish).await? else {
        let stock = store::stock(&shop.pool, wish.product_id).await?;
        let stock = stock.ok_or_else(unknown_product)?;
        return Err(ApiError::new(
            StatusCode::CONFLICT,
            "insufficient_stock",
            format!(
                "{} of product {} were asked for, and {} are left",
                wish.quantity, wish.product_id, stock.stock_quantity
            ),
        ));
    };
    let reserved = Reserved {
        product_id: wish.product_id,
        reserved: wish.quantity,
        stock_quantity: left,
    };
    Ok(json_response(StatusCode::OK, &reserved))
}
