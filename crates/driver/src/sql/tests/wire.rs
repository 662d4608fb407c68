//! Protocols that are our own.

use super::{super::error, *};

#[tokio::test]
async fn every_login_with_a_password_is_known() {
    let server = Server::start(ServerKind::Postgres, &["unix_socket_directories=FOLDER"]);
    let port = server.port();
    let user = "SELECT current_user::text AS x";
    for (name, method) in [
        ("clear", "password"),
        ("hashed", "md5"),
        ("scram", "scram-sha-256"),
    ] {
        server.allow(&format!("host all {name} 127.0.0.1/32 {method}"));
        let stored = method.replace("password", "md5");
        server.run(&format!(
            "SET password_encryption = '{stored}'; CREATE ROLE {name} LOGIN PASSWORD 'p@ss w%rd'"
        ));
        let url = |password| format!("postgres://{name}:{password}@127.0.0.1:{port}/postgres");
        let right = database(&url("p%40ss%20w%25rd"));
        assert_eq!(ask(&right, user).await, Value::Text(name.into()));
        // The check of statements before the run would be refused first.
        let target = Target::new(&database(&url("wrong")), 0).unwrap();
        let failure = error::judge_opening(Connection::open(&target).await.unwrap_err());
        assert_eq!(failure.class, ErrorClass::Authentication);
        let words = failure.detail.to_string();
        assert!(words.starts_with("SQLSTATE 28P01: "), "{words}");
    }

    let admin = database(&server.url("postgres"));
    let folder = ask(
        &admin,
        "SELECT current_setting('unix_socket_directories') AS x",
    );
    let Value::Text(folder) = folder.await else {
        panic!("it is a path");
    };
    let local = format!("postgres:///postgres?host={folder}&port={port}&user=postgres");
    let peer = "SELECT inet_client_addr() IS NULL AS x";
    assert_eq!(ask(&database(&local), peer).await, Value::Bool(true));
}

#[tokio::test]
async fn a_table_that_is_altered_is_prepared_again_and_compared() {
    let database = served(ServerKind::Postgres);
    let create = "CREATE TABLE t (id INT, x INT); INSERT INTO t VALUES (1, 2)";
    script(&database, create).await;
    let steps = vec![
        query(&database, "SELECT * FROM t", &[]).takes("x"),
        query(&database, "SELECT count(*) AS x FROM t", &[]).takes("x"),
    ];
    let mut rig = Rig::new(&database, steps).await.unwrap();
    rig.ok(0).await;
    assert_eq!(rig.values[0], Value::Int(2));

    // One more column, behind the others: told once, then prepared again.
    script(&database, "ALTER TABLE t ADD y TEXT").await;
    let words = rig.fails(0, ErrorClass::Other).await;
    assert!(words.contains("0A000"), "{words}");
    rig.ok(0).await;
    assert_eq!(rig.values[0], Value::Int(2));

    // Its column is at another index, of another type; it is told once, too.
    script(&database, "ALTER TABLE t DROP id, ALTER x TYPE text").await;
    rig.fails(0, ErrorClass::Other).await;
    rig.ok(0).await;
    assert_eq!(rig.values[0], Value::Text("2".into()));
    assert_eq!(rig.ok(1).await.reconnects, 0);
    assert_eq!(rig.values[0], Value::Int(1));

    // It is gone.
    script(&database, "ALTER TABLE t DROP x").await;
    rig.fails(0, ErrorClass::Other).await;
    for _ in 0..2 {
        assert_eq!(
            rig.fails(0, ErrorClass::Expectation).await,
            "there is no column x"
        );
    }
}

#[tokio::test]
async fn a_value_is_written_as_the_type_that_the_session_finds() {
    let database = served(ServerKind::Postgres);
    script(&database, "CREATE TABLE t (x INT)").await;
    let steps = || {
        vec![
            query(&database, "INSERT INTO t VALUES ($1)", &[int(1000)]),
            query(&database, "SELECT min(x)::text AS x FROM t", &[]).takes("x"),
        ]
    };
    // Both were looked at before the column's type changed.
    let (mut before, mut after) = (
        Rig::new(&database, steps()).await.unwrap(),
        Rig::new(&database, steps()).await.unwrap(),
    );
    before.ok(0).await;
    for kind in [
        "double precision",
        "bigint",
        "text",
        "numeric(9,2) USING x::numeric",
    ] {
        script(&database, &format!("ALTER TABLE t ALTER x TYPE {kind}")).await;
        // One session has it prepared since before, the other is new.
        before.ok(0).await;
        after.session = after.driver.session(1);
        after.ok(0).await;
        let exact = "SELECT count(*) AS x FROM t WHERE x::text NOT IN ('1000', '1000.00')";
        assert_eq!(ask(&database, exact).await, Value::Int(0), "{kind}");
    }
}

