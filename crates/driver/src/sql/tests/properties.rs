//! Any value of any type: written by loadgen, prepared and as text, and by the database's own client,
//! it is equal to the database, and everybody reads the same text.

use super::{clients, *};
use crate::sql::datum::Datum;
use loadgen_data::hex;
use proptest::{prelude::*, strategy::ValueTree, test_runner::TestRunner};
use std::collections::BTreeMap;

on_each! {
    database:
        a_value_is_the_same_whoever_writes_it_and_however;
}

/// Values of each type that are tried.
const VALUES: usize = 16;

/// Writers of each value: the client, and loadgen with prepared statements and with texts.
const WRITERS: [&str; 3] = ["client", "prepared", "text"];

/// Strategy for values of a type.
type Values = BoxedStrategy<Value>;

fn ints<T: Into<i64> + Arbitrary + 'static>() -> Values {
    any::<T>()
        .prop_map(|number| Value::Int(number.into()))
        .boxed()
}

fn floats() -> Values {
    use prop::num::f64;
    (f64::POSITIVE | f64::NEGATIVE | f64::NORMAL)
        .prop_map(Value::Float)
        .boxed()
}

fn bools() -> Values {
    any::<bool>().prop_map(Value::Bool).boxed()
}

/// Texts, of a regular expression.
fn texts(pattern: &'static str) -> Values {
    pattern.prop_map(|text| Value::Text(text.into())).boxed()
}

/// Numbers with digits that no float has, of a regular expression.
fn numbers(pattern: &'static str) -> Values {
    pattern
        .prop_map(|text| Value::of_decimal(&text).unwrap())
        .boxed()
}

/// Bytes that are no text.
fn bytes(lengths: std::ops::Range<usize>) -> Values {
    prop::collection::vec(any::<u8>(), lengths)
        .prop_filter("bytes that are no text", |bytes| {
            std::str::from_utf8(bytes).is_err()
        })
        .prop_map(|bytes| Value::Bytes(bytes.into()))
        .boxed()
}

fn either(strategies: impl IntoIterator<Item = Values>) -> Values {
    prop::strategy::Union::new(strategies).boxed()
}

const WORDS: &str = "[ -~\n\täß☃😀]{0,20}";
const DATE: &str = "[12][0-9]{3}-(0[1-9]|1[0-2])-(0[1-9]|1[0-9]|2[0-8])";
const TIME: &str = "([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\\.[0-9]{1,6})?";
const MOMENT: &str = "20[0-2][0-9]-(0[1-9]|1[0-2])-(0[1-9]|1[0-9]|2[0-8]) \
     ([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\\.[0-9]{1,6})?";

/// The names of a server's types, and values of each.
fn types(backend: Backend) -> Vec<(&'static str, Values)> {
    match backend {
        Backend::Postgres => postgres_types(),
        Backend::MySql => mariadb_types(),
        Backend::Sqlite => vec![
            ("INTEGER", ints::<i64>()),
            ("BOOLEAN", bools()),
            ("REAL", (-1e15..1e15).prop_map(Value::Float).boxed()),
            (
                "NUMERIC",
                either([ints::<i32>(), numbers("-?[1-9][0-9]{0,11}\\.[0-9]{2}")]),
            ),
            ("BLOB", bytes(1..20)),
            ("TEXT", texts(WORDS)),
            ("VARCHAR(40)", texts(WORDS)),
            ("DATETIME", texts(MOMENT)),
            ("", either([ints::<i64>(), bytes(1..20), texts(WORDS)])),
        ],
    }
}

