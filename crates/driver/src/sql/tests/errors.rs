//! Every error class, made for real.

use super::*;
use futures_util::future::join;

on_each! {
    database:
        constraints,
        a_table_that_goes_is_an_error_of_syntax,
        what_is_not_as_expected;
    server:
        deadlocks_between_two_sessions;
}

async fn constraints(database: Database) {
    script(&database, "CREATE TABLE p (id INT PRIMARY KEY)").await;
    script(
        &database,
        "CREATE TABLE t (id INT PRIMARY KEY, p INT NOT NULL, CHECK (id < 100),
            FOREIGN KEY (p) REFERENCES p (id))",
    )
    .await;
    script(&database, "INSERT INTO p VALUES (1)").await;
    let insert = "INSERT INTO t VALUES ($1, $2)";
    let mut rig = Rig::new(
        &database,
        vec![
            query(&database, insert, &[int(1), int(1)]),
            query(&database, insert, &[int(2), int(2)]),
            query(&database, insert, &[int(100), int(1)]),
            query(&database, insert, &[int(3), Param::Variable(0)]),
        ],
    )
    .await
    .unwrap();
    rig.ok(0).await;
    let words = rig.fails(0, ErrorClass::Constraint).await;
    let code = match database.backend {
        Backend::Postgres => "SQLSTATE 23505: ",
        Backend::MySql => "SQLSTATE 23000 (error 1062): ",
        Backend::Sqlite => "SQLite error 1555: ",
    };
    assert!(words.starts_with(code), "{words}");
    for step in 1..4 {
        rig.fails(step, ErrorClass::Constraint).await;
    }
    // The connection is as good as before.
    let outcome = rig.run(0).await;
    assert_eq!(outcome.connect, None);
    assert!(!outcome.unknown);
}

async fn a_table_that_goes_is_an_error_of_syntax(database: Database) {
    script(&database, "CREATE TABLE t (id INT)").await;
    let steps = vec![query(&database, "SELECT id FROM t", &[])];
    let mut rig = Rig::new(&database, steps).await.unwrap();
    rig.ok(0).await;
    script(&database, "DROP TABLE t").await;
    rig.fails(0, ErrorClass::Syntax).await;
}

#[tokio::test]
async fn other_errors() {
    let database = served(ServerKind::Postgres);
    let divide = query(&database, "SELECT 1 / $1::int", &[Param::Variable(0)]);
    let mut rig = Rig::new(&database, vec![divide]).await.unwrap();
    rig.values[0] = Value::Int(0);
    let words = rig.fails(0, ErrorClass::Other).await;
    assert_eq!(words, "SQLSTATE 22012: division by zero");
    rig.values[0] = Value::Text("north".into());
    let words = rig.fails(0, ErrorClass::Other).await;
    assert!(words.contains("type integer: \"north\""), "{words}");
    rig.values[0] = Value::Int(1);
    assert_eq!(rig.ok(0).await.connect, None);
}

async fn what_is_not_as_expected(database: Database) {
    let one = "SELECT 1 AS a, 'x' AS b, NULL AS c";
    let mut rig = Rig::new(
        &database,
        vec![
            query(&database, one, &[]).expects(Rows::AtLeast(2)),
            query(&database, one, &[]).expects_value("b", text("y")),
            query(&database, one, &[]).takes("c"),
            query(&database, "SELECT 1 AS a WHERE 1 = 0", &[]).takes("a"),
        ],
    )
    .await
    .unwrap();
    for (step, expected) in [
        (0, "1 rows returned instead of at least 2"),
        (1, "column b is \"x\" instead of \"y\""),
        (2, "column c is NULL"),
        (3, "no row returned"),
    ] {
        let words = rig.fails(step, ErrorClass::Expectation).await;
        assert_eq!(words, expected);
    }
}

