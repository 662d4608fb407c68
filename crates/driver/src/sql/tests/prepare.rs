//! Mistakes that are found before the run.

use super::*;
use crate::sql::{StepPart, Subject};

on_each! {
    database:
        mistakes_in_the_text_are_pointed_at,
        what_a_users_start_makes_is_not_missed_before,
        columns_must_be_there;
}

async fn only(database: &Database, step: SqlStep) -> (StepPart, String, Option<String>) {
    let mut found = problems(database, step).await;
    assert_eq!(found.len(), 1, "{found:?}");
    let Problem {
        subject,
        message,
        help,
    } = found.remove(0);
    match subject {
        Subject::Step(0, part) => (part, message, help),
        other => panic!("{other:?}"),
    }
}

async fn mistakes_in_the_text_are_pointed_at(database: Database) {
    script(
        &database,
        "CREATE TABLE orders (id INT, status VARCHAR(10))",
    )
    .await;
    for (sql, word) in [
        ("SELECT id FORM orders WHERE id = $1", "orders"),
        ("SELECT id FROM order_s WHERE id = $1", "order_s"),
        ("SELECT id FROM orders WHERE größe + nr = $1", "größe"),
        ("SELECT status, price FROM orders WHERE id = $1", "price"),
    ] {
        let (part, message, _) = only(&database, query(&database, sql, &[int(1)])).await;
        let at = StepPart::At(sql.find(word).unwrap());
        // SQLite takes FORM for another name of the column; the error is at the table then.
        assert_eq!(part, at, "{sql}: {message}");
    }
}

#[tokio::test]
async fn what_postgres_knows_of_types_is_used() {
    let database = served(ServerKind::Postgres);
    script(
        &database,
        "CREATE TABLE t (id int4, price numeric, at timestamptz, place point)",
    )
    .await;
    let step = query(
        &database,
        "SELECT id FROM t WHERE id = $1 AND price = $2",
        &[text("north"), text("1.5")],
    );
    let (part, message, _) = only(&database, step).await;
    assert_eq!(part, StepPart::Param(0));
    assert_eq!(message, "invalid input syntax for type integer: \"north\"");

    // As with psql's '5.0': the literal is sent as it stands there.
    let step = query(
        &database,
        "SELECT id FROM t WHERE id = $1",
        &[Param::Literal(Value::Number("5.0".into()))],
    );
    let (part, message, _) = only(&database, step).await;
    assert_eq!(part, StepPart::Param(0));
    assert_eq!(message, "invalid input syntax for type integer: \"5.0\"");

    let step = query(
        &database,
        "SELECT id FROM t WHERE id = $1 AND id = $2",
        &[int(1 << 40), int(1)],
    );
    assert_eq!(only(&database, step).await.0, StepPart::Param(0));

    let step = query(&database, "SELECT nonsense($1)", &[int(1)]);
    let (_, message, help) = only(&database, step).await;
    assert!(message.contains("nonsense"), "{message}");
    assert!(help.unwrap().contains("explicit type casts"));

    let step = query(&database, "SELECT jsonb_build_object('a', $1)", &[int(1)]);
    let (_, message, help) = only(&database, step).await;
    assert_eq!(message, "could not determine data type of parameter $1");
    assert!(help.unwrap().contains("$1::text"));

    let step = query(&database, "COPY t FROM STDIN", &[]);
    let (part, message, _) = only(&database, step).await;
    assert_eq!(
        (part, message.as_str()),
        (StepPart::Statement, "COPY FROM STDIN has no data here")
    );

    let step = query(&database, "SELECT 1; SELECT 2", &[]);
    let (_, _, help) = only(&database, step).await;
    assert!(help.unwrap().contains("prepared = false"));
}

async fn what_a_users_start_makes_is_not_missed_before(database: Database) {
    for (sql, found) in [("SELECT id FROM missing", 0), ("SELECT FROM WHERE id", 1)] {
        let step = query(&database, sql, &[]);
        for after_user_start in [true, false] {
            let candidate = Candidate {
                index: 0,
                step: &step,
                sample: &[],
                after_user_start,
                is_of_user_start: false,
            };
            let prepared = prepare_all(std::slice::from_ref(&database), &[candidate]).await;
            let problems = match prepared {
                Ok(_) => 0,
                Err(PrepareError::Problems(problems)) => problems.len(),
                Err(other) => panic!("{other}"),
            };
            let expected = if after_user_start { found } else { 1 };
            assert_eq!(problems, expected, "{sql} {:?}", database.backend);
        }
    }
}

