//! Orders as they come in and go out.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::database::Timestamp;
use crate::http::{ApiError, Object, parse_json};
use crate::money::Cents;

/// Items of one order, at most.
pub(super) const MAX_ITEMS: usize = 100;

/// Pieces of one item, at most.
const MAX_QUANTITY: i64 = 1_000_000;

/// The status of an order that has just been stored.
pub(super) const NEW_STATUS: &str = "pending";

/// A stored order.
#[derive(Debug, Serialize)]
pub(super) struct Order {
    pub(super) order_id: i64,
    pub(super) customer_id: i64,
    pub(super) total_amount: Cents,
    pub(super) status: String,
    pub(super) created_at: Timestamp,
    pub(super) items: Vec<Item>,
}

/// A stored item of an order.
#[derive(Debug, Serialize)]
pub(super) struct Item {
    pub(super) item_id: i64,
    pub(super) product_id: i64,
    pub(super) quantity: i64,
    pub(super) unit_price: Cents,
}

/// The answer to a stored order.
#[derive(Debug, Serialize)]
pub(super) struct Created {
    pub(super) order_id: i64,
    pub(super) total_amount: Cents,
    pub(super) status: &'static str,
}

/// An order that can be stored, if its customer exists.
#[derive(Debug)]
pub(super) struct NewOrder {
    pub(super) customer_id: i64,
    pub(super) items: Vec<NewItem>,
    pub(super) total: Cents,
}

/// An item of it.
#[derive(Debug)]
pub(super) struct NewItem {
    pub(super) product_id: i64,
    pub(super) quantity: i64,
    pub(super) unit_price: Cents,
}

/// The request body. Prices stay text, because reading them as floats would round.
#[derive(Deserialize)]
struct Body<'a> {
    customer_id: i64,
    #[serde(borrow)]
    items: Vec<Object<BodyItem<'a>>>,
}

#[derive(Deserialize)]
struct BodyItem<'a> {
    product_id: i64,
    quantity: i64,
    #[serde(borrow)]
    unit_price: &'a RawValue,
}

impl NewOrder {
    /// Reads and checks a request body.
    pub(super) fn from_json(body: &[u8]) -> Result<Self, ApiError> {
        let body: Body = parse_json(body)?;
        if body.items.is_empty() || body.items.len() > MAX_ITEMS {
            return Err(ApiError::invalid(format!(
                "items must hold 1 to {MAX_ITEMS} items, not {}",
                body.items.len()
            )));
        }
        let mut items = Vec::with_capacity(body.items.len());
        let mut total = Some(Cents::ZERO);
        for (index, Object(item)) in body.items.iter().enumerate() {
            let item = NewItem::check(item).map_err(|(field, rule)| {
                ApiError::invalid(format!("items[{index}].{field} must be {rule}"))
            })?;
            let amount = item.unit_price.times(item.quantity);
            total = total
                .zip(amount)
                .and_then(|(total, amount)| total.plus(amount));
            items.push(item);
        }
        let total = total.ok_or_else(|| {
            ApiError::invalid("the items come to more than 99999999.99, the largest total_amount")
        })?;
        Ok(Self {
            customer_id: body.customer_id,
            items,
            total,
        })
    }
}

impl NewItem {
    /// The error is the field and the rule that it breaks.
    fn check(item: &BodyItem) -> Result<Self, (&'static str, &'static str)> {
        if item.product_id < 1 {
            return Err(("product_id", "at least 1"));
        }
        if !(1..=MAX_QUANTITY).contains(&item.quantity) {
            return Err(("quantity", "from 1 to 1000000"));
        }
        let unit_price = Cents::from_json(item.unit_price.get()).ok_or((
            "unit_price",
            "a number from 0 to 99999999.99 with at most two decimals",
        ))?;
        Ok(Self {
            product_id: item.product_id,
            quantity: item.quantity,
            unit_price,
        })
    }
}
