//! `[data]`: variables and what draws them.

use super::{Field, Keys, Node, Place, Reader, Spanned, Step, drawn, task};
use crate::{
    data::generator::{Clock, Fake},
    scenario::{
        Text,
        diag::Problem,
        reader::Fields,
        tree::{Entry, NodeKind},
    },
};

/// A variable.
#[derive(Debug)]
pub struct Variable {
    /// As it stands in `{{name}}`.
    pub name: Spanned<String>,
    /// How long a value stays.
    pub scope: Field<Scope>,
    /// What draws it.
    pub generator: Field<Generator>,
}

/// How long a value stays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// One step.
    Step,
    /// One run of a task.
    Task,
    /// One user.
    User,
    /// The run.
    Run,
}

/// A number that remembers whether it is whole.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Number {
    /// Whole.
    Int(i64),
    /// With a point.
    Float(f64),
}

impl Number {
    /// As a float.
    pub fn as_f64(self) -> f64 {
        match self {
            Number::Int(n) => n as f64,
            Number::Float(x) => x,
        }
    }
}

/// What draws values.
#[derive(Debug)]
pub enum Generator {
    /// Anything between two ends.
    Uniform {
        /// Lower end.
        from: Field<Number>,
        /// Upper end.
        to: Field<Number>,
    },
    /// A bell curve.
    Normal {
        /// Its middle.
        mean: Field<f64>,
        /// Its width.
        stddev: Field<f64>,
        /// Least value.
        min: Field<f64>,
        /// Greatest value.
        max: Field<f64>,
    },
    /// Few that are hot, many that are cold.
    Zipf {
        /// The hottest.
        from: Field<i64>,
        /// The coldest.
        to: Field<i64>,
        /// How steep.
        exponent: Field<f64>,
    },
    /// Texts with their weights.
    Weighted(Vec<(Spanned<String>, Field<f64>)>),
    /// One after the other.
    Sequence {
        /// The first.
        from: Field<i64>,
        /// The distance.
        step: Field<i64>,
        /// The last.
        to: Field<i64>,
    },
    /// Always the same: a text, a number or a boolean.
    Constant(Node),
    /// The rows of a file.
    Csv {
        /// Where it is.
        file: Text,
        /// How they are taken.
        order: Field<Order>,
    },
    /// What the target or a database answers before the load.
    Loaded(Box<Loaded>),
    /// Texts, numbers and booleans.
    List {
        /// The values.
        values: Vec<Node>,
        /// How they are taken.
        order: Field<Order>,
    },
    /// Random UUIDs.
    Uuid,
    /// The time of day.
    Timestamp(Clock),
    /// Made-up names.
    Fake(Fake),
    /// Random texts.
    Text {
        /// The shortest and the longest.
        length: Field<(u64, u64)>,
        /// Their characters.
        alphabet: Field<Text>,
    },
}

/// Where values are loaded from, and which of them.
#[derive(Debug)]
pub struct Loaded {
    /// The request or the statement.
    pub request: Step,
    /// Where in the page's JSON the values are.
    pub json: Field<Text>,
    /// The columns that are kept.
    pub columns: Field<Vec<Text>>,
    /// How they are taken.
    pub order: Field<Order>,
}

/// How rows are taken.
#[derive(Debug, Clone)]
pub enum Order {
    /// One after the other, again and again.
    Sequential,
    /// The same in another order.
    Shuffled,
    /// Any.
    Random,
    /// One after the other, none twice.
    Unique,
    /// The first ones often, the last ones seldom.
    Zipf(f64),
    /// As often as this column says.
    Weighted(Text),
}

const GENERATORS: [&str; 13] = [
    "uniform",
    "normal",
    "zipf",
    "weighted",
    "sequence",
    "csv",
    "list",
    "get",
    "sql",
    "uuid",
    "timestamp",
    "fake",
    "string",
];

/// Keys that belong to some generators only.
const OF_GENERATORS: [(&str, &[&str]); 7] = [
    ("order", &["csv", "list", "get", "sql"]),
    ("columns", &["get", "sql"]),
    ("timeout", &["get", "sql"]),
    ("json", &["get"]),
    ("headers", &["get"]),
    ("params", &["sql"]),
    ("database", &["sql"]),
];

