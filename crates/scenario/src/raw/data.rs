//! `[data]`: variables.

use super::{
    Field, Spanned, Step,
    drawn::{Letters, Normal, Sequence, Uniform, Uuid, Zipf},
    http::Pairs,
    rows::Order,
    step::Params,
};
use crate::{
    Text,
    diag::Problem,
    form::{
        Any, Chosen, Definitions, Form, Here, Key, List, Members, NameTable, Named, Scalar, Table,
        Words, any_of, choice, keys, table,
    },
    reader::{Fields, Reader},
    tree::{Node, NodeKind},
};
use loadgen_data::generator::{Clock, Fake};
use serde_json::Value;
use std::time::Duration;

table! {
    /// A variable as it is written.
    pub struct Declared as "a variable of [data]" {
        /// Span of the table.
        span: Here,
        /// The generator that draws its values.
        generator: Drawn,
        /// Order in which rows are taken.
        order: Order,
        /// Columns that are kept of loaded rows.
        columns: List<Text>,
        /// JSONPath of the values in a page.
        json: Text,
        /// Headers of the request for it.
        headers: Pairs,
        /// Values of the statement's parameters.
        params: Params,
        /// The database that it is for.
        database: Text,
        /// Bound on loading.
        timeout: Duration,
        /// Scope of a drawn value.
        scope: Scope,
    }
}

choice! {
    /// The generator of a variable, without what stands beside it.
    pub enum Drawn -> Generator;
    |chosen| {
        uniform: Uniform => Generator::Uniform(chosen.value),
        normal: Normal => Generator::Normal(chosen.value),
        zipf: Zipf => Generator::Zipf(chosen.value),
        weighted: NameTable<(Spanned<String>, Field<f64>)> => Generator::Weighted(chosen.value),
        sequence: Sequence => Generator::Sequence(chosen.value),
        csv: Text => Generator::Csv { file: chosen.value, order: Field::Absent },
        list: List<Any> => Generator::List { values: chosen.value, order: Field::Absent },
        get: Text => Generator::loaded(chosen),
        sql: Text => Generator::loaded(chosen),
        uuid: Uuid => Generator::Uuid(chosen.value),
        timestamp: Clock => Generator::Timestamp(chosen.value),
        fake: Fake => Generator::Fake(chosen.value),
        string: Letters => Generator::Text(chosen.value),
    }
}

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

/// A variable.
#[derive(Debug)]
pub struct Variable {
    /// Name as it is written in `{{name}}`.
    pub name: Spanned<String>,
    /// Scope of a drawn value.
    pub scope: Field<Scope>,
    /// Generator of the values.
    pub generator: Field<Generator>,
}

/// Scope of a drawn value: how long it stays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// Drawn anew before each step that uses it.
    Step,
    /// Drawn anew for each task run (the default).
    Task,
    /// Drawn once per user (closed model only).
    User,
    /// Drawn once for the whole run.
    Run,
}

impl Words for Scope {
    const WORDS: &'static [(&'static str, Self)] = &[
        ("step", Scope::Step),
        ("task", Scope::Task),
        ("user", Scope::User),
        ("run", Scope::Run),
    ];
    const UNKNOWN: &'static str = "no known scope";
}

/// Generator of a variable's values.
#[derive(Debug)]
pub enum Generator {
    /// Anything between two ends.
    Uniform(Uniform),
    /// A bell curve.
    Normal(Normal),
    /// Few that are hot, many that are cold.
    Zipf(Zipf),
    /// Texts with their weights.
    Weighted(Vec<(Spanned<String>, Field<f64>)>),
    /// One after the other.
    Sequence(Sequence),
    /// Always the same: a text, a number or a boolean.
    Constant(Node),
    /// The rows of a file.
    Csv {
        /// Path of the file.
        file: Text,
        /// Order in which rows are taken.
        order: Field<Order>,
    },
    /// Values loaded from the target or a database before the load.
    Loaded(Box<Loaded>),
    /// Texts, numbers and booleans.
    List {
        /// The values.
        values: Vec<Node>,
        /// Order in which rows are taken.
        order: Field<Order>,
    },
    /// Random UUIDs.
    Uuid(Uuid),
    /// The time of day.
    Timestamp(Clock),
    /// Made-up names.
    Fake(Fake),
    /// Random texts.
    Text(Letters),
}

/// Source of loaded values, and the ones to keep.
#[derive(Debug)]
pub struct Loaded {
    /// The request or the statement.
    pub request: Step,
    /// JSONPath of the values in a page.
    pub json: Field<Text>,
    /// The columns that are kept.
    pub columns: Field<Vec<Text>>,
    /// Order in which rows are taken.
    pub order: Field<Order>,
}

