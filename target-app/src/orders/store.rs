//! The SQL of the service.

use std::sync::LazyLock;

use super::model::{Item, MAX_ITEMS, NEW_STATUS, NewItem, NewOrder, Order};
use crate::database::{Database, Session, Statement, Value, insert_of_rows};

/// One row per item. An order without items still is a row, its item columns null.
static FIND: LazyLock<Statement> = LazyLock::new(|| {
    Statement::new(
        "orders",
        "SELECT o.customer_id, o.total_amount, o.status, o.created_at, \
         i.item_id, i.product_id, i.quantity, i.unit_price \
         FROM orders o LEFT JOIN order_items i ON i.order_id = o.order_id \
         WHERE o.order_id = ? ORDER BY i.item_id",
    )
});

static INSERT_ORDER: LazyLock<Statement> = LazyLock::new(|| {
    Statement::insert(
        "orders",
        "order_id",
        "INSERT INTO orders (customer_id, total_amount, status) VALUES (?, ?, ?)",
    )
});

/// One statement per number of items, so that each is prepared once per connection.
static INSERT_ITEMS: LazyLock<Vec<Statement>> = LazyLock::new(|| {
    let insert = "INSERT INTO order_items (order_id, product_id, quantity, unit_price)";
    (1..=MAX_ITEMS)
        .map(|items| Statement::new("order_items", insert_of_rows(insert, "(?, ?, ?, ?)", items)))
        .collect()
});

/// Why an order was not stored.
#[derive(Debug)]
pub(super) enum NotStored {
    /// The customer does not exist.
    UnknownCustomer,
    /// The database failed; nothing of the order is stored.
    Failed(sqlx::Error),
}

impl From<sqlx::Error> for NotStored {
    fn from(error: sqlx::Error) -> Self {
        NotStored::Failed(error)
    }
}

/// The order `order_id` with its items in the order they were sent.
pub(super) async fn find(database: &Database, order_id: i64) -> Result<Option<Order>, sqlx::Error> {
    let mut session = database.read().await?;
    let rows = session.fetch_all(&FIND, &[Value::Int(order_id)]).await?;
    let Some(first) = rows.first() else {
        return Ok(None);
    };
    let mut order = Order {
        order_id,
        customer_id: first.get(0)?,
        total_amount: first.get(1)?,
        status: first.get(2)?,
        created_at: first.get(3)?,
        items: Vec::with_capacity(rows.len()),
    };
    for row in &rows {
        if let Some(item_id) = row.get(4)? {
            order.items.push(Item {
                item_id,
                product_id: row.get(5)?,
                quantity: row.get(6)?,
                unit_price: row.get(7)?,
            });
        }
    }
    Ok(Some(order))
}

/// Fates of an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    /// It lasts.
    Stored,
    /// It is forgotten at the last moment, as by a database that does not sync.
    Lost,
}

/// Stores an order and its items, all or nothing, and returns its id.
pub(super) async fn create(
    database: &Database,
    order: &NewOrder,
    fate: Fate,
) -> Result<i64, NotStored> {
    let mut session = database.write().await?;
    session.begin().await?;
    let values = [
        Value::Int(order.customer_id),
        Value::Money(order.total),
        Value::Text(NEW_STATUS),
    ];
    let order_id = match session.insert(&INSERT_ORDER, &values).await {
        Ok(order_id) => order_id,
        Err(sqlx::Error::Database(error)) if error.is_foreign_key_violation() => {
            return Err(NotStored::UnknownCustomer);
        }
        Err(error) => return Err(error.into()),
    };
    insert_items(&mut session, order_id, &order.items).await?;
    // An open transaction is rolled back with the session.
    if fate == Fate::Stored {
        session.commit().await?;
    }
    Ok(order_id)
}

async fn insert_items(
    session: &mut Session,
    order_id: i64,
    items: &[NewItem],
) -> Result<(), sqlx::Error> {
    for items in items.chunks(MAX_ITEMS) {
        let mut values = Vec::with_capacity(items.len() * 4);
        for item in items {
            values.extend([
                Value::Int(order_id),
                Value::Int(item.product_id),
                Value::Int(item.quantity),
                Value::Money(item.unit_price),
            ]);
        }
        session
            .execute(&INSERT_ITEMS[items.len() - 1], &values)
            .await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Service, database::query_plan};

    #[tokio::test]
    async fn an_order_is_found_by_its_keys_without_sorting() {
        assert_eq!(
            query_plan(Service::Orders, &FIND).await,
            [
                "SEARCH o USING INTEGER PRIMARY KEY (rowid=?)",
                "SEARCH i USING INDEX order_items_order_id (order_id=?) LEFT-JOIN",
            ]
        );
    }
}
