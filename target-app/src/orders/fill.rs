//! The data that the service starts with.

use rand::seq::IndexedRandom;
use rand::{RngExt, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;

use crate::database::Value;
use crate::money::Cents;
use crate::names;
use crate::seed::{Amount, BytesPerRecord, Rows, Stopped, Table};

/// Orders made by default.
pub(crate) const RECORDS: u64 = 10_000;

/// Customers for any number of orders up to ten times as many; then one for every ten orders.
const CUSTOMERS: u64 = 1_000;

const PRODUCTS: usize = 100;

/// Most orders are long done.
const STATUSES: [&str; 8] = [
    "pending",
    "paid",
    "shipped",
    "shipped",
    "delivered",
    "delivered",
    "delivered",
    "cancelled",
];

/// Times are so many seconds ago, at most.
const YEAR: i64 = 365 * 24 * 60 * 60;

static CUSTOMER: Table = Table {
    name: "customer",
    columns: &["customer_id", "name", "email", "created_at"],
};

pub(crate) static ORDERS: Table = Table {
    name: "orders",
    columns: &[
        "order_id",
        "customer_id",
        "total_amount",
        "status",
        "created_at",
    ],
};

static ORDER_ITEMS: Table = Table {
    name: "order_items",
    columns: &[
        "item_id",
        "order_id",
        "product_id",
        "quantity",
        "unit_price",
    ],
};

#[derive(Clone, Copy)]
struct Item {
    product: i64,
    quantity: i64,
    price: Cents,
}

/// With its share of everything else; measured, and rounded up.
pub(crate) const BYTES_PER_RECORD: BytesPerRecord = BytesPerRecord {
    sqlite: 350,
    postgres: 800,
    mysql: 500,
};

/// Every table that is filled.
pub(crate) static SEEDED: &[&Table] = &[&CUSTOMER, &ORDERS, &ORDER_ITEMS];

/// Makes customers and `amount.records` orders of one to five items each. Ids count from 1, so that
/// a scenario can name them.
pub(crate) fn generate(amount: Amount, rows: &mut dyn Rows) -> Result<(), Stopped> {
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(amount.seed);
    let customers = CUSTOMERS.max(amount.records.div_ceil(10)).cast_signed();
    for id in 1..=customers {
        customer(id, amount, &mut rng, rows)?;
    }
    let prices: [Cents; PRODUCTS] =
        std::array::from_fn(|_| Cents::new(rng.random_range(99..=19_999)).unwrap_or(Cents::ZERO));
    let mut items = Vec::new();
    let mut item_id = 0;
    for order_id in 1..=amount.records.cast_signed() {
        items.clear();
        items.extend((0..rng.random_range(1..=5)).map(|_| item(&prices, &mut rng)));
        let total: i64 = items
            .iter()
            .map(|item| item.quantity * item.price.get())
            .sum();
        let order = [
            Value::Int(order_id),
            Value::Int(rng.random_range(1..=customers)),
            Value::Money(Cents::new(total).unwrap_or(Cents::MAX)),
            Value::Text(STATUSES.choose(&mut rng).copied().unwrap_or_default()),
            Value::Time(amount.ago(rng.random_range(0..YEAR))),
        ];
        rows.add(&ORDERS, &order)?;
        for item in &items {
            item_id += 1;
            let item = [
                Value::Int(item_id),
                Value::Int(order_id),
                Value::Int(item.product),
                Value::Int(item.quantity),
                Value::Money(item.price),
            ];
            rows.add(&ORDER_ITEMS, &item)?;
        }
    }
    Ok(())
}

fn customer(
    id: i64,
    amount: Amount,
    rng: &mut Xoshiro256PlusPlus,
    rows: &mut dyn Rows,
) -> Result<(), Stopped> {
    let (first, last) = names::person(rng);
    let name = format!("{first} {last}");
    let email = format!("{first}.{last}.{id}@example.com").to_ascii_lowercase();
    let values = [
        Value::Int(id),
        Value::Text(&name),
        Value::Text(&email),
        Value::Time(amount.ago(rng.random_range(YEAR..5 * YEAR))),
    ];
    rows.add(&CUSTOMER, &values)
}

fn item(prices: &[Cents; PRODUCTS], rng: &mut Xoshiro256PlusPlus) -> Item {
    let index = rng.random_range(0..PRODUCTS);
    Item {
        product: index as i64 + 1,
        quantity: rng.random_range(1..=5),
        price: prices[index],
    }
}
