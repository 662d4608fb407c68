//! sysbench's table: for each unit of scale 10,000 rows of random digits, with a second key.

use super::{Filled, Maker};
use crate::{
    data::rng::{Purpose, Stream, stream},
    plan::sql::Backend,
};
use rand::RngExt;

pub const TABLES: [&str; 1] = ["sbtest1"];

const ROWS: u64 = 10_000;

/// Rows that are sent with one statement.
const LOT: u64 = 500;

pub async fn make(maker: &mut Maker<'_>, scale: u32) -> Result<Vec<Filled>, String> {
    let rows = u64::from(scale) * ROWS;
    // sysbench leaves it to the server to number what it inserts.
    let id = match maker.backend {
        Backend::Postgres => "SERIAL",
        Backend::MySql => "INTEGER NOT NULL AUTO_INCREMENT",
        Backend::Sqlite => "INTEGER NOT NULL",
    };
    let create = format!(
        "CREATE TABLE sbtest1 (id {id} PRIMARY KEY, k INT NOT NULL DEFAULT 0, \
         c CHAR(120) NOT NULL DEFAULT '', pad CHAR(60) NOT NULL DEFAULT '')"
    );
    maker.run(&create).await?;
    let mut rng = stream(1, 0, Purpose::Rows, 0);
    let insert = |first, last| {
        let values: Vec<String> = (first..=last)
            .map(|id| {
                let k = rng.random_range(1..=rows);
                let (c, pad) = (digits(&mut rng, 10), digits(&mut rng, 5));
                format!("({id}, {k}, '{c}', '{pad}')")
            })
            .collect();
        format!(
            "INSERT INTO sbtest1 (id, k, c, pad) VALUES {}",
            values.join(", ")
        )
    };
    let filled = maker.fill("sbtest1", rows, LOT, insert).await?;
    maker.run("CREATE INDEX k_1 ON sbtest1 (k)").await?;
    if maker.backend == Backend::Postgres {
        let next = format!("SELECT setval(pg_get_serial_sequence('sbtest1', 'id'), {rows})");
        maker.run(&next).await?;
    }
    Ok(vec![filled])
}

/// Returns this many groups of eleven digits, as sysbench has them.
fn digits(rng: &mut Stream, groups: usize) -> String {
    let group = |_| format!("{:011}", rng.random_range(0..100_000_000_000u64));
    (0..groups).map(group).collect::<Vec<_>>().join("-")
}
