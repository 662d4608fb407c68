//! Behind a real PgBouncer, in each of its modes.

use super::*;
use futures_util::future::join_all;
use test_support::pgbouncer::Pooler;

/// A database behind a pooler, and the same one without it.
fn behind(pooler: &Pooler, server: &Server) -> (Database, Database) {
    let direct = database(&server.fresh());
    let pooled = database(&pooler.url(direct.url.expose()));
    (pooled, direct)
}

fn as_text(database: &Database) -> Database {
    Database {
        prepared: false,
        ..database.clone()
    }
}

/// Users of one run, each with a session, that ask for `number` and `number + 1` in turn, so often.
/// Tells what failed.
async fn run(database: &Database, number: i64, users: u64, times: usize) -> Vec<String> {
    let ask = |number: i64| {
        let sql = format!("SELECT {number} + $1::int AS x, pg_sleep(0.002)");
        query(database, &sql, &[int(0)]).expects_value("x", int(number))
    };
    let steps = vec![ask(number), ask(number + 1)];
    let setup = match prepared(database, &steps, 0).await {
        Ok(setup) => Arc::new(setup),
        Err(error) => return vec![error.to_string()],
    };
    let driver = SqlDriver::new(Clock::of_runtime(), Timers::default(), setup, 0);
    let users = (0..users).map(|index| {
        let (driver, steps) = (&driver, &steps);
        async move {
            let mut session = driver.session(index);
            let mut failed = Vec::new();
            for turn in 0..times {
                let step = turn % 2;
                let progress = Progress::default();
                let outcome = driver
                    .step(&mut session, step, &steps[step], &mut [], &progress)
                    .await;
                failed.extend(outcome.failure.map(|failure| failure.detail.to_string()));
            }
            failed
        }
    });
    join_all(users).await.concat()
}

#[tokio::test]
async fn two_runs_at_once_share_a_pool_in_every_mode() {
    for mode in ["session", "transaction", "statement"] {
        let (server, pooler) = Pooler::with_server(mode, 4);
        let (pooled, _) = behind(&pooler, &server);
        // In session mode each user keeps a server's session.
        let users = if mode == "session" { 2 } else { 8 };
        let text = as_text(&pooled);
        for _ in 0..2 {
            let runs = [run(&text, 100, users, 20), run(&text, 200, users, 20)];
            assert_eq!(join_all(runs).await.concat(), [""; 0], "{mode}");
        }
        let runs = [run(&pooled, 100, users, 20), run(&pooled, 200, users, 20)];
        for words in join_all(runs).await.concat() {
            // Never another statement's answer.
            assert_ne!(mode, "session", "{words}");
            assert!(words.contains("set prepared = false"), "{words}");
        }
    }
}

#[tokio::test]
async fn what_takes_too_long_ends_and_nothing_else() {
    let (server, pooler) = Pooler::with_server("transaction", 4);
    let (pooled, direct) = behind(&pooler, &server);
    let text = as_text(&pooled);
    let sleeps = query(&text, "SELECT pg_sleep(30)", &[]).within(Duration::from_millis(200));
    let mut slow = Rig::new(&text, vec![sleeps]).await.unwrap();
    let (ended, innocent) = futures_util::future::join(
        async {
            for _ in 0..3 {
                slow.fails(0, ErrorClass::Timeout).await;
            }
        },
        run(&text, 1, 3, 100),
    )
    .await;
    let () = ended;
    assert_eq!(innocent, [""; 0]);
    let active = "SELECT count(*) AS x FROM pg_stat_activity WHERE query LIKE '%pg_sleep(30)%' \
                  AND state = 'active' AND pid <> pg_backend_pid()";
    assert_eq!(ask(&direct, active).await, Value::Int(0));
}

#[tokio::test]
async fn what_a_pooler_cannot_give_to_one_client_is_refused() {
    let (server, pooler) = Pooler::with_server("transaction", 1);
    let (pooled, _) = behind(&pooler, &server);
    for limited in [
        Database {
            server_limit: true,
            ..as_text(&pooled)
        },
        Database {
            isolation: Some(Isolation::Serializable),
            ..as_text(&pooled)
        },
    ] {
        match prepare_all(&[limited], &[]).await {
            Err(PrepareError::Unreachable { failure, .. }) => {
                let words = failure.detail.to_string();
                assert!(words.contains("startup parameter"), "{words}");
                assert!(words.contains("statement_timeout"), "{words}");
            }
            other => panic!("{other:?}"),
        }
    }
    // The refused settings do not stay on the server's session for the next client.
    let text = as_text(&pooled);
    for (name, value) in [
        ("statement_timeout", "0"),
        ("default_transaction_isolation", "read committed"),
    ] {
        let asked = ask(&text, &format!("SELECT current_setting('{name}') AS x")).await;
        assert_eq!(asked, Value::Text(value.into()), "{name}");
    }
}
