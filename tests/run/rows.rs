//! Counts of loadgen against the rows of the database and the service's own count.

use super::{
    measured,
    result::{count, histogram, named},
    with_code,
};
use nix::sys::signal::Signal::SIGINT;
use serde_json::Value;
use sqlx::{ConnectOptions, sqlite::SqliteConnectOptions};
use std::path::Path;
use tempfile::TempDir;
use test_support::loadgen::{Finished, Loadgen, Running};

/// The orders service with a database that outlives it.
struct Service {
    running: Running,
    url: String,
    folder: TempDir,
}

/// Rows of the tables.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Rows {
    pub(super) orders: u64,
    pub(super) items: u64,
}

impl Service {
    fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let database = format!("sqlite:{}/", folder.path().display());
        let args = ["target", "orders", "--port", "0", "--database", &database];
        let mut running = Loadgen::new(&args).start();
        running.wait_until("ready", |it| it.stdout().contains("Ctrl-C stops"));
        let url = running
            .stdout()
            .split_whitespace()
            .nth(1)
            .unwrap()
            .to_owned();
        Self {
            running,
            url,
            folder,
        }
    }

    fn rows(&self) -> Rows {
        rows(self.folder.path())
    }

    /// Ends it when all that it was asked is done, and looks at the database then.
    fn stop(self) -> Rows {
        self.running.signal(SIGINT);
        self.running.finish().expect_code(0);
        rows(self.folder.path())
    }

    /// A sample of its page of metrics; 0 when it is not there.
    fn metric(&self, sample: &str) -> u64 {
        let page = get(&format!("{}/metrics", self.url));
        page.lines()
            .find_map(|line| line.strip_prefix(sample)?.strip_prefix(' '))
            .map_or(0, |value| value.parse().unwrap())
    }

    /// The scenario that mostly writes, without its pauses.
    fn load(&self, length: &[&str]) -> Loadgen {
        let scenario = concat!(env!("CARGO_MANIFEST_DIR"), "/scenarios/write-heavy.toml");
        Loadgen::new(&[
            "run",
            scenario,
            "--target",
            &self.url,
            "--json",
            "result.json",
        ])
        .args(&[
            "--users",
            "6",
            "--set",
            "load.think=0s",
            "--set",
            "load.spawn_rate=100",
        ])
        .args(&["--no-thresholds"])
        .args(length)
    }
}

#[test]
fn every_acknowledged_order_is_a_row_and_nothing_else_is() {
    let service = Service::start();
    let before = service.rows();
    let result = measured(&service.load(&["--duration", "2s"]).run());
    let created = ok(&result, "write-heavy/create order");
    let read = ok(&result, "write-heavy/read order");
    assert_eq!(result["totals"]["errors"]["count"], 0);
    assert!(created > 0 && read > 0);

    assert_eq!(requests(&service, "POST", "/api/order", 201), created);
    assert_eq!(
        requests(&service, "GET", "/api/order/{order_id}", 200),
        read
    );
    assert_eq!(service.metric("orders_processed_total"), created);
    let written = service.metric("order_items_written_total");
    let after = service.stop();
    assert_eq!(after.orders - before.orders, created);
    assert_eq!(after.items - before.items, written);
    assert_eq!(written, 2 * created);
}

#[test]
fn a_run_that_is_cut_off_tells_how_many_may_have_been_stored() {
    let service = Service::start();
    let before = service.rows();
    let cut = ["--duration", "10m", "--set", "load.graceful_stop=0s"];
    let mut running = service.load(&cut).start();
    running.wait_until("under load", |_| {
        service.metric("orders_processed_total") >= 100
    });
    running.signal(SIGINT);
    let finished = running.finish().expect_code(105);
    let result = with_code(&finished);
    check_interrupted(&finished, &result);
    let task = named(&result["tasks"], "id", "write-heavy/create order");
    let created = ok(&result, "write-heavy/create order");
    let unknown = count(task, "unknown");

    let after = service.stop();
    let added = after.orders - before.orders;
    assert!(
        (created..=created + unknown).contains(&added),
        "{added} rows of {created} orders and {unknown} unknown"
    );
    assert_eq!(after.items - before.items, 2 * added, "orders are whole");
}

/// All that was under way was cut off, and is unknown only where it had been sent.
fn check_interrupted(finished: &Finished, result: &Value) {
    let totals = &result["totals"];
    assert!(count(totals, "interrupted") <= 6);
    assert!(count(totals, "unknown") <= count(totals, "interrupted"));
    assert!(
        finished.stdout.contains("INTERRUPTED"),
        "{}",
        finished.stdout
    );
}

/// Number of a task's runs that succeeded.
fn ok(result: &Value, task: &str) -> u64 {
    let task = named(&result["tasks"], "id", task);
    histogram(&task["hdr"]["ok"]).map_or(0, |times| times.len())
}

fn requests(service: &Service, method: &str, endpoint: &str, status: u16) -> u64 {
    let labels = format!(r#"{{endpoint="{endpoint}",method="{method}",status="{status}"}}"#);
    service.metric(&format!("http_requests_total{labels}"))
}

/// Rows in an orders service's folder.
pub(super) fn rows(folder: &Path) -> Rows {
    let options = SqliteConnectOptions::new()
        .filename(folder.join("orders.db"))
        .read_only(true);
    runtime().block_on(async {
        let mut database = options.connect().await.unwrap();
        let sql = "SELECT (SELECT count(*) FROM orders), (SELECT count(*) FROM order_items)";
        let (orders, items): (i64, i64) =
            sqlx::query_as(sql).fetch_one(&mut database).await.unwrap();
        Rows {
            orders: orders.cast_unsigned(),
            items: items.cast_unsigned(),
        }
    })
}

fn get(url: &str) -> String {
    runtime().block_on(async {
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        client.get(url).send().await.unwrap().text().await.unwrap()
    })
}

pub(super) fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap()
}
