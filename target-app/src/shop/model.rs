//! Bodies of requests and responses.

use axum::http::StatusCode;
use serde::{Deserialize, Serialize};

use crate::http::{ApiError, parse_json};
use crate::money::Cents;

/// Pieces of one product, at most.
const MAX_QUANTITY: i64 = 1_000_000;

/// A product of the catalogue.
#[derive(Debug, Serialize)]
pub(super) struct Product {
    pub(super) id: i64,
    pub(super) name: String,
    pub(super) category: String,
    pub(super) price: Cents,
    pub(super) stock_quantity: i64,
}

/// Stock of a product.
#[derive(Debug, Serialize)]
pub(super) struct Stock {
    pub(super) product_id: i64,
    pub(super) product_name: String,
    pub(super) stock_quantity: i64,
    pub(super) in_stock: bool,
}

/// A product and how often it was ordered.
#[derive(Debug, Serialize)]
pub(super) struct Popular {
    pub(super) product_id: i64,
    pub(super) product_name: String,
    pub(super) order_count: i64,
}

/// Query for products.
#[derive(Debug)]
pub(super) struct Filter {
    pub(super) category: Option<String>,
    pub(super) price_min: Cents,
    pub(super) price_max: Cents,
    pub(super) limit: i64,
}

impl Filter {
    const MAX_LIMIT: i64 = 1_000;

    /// Reads the query of a URL.
    pub(super) fn from_query(query: &str) -> Result<Self, ApiError> {
        #[derive(Deserialize)]
        struct Query {
            category: Option<String>,
            price_min: Option<String>,
            price_max: Option<String>,
            limit: Option<String>,
        }
        let query: Query = parse_query(query)?;
        let price = |name: &str, text: Option<String>, default| match text {
            None => Ok(default),
            Some(text) => Cents::from_json(&text).ok_or_else(|| {
                invalid_query(format!(
                    "{name} must be a number from 0 to 99999999.99 with at most two decimals"
                ))
            }),
        };
        Ok(Self {
            category: query.category,
            price_min: price("price_min", query.price_min, Cents::ZERO)?,
            price_max: price("price_max", query.price_max, Cents::MAX)?,
            limit: limit(query.limit, 100, Self::MAX_LIMIT)?,
        })
    }
}

/// Reads `limit=N` of a popularity query.
pub(super) fn popular_limit(query: &str) -> Result<i64, ApiError> {
    #[derive(Deserialize)]
    struct Query {
        limit: Option<String>,
    }
    let query: Query = parse_query(query)?;
    limit(query.limit, 10, 100)
}

fn limit(text: Option<String>, default: i64, most: i64) -> Result<i64, ApiError> {
    let Some(text) = text else {
        return Ok(default);
    };
    text.parse()
        .ok()
        .filter(|limit| (1..=most).contains(limit))
        .ok_or_else(|| invalid_query(format!("limit must be a number from 1 to {most}")))
}

fn parse_query<T: serde::de::DeserializeOwned>(query: &str) -> Result<T, ApiError> {
    serde_urlencoded::from_str(query).map_err(|error| invalid_query(format!("the query: {error}")))
}

fn invalid_query(message: String) -> ApiError {
    ApiError::new(StatusCode::BAD_REQUEST, "invalid_query", message)
}

/// A wish to take pieces of a product out of stock.
#[derive(Debug, Deserialize)]
pub(super) struct Reserve {
    pub(super) product_id: i64,
    pub(super) quantity: i64,
}

impl Reserve {
    pub(super) fn from_json(body: &[u8]) -> Result<Self, ApiError> {
        let reserve: Self = parse_json(body)?;
        check_quantity(reserve.quantity)?;
        Ok(reserve)
    }
}

/// An order to be stored.
#[derive(Debug, Deserialize)]
pub(super) struct NewOrder {
    pub(super) user_id: i64,
    pub(super) product_id: i64,
    #[serde(default = "one")]
    pub(super) quantity: i64,
}

fn one() -> i64 {
    1
}

impl NewOrder {
    pub(super) fn from_json(body: &[u8]) -> Result<Self, ApiError> {
        let order: Self = parse_json(body)?;
        if order.user_id < 1 {
            return Err(ApiError::invalid("user_id must be at least 1"));
        }
        check_quantity(order.quantity)?;
        Ok(order)
    }
}

fn check_quantity(quantity: i64) -> Result<(), ApiError> {
    if (1..=MAX_QUANTITY).contains(&quantity) {
        Ok(())
    } else {
        Err(ApiError::invalid("quantity must be from 1 to 1000000"))
    }
}

/// The 404 of a product that is not in the catalogue.
pub(super) fn unknown_product() -> ApiError {
    ApiError::new(
        StatusCode::NOT_FOUND,
        "unknown_product",
        "there is no such product",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn queries_are_read_or_refused() {
        let filter = Filter::from_query("category=Books&price_min=9.5&price_max=20").unwrap();
        assert_eq!(filter.category.as_deref(), Some("Books"));
        assert_eq!(
            (filter.price_min.get(), filter.price_max.get()),
            (950, 2000)
        );
        assert_eq!(filter.limit, 100);
        let filter = Filter::from_query("").unwrap();
        assert_eq!(
            (filter.price_min, filter.price_max),
            (Cents::ZERO, Cents::MAX)
        );
        assert_eq!(popular_limit("limit=100").unwrap(), 100);
        for wrong in [
            "price_min=cheap",
            "price_min=",
            "price_max=-1",
            "price_min=1&price_min=2",
            "limit=0",
            "limit=1001",
            "limit=x",
        ] {
            assert!(Filter::from_query(wrong).is_err(), "{wrong}");
        }
        assert!(popular_limit("limit=101").is_err());
    }
}
