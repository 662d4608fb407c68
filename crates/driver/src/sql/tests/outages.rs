//! Servers and sessions that die.

use super::*;
use futures_util::future::join;
use std::time::Instant;

on_each! {
    server:
        a_session_that_is_killed_comes_back,
        what_was_acknowledged_survives_a_crash,
        what_a_users_start_set_is_set_again;
}

async fn a_session_that_is_killed_comes_back(kind: ServerKind) {
    let server = Server::shared(kind);
    let database = database(&server.fresh());
    script(&database, "CREATE TABLE t (n INT)").await;
    let (insert, own, sleep) = match kind {
        ServerKind::Postgres => (
            "INSERT INTO t VALUES (1)",
            "SELECT pg_backend_pid() AS x",
            "SELECT pg_sleep(100)",
        ),
        ServerKind::MariaDb => (
            "INSERT INTO t VALUES (1)",
            "SELECT connection_id() AS x",
            "SELECT SLEEP(100)",
        ),
    };
    let steps = vec![
        query(&database, insert, &[]),
        query(&database, own, &[]).takes("x"),
        query(&database, sleep, &[]),
        begin(None),
    ];
    let mut rig = Rig::new(&database, steps).await.unwrap();
    let kill = |id: &Value| {
        let Value::Int(id) = id else { panic!("{id:?}") };
        server.run(&match kind {
            ServerKind::Postgres => format!("SELECT pg_terminate_backend({id})"),
            ServerKind::MariaDb => format!("KILL {id}"),
        });
    };
    // While it is idle.
    rig.ok(1).await;
    kill(&rig.values[0]);
    let outcome = rig.run(0).await;
    let (class, words) = why(&outcome);
    assert_eq!(class, ErrorClass::Connection, "{words}");
    let outcome = rig.ok(0).await;
    assert_eq!(outcome.reconnects, 1);
    assert!(outcome.connect.is_some());
    // While it works.
    rig.ok(1).await;
    let id = rig.values[0].clone();
    let killer = async {
        tokio::time::sleep(Duration::from_millis(100)).await;
        kill(&id);
    };
    let (outcome, ()) = join(rig.run(2), killer).await;
    assert_eq!(why(&outcome).0, ErrorClass::Connection);
    // Inside a transaction, which is over then.
    rig.ok(3).await;
    rig.ok(1).await;
    kill(&rig.values[0]);
    let outcome = rig.run(0).await;
    assert_eq!(why(&outcome).0, ErrorClass::Connection);
    assert!(
        !outcome.unknown,
        "what was not committed is known to be gone"
    );
    assert_eq!(rig.ok(0).await.reconnects, 1);
    assert_eq!(
        ask(&database, "SELECT count(*) AS x FROM t").await,
        Value::Int(2)
    );
}

#[tokio::test]
async fn attempts_to_reach_a_dead_server_are_kept_apart() {
    let server = Server::start(ServerKind::MariaDb, &[]);
    let database = database(&server.fresh());
    let mut rig = Rig::new(&database, vec![query(&database, "SELECT 1", &[])])
        .await
        .unwrap();
    rig.ok(0).await;
    server.crash();
    rig.fails(0, ErrorClass::Connection).await;
    let since = Instant::now();
    for _ in 0..6 {
        let words = rig.fails(0, ErrorClass::Connection).await;
        assert!(words.starts_with("no connection: "), "{words}");
    }
    // At least half of 10, 20, 40, 80 and 160 ms.
    assert!(since.elapsed() >= Duration::from_millis(155));
    server.restart();
    let back = loop {
        let outcome = rig.run(0).await;
        if outcome.failure.is_none() {
            break outcome;
        }
    };
    assert_eq!(back.reconnects, 1);
}

