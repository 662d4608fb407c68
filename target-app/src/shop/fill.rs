//! The data that the shop starts with.

use rand::seq::IndexedRandom;
use rand::{RngExt, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;

use crate::database::Value;
use crate::money::Cents;
use crate::seed::{Amount, BytesPerRecord, Rows, Stopped, Table};

/// Orders made by default.
pub(crate) const RECORDS: u64 = 10_000;

/// Products, whatever the number of orders. Their ids count from 1.
const PRODUCTS: i64 = 1_000;

/// Pieces of a product in stock, at most.
const STOCK: i64 = 10_000;

const USERS: i64 = 1_000;

/// Orders reach so many seconds back.
const YEAR: i64 = 365 * 24 * 60 * 60;

const CATEGORIES: [(&str, [&str; 5]); 8] = [
    ("Books", ["Novel", "Atlas", "Cookbook", "Diary", "Guide"]),
    ("Clothing", ["Coat", "Scarf", "Shirt", "Jumper", "Hat"]),
    (
        "Electronics",
        ["Radio", "Lamp", "Charger", "Camera", "Clock"],
    ),
    ("Garden", ["Spade", "Hose", "Planter", "Bench", "Rake"]),
    ("Kitchen", ["Kettle", "Pan", "Knife", "Bowl", "Mug"]),
    ("Music", ["Guitar", "Drum", "Flute", "Violin", "Piano"]),
    ("Sports", ["Ball", "Racket", "Tent", "Bicycle", "Kayak"]),
    ("Toys", ["Puzzle", "Kite", "Robot", "Doll", "Train"]),
];

const LOOKS: [&str; 10] = [
    "Amber", "Blue", "Classic", "Compact", "Green", "Light", "Modern", "Red", "Silver", "Solid",
];

static TABLE_PRODUCTS: Table = Table {
    name: "products",
    columns: &[
        "id",
        "name",
        "category",
        "price",
        "stock_quantity",
        "created_at",
    ],
};

pub(crate) static ORDERS: Table = Table {
    name: "orders",
    columns: &["id", "user_id", "product_id", "quantity", "order_date"],
};

/// With its share of everything else: measured on SQLite, reckoned on PostgreSQL, and rounded up.
pub(crate) const BYTES_PER_RECORD: BytesPerRecord = BytesPerRecord {
    sqlite: 100,
    postgres: 200,
    // It does not run there.
    mysql: 0,
};

/// Every table that is filled.
pub(crate) static SEEDED: &[&Table] = &[&TABLE_PRODUCTS, &ORDERS];

/// Makes products and `amount.records` orders. A few products are ordered far more than the rest.
pub(crate) fn generate(amount: Amount, rows: &mut dyn Rows) -> Result<(), Stopped> {
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(amount.seed);
    for id in 1..=PRODUCTS {
        product(id, amount, &mut rng, rows)?;
    }
    for id in 1..=amount.records.cast_signed() {
        // The square of an even number favours the low ones.
        let share: f64 = rng.random_range(0.0..1.0);
        let product = 1 + (share * share * PRODUCTS as f64) as i64;
        let values = [
            Value::Int(id),
            Value::Int(rng.random_range(1..=USERS)),
            Value::Int(product.min(PRODUCTS)),
            Value::Int(rng.random_range(1..=5)),
            Value::Time(amount.ago(rng.random_range(0..YEAR))),
        ];
        rows.add(&ORDERS, &values)?;
    }
    Ok(())
}

fn product(
    id: i64,
    amount: Amount,
    rng: &mut Xoshiro256PlusPlus,
    rows: &mut dyn Rows,
) -> Result<(), Stopped> {
    let (category, things) = CATEGORIES[id.unsigned_abs() as usize % CATEGORIES.len()];
    let thing = things.choose(rng).copied().unwrap_or_default();
    let look = LOOKS.choose(rng).copied().unwrap_or_default();
    let name = format!("{look} {thing} {id}");
    let values = [
        Value::Int(id),
        Value::Text(&name),
        Value::Text(category),
        Value::Money(Cents::new(rng.random_range(99..=49_999)).unwrap_or(Cents::ZERO)),
        Value::Int(rng.random_range(STOCK / 10..=STOCK)),
        Value::Time(amount.ago(rng.random_range(YEAR..5 * YEAR))),
    ];
    rows.add(&TABLE_PRODUCTS, &values)
}
