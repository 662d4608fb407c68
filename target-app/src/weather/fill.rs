//! The data that the service starts with.

use rand::{RngExt, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;

use crate::database::Value;
use crate::names;
use crate::seed::{Amount, BytesPerRecord, Rows, Stopped, Table};

/// Records made by default.
pub(crate) const RECORDS: u64 = 100_000;

pub(crate) static WEATHER_DATA: Table = Table {
    name: "weather_data",
    columns: &[
        "id",
        "location",
        "temperature",
        "humidity",
        "wind_speed",
        "timestamp",
    ],
};

/// With its share of everything else; measured, and rounded up.
pub(crate) const BYTES_PER_RECORD: BytesPerRecord = BytesPerRecord {
    sqlite: 200,
    postgres: 300,
    mysql: 200,
};

/// Every table that is filled.
pub(crate) static SEEDED: &[&Table] = &[&WEATHER_DATA];

/// Locations that the records are spread over.
const LOCATIONS: usize = 1_000;

/// Names that scenarios and docs may count on, whatever the seed.
const KNOWN: [&str; 8] = [
    "Port Tiffanyhaven",
    "Gabrielside",
    "East Jacobton",
    "Lake Melissaview",
    "New Robertfurt",
    "North Ericmouth",
    "South Andreaborough",
    "Michaelchester",
];

/// Records reach so many seconds back.
const FIVE_YEARS: i64 = 5 * 365 * 24 * 60 * 60;

/// Makes `amount.records` records. Locations take turns, so that each has the same number of them.
pub(crate) fn generate(amount: Amount, rows: &mut dyn Rows) -> Result<(), Stopped> {
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(amount.seed);
    let locations = names::places(&KNOWN, LOCATIONS, &mut rng);
    // Climates differ, within -10 to 40 degrees.
    let climates: Vec<f64> = locations
        .iter()
        .map(|_| rng.random_range(0.0..=30.0))
        .collect();
    let places = locations.iter().zip(&climates).cycle();
    for (id, (location, climate)) in (1..=amount.records).zip(places) {
        let values = [
            Value::Int(id.cast_signed()),
            Value::Text(location),
            Value::Real(tenths(climate + rng.random_range(-10.0..=10.0))),
            Value::Int(rng.random_range(20..=100)),
            Value::Real(tenths(rng.random_range(0.0..=20.0))),
            Value::Time(amount.ago(rng.random_range(0..FIVE_YEARS))),
        ];
        rows.add(&WEATHER_DATA, &values)?;
    }
    Ok(())
}

fn tenths(value: f64) -> f64 {
    (value * 10.0).round() / 10.0
}
