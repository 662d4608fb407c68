//! Statements that take too long, and connections that are not to be had.

use super::*;
use futures_util::future::join;
use std::time::Instant;

on_each! {
    database:
        a_timeout_ends_the_statement_on_the_server;
    server:
        known_delays_are_measured,
        what_is_cut_off_ends_on_the_server,
        a_timeout_rolls_the_transaction_back,
        waiting_for_a_row_has_the_same_limit;
}

const SECOND: u64 = loadgen_core::time::SECOND;

fn took(outcome: &Outcome) -> u64 {
    outcome.ended_at - outcome.sent_at.unwrap()
}

/// A statement that takes so many seconds.
fn sleeps(database: &Database, seconds: f64) -> SqlStep {
    let sql = match database.backend {
        Backend::Postgres => format!("SELECT pg_sleep({seconds})"),
        Backend::MySql => format!("SELECT SLEEP({seconds}) + $1"),
        // It counts for ever.
        Backend::Sqlite => "WITH RECURSIVE c (x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) \
                            SELECT count(*) FROM c"
            .to_owned(),
    };
    match database.backend {
        Backend::MySql => query(database, &sql, &[int(0)]),
        _ => query(database, &sql, &[]),
    }
}

/// Number of sessions that the server works on for this database, besides the one that asks.
async fn busy(database: &Database) -> Value {
    let sql = match database.backend {
        Backend::Postgres => {
            "SELECT count(*) AS x FROM pg_stat_activity WHERE datname = current_database() \
             AND state = 'active' AND pid <> pg_backend_pid()"
        }
        Backend::MySql | Backend::Sqlite => {
            "SELECT count(*) AS x FROM information_schema.processlist WHERE db = database() \
             AND command <> 'Sleep' AND id <> connection_id()"
        }
    };
    ask(database, sql).await
}