pub(super) const VARIABLE: Keys = Keys {
    table: "a variable of [data]",
    names: &[
        "uniform",
        "normal",
        "zipf",
        "weighted",
        "sequence",
        "csv",
        "list",
        "get",
        "sql",
        "uuid",
        "timestamp",
        "fake",
        "string",
        "order",
        "columns",
        "json",
        "headers",
        "params",
        "database",
        "timeout",
        "scope",
    ],
};

pub(super) const ORDER: Keys = Keys {
    table: "an order of rows",
    names: &["zipf", "weighted"],
};

pub(super) const UUID: Keys = Keys {
    table: "uuid",
    names: &[],
};

pub(super) const STRING: Keys = Keys {
    table: "string",
    names: &["length", "alphabet"],
};

pub(super) const UNIFORM: Keys = Keys {
    table: "uniform",
    names: &["from", "to"],
};

pub(super) const NORMAL: Keys = Keys {
    table: "normal",
    names: &["mean", "stddev", "min", "max"],
};

pub(super) const ZIPF: Keys = Keys {
    table: "zipf",
    names: &["from", "to", "exponent"],
};

pub(super) const SEQUENCE: Keys = Keys {
    table: "sequence",
    names: &["from", "step", "to"],
};

pub(super) fn read(reader: &Reader, node: &Node) -> Option<Vec<Variable>> {
    let table = reader.any_table(node, "write name = { uniform = { from = 1, to = 10 } }")?;
    Some(table.entries.iter().map(|e| variable(reader, e)).collect())
}

fn variable(reader: &Reader, entry: &Entry) -> Variable {
    let name = Spanned {
        value: entry.key.clone(),
        place: entry.place,
    };
    if matches!(
        entry.value.kind,
        NodeKind::Text(_) | NodeKind::Int(_) | NodeKind::Float(_) | NodeKind::Bool(_)
    ) {
        return Variable {
            name,
            scope: Field::Absent,
            generator: reader.field(&entry.value, |_, node| {
                Some(Generator::Constant(node.clone()))
            }),
        };
    }
    let Some(fields) = reader.table(&entry.value, &VARIABLE) else {
        return Variable {
            name,
            scope: Field::Absent,
            generator: Field::Bad(entry.value.place),
        };
    };
    let mut given = fields
        .table
        .entries
        .iter()
        .filter(|entry| GENERATORS.contains(&entry.key.as_str()));
    let generator = match (given.next(), given.next()) {
        (Some(only), None) => generator(&fields, only),
        (Some(first), Some(second)) => {
            let message = format!("`{}` has two generators", entry.key);
            let problem = Problem::new(second.place, message).label("the second");
            reader.problem(problem.other(first.place, "the first"));
            Field::Bad(second.place)
        }
        (None, _) => {
            // An unknown key was told already: it may be the generator, misspelt.
            let told = fields.table.entries.iter().any(|entry| {
                let known = VARIABLE.names.contains(&entry.key.as_str());
                !known || entry.key != "order" && is_of(&entry.key).is_some()
            });
            if !told {
                let message = format!("`{}` has no generator", entry.key);
                let help = format!("write one of {}", GENERATORS.join(", "));
                reader.problem(Problem::new(entry.place, message).help(help));
            }
            Field::Bad(entry.value.place)
        }
    };
    for entry in &fields.table.entries {
        let Some(owners) = is_of(&entry.key) else {
            continue;
        };
        if !owners.iter().any(|key| fields.node(key).is_some()) {
            let owners: Vec<String> = owners.iter().map(|key| format!("`{key}`")).collect();
            let message = match entry.key.as_str() {
                "order" => "an order of nothing".to_owned(),
                key => format!("`{key}` of nothing"),
            };
            let help = format!("`{}` belongs to {}", entry.key, owners.join(", "));
            reader.problem(Problem::new(entry.value.place, message).help(help));
        }
    }
    Variable {
        name,
        scope: fields.field("scope", scope),
        generator,
    }
}

/// The generators that a key belongs to; None: to all of them.
fn is_of(key: &str) -> Option<&'static [&'static str]> {
    let known = OF_GENERATORS.iter().find(|(own, _)| *own == key);
    known.map(|(_, owners)| *owners)
}