async fn what_was_acknowledged_survives_a_crash(kind: ServerKind) {
    let server = Server::start(kind, &[]);
    let database = database(&server.fresh());
    script(&database, "CREATE TABLE t (n INT)").await;
    let insert = || query(&database, "INSERT INTO t VALUES (1)", &[]);
    let steps = vec![insert(), begin(None), insert(), commit()];
    let rig = Rig::new(&database, steps).await.unwrap();
    let stop = std::cell::Cell::new(false);
    let load = async {
        let mut users = Vec::new();
        for user in 0..4 {
            let (rig, stop) = (&rig, &stop);
            users.push(async move {
                let mut session = rig.driver.session(user);
                let (mut ok, mut unknown, mut errors) = (0, 0, 0);
                // Single statements and transactions in turn.
                let mut runs = [&[0][..], &[1, 2, 3]].into_iter().cycle();
                while !stop.get() {
                    let mut done = true;
                    for &index in runs.next().unwrap() {
                        let step = &rig.steps[index];
                        let progress = Progress::default();
                        let outcome = rig
                            .driver
                            .step(&mut session, index, step, &mut [], &progress)
                            .await;
                        if outcome.failure.is_some() {
                            assert_eq!(
                                why(&outcome).0,
                                ErrorClass::Connection,
                                "{:?}",
                                why(&outcome)
                            );
                            unknown += i64::from(outcome.unknown);
                            errors += 1;
                            done = false;
                            break;
                        }
                    }
                    ok += i64::from(done);
                }
                (ok, unknown, errors)
            });
        }
        futures_util::future::join_all(users).await
    };
    let trouble = async {
        for _ in 0..2 {
            tokio::time::sleep(Duration::from_millis(300)).await;
            let server = &server;
            std::thread::scope(|scope| {
                scope.spawn(|| server.crash());
            });
            tokio::time::sleep(Duration::from_millis(100)).await;
            server.restart();
        }
        tokio::time::sleep(Duration::from_millis(1500)).await;
        stop.set(true);
    };
    let (users, ()) = join(load, trouble).await;
    let (mut ok, mut unknown) = (0, 0);
    for (user_ok, user_unknown, errors) in users {
        assert!(user_ok > 0 && errors > 0);
        ok += user_ok;
        unknown += user_unknown;
    }
    let Value::Int(rows) = ask(&database, "SELECT count(*) AS x FROM t").await else {
        panic!("a count is a number");
    };
    assert!(
        (ok..=ok + unknown).contains(&rows),
        "{ok} <= {rows} <= {ok} + {unknown}"
    );
}

async fn what_a_users_start_set_is_set_again(kind: ServerKind) {
    let server = Server::shared(kind);
    let database = database(&server.fresh());
    let (set, get, own, kill) = match kind {
        ServerKind::Postgres => (
            "SELECT set_config('work_mem', $1, false)",
            "SELECT current_setting('work_mem') AS x, count(*) FROM mine",
            "SELECT pg_backend_pid() AS x",
            "SELECT pg_terminate_backend",
        ),
        ServerKind::MariaDb => (
            "SET SESSION lc_time_names = $1",
            "SELECT @@lc_time_names AS x, count(*) FROM mine",
            "SELECT connection_id() AS x",
            "KILL",
        ),
    };
    let value = if kind == ServerKind::Postgres {
        "7MB"
    } else {
        "de_DE"
    };
    let steps = vec![
        query(&database, set, &[text(value)]),
        query(&database, "CREATE TEMPORARY TABLE mine (n INT)", &[]),
        query(&database, "INSERT INTO mine VALUES (1)", &[]),
        query(&database, own, &[]).takes("x"),
        query(&database, get, &[]).takes("x"),
    ];
    let mut rig = Rig::started(&database, steps, 3).await.unwrap();
    for step in 0..4 {
        rig.ok(step).await;
    }
    let Value::Int(session) = rig.values[0] else {
        panic!("{:?}", rig.values[0]);
    };
    server.run(&format!("{kill}({session})"));
    rig.fails(4, ErrorClass::Connection).await;
    assert_eq!(rig.ok(4).await.reconnects, 1);
    assert_eq!(rig.values[0], Value::Text(value.into()));
}