/// Waits until the server works on so many.
pub async fn until_busy(database: &Database, sessions: i64) {
    while busy(database).await != Value::Int(sessions) {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

async fn known_delays_are_measured(kind: ServerKind) {
    let database = served(kind);
    let steps = vec![sleeps(&database, 0.05), sleeps(&database, 0.3)];
    let mut rig = Rig::new(&database, steps).await.unwrap();
    assert!(took(&rig.ok(0).await) >= SECOND / 20);
    assert!(took(&rig.ok(1).await) >= SECOND * 3 / 10);
}

async fn a_timeout_ends_the_statement_on_the_server(mut database: Database) {
    let limit = Duration::from_millis(300);
    // Once by the server's own limit, once because the driver asks for it.
    for servers_limit in [limit, Duration::from_secs(60)] {
        database.statement_timeout = servers_limit;
        database.server_limit = servers_limit == limit;
        let steps = vec![
            sleeps(&database, 100.0).within(limit),
            query(&database, "SELECT 1", &[]),
        ];
        let mut rig = Rig::new(&database, steps).await.unwrap();
        for _ in 0..2 {
            let outcome = rig.run(0).await;
            let (class, words) = why(&outcome);
            assert_eq!(class, ErrorClass::Timeout, "{words}");
            assert!((SECOND * 3 / 10..SECOND * 50).contains(&took(&outcome)));
            assert!(!outcome.unknown, "{words}");
            if database.backend != Backend::Sqlite {
                // The server may answer a moment before it counts the session as idle.
                let since = Instant::now();
                until_busy(&database, 0).await;
                assert!(since.elapsed() < Duration::from_secs(40));
            }
            // The connection is as good as before.
            assert_eq!(rig.ok(1).await.connect, None);
        }
    }
}

async fn what_is_cut_off_ends_on_the_server(kind: ServerKind) {
    let database = served(kind);
    let mut rig = Rig::new(&database, vec![sleeps(&database, 100.0)])
        .await
        .unwrap();
    let since = Instant::now();
    tokio::select! {
        outcome = rig.run(0) => panic!("{outcome:?}"),
        () = until_busy(&database, 1) => {}
    }
    // Nobody listens to it any more, and the server works on.
    assert_eq!(busy(&database).await, Value::Int(1));
    rig.driver.tidy().await;
    until_busy(&database, 0).await;
    assert!(since.elapsed() < Duration::from_secs(50));
}

#[tokio::test]
async fn sessions_have_the_servers_limit_unless_one_is_given() {
    let server = Server::shared(ServerKind::Postgres);
    let mut database = database(&server.fresh());
    let name = database.url.expose().rsplit('/').next().unwrap().to_owned();
    script(
        &database,
        &format!("ALTER DATABASE {name} SET statement_timeout = '7s'"),
    )
    .await;
    let limit = "SELECT current_setting('statement_timeout') AS x";
    assert_eq!(ask(&database, limit).await, Value::Text("7s".into()));
    database.server_limit = true;
    assert_eq!(ask(&database, limit).await, Value::Text("30s".into()));
}

async fn a_timeout_rolls_the_transaction_back(kind: ServerKind) {
    let database = served(kind);
    script(&database, "CREATE TABLE t (n INT)").await;
    script(&database, "INSERT INTO t VALUES (0)").await;
    let update = "UPDATE t SET n = n + 1";
    let steps = vec![
        begin(None),
        query(&database, update, &[]),
        sleeps(&database, 100.0).within(Duration::from_millis(100)),
    ];
    let mut rig = Rig::new(&database, steps).await.unwrap();
    let mut other = Rig::new(&database, vec![query(&database, update, &[])])
        .await
        .unwrap();
    rig.ok(0).await;
    rig.ok(1).await;
    rig.fails(2, ErrorClass::Timeout).await;
    // Nobody holds the row any more.
    other.ok(0).await;
    assert_eq!(ask(&database, "SELECT n AS x FROM t").await, Value::Int(1));
}

async fn waiting_for_a_row_has_the_same_limit(kind: ServerKind) {
    let database = served(kind);
    script(&database, "CREATE TABLE t (n INT)").await;
    script(&database, "INSERT INTO t VALUES (0)").await;
    let update = || query(&database, "UPDATE t SET n = n + 1", &[]);
    let mut holder = Rig::new(&database, vec![begin(None), update(), commit()])
        .await
        .unwrap();
    let waits = update().within(Duration::from_millis(200));
    let mut waiter = Rig::new(&database, vec![waits]).await.unwrap();
    holder.ok(0).await;
    holder.ok(1).await;
    waiter.fails(0, ErrorClass::Timeout).await;
    holder.ok(2).await;
    waiter.ok(0).await;
    assert_eq!(ask(&database, "SELECT n AS x FROM t").await, Value::Int(2));
}

#[tokio::test]
async fn a_server_that_hangs_costs_the_connection() {
    let server = Server::start(ServerKind::MariaDb, &[]);
    let mut database = database(&server.fresh());
    database.connect_timeout = Some(Duration::from_millis(200));
    let steps = vec![query(&database, "SELECT 1", &[]).within(Duration::from_millis(200))];
    let mut rig = Rig::new(&database, steps).await.unwrap();
    rig.ok(0).await;
    server.freeze();
    let since = Instant::now();
    let outcome = rig.run(0).await;
    let (class, words) = why(&outcome);
    assert_eq!(class, ErrorClass::Timeout, "{words}");
    assert!(outcome.unknown);
    assert!(took(&outcome) >= SECOND / 5);
    assert!(
        since.elapsed() >= Duration::from_millis(1200),
        "the grace is waited for"
    );
    let words = rig.fails(0, ErrorClass::Timeout).await;
    assert_eq!(words, "no connection within 200ms");
    server.thaw();
    while rig.run(0).await.failure.is_some() {}
}

#[tokio::test]
async fn a_pool_makes_users_wait_in_turn() {
    let mut database = served(ServerKind::Postgres);
    database.connections = Connections::Pool {
        size: NonZeroU32::new(1).unwrap(),
    };
    let steps = vec![
        sleeps(&database, 0.3),
        query(&database, "SELECT 1", &[]),
        query(&database, "SELECT 1", &[]).within(Duration::from_millis(100)),
        begin(None),
        commit(),
    ];
    let rig = Rig::new(&database, steps).await.unwrap();
    let (mut a, mut b) = (rig.driver.session(0), rig.driver.session(1));
    let (progress, mut none) = (Progress::default(), Vec::new());
    let mut none_too = Vec::new();
    let (first, second) = join(
        rig.driver
            .step(&mut a, 0, &rig.steps[0], &mut none, &progress),
        rig.driver
            .step(&mut b, 1, &rig.steps[1], &mut none_too, &progress),
    )
    .await;
    assert_eq!(first.pool_wait, Some(0));
    assert!(second.pool_wait.unwrap() >= SECOND * 3 / 10);
    // The wait is no part of the query, and the connection is the same.
    assert!(second.sent_at.unwrap() >= first.ended_at);
    assert!(first.connect.is_some() && second.connect.is_none());

    // A transaction keeps its connection to its end.
    let begun = rig
        .driver
        .step(&mut a, 3, &rig.steps[3], &mut none, &progress)
        .await;
    assert!(begun.failure.is_none());
    let starved = rig
        .driver
        .step(&mut b, 2, &rig.steps[2], &mut none, &progress)
        .await;
    let (class, words) = why(&starved);
    assert_eq!(class, ErrorClass::Timeout);
    assert_eq!(words, "no connection of the pool was free within 100ms");
    assert!(starved.pool_wait.unwrap() >= SECOND / 10);
    assert_eq!(starved.sent_at, None);
    let committed = rig
        .driver
        .step(&mut a, 4, &rig.steps[4], &mut none, &progress)
        .await;
    assert!(committed.failure.is_none());
    assert_eq!(committed.pool_wait, None);
    let served = rig
        .driver
        .step(&mut b, 2, &rig.steps[2], &mut none, &progress)
        .await;
    assert_eq!(served.pool_wait, Some(0));

    // A step that is cut off gives its place back.
    let cut = rig
        .driver
        .step(&mut a, 0, &rig.steps[0], &mut none, &progress);
    assert!(
        tokio::time::timeout(Duration::from_millis(50), cut)
            .await
            .is_err()
    );
    let served = rig
        .driver
        .step(&mut b, 2, &rig.steps[2], &mut none, &progress)
        .await;
    assert!(served.failure.is_none() && served.connect.is_some());
}