/// Failure of opening a connection.
async fn refused(database: &Database) -> (ErrorClass, String) {
    match prepare_all(std::slice::from_ref(database), &[]).await {
        Err(PrepareError::Unreachable { failure, .. }) => {
            (failure.class, failure.detail.to_string())
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn wrong_users_and_passwords() {
    let postgres = Server::start(ServerKind::Postgres, &[]);
    let maria = Server::shared(ServerKind::MariaDb);
    postgres.run("CREATE ROLE app LOGIN PASSWORD 'right'");
    postgres.allow("host all app 127.0.0.1/32 scram-sha-256");
    maria.run("CREATE USER app@'127.0.0.1' IDENTIFIED BY 'right'");
    for (url, code) in [
        (
            format!(
                "postgres://app:wrong@127.0.0.1:{}/postgres",
                postgres.port()
            ),
            "28P01",
        ),
        (
            format!(
                "postgres://nobody-we-know@127.0.0.1:{}/postgres",
                postgres.port()
            ),
            "28000",
        ),
        (
            format!("mysql://app:wrong@127.0.0.1:{}/", maria.port()),
            "28000",
        ),
    ] {
        let (class, words) = refused(&database(&url)).await;
        assert_eq!(class, ErrorClass::Authentication, "{words}");
        assert!(words.contains(code), "{words}");
    }
    let right = format!(
        "postgres://app:right@127.0.0.1:{}/postgres",
        postgres.port()
    );
    assert!(prepare_all(&[database(&right)], &[]).await.is_ok());
    let nowhere = postgres.url("nowhere");
    assert_eq!(refused(&database(&nowhere)).await.0, ErrorClass::Other);
}

#[tokio::test]
async fn mariadbs_ed25519_lets_in_who_knows_the_password() {
    let maria = Server::shared(ServerKind::MariaDb);
    maria.run("INSTALL SONAME 'auth_ed25519'");
    maria.run("CREATE USER ed@'127.0.0.1' IDENTIFIED VIA ed25519 USING PASSWORD('p@ss wörd')");
    let url = |password: &str| format!("mysql://ed:{password}@127.0.0.1:{}/", maria.port());
    let target = Target::new(&database(&url("p%40ss%20w%C3%B6rd")), 0).unwrap();
    // Each login is for a nonce of its own.
    for _ in 0..8 {
        let mut connection = Connection::open(&target).await.unwrap();
        let mut rows = Vec::new();
        let asked = "SELECT CURRENT_USER()".into_sql_str();
        connection.all(asked, &mut rows).await.unwrap();
        assert_eq!(rows[0][0].1, Value::Text("ed@127.0.0.1".into()));
        connection.close().await;
    }
    let (class, words) = refused(&database(&url("wrong"))).await;
    assert_eq!(class, ErrorClass::Authentication, "{words}");
    assert!(words.contains("error 1045"), "{words}");
}

#[tokio::test]
async fn too_many_connections() {
    for (kind, options) in [
        (
            ServerKind::Postgres,
            &["max_connections=4", "superuser_reserved_connections=0"][..],
        ),
        // It takes no lower number than this.
        (ServerKind::MariaDb, &["max-connections=10"]),
    ] {
        let server = Server::start(kind, options);
        let database = database(&server.fresh());
        let step = || query(&database, "SELECT 1", &[]);
        let rig = Rig::new(&database, vec![step()]).await.unwrap();
        let steps = [step()];
        let mut sessions = Vec::new();
        let failed = loop {
            let mut session = rig.driver.session(sessions.len() as u64);
            let progress = Progress::default();
            let outcome = rig
                .driver
                .step(&mut session, 0, &steps[0], &mut [], &progress)
                .await;
            if outcome.failure.is_some() {
                break outcome;
            }
            sessions.push(session);
            assert!(sessions.len() < 20);
        };
        let (class, words) = why(&failed);
        assert_eq!(class, ErrorClass::TooManyConnections, "{words}");
        assert_eq!(failed.sent_at, None);
        assert!(!failed.unknown);
        // The others go on.
        let progress = Progress::default();
        let outcome = rig
            .driver
            .step(&mut sessions[0], 0, &steps[0], &mut [], &progress)
            .await;
        assert!(outcome.failure.is_none());
    }
}

/// Two users in transactions who change rows 1 and 2 in opposite order.
async fn deadlock(database: &Database) -> (Rig, Rig, Outcome, Outcome) {
    script(database, "CREATE TABLE t (id INT PRIMARY KEY, n INT)").await;
    script(database, "INSERT INTO t VALUES (1, 0), (2, 0)").await;
    let steps = || {
        let update = "UPDATE t SET n = n + 1 WHERE id = $1";
        vec![
            begin(None),
            query(database, update, &[int(1)]),
            query(database, update, &[int(2)]),
            commit(),
        ]
    };
    let mut a = Rig::new(database, steps()).await.unwrap();
    let mut b = Rig::new(database, steps()).await.unwrap();
    a.ok(0).await;
    b.ok(0).await;
    a.ok(1).await;
    b.ok(2).await;
    let (of_a, of_b) = join(a.run(2), b.run(1)).await;
    (a, b, of_a, of_b)
}

async fn deadlocks_between_two_sessions(kind: ServerKind) {
    let database = served(kind);
    let (mut a, mut b, of_a, of_b) = deadlock(&database).await;
    let (mut winner, mut loser, failed) = match (of_a.failure.is_some(), of_b.failure.is_some()) {
        (false, true) => (a, b, of_b),
        (true, false) => (b, a, of_a),
        other => panic!("{other:?}"),
    };
    let (class, words) = why(&failed);
    assert_eq!(class, ErrorClass::Deadlock, "{words}");
    assert!(class.is_retryable());
    assert!(!failed.unknown);
    winner.ok(3).await;
    // Rolled back; the next transaction on the connection works.
    for step in 0..4 {
        assert_eq!(loser.ok(step).await.connect, None);
    }
    assert_eq!(
        ask(&database, "SELECT sum(n) AS x FROM t").await,
        Value::Int(4)
    );
    (a, b) = (winner, loser);
    drop((a, b));
}

#[tokio::test]
async fn serialization_failures() {
    let database = served(ServerKind::Postgres);
    script(
        &database,
        "CREATE TABLE t (id INT PRIMARY KEY, n INT); INSERT INTO t VALUES (1, 0)",
    )
    .await;
    for isolation in [Isolation::RepeatableRead, Isolation::Serializable] {
        let steps = || {
            vec![
                begin(Some(isolation)),
                query(&database, "SELECT n FROM t", &[]),
                query(&database, "UPDATE t SET n = n + 1 WHERE id = 1", &[]),
                commit(),
            ]
        };
        let mut a = Rig::new(&database, steps()).await.unwrap();
        let mut b = Rig::new(&database, steps()).await.unwrap();
        for step in 0..2 {
            a.ok(step).await;
            b.ok(step).await;
        }
        a.ok(2).await;
        a.ok(3).await;
        let words = b.fails(2, ErrorClass::SerializationFailure).await;
        assert!(words.starts_with("SQLSTATE 40001: "), "{words}");
        for step in 0..4 {
            b.ok(step).await;
        }
    }
    assert_eq!(ask(&database, "SELECT n AS x FROM t").await, Value::Int(4));
}

#[tokio::test]
async fn a_statement_outside_a_transaction_is_tried_again() {
    // Serializable by the session, so that single statements fail as well.
    let database = Database {
        isolation: Some(Isolation::RepeatableRead),
        ..served(ServerKind::Postgres)
    };
    script(
        &database,
        "CREATE TABLE t (id INT PRIMARY KEY, n INT); INSERT INTO t VALUES (1, 0)",
    )
    .await;
    let update = "UPDATE t SET n = n + 1 WHERE id = 1";
    let steps = vec![begin(None), query(&database, update, &[]), commit()];
    let mut holder = Rig::new(&database, steps).await.unwrap();
    for tries in [1, 2] {
        let steps = vec![query(&database, update, &[]).tries(tries)];
        let mut rig = Rig::new(&database, steps).await.unwrap();
        // So that it is prepared and connected.
        rig.ok(0).await;
        holder.ok(0).await;
        holder.ok(1).await;
        let release = async {
            // Until the other one waits for the row.
            waiting(&database, 1).await;
            holder.ok(2).await;
        };
        let (outcome, ()) = join(rig.run(0), release).await;
        assert_eq!(outcome.retries, tries - 1);
        match tries {
            1 => assert_eq!(why(&outcome).0, ErrorClass::SerializationFailure),
            _ => assert!(outcome.failure.is_none()),
        }
    }
}

/// Waits until so many sessions of PostgreSQL wait for a lock.
async fn waiting(database: &Database, sessions: i64) {
    let sql = "SELECT count(*) AS x FROM pg_stat_activity WHERE wait_event_type = 'Lock' \
               AND datname = current_database()";
    while ask(database, sql).await != Value::Int(sessions) {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test]
async fn sqlite_tells_conflicts_from_waiting() {
    let (mut database, _folder) = sqlite();
    database.statement_timeout = Duration::from_millis(300);
    script(&database, "PRAGMA journal_mode = WAL").await;
    script(&database, "CREATE TABLE t (id INT PRIMARY KEY, n INT)").await;
    script(&database, "INSERT INTO t VALUES (1, 0)").await;
    let steps = || {
        vec![
            begin(None),
            query(&database, "SELECT n FROM t", &[]),
            query(&database, "UPDATE t SET n = n + 1", &[]),
            commit(),
        ]
    };
    let mut a = Rig::new(&database, steps()).await.unwrap();
    let mut b = Rig::new(&database, steps()).await.unwrap();
    // b reads, a writes: b's picture is out of date.
    for step in 0..2 {
        a.ok(step).await;
        b.ok(step).await;
    }
    a.ok(2).await;
    a.ok(3).await;
    let words = b.fails(2, ErrorClass::SerializationFailure).await;
    assert!(words.starts_with("SQLite error 517: "), "{words}");
    // a holds the lock on writing: b waits for it in vain.
    a.ok(0).await;
    a.ok(2).await;
    b.ok(0).await;
    let outcome = b.run(2).await;
    let (class, words) = why(&outcome);
    assert_eq!(class, ErrorClass::Timeout, "{words}");
    assert!(outcome.ended_at - outcome.sent_at.unwrap() >= 270_000_000);
    a.ok(3).await;
    for step in 0..4 {
        b.ok(step).await;
    }
    // Without WAL, readers that want to write wait for each other.
    let (database, _folder) = sqlite();
    script(&database, "CREATE TABLE t (id INT PRIMARY KEY, n INT)").await;
    script(&database, "INSERT INTO t VALUES (1, 0)").await;
    let mut a = Rig::new(&database, steps()).await.unwrap();
    let mut b = Rig::new(&database, steps()).await.unwrap();
    for step in 0..2 {
        a.ok(step).await;
        b.ok(step).await;
    }
    a.ok(2).await;
    let (of_a, of_b) = join(a.run(3), b.run(2)).await;
    assert_eq!(why(&of_b).0, ErrorClass::Deadlock, "{:?}", why(&of_b));
    assert!(of_a.failure.is_none());
}
