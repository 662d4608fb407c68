//! Statements beside the load.

use super::*;
use crate::sql::Console;

on_each! {
    database:
        a_console_changes_and_reads;
}

async fn a_console_changes_and_reads(database: Database) {
    let mut console = Console::open(&database).await.unwrap();
    let script = "CREATE TABLE t (id INT, name VARCHAR(20)); INSERT INTO t VALUES (0, 'x')";
    console.execute(script, &[]).await.unwrap();
    let insert = "INSERT INTO t VALUES ($1, $2), ($1 + 1, $3)";
    let values = [Value::Int(7), Value::Text("it's \\ é".into()), Value::Unset];
    assert_eq!(console.execute(insert, &values).await, Ok(2));
    let rows = console
        .rows(
            "SELECT id, name FROM t WHERE id >= $1 ORDER BY id",
            &values[..1],
        )
        .await
        .unwrap();
    let row = |id, name: &Value| {
        vec![
            ("id".to_owned(), Value::Int(id)),
            ("name".to_owned(), name.clone()),
        ]
    };
    assert_eq!(rows, [row(7, &values[1]), row(8, &values[2])]);
    assert_eq!(
        console.rows("SELECT id FROM t WHERE id < 0", &[]).await,
        Ok(vec![])
    );

    // A mistake is told, and does not end it.
    let wrong = console
        .execute("DELETE FROM nowhere", &[])
        .await
        .unwrap_err();
    assert!(wrong.contains("nowhere"), "{wrong}");
    let wrong = console.rows("SELECT $1", &values[..2]).await.unwrap_err();
    assert_eq!(wrong, "2 values for a statement with 1 parameters");
    assert_eq!(
        console
            .execute("DELETE FROM t WHERE id = $1", &values[..1])
            .await,
        Ok(1)
    );
    console.close().await;
}

#[tokio::test]
async fn a_console_outlives_a_restart_of_the_server() {
    let server = Server::start(ServerKind::Postgres, &[]);
    let database = database(&server.url("postgres"));
    let mut console = Console::open(&database).await.unwrap();
    server.crash();
    let wrong = console.rows("SELECT 1 AS a", &[]).await.unwrap_err();
    assert!(!wrong.is_empty());
    let wrong = console.rows("SELECT 1 AS a", &[]).await.unwrap_err();
    assert!(wrong.starts_with("database main: no connection"), "{wrong}");
    server.restart();
    let rows = console.rows("SELECT 1 AS a", &[]).await.unwrap();
    assert_eq!(rows, [vec![("a".to_owned(), Value::Int(1))]]);
}

#[tokio::test]
async fn what_takes_too_long_is_given_up() {
    let (mut database, _folder) = sqlite();
    database.statement_timeout = Duration::from_millis(50);
    let mut console = Console::open(&database).await.unwrap();
    let endless =
        "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT max(x) FROM n";
    let wrong = console.rows(endless, &[]).await.unwrap_err();
    assert!(wrong.starts_with("no response within"), "{wrong}");
    assert_eq!(console.execute("SELECT 1", &[]).await.map(|_| ()), Ok(()));
}
