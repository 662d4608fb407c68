//! `seed` as a command.

use nix::sys::signal::Signal;
use target_app::Service;

use crate::backend::{Backend, Data, Side, connect, on_each_backend};
use crate::process::Process;

on_each_backend! {
    running_it_twice_is_harmless,
    the_same_seed_gives_the_same_rows,
    an_interrupt_leaves_the_database_empty_and_usable,
}

/// Runs `seed`; the answer is whether it succeeded and what it said.
fn seed(service: Service, data: &Data, records: &str, seed: &str) -> (bool, String) {
    let mut process = Process::spawn(&[
        "seed",
        service.name(),
        "--database",
        &data.url(),
        "--records",
        records,
        "--seed",
        seed,
    ]);
    let (status, out, err) = process.end();
    (status.success(), out + &err)
}

async fn running_it_twice_is_harmless(backend: Backend) {
    let data = backend.data();
    let (ok, said) = seed(Service::Weather, &data, "1500", "1");
    assert!(ok && said.contains("filled with 1500 records"), "{said}");
    for fewer in ["1500", "100"] {
        let (ok, said) = seed(Service::Weather, &data, fewer, "2");
        assert!(ok && said.contains("1500 records already"), "{said}");
    }
    let (ok, said) = seed(Service::Weather, &data, "2000", "1");
    assert!(
        !ok && said.contains("1500 records already, fewer than 2000"),
        "{said}"
    );
    let mut side = data.side(Service::Weather).await;
    assert_eq!(side.number("SELECT count(*) FROM weather_data").await, 1500);
    assert_eq!(side.number(indexes(backend)).await, 1);
}

/// Counts the index that the service lives by.
fn indexes(backend: Backend) -> &'static str {
    match backend {
        Backend::Sqlite => {
            "SELECT count(*) FROM sqlite_schema WHERE name = 'weather_data_location'"
        }
        Backend::Postgres => {
            "SELECT count(*) FROM pg_indexes WHERE indexname = 'weather_data_location'"
        }
        Backend::MySql => {
            "SELECT count(*) FROM information_schema.statistics WHERE table_schema = database() \
             AND index_name = 'weather_data_location' AND seq_in_index = 1"
        }
    }
}

async fn the_same_seed_gives_the_same_rows(backend: Backend) {
    let weather = [
        "SELECT concat_ws(',', id, location, temperature, humidity, wind_speed) FROM weather_data ORDER BY id",
    ];
    let orders = [
        "SELECT concat_ws(',', customer_id, name, email) FROM customer ORDER BY customer_id",
        "SELECT concat_ws(',', order_id, customer_id, total_amount, status) FROM orders ORDER BY order_id",
        "SELECT concat_ws(',', item_id, order_id, product_id, quantity, unit_price) FROM order_items ORDER BY item_id",
    ];
    for (service, sql) in [
        (Service::Weather, &weather[..]),
        (Service::Orders, &orders[..]),
    ] {
        let mut contents = Vec::new();
        for number in ["5", "5", "6"] {
            let data = backend.data();
            let (ok, said) = seed(service, &data, "700", number);
            assert!(ok, "{said}");
            let mut side = data.side(service).await;
            let mut content = Vec::new();
            for sql in sql {
                content.extend(side.texts(sql).await);
            }
            contents.push(content);
        }
        assert!(contents[0].len() >= 700);
        assert_eq!(contents[0], contents[1]);
        assert_ne!(contents[0], contents[2]);
    }
}

async fn an_interrupt_leaves_the_database_empty_and_usable(backend: Backend) {
    let data = backend.data();
    let url = data.url();
    let mut process = Process::spawn(&[
        "seed",
        "weather",
        "--database",
        &url,
        "--records",
        "20000000",
    ]);
    assert!(process.err_line().contains("this needs about"));
    // It says how far it is, every few seconds.
    assert!(process.err_line().contains("of 20000000 records"));
    process.signal(Signal::SIGTERM);
    let (status, _, err) = process.end();
    assert_eq!(status.code(), Some(1));
    assert!(err.contains("interrupted"), "{err}");
    let rows = "SELECT count(*) FROM weather_data";
    let mut side = data.side(Service::Weather).await;
    assert_eq!(side.number(rows).await, 0);
    let (ok, said) = seed(Service::Weather, &data, "1000", "1");
    assert!(ok, "{said}");
    assert_eq!(side.number(rows).await, 1000);
    assert_eq!(side.number(indexes(backend)).await, 1);
}

#[tokio::test]
async fn without_a_database_it_says_which_file_it_made() {
    let folder = tempfile::tempdir().unwrap();
    let mut process = Process::spawn_with(&["seed", "orders"], |command| {
        command.current_dir(folder.path());
        command.env("LOADGEN_RECORDS", "20");
        // Means something to services only.
        command.env("LOADGEN_PORT", "7000");
    });
    let (status, out, err) = process.end();
    assert!(status.success(), "{err}");
    assert!(out.contains("20 records in orders.db"), "{out}");
    let mut side = Side::Sqlite(connect(&folder.path().join("orders.db")).await);
    assert_eq!(side.number("SELECT count(*) FROM orders").await, 20);
}

#[tokio::test]
async fn the_environment_speaks_where_flags_do_not() {
    let data = Backend::Sqlite.data();
    let mut process = Process::spawn_with(&["weather", "--managed"], |command| {
        command.env("LOADGEN_PORT", "0");
        command.env("LOADGEN_DATABASE", data.url());
        command.env("LOADGEN_CACHE", "memory");
        command.env("LOADGEN_NO_POOL", "true");
    });
    let report = process.report();
    let url = report["services"][0]["url"].as_str().unwrap();
    assert_ne!(url, "http://127.0.0.1:5001");
    let page = crate::harness::client().get(format!("{url}/metrics"));
    let page = page.send().await.unwrap().text().await.unwrap();
    assert!(page.contains("cache_up 1") && !page.contains("database_pool_max_connections"));
    let mut side = data.side(Service::Weather).await;
    assert!(side.number("SELECT count(*) FROM weather_data").await > 0);
    process.close_stdin();
    assert!(process.end().0.success());
}
