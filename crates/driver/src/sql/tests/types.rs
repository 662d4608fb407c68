//! Values of every common type of PostgreSQL, there and back, and MySQL's way out.

use super::*;

on_each! {
    database:
        truth_values_and_bytes_keep_their_type;
}

fn value(text: &str) -> Value {
    Value::Text(text.into())
}

fn number(text: &str) -> Value {
    Value::Number(text.into())
}

#[tokio::test]
async fn postgres_takes_values_of_every_type() {
    let database = served(ServerKind::Postgres);
    script(
        &database,
        "CREATE TYPE mood AS ENUM ('happy', 'sad');
         CREATE TYPE pair AS (a int, b text);
         CREATE DOMAIN positive AS int CHECK (VALUE > 0);
         CREATE DOMAIN code AS text",
    )
    .await;
    // Type, what is bound, and how the server shows it.
    let cases: &[(&str, Value, &str)] = &[
        ("bool", value("true"), "true"),
        ("bool", Value::Bool(false), "false"),
        ("text", Value::Bool(true), "true"),
        ("numeric", number("0.10"), "0.10"),
        ("float8", number("18.50"), "18.5"),
        ("text", number("18.50"), "18.50"),
        ("bool", Value::Int(0), "false"),
        ("text", Value::Bool(true), "true"),
        ("bytea", Value::Bytes([0, 255].into()), "\\x00ff"),
        ("numeric", value("NaN"), "NaN"),
        ("numeric", number("10.00"), "10.00"),
        (
            "timestamp",
            value("2026-02-28 24:00"),
            "2026-03-01 00:00:00",
        ),
        (
            "timestamptz",
            value("2026-02-28 12:30 Europe/Berlin"),
            "2026-02-28 11:30:00+00",
        ),
        ("date", value("0044-03-15 BC"), "0044-03-15 BC"),
        (
            "timestamp",
            value("2026-02-28 12:30:00.1234567"),
            "2026-02-28 12:30:00.123457",
        ),
        ("int2", Value::Int(-7), "-7"),
        ("int4", value("12"), "12"),
        ("int8", Value::Int(1 << 60), "1152921504606846976"),
        ("oid", Value::Int(4_000_000_000), "4000000000"),
        ("float4", Value::Float(0.25), "0.25"),
        ("float8", Value::Float(1e-7), "1e-07"),
        ("float8", Value::Int(3), "3"),
        (
            "numeric",
            value("-12345678901234567890.0123"),
            "-12345678901234567890.0123",
        ),
        ("numeric", Value::Float(0.1), "0.1"),
        ("numeric(10,2)", Value::Int(5), "5.00"),
        ("numeric", value("0.00"), "0.00"),
        ("numeric", value("100000000"), "100000000"),
        ("text", value("a 'b' \\ ☃"), "a 'b' \\ ☃"),
        ("text", Value::Int(5), "5"),
        ("varchar(10)", value("abc"), "abc"),
        ("char(5)", value("abc"), "abc"),
        ("name", value("abc"), "abc"),
        ("\"char\"", value("x"), "x"),
        ("bytea", value("\\x00ff"), "\\x00ff"),
        (
            "uuid",
            value("0191f8a5-7b1c-7000-8000-00000000000a"),
            "0191f8a5-7b1c-7000-8000-00000000000a",
        ),
        ("date", value("2026-02-28"), "2026-02-28"),
        ("date", value("1999-12-31"), "1999-12-31"),
        ("date", value("infinity"), "infinity"),
        ("time", value("23:59:58.5"), "23:59:58.5"),
        ("timetz", value("23:59:58+02"), "23:59:58+02"),
        (
            "timestamp",
            value("2026-02-28 12:30:00.000001"),
            "2026-02-28 12:30:00.000001",
        ),
        (
            "timestamp",
            value("1970-01-01T00:00:00"),
            "1970-01-01 00:00:00",
        ),
        (
            "timestamptz",
            value("2026-02-28T12:30:00+02:00"),
            "2026-02-28 10:30:00+00",
        ),
        (
            "timestamptz",
            value("2026-02-28 12:30:00"),
            "2026-02-28 12:30:00+00",
        ),
        ("interval", value("1 day 2 hours"), "1 day 02:00:00"),
        ("json", value("{\"a\": 1}"), "{\"a\": 1}"),
        ("jsonb", value("{\"a\":1}"), "{\"a\": 1}"),
        ("jsonb", Value::Int(5), "5"),
        ("xml", value("<a/>"), "<a/>"),
        ("inet", value("10.0.0.1/24"), "10.0.0.1/24"),
        ("cidr", value("10.0.0.0/24"), "10.0.0.0/24"),
        ("macaddr", value("08:00:2b:01:02:03"), "08:00:2b:01:02:03"),
        ("bit(3)", value("101"), "101"),
        ("varbit", value("1011"), "1011"),
        ("point", value("(1,2)"), "(1,2)"),
        ("int4[]", value("{1,2,NULL}"), "{1,2,NULL}"),
        ("text[]", value("{a,\"b c\"}"), "{a,\"b c\"}"),
        ("int4range", value("[1,5)"), "[1,5)"),
        ("tsvector", value("'a' 'b'"), "'a' 'b'"),
        ("mood", value("sad"), "sad"),
        ("mood[]", value("{sad,happy}"), "{sad,happy}"),
        ("pair", value("(1,x)"), "(1,x)"),
        ("positive", Value::Int(3), "3"),
        ("code", value("x"), "x"),
    ];
    let mut steps = Vec::new();
    for (number, (kind, bound, _)) in cases.iter().enumerate() {
        script(&database, &format!("CREATE TABLE t{number} (x {kind})")).await;
        let insert = format!("INSERT INTO t{number} VALUES ($1)");
        steps.push(query(&database, &insert, &[Param::Literal(bound.clone())]));
        let select = format!("SELECT rtrim(x::text) AS x FROM t{number}");
        steps.push(query(&database, &select, &[]).takes("x"));
        steps.push(query(&database, &format!("DELETE FROM t{number}"), &[]));
    }
    for prepared in [true, false] {
        let database = Database {
            prepared,
            ..database.clone()
        };
        let steps = steps.iter().map(again).collect();
        let mut rig = Rig::new(&database, steps).await.unwrap();
        for (number, (kind, bound, shown)) in cases.iter().enumerate() {
            for step in 0..3 {
                rig.ok(3 * number + step).await;
            }
            assert_eq!(rig.values[0], value(shown), "{kind} {bound:?} {prepared}");
        }
    }
}