fn postgres_types() -> Vec<(&'static str, Values)> {
    vec![
        ("int2", ints::<i16>()),
        ("int4", ints::<i32>()),
        ("int8", ints::<i64>()),
        ("oid", ints::<u32>()),
        ("float4", (-1e15..1e15).prop_map(Value::Float).boxed()),
        ("float8", either([floats(), texts("NaN|-?Infinity")])),
        (
            "numeric",
            either([
                numbers("-?[1-9][0-9]{0,40}\\.[0-9]{0,20}[0-9]"),
                texts("NaN|-?Infinity"),
            ]),
        ),
        ("numeric(30,3)", numbers("-?[1-9][0-9]{0,15}\\.[0-9]{1,6}")),
        ("bool", bools()),
        ("bytea", bytes(1..40)),
        ("text", texts(WORDS)),
        ("varchar(40)", texts(WORDS)),
        ("char(40)", texts(WORDS)),
        ("name", texts("[a-zß]{1,9}")),
        (
            "date",
            either([
                texts(DATE),
                texts("-?infinity|0[0-9]{2}[1-9]-03-15 BC|1[0-9]{4}-06-07"),
            ]),
        ),
        ("time", either([texts(TIME), texts("24:00")])),
        ("timetz", texts("[01][0-9]:[0-5][0-9][+-]0[0-9](:30)?")),
        (
            "timestamp",
            either([
                texts(MOMENT),
                texts("-?infinity|0[0-9]{2}[1-9]-03-15 12:30:00 BC"),
            ]),
        ),
        (
            "timestamptz",
            either([
                texts(
                    "20[0-3][0-9]-0[1-9]-1[0-9] [01][0-9]:[0-5][0-9]:[0-5][0-9]\\.[0-9]{6}[+-]0[0-9]",
                ),
                texts("20[0-3][0-9]-0[1-9]-1[0-9] 12:00 (Europe/Berlin|America/New_York)"),
            ]),
        ),
        (
            "interval",
            texts("-?[1-9] (days?|mons|years) -?[1-9] hours [0-9]{1,2}\\.[0-9]{6} s"),
        ),
        ("uuid", texts("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9A-F]{12}")),
        (
            "inet",
            texts("10\\.[0-9]\\.[0-9]\\.[0-9](/8)?|fe80::[0-9a-f]{1,4}"),
        ),
        ("cidr", texts("10\\.[0-9]\\.0\\.0/16")),
        ("macaddr", texts("([0-9a-f]{2}:){5}[0-9a-f]{2}")),
        ("money", texts("-?[1-9][0-9]{0,5}\\.[0-9]{2}")),
        ("bit(8)", texts("[01]{8}")),
        ("varbit", texts("[01]{1,20}")),
        (
            "jsonb",
            texts("\\{\"[a-c]\": ([1-9]|\"[ -!#-Z☃]{0,5}\"), \"d\": \\[true, null\\]\\}"),
        ),
        (
            "int4[]",
            texts("\\{[0-9],NULL,-[1-9]\\}|\\{\\{1,[0-9]\\},\\{3,4\\}\\}"),
        ),
        ("text[]", texts("\\{\"[ a-zß',]{0,9}\",[a-z]{1,5}\\}")),
        ("int4range", texts("[\\[(]-?[1-9],[1-9][0-9][)\\]]|empty")),
        ("mood", texts("sad|ok|happy")),
    ]
}

