//! pgbench's tables: for each unit of scale a branch, 10 tellers and 100,000 accounts. Tools that
//! know them find here what `pgbench -i` makes.

use super::{Filled, Maker, numbers};
use crate::plan::sql::Backend;

pub const TABLES: [&str; 4] = [
    "pgbench_history",
    "pgbench_tellers",
    "pgbench_accounts",
    "pgbench_branches",
];

const TELLERS: u64 = 10;

const ACCOUNTS: u64 = 100_000;

/// Rows that are made by one statement.
const LOT: u64 = 100_000;

pub async fn make(maker: &mut Maker<'_>, scale: u32) -> Result<Vec<Filled>, String> {
    let scale = u64::from(scale);
    // PostgreSQL builds a key faster over rows that are there; the others keep rows by their key.
    let backend = maker.backend;
    let late = backend == Backend::Postgres;
    let key = if late { "" } else { " PRIMARY KEY" };
    let tables = [
        ("pgbench_branches", "bid", "bbalance INT, filler CHAR(88)"),
        (
            "pgbench_tellers",
            "tid",
            "bid INT, tbalance INT, filler CHAR(84)",
        ),
        (
            "pgbench_accounts",
            "aid",
            "bid INT, abalance INT, filler CHAR(84)",
        ),
    ];
    for (table, id, rest) in tables {
        let like = if late { " WITH (fillfactor = 100)" } else { "" };
        maker
            .run(&format!(
                "CREATE TABLE {table} ({id} INTEGER NOT NULL{key}, {rest}){like}"
            ))
            .await?;
    }
    let history = "CREATE TABLE pgbench_history (tid INT, bid INT, aid INT, delta INT, \
                   mtime TIMESTAMP, filler CHAR(22))";
    maker.run(history).await?;

    let branches = |first, last| {
        let numbers = numbers(first, last);
        format!("INSERT INTO pgbench_branches (bid, bbalance) SELECT n, 0 FROM {numbers}")
    };
    let tellers = |first, last| {
        let numbers = numbers(first, last);
        let bid = group(backend, TELLERS);
        format!(
            "INSERT INTO pgbench_tellers (tid, bid, tbalance) SELECT n, {bid}, 0 FROM {numbers}"
        )
    };
    let accounts = |first, last| {
        let numbers = numbers(first, last);
        let bid = group(backend, ACCOUNTS);
        format!(
            "INSERT INTO pgbench_accounts (aid, bid, abalance, filler) \
             SELECT n, {bid}, 0, '' FROM {numbers}"
        )
    };
    let filled = vec![
        maker.fill("pgbench_branches", scale, LOT, branches).await?,
        maker
            .fill("pgbench_tellers", scale * TELLERS, LOT, tellers)
            .await?,
        maker
            .fill("pgbench_accounts", scale * ACCOUNTS, LOT, accounts)
            .await?,
    ];
    if late {
        for (table, id, _) in tables {
            maker
                .run(&format!("ALTER TABLE {table} ADD PRIMARY KEY ({id})"))
                .await?;
        }
    }
    Ok(filled)
}

/// The lot of so many that the number `n` is in, from 1.
fn group(backend: Backend, size: u64) -> String {
    let divide = match backend {
        Backend::MySql => "DIV",
        Backend::Postgres | Backend::Sqlite => "/",
    };
    format!("(n - 1) {divide} {size} + 1")
}