async fn columns_must_be_there(database: Database) {
    let step = query(&database, "SELECT 1 AS a, 2 AS b", &[])
        .expects_value("a", int(1))
        .expects_value("c", int(1))
        .takes("d");
    let found = problems(&database, step).await;
    let subjects: Vec<_> = found.iter().map(|problem| problem.subject).collect();
    assert_eq!(
        subjects,
        [
            Subject::Step(0, StepPart::Expect(1)),
            Subject::Step(0, StepPart::Extract(0))
        ]
    );
    assert_eq!(found[0].message, "there is no column c");
    assert_eq!(found[0].help.as_deref(), Some("the statement returns a, b"));
}

#[tokio::test]
async fn parameters_of_another_spelling_are_counted() {
    let (lite, _folder) = sqlite();
    let maria = served(ServerKind::MariaDb);
    for database in [lite, maria] {
        let (part, message, help) =
            only(&database, query(&database, "SELECT ?, $1", &[int(1)])).await;
        assert_eq!(part, StepPart::Statement);
        assert_eq!(message, "the server finds 2 parameters in it instead of 1");
        assert!(help.unwrap().contains("$1"));
    }
}

#[tokio::test]
async fn every_problem_is_told_at_once() {
    let (database, _folder) = sqlite();
    let steps = vec![
        query(&database, "SELECT * FROM a", &[]),
        query(&database, "SELECT 1", &[]),
        query(&database, "SELECT * FROM b", &[]),
    ];
    let Err(PrepareError::Problems(found)) = Rig::new(&database, steps).await.map(|_| ()) else {
        panic!("it has problems");
    };
    let steps: Vec<_> = found.iter().map(|problem| problem.subject).collect();
    assert_eq!(
        steps,
        [
            Subject::Step(0, StepPart::At(14)),
            Subject::Step(2, StepPart::At(14))
        ]
    );
}

#[tokio::test]
async fn values_that_only_the_run_knows_are_not_judged() {
    let database = served(ServerKind::Postgres);
    let step = query(
        &database,
        "SELECT 1 AS x WHERE 1 = $1",
        &[Param::Variable(0)],
    );
    let bad = [Value::Text("north".into())];
    for (sample, problems) in [
        (&[] as &[Value], 0),
        (&[Value::Unset], 0),
        (&[Value::Int(1)], 0),
        (&bad, 1),
    ] {
        let candidate = Candidate {
            index: 0,
            step: &step,
            sample,
            after_user_start: false,
            is_of_user_start: false,
        };
        let found = match prepare_all(std::slice::from_ref(&database), &[candidate]).await {
            Ok(_) => 0,
            Err(PrepareError::Problems(found)) => found.len(),
            Err(other) => panic!("{other}"),
        };
        assert_eq!(found, problems, "{sample:?}");
    }
}

#[tokio::test]
async fn databases_that_are_not_there_or_not_to_be_had() {
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = closed.local_addr().unwrap().port();
    drop(closed);
    let (lite, folder) = sqlite();
    let missing = format!("sqlite:{}", folder.path().join("missing").display());
    for url in [
        format!("postgres://x@127.0.0.1:{port}/x"),
        format!("mysql://x@127.0.0.1:{port}/x"),
        missing,
    ] {
        match prepare_all(&[database(&url)], &[]).await {
            Err(PrepareError::Unreachable { database, failure }) => {
                assert_eq!(database, "main");
                assert_eq!(failure.class, ErrorClass::Connection, "{}", failure.detail);
            }
            other => panic!("{other:?}"),
        }
    }
    let mut wrong = database("postgres://x:secret@127.0.0.1:port/x");
    wrong.backend = Backend::Postgres;
    let trusting = Database {
        tls: Some(loadgen_plan::sql::Tls::VerifyFull),
        ca_file: Some("/nowhere/ca.pem".into()),
        ..database("postgres://x@127.0.0.1/x")
    };
    match prepare_all(&[wrong, lite, trusting], &[]).await {
        Err(PrepareError::Problems(found)) => {
            let subjects: Vec<_> = found.iter().map(|problem| problem.subject).collect();
            assert_eq!(subjects, [Subject::Database(0), Subject::Database(2)]);
            assert!(!found[0].message.contains("secret"), "{}", found[0].message);
            assert!(found[1].message.contains("/nowhere/ca.pem"));
        }
        other => panic!("{other:?}"),
    }
}
