//! Any value of any type: written prepared, as text and by the database's own client, it is the same
//! to the database, and has the same text when it is read.

use super::*;
use crate::driver::sql::datum::Datum;
use proptest::{prelude::*, strategy::ValueTree, test_runner::TestRunner};

/// Values of each type that are tried.
const VALUES: usize = 24;

/// How values of a type are made, and the type's name on each kind of server.
fn types(backend: Backend) -> Vec<(&'static str, BoxedStrategy<Value>)> {
    let text = |pattern: &'static str| pattern.prop_map(|text| Value::Text(text.into())).boxed();
    let int = |strategy: BoxedStrategy<i64>| strategy.prop_map(Value::Int).boxed();
    let bytes = prop::collection::vec(any::<u8>(), 1..20)
        .prop_filter("bytes that are no text", |bytes| {
            std::str::from_utf8(bytes).is_err()
        })
        .prop_map(|bytes| Value::Bytes(bytes.into()))
        .boxed();
    let float = (-1e15..1e15_f64).prop_map(Value::Float).boxed();
    let bool = any::<bool>().prop_map(Value::Bool).boxed();
    let number = "-?[1-9][0-9]{0,15}\\.[0-9]{3}"
        .prop_map(|text| Value::Number(text.into()))
        .boxed();
    let date = "20[0-9]{2}-(0[1-9]|1[0-2])-(0[1-9]|1[0-9]|2[0-8])";
    let small = int((-30_000..30_000_i64).boxed());
    let words = text("[ -~äß☃]{0,20}");
    match backend {
        Backend::Postgres => vec![
            ("int2", small.clone()),
            ("int4", int(any::<i32>().prop_map(i64::from).boxed())),
            ("int8", int(any::<i64>().boxed())),
            ("float8", float),
            ("float4", small.clone()),
            ("numeric", number.clone()),
            ("numeric(30,3)", number),
            ("bool", bool),
            ("bytea", bytes),
            ("text", words.clone()),
            ("varchar(40)", words),
            ("date", text(date)),
            (
                "timestamp",
                text("20[0-9]{2}-0[1-9]-1[0-9] [01][0-9]:[0-5][0-9]:[0-5][0-9]"),
            ),
            (
                "timestamptz",
                text("20[0-9]{2}-0[1-9]-1[0-9] [01][0-9]:[0-5][0-9]:00\\+0[0-9]"),
            ),
            ("interval", text("[1-9] days? [1-9] hours")),
            ("int4[]", text("\\{[0-9],NULL,-[1-9]\\}")),
            ("jsonb", text("\\{\"a\": [1-9]\\}")),
        ],
        Backend::MySql => vec![
            ("SMALLINT", small.clone()),
            ("BIGINT", int(any::<i64>().boxed())),
            ("BIGINT UNSIGNED", int((0..i64::MAX).boxed())),
            ("DOUBLE", float),
            ("DECIMAL(30,3)", number),
            ("BOOLEAN", bool),
            ("VARBINARY(40)", bytes),
            ("VARCHAR(40)", words),
            ("DATE", text(date)),
            (
                "DATETIME",
                text("20[0-9]{2}-0[1-9]-1[0-9] [01][0-9]:[0-5][0-9]:[0-5][0-9]"),
            ),
        ],
        Backend::Sqlite => vec![
            ("INTEGER", int(any::<i64>().boxed())),
            ("REAL", float),
            ("BOOLEAN", bool),
            ("BLOB", bytes),
            ("TEXT", words),
        ],
    }
}

/// The value as the database's own client has it written.
fn literal(value: &Value, backend: Backend) -> String {
    let hexadecimal = |bytes: &[u8]| {
        let digits: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        match backend {
            Backend::Postgres => format!("'\\x{digits}'"),
            Backend::MySql | Backend::Sqlite => format!("X'{digits}'"),
        }
    };
    match Datum::from(value) {
        Datum::Bytes(bytes) => hexadecimal(bytes),
        Datum::Text(text) if backend == Backend::MySql => {
            format!("CONVERT({} USING utf8mb4)", hexadecimal(text.as_bytes()))
        }
        Datum::Text(text) => format!("'{}'", text.replace('\'', "''")),
        Datum::Float(number) => format!("{number:e}"),
        other => other.plain().into_owned(),
    }
}

#[tokio::test]
async fn a_value_is_the_same_whoever_writes_it_and_however() {
    let (databases, _folder) = everywhere();
    let mut runner = TestRunner::default();
    for whole in databases {
        let backend = whole.backend;
        for (number, (kind, strategy)) in types(backend).into_iter().enumerate() {
            let values: Vec<Value> = (0..VALUES)
                .map(|_| strategy.new_tree(&mut runner).unwrap().current())
                .collect();
            let table = format!("t{number}");
            script(
                &whole,
                &format!("CREATE TABLE {table} (n INT, how INT, x {kind})"),
            )
            .await;
            let rows = values.iter().enumerate();
            let rows: Vec<String> = rows
                .map(|(n, value)| format!("({n}, 0, {})", literal(value, backend)))
                .collect();
            script(
                &whole,
                &format!("INSERT INTO {table} VALUES {}", rows.join(", ")),
            )
            .await;
            let mut read: Vec<Vec<Value>> = Vec::new();
            for (how, prepared) in [(1, true), (2, false)] {
                let database = Database {
                    prepared,
                    ..whole.clone()
                };
                let insert = format!("INSERT INTO {table} VALUES ($1, {how}, $2)");
                let both = [Param::Variable(1), Param::Variable(2)];
                let select = format!("SELECT x FROM {table} WHERE n = $1 AND how = $2");
                let steps = vec![
                    query(&database, &insert, &both),
                    query(&database, &select, &both).takes("x"),
                ];
                let mut rig = Rig::new(&database, steps).await.unwrap();
                for (n, value) in values.iter().enumerate() {
                    rig.values[1] = Value::Int(n as i64);
                    rig.values[2] = value.clone();
                    rig.ok(0).await;
                }
                for (n, value) in values.iter().enumerate() {
                    let mut texts = Vec::new();
                    for writer in 0..=how {
                        rig.values[1] = Value::Int(n as i64);
                        rig.values[2] = Value::Int(writer);
                        rig.ok(1).await;
                        texts.push(rig.values[0].clone());
                    }
                    texts.dedup();
                    assert_eq!(texts.len(), 1, "{kind} {value:?} {texts:?}");
                    read.push(texts);
                }
            }
            // The text is the same, prepared or not.
            let (prepared, text) = read.split_at(values.len());
            assert_eq!(prepared, text, "{kind}");
            let equal = format!(
                "SELECT count(*) AS x FROM {table} a JOIN {table} b ON a.n = b.n AND a.x = b.x"
            );
            let rows = 9 * VALUES as i64;
            assert_eq!(ask(&whole, &equal).await, Value::Int(rows), "{kind}");
        }
    }
}