fn mariadb_types() -> Vec<(&'static str, Values)> {
    vec![
        ("TINYINT", ints::<i8>()),
        ("SMALLINT", ints::<i16>()),
        ("MEDIUMINT", ints::<i16>()),
        ("INT", ints::<i32>()),
        ("INT UNSIGNED", ints::<u32>()),
        ("BIGINT", ints::<i64>()),
        (
            "BIGINT UNSIGNED",
            either([ints::<u32>(), numbers("184467440737095516[01][0-5]")]),
        ),
        ("BIT(20)", (0..1_i64 << 20).prop_map(Value::Int).boxed()),
        ("YEAR", (1901..2156_i64).prop_map(Value::Int).boxed()),
        // As many digits as the server shows.
        ("FLOAT", numbers("-?[1-9][0-9]{0,2}\\.[0-9]{2}[1-9]")),
        ("DOUBLE", floats()),
        ("DECIMAL(30,3)", numbers("-?[1-9][0-9]{0,15}\\.[0-9]{1,6}")),
        (
            "DECIMAL(65,30)",
            numbers("-?[1-9][0-9]{0,34}\\.[0-9]{1,30}"),
        ),
        ("BOOLEAN", bools()),
        ("BINARY(20)", bytes(20..21)),
        ("VARBINARY(40)", bytes(1..40)),
        ("BLOB", bytes(1..40)),
        ("CHAR(40)", texts(WORDS)),
        ("VARCHAR(40)", texts(WORDS)),
        ("TEXT", texts(WORDS)),
        ("DATE", texts(DATE)),
        ("TIME", texts("-?[1-7]?[0-9]{2}:[0-5][0-9]:[0-5][0-9]")),
        ("TIME(6)", texts(TIME)),
        ("DATETIME", texts(MOMENT)),
        ("DATETIME(6)", texts(MOMENT)),
        (
            "TIMESTAMP(6) NULL",
            // At hours that each day has, whatever the server's time zone.
            texts("20[0-2][0-9]-0[1-9]-1[0-9] 1[0-9]:[0-5][0-9]:[0-5][0-9]\\.[0-9]{6}"),
        ),
        ("ENUM('sad', 'ok', 'happy')", texts("sad|ok|happy")),
        ("SET('a', 'b', 'c')", texts("a|a,b|b,c")),
        ("JSON", texts("\\{\"[a-c]\": ([1-9]|\"[ -!#-Z☃]{0,5}\")\\}")),
        (
            "UUID",
            texts("[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"),
        ),
        (
            "INET6",
            texts("::ffff:10\\.[0-9]\\.[0-9]\\.[0-9]|fe80::[1-9a-f]{1,4}"),
        ),
    ]
}

/// The value as one writes it for the database's own client.
fn literal(value: &Value, backend: Backend) -> String {
    match Datum::from(value) {
        Datum::Bytes(bytes) => {
            let mut digits = Vec::new();
            hex(bytes, &mut digits);
            let digits = String::from_utf8(digits).unwrap();
            match backend {
                Backend::Postgres => format!("'\\x{digits}'"),
                Backend::MySql | Backend::Sqlite => format!("X'{digits}'"),
            }
        }
        Datum::Text(text) if backend == Backend::MySql => {
            format!("'{}'", text.replace('\\', "\\\\").replace('\'', "''"))
        }
        Datum::Text(text) => format!("'{}'", text.replace('\'', "''")),
        Datum::Float(number) => format!("{number:e}"),
        other => other.plain().into_owned(),
    }
}

/// Expression of the bytes that the client shows for a value, in hexadecimal digits.
fn shown(backend: Backend, name: &str) -> &'static str {
    match (backend, name) {
        (Backend::Postgres, _) => "encode(convert_to(format('%s', x), 'UTF8'), 'hex')",
        // Alone it is shown as the bytes that it consists of.
        (Backend::MySql, "BIT(20)") => "hex(concat('', x + 0))",
        (Backend::MySql, "TIME(6)" | "DATETIME(6)" | "TIMESTAMP(6) NULL") => {
            "hex(trim(TRAILING '.' FROM trim(TRAILING '0' FROM concat('', x))))"
        }
        (Backend::MySql, _) => "hex(concat('', x))",
        (Backend::Sqlite, _) => {
            "CASE typeof(x) WHEN 'real' THEN hex(printf('%!.17g', x)) ELSE hex(x) END"
        }
    }
}

/// Panics unless the client shows what loadgen reads.
fn assert_shown(name: &str, read: &Value, shown: &str) {
    let shown = loadgen_data::unhex(shown).expect("hexadecimal digits");
    let text = String::from_utf8_lossy(&shown);
    let same = match (read, Datum::from(read)) {
        (Value::Bytes(bytes), datum) => **bytes == *shown || datum.plain() == text,
        (Value::Bool(value), _) => text == if *value { "t" } else { "f" },
        (Value::Float(number), _) => text.parse() == Ok(*number),
        (_, datum) => datum.plain() == text,
    };
    assert!(same, "{name}: loadgen reads {read:?}, the client {text:?}");
}