fn generator(fields: &Fields<'_, '_>, entry: &Entry) -> Field<Generator> {
    let reader = fields.reader;
    let given = |value| {
        Field::Given(Spanned {
            value,
            place: entry.value.place,
        })
    };
    let order = || fields.field("order", drawn::order);
    match entry.key.as_str() {
        "csv" => match reader.text(&entry.value) {
            Some(file) => given(Generator::Csv {
                file,
                order: order(),
            }),
            None => Field::Bad(entry.value.place),
        },
        "list" => match reader.list(&entry.value, |_, node| Some(node.clone())) {
            Some(values) => given(Generator::List {
                values,
                order: order(),
            }),
            None => Field::Bad(entry.value.place),
        },
        "get" | "sql" => given(Generator::Loaded(Box::new(Loaded {
            request: task::question(fields, entry.value.place, "a variable has one source"),
            json: fields.field("json", Reader::text),
            columns: fields.field("columns", |r, node| r.list(node, Reader::text)),
            order: order(),
        }))),
        "uuid" | "timestamp" | "fake" | "string" => drawn::read(reader, entry),
        _ => numbers(reader, entry),
    }
}

fn numbers(reader: &Reader, entry: &Entry) -> Field<Generator> {
    reader.field(
        &entry.value,
        match entry.key.as_str() {
            "uniform" => |r, node| {
                let fields = r.table(node, &UNIFORM)?;
                Some(Generator::Uniform {
                    from: required(&fields, node.place, "from", number),
                    to: required(&fields, node.place, "to", number),
                })
            },
            "normal" => |r, node| {
                let fields = r.table(node, &NORMAL)?;
                Some(Generator::Normal {
                    mean: required(&fields, node.place, "mean", Reader::number),
                    stddev: required(&fields, node.place, "stddev", Reader::number),
                    min: fields.field("min", Reader::number),
                    max: fields.field("max", Reader::number),
                })
            },
            "zipf" => |r, node| {
                let fields = r.table(node, &ZIPF)?;
                Some(Generator::Zipf {
                    from: required(&fields, node.place, "from", Reader::whole),
                    to: required(&fields, node.place, "to", Reader::whole),
                    exponent: required(&fields, node.place, "exponent", Reader::number),
                })
            },
            "weighted" => weighted,
            _ => |r, node| {
                let fields = r.table(node, &SEQUENCE)?;
                Some(Generator::Sequence {
                    from: fields.field("from", Reader::whole),
                    step: fields.field("step", Reader::whole),
                    to: fields.field("to", Reader::whole),
                })
            },
        },
    )
}

/// A key that must be there.
fn required<T>(
    fields: &Fields<'_, '_>,
    place: Place,
    key: &str,
    read: fn(&Reader, &Node) -> Option<T>,
) -> Field<T> {
    let field = fields.field(key, read);
    if field.is_absent() {
        let problem = Problem::new(place, format!("`{key}` is missing"));
        fields.reader.problem(problem);
        return Field::Bad(place);
    }
    field
}

fn weighted(reader: &Reader, node: &Node) -> Option<Generator> {
    let table = reader.any_table(node, r#"write { "text" = weight }"#)?;
    let choice = |entry: &Entry| {
        let text = Spanned {
            value: entry.key.clone(),
            place: entry.place,
        };
        (text, reader.field(&entry.value, Reader::number))
    };
    Some(Generator::Weighted(
        table.entries.iter().map(choice).collect(),
    ))
}

fn number(reader: &Reader, node: &Node) -> Option<Number> {
    match &node.kind {
        NodeKind::Int(n) => Some(Number::Int(*n)),
        NodeKind::Text(text) if text.is_from_environment() => match text.value().trim().parse() {
            Ok(n) => Some(Number::Int(n)),
            Err(_) => reader.number(node).map(Number::Float),
        },
        _ => reader.number(node).map(Number::Float),
    }
}

const SCOPES: [(&str, Scope); 4] = [
    ("step", Scope::Step),
    ("task", Scope::Task),
    ("user", Scope::User),
    ("run", Scope::Run),
];

fn scope(reader: &Reader, node: &Node) -> Option<Scope> {
    reader.one_of(node, &SCOPES, "no known scope")
}