impl Named for Variable {
    const HELP: &'static str = "write name = { uniform = { from = 1, to = 10 } }";

    fn read(reader: &Reader, name: Spanned<String>, node: &Node) -> Option<Self> {
        let (scope, generator) = match &node.kind {
            NodeKind::Text(_) | NodeKind::Int(_) | NodeKind::Float(_) | NodeKind::Bool(_) => {
                let constant = reader.field::<Any>(node).map(Generator::Constant);
                (Field::Absent, constant)
            }
            _ => {
                let keys = keys::<Declared>();
                match reader.fields(node, Declared::TITLE, &keys) {
                    Some(fields) => {
                        tell_misplaced(&fields, &keys, &name);
                        let declared = Declared::of(&fields);
                        (declared.scope.clone(), declared.generator())
                    }
                    None => (Field::Absent, Field::Bad(node.span)),
                }
            }
        };
        Some(Self {
            name,
            scope,
            generator,
        })
    }

    fn schema(to: &mut Definitions) -> Value {
        any_of([Scalar::schema(to), Declared::schema(to)])
    }
}

/// Tells of no generator, of two, and of keys that belong to another one.
fn tell_misplaced(fields: &Fields<'_, '_>, keys: &[Key], name: &Spanned<String>) {
    let entries = fields.table.entries.iter();
    let mut given = entries.filter(|entry| Drawn::KEYS.contains(&entry.key.as_str()));
    match (given.next(), given.next()) {
        (Some(_), None) => {}
        (Some(first), Some(second)) => {
            let message = format!("`{}` has two generators", name.value);
            let problem = Problem::new(second.span, message).label("the second");
            let problem = problem.other(first.span, "the first");
            fields.reader.problem(problem);
        }
        (None, _) => {
            // An unknown key was told already: it may be the generator, misspelt.
            let told = fields.table.entries.iter().any(|entry| {
                let known = keys.iter().any(|key| key.name == entry.key);
                !known || entry.key != "order" && owners(&entry.key).is_some()
            });
            if !told {
                let message = format!("`{}` has no generator", name.value);
                let help = format!("write one of {}", Drawn::KEYS.join(", "));
                let problem = Problem::new(name.span, message).help(help);
                fields.reader.problem(problem);
            }
        }
    }
    for entry in &fields.table.entries {
        let Some(owners) = owners(&entry.key) else {
            continue;
        };
        if !owners.iter().any(|owner| fields.table.get(owner).is_some()) {
            let owners: Vec<String> = owners.iter().map(|key| format!("`{key}`")).collect();
            let message = match entry.key.as_str() {
                "order" => "an order of nothing".to_owned(),
                key => format!("`{key}` of nothing"),
            };
            let help = format!("`{}` belongs to {}", entry.key, owners.join(", "));
            let problem = Problem::new(entry.value.span, message).help(help);
            fields.reader.problem(problem);
        }
    }
}

/// The generators that a key belongs to; None: to all of them.
fn owners(key: &str) -> Option<&'static [&'static str]> {
    let known = OF_GENERATORS.iter().find(|(own, _)| *own == key);
    known.map(|(_, owners)| *owners)
}

impl Generator {
    /// Values that are loaded by the request or the statement at the key.
    fn loaded(chosen: Chosen<Text>) -> Self {
        let (method, span) = (chosen.key.value, chosen.key.span);
        let value = (method, chosen.value);
        Generator::Loaded(Box::new(Loaded {
            request: Step {
                request: Field::Given(Spanned { value, span }),
                ..Step::default()
            },
            json: Field::Absent,
            columns: Field::Absent,
            order: Field::Absent,
        }))
    }
}

impl Declared {
    /// The generator with what the keys beside it say.
    fn generator(self) -> Field<Generator> {
        let span = self.generator.span().unwrap_or(self.span);
        match self.generator {
            Field::Absent => Field::Bad(span),
            generator => generator.map(|generator| match generator {
                Generator::Csv { file, .. } => Generator::Csv {
                    file,
                    order: self.order,
                },
                Generator::List { values, .. } => Generator::List {
                    values,
                    order: self.order,
                },
                Generator::Loaded(loaded) => Generator::Loaded(Box::new(Loaded {
                    request: Step {
                        span,
                        database: self.database,
                        params: self.params,
                        headers: self.headers,
                        timeout: self.timeout,
                        ..loaded.request
                    },
                    json: self.json,
                    columns: self.columns,
                    order: self.order,
                })),
                other => other,
            }),
        }
    }
}
