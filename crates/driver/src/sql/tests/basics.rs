//! Values in and out, rows counted, connections owned.

use super::*;
use loadgen_data::template::{Escape, Part, Template};

on_each! {
    database:
        values_go_in_and_come_out,
        text_with_variables_is_one_value;
}

async fn values_go_in_and_come_out(mut database: Database) {
    script(
        &database,
        "CREATE TABLE t (id BIGINT PRIMARY KEY, name VARCHAR(50), price DOUBLE PRECISION)",
    )
    .await;
    for prepared in [true, false] {
        database.prepared = prepared;
        let name = "O'Brien \\ \"größe\" ☃ $1 ?";
        let mut rig = Rig::new(
            &database,
            vec![
                query(&database, "DELETE FROM t", &[]),
                query(
                    &database,
                    "INSERT INTO t (price, id, name) VALUES ($3, $1, $2)",
                    &[
                        Param::Variable(1),
                        Param::Variable(2),
                        Param::Literal(Value::Float(0.5)),
                    ],
                )
                .expects(Rows::Exactly(1)),
                query(
                    &database,
                    "SELECT name, id, price FROM t WHERE id = $1 OR id = $1",
                    &[Param::Variable(1)],
                )
                .expects(Rows::Exactly(1))
                .expects_value("price", Param::Literal(Value::Float(0.5)))
                .takes_into("name", 3)
                .takes_into("id", 4),
                query(
                    &database,
                    "UPDATE t SET price = price + 1 WHERE id = $1",
                    &[int(404)],
                )
                .expects(Rows::Exactly(0)),
                query(&database, "SELECT id FROM t WHERE id = $1", &[int(404)])
                    .expects(Rows::Exactly(0)),
            ],
        )
        .await
        .unwrap();
        rig.values[1] = Value::Int(7_000_000_000);
        rig.values[2] = Value::Text(name.into());
        let first = rig.ok(0).await;
        assert!(first.connect.is_some());
        for index in 1..5 {
            let outcome = rig.ok(index).await;
            assert_eq!(outcome.connect, None);
            assert!(outcome.sent_at.unwrap() <= outcome.ended_at);
        }
        assert_eq!(rig.values[3], Value::Text(name.into()));
        assert_eq!(rig.values[4], Value::Int(7_000_000_000));
    }
}

async fn text_with_variables_is_one_value(database: Database) {
    let name = Template::new([
        Part::Literal(b"it's "[..].into()),
        Part::Variable(1, Escape::None),
    ]);
    let sql = match database.backend {
        Backend::Postgres => "SELECT $1::text AS x",
        Backend::MySql | Backend::Sqlite => "SELECT $1 AS x",
    };
    let steps = vec![query(&database, sql, &[Param::Text(name)]).takes("x")];
    let mut rig = Rig::new(&database, steps).await.unwrap();
    rig.values[1] = Value::Int(5);
    rig.ok(0).await;
    assert_eq!(rig.values[0], Value::Text("it's 5".into()));
}
