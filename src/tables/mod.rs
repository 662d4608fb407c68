//! Tables of loads that everybody knows, made and filled: pgbench's, and sysbench's.
//!
//! Rows are made by the database itself where they are alike, so that millions of them cost a few
//! statements and nothing on the wire.

mod oltp;
mod pgbench;

use crate::{
    driver::sql::Console,
    plan::sql::{Backend, Connections, Database, Limits, Secret},
};
use std::time::Duration;

/// Tables of a load.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TableSet {
    /// `pgbench_branches`, `pgbench_tellers`, `pgbench_accounts` and `pgbench_history`.
    Pgbench,
    /// sysbench's `sbtest1`.
    Oltp,
}

/// Tables to make.
#[derive(Debug, Clone, Copy)]
pub struct Request {
    /// The load that they are of.
    pub kind: TableSet,
    /// Multiple of the least amount of rows.
    pub scale: u32,
    /// Drops tables of these names that are there already.
    pub replace: bool,
}

/// The greatest scale.
pub const MOST: u32 = 20_000;

/// Bound on one statement: a great table gets its key in one.
const PATIENCE: Duration = Duration::from_secs(3600);

impl TableSet {
    /// The names of its tables.
    pub fn tables(self) -> &'static [&'static str] {
        match self {
            TableSet::Pgbench => &pgbench::TABLES,
            TableSet::Oltp => &oltp::TABLES,
        }
    }
}

/// A table with how many rows it has been given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Filled {
    /// Its name.
    pub table: &'static str,
    /// Its rows.
    pub rows: u64,
}

/// Makes and fills the tables. `progress` is told of rows as they come: the table, how many it has
/// and how many it will have.
///
/// # Errors
/// In words: the database cannot be reached or refuses something, or a table is there already.
pub async fn make(
    url: &str,
    request: Request,
    mut progress: impl FnMut(&str, u64, u64),
) -> Result<Vec<Filled>, String> {
    let Some(backend) = Backend::of(url) else {
        return Err("not the URL of a database: postgres://, mysql:// or sqlite:".to_owned());
    };
    let mut url = url.to_owned();
    if backend == Backend::Sqlite && !url.contains('?') {
        // A file that is not there yet is made.
        url += "?mode=rwc";
    }
    let database = Database {
        name: "to fill".to_owned(),
        backend,
        url: Secret::new(url),
        prepared: false,
        isolation: None,
        connections: Connections::OnePerUser,
        statement_timeout: PATIENCE,
        server_limit: false,
        limits: Limits::default(),
        connect_timeout: None,
        tls: None,
        ca_file: None,
    };
    let mut maker = Maker {
        backend,
        console: Console::open(&database).await?,
        progress: &mut progress,
    };
    for table in request.kind.tables() {
        let look = format!("SELECT 1 FROM {table} WHERE 1 = 0");
        if maker.console.execute(&look, &[]).await.is_err() {
            continue;
        }
        if !request.replace {
            return Err(format!(
                "the table {table} is there already; give --replace to drop it with all its rows"
            ));
        }
        maker.run(&format!("DROP TABLE {table}")).await?;
    }
    let filled = match request.kind {
        TableSet::Pgbench => pgbench::make(&mut maker, request.scale).await,
        TableSet::Oltp => oltp::make(&mut maker, request.scale).await,
    }?;
    maker.settle(request.kind.tables()).await?;
    maker.console.close().await;
    Ok(filled)
}

/// Maker of tables.
struct Maker<'a> {
    backend: Backend,
    console: Console,
    progress: &'a mut dyn FnMut(&str, u64, u64),
}

impl Maker<'_> {
    async fn run(&mut self, sql: &str) -> Result<u64, String> {
        let done = self.console.execute(sql, &[]).await;
        done.map_err(|problem| {
            let start: String = sql.chars().take(60).collect();
            format!("{problem} ({start})")
        })
    }

    /// Fills a table by `insert`, which is given the first and the last number of each lot.
    async fn fill(
        &mut self,
        table: &'static str,
        rows: u64,
        lot: u64,
        mut insert: impl FnMut(u64, u64) -> String,
    ) -> Result<Filled, String> {
        let mut done = 0;
        while done < rows {
            let last = rows.min(done + lot);
            let given = self.run(&insert(done + 1, last)).await?;
            if given != last - done {
                return Err(format!(
                    "{given} rows came to {table} instead of {}",
                    last - done
                ));
            }
            done = last;
            (self.progress)(table, done, rows);
        }
        Ok(Filled { table, rows })
    }

    /// Lets the database learn what there is, as it would by and by.
    async fn settle(&mut self, tables: &[&str]) -> Result<(), String> {
        for table in tables {
            let sql = match self.backend {
                Backend::Postgres => format!("VACUUM ANALYZE {table}"),
                Backend::MySql => format!("ANALYZE TABLE {table}"),
                Backend::Sqlite => format!("ANALYZE {table}"),
            };
            self.run(&sql).await?;
        }
        Ok(())
    }
}

/// A query for the whole numbers from `first` to `last`, at most 100,000 of them, as `n`.
fn numbers(first: u64, last: u64) -> String {
    let digit = |name: &str| {
        let ones: Vec<String> = (1..10).map(|digit| format!("SELECT {digit}")).collect();
        format!(
            "(SELECT 0 AS d UNION ALL {}) {name}",
            ones.join(" UNION ALL ")
        )
    };
    let sum = format!("{first} + a.d + b.d * 10 + c.d * 100 + d.d * 1000 + e.d * 10000");
    let digits: Vec<String> = ["a", "b", "c", "d", "e"].map(digit).into();
    // By its own name a column made in the query cannot be asked for everywhere.
    format!(
        "(SELECT {sum} AS n FROM {} WHERE {sum} <= {last}) numbers",
        digits.join(" CROSS JOIN ")
    )
}