/// A copy of the step.
fn again(step: &SqlStep) -> SqlStep {
    let statement = step.action.statement().unwrap();
    SqlStep {
        database: step.database,
        action: Action::Statement(Statement {
            text: statement.text.clone(),
            params: statement.params.clone(),
            expect: statement.expect.clone(),
            extract: statement.extract.clone(),
            max_tries: statement.max_tries,
        }),
        timeout: step.timeout,
        written: WrittenStatement::default(),
    }
}

#[tokio::test]
async fn postgres_gives_values_of_every_type() {
    let database = served(ServerKind::Postgres);
    script(
        &database,
        "CREATE TYPE mood AS ENUM ('happy', 'sad'); CREATE DOMAIN positive AS int",
    )
    .await;
    let cases: &[(&str, Value)] = &[
        ("true", Value::Bool(true)),
        ("(-7)::int2", Value::Int(-7)),
        ("12", Value::Int(12)),
        ("count(*)", Value::Int(1)),
        ("4000000000::oid", Value::Int(4_000_000_000)),
        ("0.1::float4", Value::Float(0.1)),
        ("0.1::float8", Value::Float(0.1)),
        ("'NaN'::float8", value("NaN")),
        ("12.50", number("12.50")),
        ("'NaN'::numeric", value("NaN")),
        ("10.00", number("10.00")),
        ("'-infinity'::float8", value("-Infinity")),
        ("sum(12)", Value::Int(12)),
        ("12345678901234567.50", number("12345678901234567.50")),
        ("'☃'::varchar", value("☃")),
        ("'x'::name", value("x")),
        ("'{\"a\":1}'::json", value("{\"a\":1}")),
        ("'{\"a\":1}'::jsonb", value("{\"a\": 1}")),
        ("'\\x00ff'::bytea", Value::Bytes([0, 255].into())),
        (
            "'0191f8a5-7b1c-7000-8000-00000000000a'::uuid",
            value("0191f8a5-7b1c-7000-8000-00000000000a"),
        ),
        ("'1999-12-31'::date", value("1999-12-31")),
        ("'-infinity'::date", value("-infinity")),
        ("'0044-03-15 BC'::date", value("0044-03-15 BC")),
        (
            "'10000-01-01 12:00'::timestamp",
            value("10000-01-01 12:00:00"),
        ),
        (
            "'2026-02-28 12:30:00.5+02'::timestamptz",
            value("2026-02-28 10:30:00.5+00"),
        ),
        ("'1 day 2 hours'::interval", value("1 day 02:00:00")),
        ("'{1,2,NULL}'::int[]", value("{1,2,NULL}")),
        ("'10.0.0.1'::inet", value("10.0.0.1")),
        ("'23:59:58.5'::time", value("23:59:58.5")),
        ("'sad'::mood", value("sad")),
        ("'<a/>'::xml", value("<a/>")),
        ("5::positive", Value::Int(5)),
    ];
    for prepared in [true, false] {
        let database = Database {
            prepared,
            ..database.clone()
        };
        let select =
            |(sql, _): &(&str, _)| query(&database, &format!("SELECT {sql} AS x"), &[]).takes("x");
        let mut rig = Rig::new(&database, cases.iter().map(select).collect())
            .await
            .unwrap();
        for (number, (sql, expected)) in cases.iter().enumerate() {
            rig.ok(number).await;
            assert_eq!(&rig.values[0], expected, "{sql} {prepared}");
        }
        let mut rig = Rig::new(&database, vec![
            query(&database, "SELECT '2026-02-28 12:30:00.5+02'::timestamptz AS x", &[]).takes("x"),
            query(&database, "SELECT '2026-02-28 12:30:00'::timestamp AS x", &[]).takes("x"),
            query(&database, "SELECT $1::timestamptz = '2026-02-28 10:30:00.5Z' AND $2::timestamp = '2026-02-28 12:30' AS x",
                &[Param::Variable(1), Param::Variable(2)]).takes("x"),
        ]).await.unwrap();
        rig.ok(0).await;
        rig.values.swap(0, 1);
        rig.ok(1).await;
        rig.values.swap(0, 2);
        rig.ok(2).await;
        assert_eq!(rig.values[0], Value::Bool(true), "{:?}", rig.values);
    }
}

