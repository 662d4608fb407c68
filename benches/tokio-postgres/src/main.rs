//! pgbench's loads through tokio-postgres: `URL LOAD SECONDS CLIENTS SCALE`.
//!
//! It does what has to be done by whoever uses that library, and no more: one thread, prepared
//! statements, `BEGIN` and `COMMIT` among them, and no latencies. It says how many transactions it did.

use std::{
    cell::Cell,
    env,
    error::Error,
    rc::Rc,
    time::{Duration, Instant},
};
use tokio::task::LocalSet;
use tokio_postgres::{Client, NoTls, Statement};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// Arguments of the program.
struct Options {
    url: String,
    writes: bool,
    until: Instant,
    clients: usize,
    scale: i32,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let began = Instant::now();
    let args: Vec<String> = env::args().skip(1).collect();
    let [url, load, seconds, clients, scale] = args.as_slice() else {
        return Err("usage: URL select-only|tpcb-like SECONDS CLIENTS SCALE".into());
    };
    let options = Rc::new(Options {
        url: url.clone(),
        writes: match load.as_str() {
            "select-only" => false,
            "tpcb-like" => true,
            other => return Err(format!("no load is called {other}").into()),
        },
        until: began + Duration::from_secs(seconds.parse()?),
        clients: clients.parse()?,
        scale: scale.parse()?,
    });
    let done = Rc::new(Cell::new(0_u64));
    let tasks = LocalSet::new();
    let running: Vec<_> = (0..options.clients)
        .map(|_| tasks.spawn_local(run(Rc::clone(&options), Rc::clone(&done))))
        .collect();
    tasks
        .run_until(async {
            for client in running {
                client.await??;
            }
            Ok::<_, Box<dyn Error>>(())
        })
        .await?;
    println!("transactions: {}", done.get());
    Ok(())
}

/// One client, to the end of the run.
async fn run(
    options: Rc<Options>,
    done: Rc<Cell<u64>>,
) -> std::result::Result<(), tokio_postgres::Error> {
    let (client, connection) = tokio_postgres::connect(&options.url, NoTls).await?;
    tokio::task::spawn_local(connection);
    let load = Load::prepare(client).await?;
    while Instant::now() < options.until {
        match options.writes {
            false => load.select(options.scale).await?,
            true => load.transfer(options.scale).await?,
        }
        done.set(done.get() + 1);
    }
    Ok(())
}

/// pgbench's statements, prepared.
struct Load {
    client: Client,
    begin: Statement,
    account: Statement,
    select: Statement,
    teller: Statement,
    branch: Statement,
    history: Statement,
    commit: Statement,
}

impl Load {
    async fn prepare(client: Client) -> std::result::Result<Self, tokio_postgres::Error> {
        Ok(Self {
            begin: client.prepare("BEGIN").await?,
            account: client
                .prepare("UPDATE pgbench_accounts SET abalance = abalance + $1 WHERE aid = $2")
                .await?,
            select: client
                .prepare("SELECT abalance FROM pgbench_accounts WHERE aid = $1")
                .await?,
            teller: client
                .prepare("UPDATE pgbench_tellers SET tbalance = tbalance + $1 WHERE tid = $2")
                .await?,
            branch: client
                .prepare("UPDATE pgbench_branches SET bbalance = bbalance + $1 WHERE bid = $2")
                .await?,
            history: client
                .prepare(
                    "INSERT INTO pgbench_history (tid, bid, aid, delta, mtime) \
                     VALUES ($1, $2, $3, $4, CURRENT_TIMESTAMP)",
                )
                .await?,
            commit: client.prepare("COMMIT").await?,
            client,
        })
    }

    async fn select(&self, scale: i32) -> std::result::Result<(), tokio_postgres::Error> {
        let aid = fastrand::i32(1..=scale * 100_000);
        self.client.query_one(&self.select, &[&aid]).await?;
        Ok(())
    }

    async fn transfer(&self, scale: i32) -> std::result::Result<(), tokio_postgres::Error> {
        let aid = fastrand::i32(1..=scale * 100_000);
        let bid = fastrand::i32(1..=scale);
        let tid = fastrand::i32(1..=scale * 10);
        let delta = fastrand::i32(-5000..=5000);
        let client = &self.client;
        client.execute(&self.begin, &[]).await?;
        client.execute(&self.account, &[&delta, &aid]).await?;
        client.query_one(&self.select, &[&aid]).await?;
        client.execute(&self.teller, &[&delta, &tid]).await?;
        client.execute(&self.branch, &[&delta, &bid]).await?;
        let row: [&(dyn tokio_postgres::types::ToSql + Sync); 4] = [&tid, &bid, &aid, &delta];
        client.execute(&self.history, &row).await?;
        client.execute(&self.commit, &[]).await?;
        Ok(())
    }
}
