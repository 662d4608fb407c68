//! Time to first byte, which is that to the first row.

use super::*;
use futures_util::future::join;

on_each! {
    database:
        without_rows_it_ends_with_the_result;
    server:
        it_ends_with_the_first_row;
}

/// Rows that are too large to wait in the server's memory for the next, of which the third waits
/// for a lock; what takes the lock, and what gives it back.
fn locked_rows(database: &Database) -> [&'static str; 3] {
    match database.backend {
        Backend::Postgres => [
            "SELECT repeat('x', 20000), CASE WHEN n = 3 THEN pg_advisory_xact_lock(7)::text END \
             FROM generate_series(1, 3) n",
            "SELECT pg_advisory_lock(7)::text",
            "SELECT pg_advisory_unlock(7)",
        ],
        Backend::MySql | Backend::Sqlite => [
            "SELECT REPEAT('x', 20000), IF(seq = 3, GET_LOCK('ttfb', 60), 0) FROM seq_1_to_3",
            "SELECT GET_LOCK('ttfb', 60)",
            "SELECT RELEASE_LOCK('ttfb')",
        ],
    }
}

async fn it_ends_with_the_first_row(kind: ServerKind) {
    let database = served(kind);
    let [rows, lock, unlock] = locked_rows(&database).map(|sql| query(&database, sql, &[]));
    let mut holder = Rig::new(&database, vec![lock, unlock]).await.unwrap();
    let mut rig = Rig::new(&database, vec![rows]).await.unwrap();
    holder.ok(0).await;
    let clock = rig.driver.clock;
    let marks = async {
        limits::until_busy(&database, 1).await;
        // The sleep lets the runtime poll its sockets, so that the driver reads the first rows.
        tokio::time::sleep(Duration::from_millis(50)).await;
        let before_last = clock.now();
        holder.ok(1).await;
        before_last
    };
    let (outcome, before_last) = join(rig.ok(0), marks).await;
    let first = outcome.first_byte_at.unwrap();
    assert!(outcome.sent_at.unwrap() <= first && first <= before_last);
    assert!(before_last <= outcome.ended_at);
}

async fn without_rows_it_ends_with_the_result(database: Database) {
    script(&database, "CREATE TABLE t (x int)").await;
    let steps = vec![
        query(&database, "INSERT INTO t VALUES (1)", &[]),
        query(&database, "SELECT x FROM t", &[]),
        query(&database, "SELECT x FROM t", &[]).expects(Rows::Exactly(5)),
    ];
    let mut rig = Rig::new(&database, steps).await.unwrap();
    let inserted = rig.ok(0).await;
    assert_eq!(inserted.first_byte_at, Some(inserted.ended_at));
    assert!(rig.ok(1).await.ttfb().is_some());
    assert!(rig.run(2).await.ttfb().is_some());
}
