//! Transactions: what they see, how they end, and how they are tried again.

use super::*;
use futures_util::future::join_all;

on_each! {
    database:
        every_transaction_counts_exactly_once_however_often_it_is_tried,
        any_failure_rolls_back,
        a_transaction_that_is_cut_off_leaves_nothing;
    server:
        a_transaction_sees_what_its_isolation_level_says;
}

/// Does all steps as one transaction, as often as needed; tells how many times it was tried again.
async fn transact(driver: &SqlDriver, session: &mut Session, steps: &[SqlStep]) -> u32 {
    let progress = Progress::default();
    let mut values = vec![Value::Unset; 8];
    for tries in 0..10_000 {
        let mut failed = None;
        for (index, step) in steps.iter().enumerate() {
            let outcome = driver
                .step(session, index, step, &mut values, &progress)
                .await;
            if outcome.failure.is_some() {
                failed = Some(outcome);
                break;
            }
        }
        match failed {
            None => return tries,
            Some(outcome) => {
                let (class, words) = why(&outcome);
                assert!(class.is_retryable(), "{class:?} {words}");
                // Whoever holds what this one waits for gets the time to end.
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        }
    }
    panic!("never done");
}

async fn every_transaction_counts_exactly_once_however_often_it_is_tried(mut database: Database) {
    const USERS: u64 = 4;
    const EACH: u64 = 50;
    if database.backend == Backend::Sqlite {
        script(&database, "PRAGMA journal_mode = WAL").await;
        database.statement_timeout = Duration::from_secs(60);
    }
    script(&database, "CREATE TABLE t (id INT PRIMARY KEY, n INT)").await;
    script(&database, "INSERT INTO t VALUES (1, 0), (2, 0)").await;
    script(&database, "CREATE TABLE history (who INT)").await;
    let isolation = match database.backend {
        Backend::Postgres => Some(Isolation::Serializable),
        _ => None,
    };
    // Users go through the rows in opposite orders, and read before they write.
    let steps = |first: i64, second: i64| {
        let update = "UPDATE t SET n = n + 1 WHERE id = $1";
        vec![
            begin(isolation),
            query(&database, "SELECT n FROM t WHERE id = $1", &[int(first)]),
            query(&database, update, &[int(first)]).expects(Rows::Exactly(1)),
            query(&database, update, &[int(second)]).expects(Rows::Exactly(1)),
            query(&database, "INSERT INTO history VALUES ($1)", &[int(first)]),
            commit(),
        ]
    };
    let rigs = [
        Rig::new(&database, steps(1, 2)).await.unwrap(),
        Rig::new(&database, steps(2, 1)).await.unwrap(),
    ];
    let users = (0..USERS).map(|user| {
        let rig = &rigs[user as usize % 2];
        async move {
            let mut session = rig.driver.session(user);
            let mut retries = 0;
            for _ in 0..EACH {
                retries += transact(&rig.driver, &mut session, &rig.steps).await;
                tokio::task::yield_now().await;
            }
            retries
        }
    });
    let retries: u32 = join_all(users).await.into_iter().sum();
    assert!(retries > 0, "{:?}", database.backend);
    let done = Value::Int((USERS * EACH) as i64);
    let rows = ask(&database, "SELECT count(*) AS x FROM history").await;
    let sums = ask(
        &database,
        "SELECT min(n) AS x FROM t WHERE n = (SELECT max(n) FROM t)",
    )
    .await;
    assert_eq!((rows, sums), (done.clone(), done));
}

#[tokio::test]
async fn its_bounds_are_prepared_where_its_statements_are() {
    let url = Server::shared(ServerKind::Postgres).fresh();
    for (prepared, known) in [(true, 2), (false, 0)] {
        let database = Database {
            prepared,
            ..database(&url)
        };
        let count = "SELECT count(*) AS x FROM pg_prepared_statements \
                     WHERE statement IN ('BEGIN', 'COMMIT')";
        let steps = vec![
            begin(None),
            query(&database, count, &[]).takes("x"),
            commit(),
        ];
        let mut rig = Rig::new(&database, steps).await.unwrap();
        for _ in 0..2 {
            for index in 0..3 {
                rig.ok(index).await;
            }
        }
        assert_eq!(rig.values[0], Value::Int(known));
    }
}

async fn a_transaction_sees_what_its_isolation_level_says(kind: ServerKind) {
    let database = served(kind);
    script(&database, "CREATE TABLE t (n INT)").await;
    script(&database, "INSERT INTO t VALUES (0)").await;
    let mut writer = Rig::new(
        &database,
        vec![query(&database, "UPDATE t SET n = n + 1", &[])],
    )
    .await
    .unwrap();
    for of_session in [true, false] {
        for (isolation, sees) in [
            (Isolation::ReadCommitted, 1),
            (Isolation::RepeatableRead, 0),
        ] {
            let session = Database {
                isolation: of_session.then_some(isolation),
                ..database.clone()
            };
            let own = (!of_session).then_some(isolation);
            let read =
                |variable| query(&database, "SELECT n FROM t", &[]).takes_into("n", variable);
            let steps = vec![begin(own), read(0), read(1), commit()];
            let mut reader = Rig::new(&session, steps).await.unwrap();
            reader.ok(0).await;
            reader.ok(1).await;
            writer.ok(0).await;
            reader.ok(2).await;
            reader.ok(3).await;
            let Value::Int(before) = reader.values[0] else {
                panic!("{:?}", reader.values);
            };
            assert_eq!(reader.values[1], Value::Int(before + sees), "{isolation:?}");
        }
    }
}

async fn any_failure_rolls_back(database: Database) {
    script(&database, "CREATE TABLE t (n INT)").await;
    script(&database, "INSERT INTO t VALUES (0)").await;
    let update = "UPDATE t SET n = n + 1";
    let steps = vec![
        begin(None),
        query(&database, update, &[]),
        query(&database, "SELECT n FROM t", &[]).expects(Rows::Exactly(2)),
        query(
            &database,
            "SELECT n FROM t WHERE n = $1",
            &[Param::Variable(1)],
        ),
        commit(),
    ];
    let mut rig = Rig::new(&database, steps).await.unwrap();
    rig.ok(0).await;
    rig.ok(1).await;
    rig.fails(2, ErrorClass::Expectation).await;
    assert_eq!(ask(&database, "SELECT n AS x FROM t").await, Value::Int(0));
    if database.backend == Backend::Postgres {
        rig.values[1] = Value::Text("north".into());
        rig.ok(0).await;
        rig.ok(1).await;
        rig.fails(3, ErrorClass::Other).await;
        assert_eq!(ask(&database, "SELECT n AS x FROM t").await, Value::Int(0));
    }
    for step in [0, 1, 4] {
        assert_eq!(rig.ok(step).await.connect, None);
    }
    assert_eq!(ask(&database, "SELECT n AS x FROM t").await, Value::Int(1));
}

#[tokio::test]
async fn a_commit_that_fails_is_a_failure() {
    let database = served(ServerKind::Postgres);
    script(
        &database,
        "CREATE TABLE t (n INT UNIQUE DEFERRABLE INITIALLY DEFERRED)",
    )
    .await;
    let insert = query(&database, "INSERT INTO t VALUES (1)", &[]);
    let mut rig = Rig::new(&database, vec![begin(None), insert, commit()])
        .await
        .unwrap();
    for step in [0, 1, 2, 0, 1] {
        rig.ok(step).await;
    }
    let outcome = rig.run(2).await;
    assert_eq!(why(&outcome).0, ErrorClass::Constraint);
    assert!(!outcome.unknown);
    rig.ok(0).await;
}

async fn a_transaction_that_is_cut_off_leaves_nothing(database: Database) {
    script(&database, "CREATE TABLE t (n INT)").await;
    let insert = query(&database, "INSERT INTO t VALUES (1)", &[]);
    let mut rig = Rig::new(&database, vec![begin(None), insert, commit()])
        .await
        .unwrap();
    rig.ok(0).await;
    rig.ok(1).await;
    // The session's next transaction begins anew.
    for step in 0..3 {
        rig.ok(step).await;
    }
    assert_eq!(
        ask(&database, "SELECT count(*) AS x FROM t").await,
        Value::Int(1)
    );
}

#[tokio::test]
async fn progress_tells_only_of_what_may_last() {
    let (database, _folder) = sqlite();
    let steps = vec![
        begin(None),
        query(&database, "SELECT 1", &[]),
        commit(),
        query(&database, "SELECT 1", &[]),
    ];
    let mut rig = Rig::new(&database, steps).await.unwrap();
    let progress = Progress::default();
    for (index, lasting) in [(0, false), (1, false), (2, true), (3, true)] {
        progress.reset();
        let step = &rig.steps[index];
        let outcome = rig
            .driver
            .step(&mut rig.session, index, step, &mut rig.values, &progress)
            .await;
        assert!(outcome.failure.is_none() && outcome.sent_at.is_some());
        assert_eq!(progress.sent_at().is_some(), lasting, "{index}");
    }
}

#[tokio::test]
async fn sqlite_can_take_the_lock_at_once() {
    let (mut database, _folder) = sqlite();
    database.statement_timeout = Duration::from_millis(200);
    script(&database, "CREATE TABLE t (n INT)").await;
    let immediate = || SqlStep {
        action: Action::Begin {
            isolation: None,
            immediate: true,
        },
        timeout: database.statement_timeout,
        ..begin(None)
    };
    let mut a = Rig::new(&database, vec![immediate(), commit()])
        .await
        .unwrap();
    let mut b = Rig::new(&database, vec![immediate(), commit()])
        .await
        .unwrap();
    a.ok(0).await;
    b.fails(0, ErrorClass::Timeout).await;
    a.ok(1).await;
    b.ok(0).await;
    b.ok(1).await;
}
