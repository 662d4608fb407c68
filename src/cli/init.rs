//! `loadgen init`: makes what a scenario needs to be there.

use super::{Exit, output};
use crate::{
    human,
    tables::{self, Request, TableSet},
};
use std::time::Instant;
use tokio::runtime::Builder;

/// Arguments of `loadgen init`.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// Makes and fills the tables that the scenarios in scenarios/sql/ work on
    Sql(SqlArgs),
}

#[derive(Debug, clap::Args)]
struct SqlArgs {
    /// The database: postgres://, mysql:// or sqlite:FILE, which is made if it is not there
    #[arg(value_name = "URL")]
    url: String,
    /// Scale: each unit is 100,000 accounts of pgbench, or 10,000 rows of sysbench
    #[arg(long, value_name = "N", default_value_t = 1,
          value_parser = clap::value_parser!(u32).range(1..=i64::from(tables::MOST)))]
    scale: u32,
    /// Tables to make: pgbench's four, or sysbench's one
    #[arg(long, value_enum, default_value_t = Tables::Pgbench)]
    tables: Tables,
    /// Drops tables of the same names first
    #[arg(long)]
    replace: bool,
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum Tables {
    /// For tpcb-like and select-only
    Pgbench,
    /// For oltp-read-write
    Oltp,
}

/// Makes it.
pub fn execute(args: &Args) -> Exit {
    let What::Sql(args) = &args.what;
    let runtime = match super::runtime(Builder::new_current_thread()) {
        Ok(runtime) => runtime,
        Err(exit) => return exit,
    };
    let request = Request {
        kind: match args.tables {
            Tables::Pgbench => TableSet::Pgbench,
            Tables::Oltp => TableSet::Oltp,
        },
        scale: args.scale,
        replace: args.replace,
    };
    let since = Instant::now();
    let mut told = since;
    let made = runtime.block_on(tables::make(&args.url, request, |table, done, all| {
        // Not more often than can be read.
        if told.elapsed().as_secs() >= 1 {
            told = Instant::now();
            let (done, all) = (human::grouped(done), human::grouped(all));
            output::tell(&format!("{table}: {done} of {all} rows\n"));
        }
    }));
    match made {
        Ok(filled) => {
            let took = human::duration(since.elapsed());
            let tables: Vec<String> = filled
                .iter()
                .map(|filled| format!("{} in {}", human::grouped(filled.rows), filled.table))
                .collect();
            let summary = format!("filled in {took}: {}\n", tables.join(", "));
            output::show(&summary, Exit::Success)
        }
        Err(problem) => {
            output::complain(problem);
            Exit::Setup
        }
    }
}
