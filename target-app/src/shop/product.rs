//! product-service: the catalogue.

use axum::extract::{RawQuery, State};
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::get;
use serde::Serialize;

use super::model::{Filter, Product};
use super::{Shop, store};
use crate::http::{Api, ApiError, json_response};

pub(super) fn routes(api: Api<Shop>) -> Api<Shop> {
    api.route("/products", get(list))
        .span("GET", "/products", "product_service.get_products")
}

#[derive(Serialize)]
struct Products {
    products: Vec<Product>,
    count: usize,
}

async fn list(State(shop): State<Shop>, RawQuery(query): RawQuery) -> Result<Response, ApiError> {
    let filter = Filter::from_query(query.as_deref().unwrap_or_default())?;
    let products = store::products(&shop.pool, &filter).await?;
    let count = products.len();
    Ok(json_response(StatusCode::OK, &Products { products, count }))
}
