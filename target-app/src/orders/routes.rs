//! The routes of the service.

use axum::Router;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::{get, post};
use prometheus_client::registry::Registry;

use super::losses::Losses;
use super::metrics::OrderMetrics;
use super::model::{Created, NEW_STATUS, NewOrder};
use super::store::{self, Fate, NotStored};
use crate::Service;
use crate::database::Database;
use crate::http::{Api, ApiError, TypedBody, json_response};

#[derive(Clone)]
struct Orders {
    database: Database,
    metrics: OrderMetrics,
    losses: Option<Losses>,
}

/// The service over a filled database. `drop_each`: so many orders after each other, one is
/// acknowledged and not stored.
pub(crate) fn router(database: Database, drop_each: Option<u64>) -> Router {
    let mut registry = Registry::default();
    let orders = Orders {
        database: database.clone(),
        metrics: OrderMetrics::register(&mut registry),
        losses: drop_each.map(Losses::of),
    };
    Api::new()
        .route("/api/order/{order_id}", get(read))
        .route("/api/order", post(create))
        .finish(orders, Service::Orders, database, registry)
}

impl Orders {
    /// Draws the fate of the next order.
    fn fate(&self) -> Fate {
        match &self.losses {
            Some(losses) if losses.next() => Fate::Lost,
            _ => Fate::Stored,
        }
    }
}

async fn read(
    State(orders): State<Orders>,
    order_id: Result<Path<i64>, PathRejection>,
) -> Result<Response, ApiError> {
    // An id that is no number names no order.
    let found = match order_id {
        Ok(Path(order_id)) => store::find(&orders.database, order_id).await?,
        Err(_) => None,
    };
    match found {
        Some(order) => Ok(json_response(StatusCode::OK, &order)),
        None => Err(ApiError::new(
            StatusCode::NOT_FOUND,
            "unknown_order",
            "there is no such order",
        )),
    }
}

async fn create(State(orders): State<Orders>, body: TypedBody) -> Result<Response, ApiError> {
    let order = NewOrder::from_json(body.json()?)?;
    let order_id = store::create(&orders.database, &order, orders.fate())
        .await
        .map_err(|error| match error {
            NotStored::UnknownCustomer => {
                ApiError::invalid(format!("there is no customer {}", order.customer_id))
            }
            NotStored::Failed(error) => error.into(),
        })?;
    orders.metrics.orders.inc();
    orders.metrics.items.inc_by(order.items.len() as u64);
    let created = Created {
        order_id,
        total_amount: order.total,
        status: NEW_STATUS,
    };
    Ok(json_response(StatusCode::CREATED, &created))
}
