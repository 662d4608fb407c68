//! Bundled services that are started as the scenario wants them.

use super::{
    measured,
    result::{count, named},
    rows::{rows, runtime},
};
use sqlx::{Connection, PgConnection};
use test_support::{
    loadgen::Loadgen,
    servers::{Server, ServerKind},
};

const ORDERS: &str = r#"
[target]
app = "orders"
instances = 3
database = "${DATABASE:-}"
pool = "${POOL:-true}"

[load]
users = 6
iterations = 4

[[task]]
name = "create"
[[task.step]]
post = "/api/order"
json = { customer_id = 1, items = [{ product_id = 1, quantity = 1, unit_price = 1 }] }
expect.status = 201
extract = { order = "$.order_id" }
[[task.step]]
get = "/api/order/{{order}}"
expect.json = { "$.order_id" = "{{order}}" }
"#;

/// 24 orders over three processes, each read again. Returns what ran, in words.
fn create(env: &[&str]) -> String {
    let loadgen = Loadgen::new(&["run", "scenario.toml", "--json", "result.json"]);
    let env: Vec<&str> = env.iter().flat_map(|pair| ["--env", pair]).collect();
    let finished = loadgen.file("scenario.toml", ORDERS).args(&env).run();
    let result = measured(&finished);
    assert_eq!(
        count(named(&result["tasks"], "id", "scenario/create"), "count"),
        24
    );
    assert_eq!(
        result["totals"]["errors"]["count"], 0,
        "{}",
        finished.stdout
    );
    assert!(!result.to_string().contains("hunter2"));
    result["run"]["target"].as_str().unwrap().to_owned()
}

#[test]
fn instances_share_the_temporary_database() {
    let target = create(&[]);
    assert!(
        target.starts_with("bundled orders at http://127.0.0.1:"),
        "{target}"
    );
    assert_eq!(target.matches("http://").count(), 3);
}

#[test]
fn a_database_that_is_named_is_used_and_stays() {
    let folder = tempfile::tempdir().unwrap();
    let database = format!("DATABASE=sqlite:{}/", folder.path().display());
    create(&[&database]);
    let first = rows(folder.path());
    create(&[&database]);
    assert_eq!(rows(folder.path()).orders, first.orders + 24);
}

#[test]
fn on_a_server_without_a_pool() {
    let url = Server::shared(ServerKind::Postgres).fresh();
    create(&[&format!("DATABASE={url}"), "POOL=false"]);
    let orders: i64 = runtime().block_on(async {
        let mut database = PgConnection::connect(&url).await.unwrap();
        let sql = "SELECT count(*) FROM orders";
        sqlx::query_scalar(sql)
            .fetch_one(&mut database)
            .await
            .unwrap()
    });
    assert_eq!(orders, 10_024);
}

/// All ports of a service belong to one process, and what cannot start is told by its own words.
#[test]
fn what_a_service_listens_as_can_be_driven() {
    let scenario = r#"
[[population]]
name = "look"
target.app = "shop"
load = { users = 1, iterations = 3 }
task = [{ name = "t", step = [{ get = "/products?limit=1" }] }]
[[population]]
name = "check"
target.app = "inventory-service"
load = { users = 1, iterations = 3 }
task = [{ name = "t", step = [{ get = "/inventory/check/7" }] }]
"#;
    let result = measured(&Loadgen::scenario(scenario).run());
    assert_eq!(count(&result["totals"], "count"), 6);
    assert_eq!(result["totals"]["errors"]["count"], 0);

    let scenario = "target = { app = 'orders', database = 'postgres://me:hunter2@127.0.0.1:1/x' }\n\
                    load.users = 1\n[[task]]\nname = 't'\n[[task.step]]\nget = '/'\n";
    let finished = Loadgen::scenario(scenario).run().expect_code(98);
    let told = "the bundled target did not start: ";
    assert!(finished.stderr.contains(told), "{}", finished.stderr);
    assert!(!finished.stderr.contains("hunter2"), "{}", finished.stderr);
}
