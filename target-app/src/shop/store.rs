//! The SQL of the three services.

use std::sync::LazyLock;

use super::model::{Filter, NewOrder, Popular, Product, Reserve, Stock};
use super::pool::SharedPool;
use crate::database::{Statement, Value};

static PRODUCTS: LazyLock<Statement> = LazyLock::new(|| {
    Statement::new(
        "products",
        "SELECT id, name, category, price, stock_quantity FROM products \
         WHERE price BETWEEN ? AND ? ORDER BY price, id LIMIT ?",
    )
});

static PRODUCTS_OF_CATEGORY: LazyLock<Statement> = LazyLock::new(|| {
    Statement::new(
        "products",
        "SELECT id, name, category, price, stock_quantity FROM products \
         WHERE category = ? AND price BETWEEN ? AND ? ORDER BY price, id LIMIT ?",
    )
});

static STOCK: LazyLock<Statement> = LazyLock::new(|| {
    Statement::new(
        "products",
        "SELECT name, stock_quantity FROM products WHERE id = ?",
    )
});

/// Takes what is there or changes nothing: the condition is checked under the lock of the row.
static RESERVE: LazyLock<Statement> = LazyLock::new(|| {
    Statement::new(
        "products",
        "UPDATE products SET stock_quantity = stock_quantity - ? \
         WHERE id = ? AND stock_quantity >= ? RETURNING stock_quantity",
    )
});

/// Counts first and joins the few names that are shown.
static POPULAR: LazyLock<Statement> = LazyLock::new(|| {
    Statement::new(
        "orders",
        "SELECT p.id, p.name, c.order_count FROM ( \
             SELECT product_id, count(*) AS order_count FROM orders \
             GROUP BY product_id ORDER BY count(*) DESC, product_id LIMIT ? \
         ) c JOIN products p ON p.id = c.product_id ORDER BY c.order_count DESC, p.id",
    )
});

static CREATE: LazyLock<Statement> = LazyLock::new(|| {
    Statement::insert(
        "orders",
        "id",
        "INSERT INTO orders (user_id, product_id, quantity) VALUES (?, ?, ?)",
    )
});

/// Products within the filter, the cheapest first.
pub(super) async fn products(
    pool: &SharedPool,
    filter: &Filter,
) -> Result<Vec<Product>, sqlx::Error> {
    let prices = [
        Value::Money(filter.price_min),
        Value::Money(filter.price_max),
        Value::Int(filter.limit),
    ];
    // PostgreSQL refuses it, and no category has it.
    if (filter.category.as_ref()).is_some_and(|category| category.contains('\0')) {
        return Ok(Vec::new());
    }
    let mut session = pool.read().await?;
    let rows = match &filter.category {
        None => session.fetch_all(&PRODUCTS, &prices).await?,
        Some(category) => {
            let [min, max, limit] = prices;
            let values = [Value::Text(category), min, max, limit];
            session.fetch_all(&PRODUCTS_OF_CATEGORY, &values).await?
        }
    };
    drop(session);
    rows.iter()
        .map(|row| {
            Ok(Product {
                id: row.get(0)?,
                name: row.get(1)?,
                category: row.get(2)?,
                price: row.get(3)?,
                stock_quantity: row.get(4)?,
            })
        })
        .collect()
}

/// Reads the stock of a product, if it is in the catalogue.
pub(super) async fn stock(pool: &SharedPool, id: i64) -> Result<Option<Stock>, sqlx::Error> {
    let row = pool
        .read()
        .await?
        .fetch_optional(&STOCK, &[Value::Int(id)])
        .await?;
    row.map(|row| {
        let stock_quantity = row.get(1)?;
        Ok(Stock {
            product_id: id,
            product_name: row.get(0)?,
            stock_quantity,
            in_stock: stock_quantity > 0,
        })
    })
    .transpose()
}

/// Takes pieces out of stock and returns how many are left; none when there are not enough, or no
/// such product.
pub(super) async fn reserve(pool: &SharedPool, wish: &Reserve) -> Result<Option<i64>, sqlx::Error> {
    let values = [
        Value::Int(wish.quantity),
        Value::Int(wish.product_id),
        Value::Int(wish.quantity),
    ];
    let mut writer = pool.write().await?;
    // All rows, so that the statement has run to its end.
    let rows = writer.session().fetch_all(&RESERVE, &values).await?;
    rows.first().map(|row| row.get(0)).transpose()
}

/// The products that were ordered most often.
pub(super) async fn popular(pool: &SharedPool, limit: i64) -> Result<Vec<Popular>, sqlx::Error> {
    let rows = pool
        .read()
        .await?
        .fetch_all(&POPULAR, &[Value::Int(limit)])
        .await?;
    rows.iter()
        .map(|row| {
            Ok(Popular {
                product_id: row.get(0)?,
                product_name: row.get(1)?,
                order_count: row.get(2)?,
            })
        })
        .collect()
}

/// Stores an order and returns its id; none when there is no such product.
pub(super) async fn create(
    pool: &SharedPool,
    order: &NewOrder,
) -> Result<Option<i64>, sqlx::Error> {
    let values = [
        Value::Int(order.user_id),
        Value::Int(order.product_id),
        Value::Int(order.quantity),
    ];
    let mut writer = pool.write().await?;
    match writer.session().insert(&CREATE, &values).await {
        Ok(id) => Ok(Some(id)),
        Err(sqlx::Error::Database(error)) if error.is_foreign_key_violation() => Ok(None),
        Err(error) => Err(error),
    }
}