#[tokio::test]
async fn mysql_gives_values_of_every_type() {
    let database = served(ServerKind::MariaDb);
    script(
        &database,
        "CREATE TABLE t (a TINYINT, b INT UNSIGNED, c BIGINT UNSIGNED, d FLOAT, e DOUBLE,
            f DECIMAL(10,2), g CHAR(3), h TEXT, i BLOB, j DATE, k DATETIME(6), l TIME, m YEAR,
            n ENUM('x','y'), o JSON, p BIT(8), q TIMESTAMP NULL, r VARBINARY(10), s BOOLEAN);
         INSERT INTO t VALUES (-1, 4000000000, 18446744073709551615, 0.1, 0.25,
            9.99, 'abc', '☃', X'FF00', '2026-02-28', '2026-02-28 12:30:00.5', '-26:03:04', 2026,
            'y', '[1]', b'101', '2026-02-28 12:30:00', 'text', TRUE)",
    )
    .await;
    let cases = [
        ("a", Value::Int(-1)),
        ("b", Value::Int(4_000_000_000)),
        ("c", number("18446744073709551615")),
        ("d", Value::Float(0.1)),
        ("e", Value::Float(0.25)),
        ("f", number("9.99")),
        ("g", value("abc")),
        ("h", value("☃")),
        ("i", Value::Bytes([255, 0].into())),
        ("j", value("2026-02-28")),
        ("k", value("2026-02-28 12:30:00.5")),
        ("l", value("-26:03:04")),
        ("m", Value::Int(2026)),
        ("n", value("y")),
        ("o", value("[1]")),
        ("q", value("2026-02-28 12:30:00")),
        ("r", value("text")),
        ("s", Value::Int(1)),
        ("count(*)", Value::Int(1)),
    ];
    for prepared in [true, false] {
        let database = Database {
            prepared,
            ..database.clone()
        };
        let select = |(sql, _): &(&str, _)| {
            query(&database, &format!("SELECT {sql} AS x FROM t"), &[]).takes("x")
        };
        let mut rig = Rig::new(&database, cases.iter().map(select).collect())
            .await
            .unwrap();
        for (number, (sql, expected)) in cases.iter().enumerate() {
            rig.ok(number).await;
            assert_eq!(&rig.values[0], expected, "{sql} {prepared}");
        }
    }
}