/// A table with values of one type.
struct Table<'a> {
    database: &'a Database,
    name: String,
    kind: &'static str,
    values: Vec<Value>,
}

impl Table<'_> {
    /// Has the client make it and write its values.
    fn make(&self) {
        let Self { name, kind, .. } = self;
        let mut script = format!("CREATE TABLE {name} (n INT, writer INT, x {kind});\n");
        for (n, value) in self.values.iter().enumerate() {
            let value = literal(value, self.database.backend);
            script += &format!("INSERT INTO {name} VALUES ({n}, 0, {value});\n");
        }
        clients::run(self.database, script);
    }

    /// A driver of prepared statements or of texts: the first inserts variable 2 with number 1, the
    /// second reads what the writer of variable 2 wrote.
    async fn rig(&self, prepared: bool, writer: usize) -> Rig {
        let database = Database {
            prepared,
            ..self.database.clone()
        };
        let name = &self.name;
        let insert = format!("INSERT INTO {name} VALUES ($1, {writer}, $2)");
        let select = format!("SELECT x FROM {name} WHERE n = $1 AND writer = $2");
        let params = [Param::Variable(1), Param::Variable(2)];
        let steps = vec![
            query(&database, &insert, &params),
            query(&database, &select, &params).takes("x"),
        ];
        Rig::new(&database, steps).await.unwrap()
    }

    /// Values as the client shows them, by number and writer.
    fn shown(&self) -> BTreeMap<(usize, usize), String> {
        let text = shown(self.database.backend, self.kind);
        let select = format!("SELECT n, writer, {text} FROM {};\n", self.name);
        let rows = clients::run(self.database, select);
        let number = |field: &String| field.parse::<usize>().unwrap();
        rows.iter()
            .map(|row| ((number(&row[0]), number(&row[1])), row[2].clone()))
            .collect()
    }

    /// Number of pairs of writers whose values the database finds equal.
    async fn equal(&self) -> Value {
        let name = &self.name;
        let pairs =
            format!("SELECT count(*) AS x FROM {name} a JOIN {name} b ON a.n = b.n AND a.x = b.x");
        ask(self.database, &pairs).await
    }

    async fn check(&self) {
        self.make();
        let mut rigs = [self.rig(true, 1).await, self.rig(false, 2).await];
        for rig in &mut rigs {
            for (n, value) in self.values.iter().enumerate() {
                rig.values[1] = Value::Int(n as i64);
                rig.values[2] = value.clone();
                rig.ok(0).await;
            }
        }
        let shown = self.shown();
        for (n, value) in self.values.iter().enumerate() {
            let mut reads = Vec::new();
            for (writer, by) in WRITERS.iter().enumerate() {
                for rig in &mut rigs {
                    rig.values[1] = Value::Int(n as i64);
                    rig.values[2] = Value::Int(writer as i64);
                    rig.ok(1).await;
                    reads.push((*by, rig.values[0].clone()));
                }
                let read = &reads[0].1;
                assert_shown(self.kind, read, &shown[&(n, writer)]);
            }
            let same = reads.iter().all(|(_, read)| *read == reads[0].1);
            assert!(same, "{} {value:?}: {reads:?}", self.kind);
        }
        let pairs = (WRITERS.len() * WRITERS.len() * self.values.len()) as i64;
        assert_eq!(
            self.equal().await,
            Value::Int(pairs),
            "{}: {:?}",
            self.kind,
            self.values
        );
    }
}

async fn a_value_is_the_same_whoever_writes_it_and_however(database: Database) {
    let mut runner = TestRunner::default();
    if database.backend == Backend::Postgres {
        script(&database, "CREATE TYPE mood AS ENUM ('sad', 'ok', 'happy')").await;
    }
    for (number, (kind, strategy)) in types(database.backend).into_iter().enumerate() {
        let mut value = || strategy.new_tree(&mut runner).unwrap().current();
        let table = Table {
            database: &database,
            name: format!("t{number}"),
            kind,
            values: (0..VALUES).map(|_| value()).collect(),
        };
        table.check().await;
    }
}