#[tokio::test]
async fn every_byte_is_counted() {
    let database = served(ServerKind::Postgres);
    let steps = vec![query(&database, "SELECT $1::int AS x", &[int(7)])];
    let mut rig = Rig::new(&database, steps).await.unwrap();
    rig.ok(0).await;
    let outcome = rig.ok(0).await;
    // The names of the portal and the statement, a format, one value of four bytes, no formats;
    // execute; sync.
    let sent = (5 + 1 + 10 + 4 + 2 + 4 + 4 + 2) + (5 + 1 + 4) + 5;
    // Bound; a row with a value of one digit; `SELECT 1`; ready.
    let received = 5 + (5 + 2 + 4 + 1) + (5 + 9) + (5 + 1);
    assert_eq!(
        (outcome.bytes_sent, outcome.bytes_received),
        (sent, received)
    );
}

#[tokio::test]
async fn every_byte_is_counted_on_mariadb() {
    let database = database(&Server::shared(ServerKind::MariaDb).fresh());
    let steps = vec![query(&database, "SELECT $1 + 0 AS x", &[int(7)])];
    let mut rig = Rig::new(&database, steps).await.unwrap();
    rig.ok(0).await;
    let outcome = rig.ok(0).await;
    // A head; the command, the statement, flags, a count; which are NULL; one type and its value.
    let sent = 4 + (1 + 4 + 1 + 4) + 1 + (1 + 2) + 8;
    // The number of columns, the column, the end of columns, a row of 8 bytes, the end of rows.
    let received = (4 + 1) + (4 + 23) + (4 + 5) + (4 + 1 + 1 + 8) + (4 + 5);
    assert_eq!(
        (outcome.bytes_sent, outcome.bytes_received),
        (sent, received)
    );
}

#[tokio::test]
async fn a_session_has_what_its_url_sets() {
    let url = Server::shared(ServerKind::MariaDb).fresh();
    let parameters = "collation=utf8mb4_bin&time-zone=%2B03:00";
    let database = database(&format!("{url}?{parameters}"));
    for (variable, expected) in [
        ("collation_connection", "utf8mb4_bin"),
        ("time_zone", "+03:00"),
    ] {
        let found = ask(&database, &format!("SELECT @@{variable} AS x")).await;
        assert_eq!(found, Value::Text(expected.into()));
    }
}

#[tokio::test]
async fn answers_hold_more_than_rows() {
    let whole = served(ServerKind::Postgres);
    let chatty = "CREATE FUNCTION chatty() RETURNS int LANGUAGE plpgsql AS
         $$ BEGIN RAISE NOTICE 'well'; NOTIFY c; RETURN 7; END $$";
    script(&whole, chatty).await;
    for prepared in [true, false] {
        let database = Database {
            prepared,
            ..whole.clone()
        };
        let large = "SELECT repeat('ab', 5000000) AS x, chatty() AS y";
        let steps = vec![
            query(&database, "LISTEN c", &[]),
            query(&database, large, &[]).takes("x").takes_into("y", 1),
            query(&database, "COPY (SELECT 1) TO STDOUT", &[]),
            query(&database, "SELECT generate_series(1, 20000) AS x", &[])
                .takes("x")
                .expects(Rows::Exactly(20_000)),
        ];
        let mut rig = Rig::new(&database, steps).await.unwrap();
        rig.ok(0).await;
        let outcome = rig.ok(1).await;
        assert!(outcome.bytes_received > 10_000_000);
        assert_eq!(rig.values[0], Value::Text("ab".repeat(5_000_000).into()));
        assert_eq!(rig.values[1], Value::Int(7));
        rig.ok(2).await;
        rig.ok(3).await;
        assert_eq!(rig.values[0], Value::Int(1));
    }
}