#[tokio::test]
async fn sqlite_gives_values_of_every_type() {
    let (database, _folder) = sqlite();
    for (sql, expected) in [
        ("42", Value::Int(42)),
        ("0.5", Value::Float(0.5)),
        ("'☃'", value("☃")),
        ("X'00FF'", Value::Bytes([0, 255].into())),
        ("9e999", value("inf")),
    ] {
        assert_eq!(
            ask(&database, &format!("SELECT {sql} AS x")).await,
            expected
        );
    }
}

async fn truth_values_and_bytes_keep_their_type(whole: Database) {
    let key: &[u8] = &[0x01, 0x91, 0xf8, 0xa5, 0, 0xff];
    let (flag, id) = match whole.backend {
        Backend::Postgres => ("boolean", "bytea"),
        Backend::MySql => ("BOOLEAN", "BINARY(6)"),
        Backend::Sqlite => ("BOOLEAN", "BLOB"),
    };
    script(&whole, &format!("CREATE TABLE t (flag {flag}, id {id})")).await;
    for prepared in [true, false] {
        let database = Database {
            prepared,
            ..whole.clone()
        };
        let steps = vec![
            query(&database, "DELETE FROM t", &[]),
            query(
                &database,
                "INSERT INTO t VALUES ($1, $2)",
                &[Param::Variable(0), Param::Variable(1)],
            ),
            query(
                &database,
                "SELECT flag, id FROM t WHERE flag = $1 AND id = $2",
                &[Param::Variable(0), Param::Variable(1)],
            )
            .expects(Rows::Exactly(1))
            .expects_value("flag", Param::Literal(Value::Bool(true)))
            .expects_value("id", text("\\x0191f8a500ff"))
            .takes_into("flag", 2)
            .takes_into("id", 3),
        ];
        let mut rig = Rig::new(&database, steps).await.unwrap();
        rig.values[0] = Value::Bool(true);
        rig.values[1] = Value::Bytes(key.into());
        for step in 0..3 {
            rig.ok(step).await;
        }
        // Values that were read find their row again when they are bound.
        rig.values.swap(0, 2);
        rig.values.swap(1, 3);
        assert_eq!(rig.values[1], Value::Bytes(key.into()));
        rig.ok(2).await;
    }
}

#[tokio::test]
async fn the_date_of_zeros_is_a_value() {
    let whole = served(ServerKind::MariaDb);
    script(
        &whole,
        "CREATE TABLE t (d DATE, dt DATETIME, n DATE NULL);
         SET sql_mode = ''; INSERT INTO t VALUES (0, 0, NULL)",
    )
    .await;
    for prepared in [true, false] {
        let database = Database {
            prepared,
            ..whole.clone()
        };
        let steps = vec![
            query(&database, "SELECT d, dt FROM t", &[])
                .takes("d")
                .takes_into("dt", 1),
            query(&database, "SELECT n FROM t", &[]).takes("n"),
        ];
        let mut rig = Rig::new(&database, steps).await.unwrap();
        rig.ok(0).await;
        let zeros = [value("0000-00-00"), value("0000-00-00 00:00:00")];
        assert_eq!(rig.values[..2], zeros, "{prepared}");
        assert_eq!(
            rig.fails(1, ErrorClass::Expectation).await,
            "column n is NULL"
        );
    }
}

#[tokio::test]
async fn sqlite_notices_that_columns_have_changed() {
    let (database, _folder) = sqlite();
    script(
        &database,
        "CREATE TABLE t (id INT, filler INT, v TEXT); INSERT INTO t VALUES (1, 2, 'one')",
    )
    .await;
    let steps = vec![query(&database, "SELECT * FROM t", &[]).takes("v")];
    let mut rig = Rig::new(&database, steps).await.unwrap();
    rig.ok(0).await;
    for change in [
        "ALTER TABLE t ADD COLUMN extra INT DEFAULT 5",
        "ALTER TABLE t DROP COLUMN filler",
    ] {
        script(&database, change).await;
        for _ in 0..2 {
            assert_eq!(rig.ok(0).await.reconnects, 0);
            assert_eq!(rig.values[0], value("one"), "{change}");
        }
    }
}
