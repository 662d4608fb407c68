//! `[[task]]` and `[[task.step]]`: what is done.

use super::{
    Field, Keys, Node, Place, Reader, Spanned,
    http::{Pair, pairs},
    item::{Item, items, named_groups_of, repeat, steps_of},
    load::{self, Think},
    multipart::{self, FormPart},
};
use crate::scenario::{
    Text,
    diag::Problem,
    reader::Fields,
    tree::{Entry, NodeKind},
    units,
};
use std::time::Duration;

/// Steps that are done one after the other.
#[derive(Debug)]
pub struct Task {
    /// Its table's header.
    pub place: Place,
    /// Its name.
    pub name: Field<Text>,
    /// Its share among the tasks.
    pub weight: Field<f64>,
    /// What it does.
    pub steps: Field<Vec<Item>>,
}

impl Task {
    /// The names of its groups, in the order in which they begin.
    pub fn named_groups(&self) -> Vec<&str> {
        named_groups_of(&self.steps)
    }

    /// All its steps, in order.
    pub fn all_steps(&self) -> Vec<&Step> {
        steps_of(&self.steps)
    }
}

/// One request or statement.
#[derive(Debug, Clone, Default)]
pub struct Step {
    /// Its table's header.
    pub place: Place,
    /// Its name.
    pub name: Field<Text>,
    /// The method with its path, or `sql` with a statement, or `sql_file` with the name of its
    /// file, or `custom` with its text; Absent when there is none, Bad when there are several.
    pub request: Field<(Method, Text)>,
    /// The database that a statement is for.
    pub database: Field<Text>,
    /// Values of a statement's parameters.
    pub params: Field<Vec<Node>>,
    /// How often a statement is tried in all.
    pub max_tries: Field<i64>,
    /// What follows the `?`.
    pub query: Field<Vec<Pair>>,
    /// Headers.
    pub headers: Field<Vec<Pair>>,
    /// Content.
    pub body: Field<Body>,
    /// What the answer must be.
    pub expect: Field<Expect>,
    /// What is taken from it.
    pub extract: Field<Vec<Extract>>,
    /// Bound on the step.
    pub timeout: Field<Duration>,
    /// Pause before it.
    pub think: Field<Think>,
    /// Fewest and most times that it is done.
    pub repeat: Field<(u64, u64)>,
}

impl Step {
    /// Whether it is done against a database.
    pub fn is_sql(&self) -> bool {
        let kind = self.request.value().map(|(kind, _)| *kind);
        matches!(kind, Some("sql" | "sql_file"))
    }

    /// Whether a program of its own does it.
    pub fn is_custom(&self) -> bool {
        let kind = self.request.value().map(|(kind, _)| *kind);
        kind == Some("custom")
    }
}

/// What a step does, spelt as a key: a request method, `sql`, `sql_file` or `custom`.
pub type Method = &'static str;

/// Content of a request.
#[derive(Debug, Clone)]
pub enum Body {
    /// Any value.
    Json(Node),
    /// Names and values.
    Form(Vec<Pair>),
    /// Text as it is.
    Raw(Text),
    /// Parts, as a form with files sends them.
    Multipart(Vec<FormPart>),
}

/// What an answer must be.
#[derive(Debug, Clone)]
pub struct Expect {
    /// Its status.
    pub status: Field<Vec<StatusRange>>,
    /// Texts in its body.
    pub body: Field<Vec<Text>>,
    /// Texts in its headers.
    pub header: Field<Vec<Pair>>,
    /// Paths in its JSON, with the value that is there.
    pub json: Field<Vec<(Spanned<String>, Node)>>,
    /// Least and most bytes of its body.
    pub size: Field<(u64, u64)>,
    /// Longest time that it may take.
    pub duration: Field<Duration>,
    /// Rows that a statement returns or changes.
    pub rows: Field<Rows>,
    /// Columns of the first row, with the value that is there.
    pub values: Field<Vec<(Spanned<String>, Node)>>,
}

/// A condition on a number of rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rows {
    /// So many.
    Exactly(u64),
    /// So many or more.
    AtLeast(u64),
    /// So many or fewer.
    AtMost(u64),
}

/// A variable that a step fills.
#[derive(Debug, Clone)]
pub struct Extract {
    /// As it stands in `{{name}}`.
    pub name: Spanned<String>,
    /// Where in the answer its value is: the kind of place, and which.
    pub source: Field<(Source, Text)>,
}

/// A kind of place in an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// Not said: a JSONPath, or the name of a column.
    Plain,
    /// A JSONPath.
    Json,
    /// A header's name.
    Header,
    /// A regular expression.
    Regex,
    /// A cookie's name.
    Cookie,
    /// The name of a form's field.
    Form,
}

/// Statuses from the first to the last, both from 200 to 599.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StatusRange {
    /// The lowest.
    pub first: u16,
    /// The highest.
    pub last: u16,
}

const METHODS: [Method; 10] = [
    "get", "post", "put", "patch", "delete", "head", "options", "sql", "sql_file", "custom",
];

const BODIES: [&str; 4] = ["json", "form", "body", "multipart"];

pub(super) const TASK: Keys = Keys {
    table: "[[task]]",
    names: &["name", "weight", "step"],
};

pub(super) const STEP: Keys = Keys {
    table: "[[task.step]]",
    names: &[
        "get",
        "post",
        "put",
        "patch",
        "delete",
        "head",
        "options",
        "sql",
        "sql_file",
        "custom",
        "name",
        "query",
        "headers",
        "json",
        "form",
        "body",
        "multipart",
        "database",
        "params",
        "max_tries",
        "expect",
        "extract",
        "timeout",
        "think",
        "repeat",
    ],
};

pub(super) const EXPECT: Keys = Keys {
    table: "`expect`",
    names: &[
        "status", "body", "header", "json", "size", "duration", "rows", "values",
    ],
};

pub(super) const EXTRACT: Keys = Keys {
    table: "an extraction",
    names: &["json", "header", "regex", "cookie", "form"],
};

const SOURCES: [&str; 5] = ["json", "header", "regex", "cookie", "form"];

pub(super) fn read(reader: &Reader, node: &Node) -> Option<Task> {
    let fields = reader.table(node, &TASK)?;
    Some(Task {
        place: node.place,
        name: fields.field("name", Reader::text),
        weight: fields.field("weight", Reader::number),
        steps: fields.field("step", items),
    })
}

pub(super) fn step(reader: &Reader, node: &Node) -> Option<Step> {
    let fields = reader.table(node, &STEP)?;
    let request = what(&fields, &METHODS, "a step does one thing");
    Some(Step {
        place: node.place,
        name: fields.field("name", Reader::text),
        request,
        query: fields.field("query", pairs),
        headers: fields.field("headers", pairs),
        body: content(&fields),
        database: fields.field("database", Reader::text),
        params: fields.field("params", params),
        max_tries: fields.field("max_tries", Reader::whole),
        expect: fields.field("expect", expect),
        extract: fields.field("extract", extract),
        timeout: fields.field("timeout", Reader::duration),
        think: fields.field("think", load::think),
        repeat: fields.field("repeat", repeat),
    })
}

/// What is done: the one of `keys` that is there, with its text.
pub(super) fn what(fields: &Fields<'_, '_>, keys: &[Method], rule: &str) -> Field<(Method, Text)> {
    let Spanned { value: key, place } = match the_only(fields, keys, rule) {
        Field::Absent => return Field::Absent,
        Field::Bad(place) => return Field::Bad(place),
        Field::Given(key) => key,
    };
    match fields.field(key, Reader::text) {
        Field::Given(text) => Field::Given(Spanned {
            value: (key, text.value),
            place,
        }),
        _ => Field::Bad(place),
    }
}

/// What is asked beside the load, by a request or a statement whose answer is one of values.
pub(super) fn question(fields: &Fields<'_, '_>, place: Place, rule: &str) -> Step {
    Step {
        place,
        request: what(fields, &["get", "sql"], rule),
        database: fields.field("database", Reader::text),
        params: fields.field("params", params),
        headers: fields.field("headers", pairs),
        timeout: fields.field("timeout", Reader::duration),
        ..Step::default()
    }
}

/// The content of a request.
pub(super) fn content(fields: &Fields<'_, '_>) -> Field<Body> {
    match the_only(fields, &BODIES, "a request has one content") {
        Field::Absent => Field::Absent,
        Field::Bad(place) => Field::Bad(place),
        Field::Given(key) => match key.value {
            "json" => fields.field("json", |_, node| Some(Body::Json(node.clone()))),
            "form" => fields.field("form", |r, node| pairs(r, node).map(Body::Form)),
            "multipart" => fields.field("multipart", multipart::read),
            _ => fields.field("body", |r, node| r.text(node).map(Body::Raw)),
        },
    }
}

/// The values of a statement.
pub(super) fn params(reader: &Reader, node: &Node) -> Option<Vec<Node>> {
    reader.list(node, |_, node| Some(node.clone()))
}

/// The one of `keys` that is there, at the key's place; more than one is a mistake.
pub(super) fn the_only(
    fields: &Fields<'_, '_>,
    keys: &[&'static str],
    rule: &str,
) -> Field<&'static str> {
    let mut given = fields.table.entries.iter().filter_map(|entry| {
        let key = keys.iter().find(|key| **key == entry.key)?;
        Some((*key, entry.place))
    });
    match (given.next(), given.next()) {
        (None, _) => Field::Absent,
        (Some((value, place)), None) => Field::Given(Spanned { value, place }),
        (Some((first, first_place)), Some((second, place))) => {
            let message = format!("both `{first}` and `{second}`: {rule}");
            let problem = Problem::new(place, message).label("the second");
            fields
                .reader
                .problem(problem.other(first_place, "the first"));
            Field::Bad(place)
        }
    }
}

pub(super) fn expect(reader: &Reader, node: &Node) -> Option<Expect> {
    let fields = reader.table(node, &EXPECT)?;
    Some(Expect {
        status: fields.field("status", |r, node| r.one_or_more(node, status)),
        body: fields.field("body", |r, node| r.one_or_more(node, Reader::text)),
        header: fields.field("header", pairs),
        json: fields.field("json", |r, node| {
            named(r, node, r#"write { "$.path" = value }"#)
        }),
        size: fields.field("size", sizes),
        duration: fields.field("duration", Reader::duration),
        rows: fields.field("rows", rows),
        values: fields.field("values", |r, node| {
            named(r, node, "write { column = value }")
        }),
    })
}

/// Any values by names of the scenario's own.
fn named(reader: &Reader, node: &Node, help: &str) -> Option<Vec<(Spanned<String>, Node)>> {
    let table = reader.any_table(node, help)?;
    let entry = |entry: &Entry| (spanned_key(entry), entry.value.clone());
    Some(table.entries.iter().map(entry).collect())
}

/// A number of rows, or a bound on it.
fn rows(reader: &Reader, node: &Node) -> Option<Rows> {
    const HELP: &str = r#"write 1, ">= 1" or "<= 10""#;
    let (bound, number): (fn(u64) -> Rows, _) = match &node.kind {
        NodeKind::Int(number) => (Rows::Exactly, u64::try_from(*number).ok()),
        NodeKind::Text(text) => {
            let text = text.value();
            let text = text.trim();
            let (bound, digits): (fn(u64) -> Rows, _) =
                match (text.strip_prefix(">="), text.strip_prefix("<=")) {
                    (Some(digits), _) => (Rows::AtLeast, digits),
                    (None, Some(digits)) => (Rows::AtMost, digits),
                    (None, None) => (Rows::Exactly, text),
                };
            (bound, digits.trim().parse().ok())
        }
        _ => return reader.wrong_type(node, "a number of rows", Some(HELP)),
    };
    match number {
        Some(number) => Some(bound(number)),
        None => reader.wrong_value(node, "not a number of rows", Some(HELP)),
    }
}

pub(super) fn spanned_key(entry: &Entry) -> Spanned<String> {
    Spanned {
        value: entry.key.clone(),
        place: entry.place,
    }
}

/// At most so many bytes, or from the least to the most.
fn sizes(reader: &Reader, node: &Node) -> Option<(u64, u64)> {
    let NodeKind::Text(_) = &node.kind else {
        return reader.size(node).map(|most| (0, most));
    };
    let text = reader.text(node)?.value();
    let Some((least, most)) = text.split_once("..") else {
        return reader.size(node).map(|most| (0, most));
    };
    match (units::size(least.trim()), units::size(most.trim())) {
        (Ok(least), Ok(most)) if least <= most => Some((least, most)),
        (Ok(_), Ok(_)) => {
            let help = "write the smaller size first";
            reader.wrong_value(node, "the range ends before it begins", Some(help))
        }
        (Err(error), _) | (_, Err(error)) => {
            reader.wrong_value(node, &error.message, Some(&error.help))
        }
    }
}

fn extract(reader: &Reader, node: &Node) -> Option<Vec<Extract>> {
    let table = reader.any_table(node, r#"write { name = "$.path" }"#)?;
    let extract = |entry: &Entry| Extract {
        name: spanned_key(entry),
        source: reader.field(&entry.value, source),
    };
    Some(table.entries.iter().map(extract).collect())
}

/// A text is a JSONPath, or a statement's column.
fn source(reader: &Reader, node: &Node) -> Option<(Source, Text)> {
    if !node.is_table() {
        return Some((Source::Plain, reader.text(node)?));
    }
    let fields = reader.table(node, &EXTRACT)?;
    let key = match the_only(&fields, &SOURCES, "a value comes from one place") {
        Field::Given(key) => key.value,
        Field::Bad(_) => return None,
        Field::Absent => {
            // An unknown key was told already.
            if fields.table.entries.is_empty() {
                let help = format!("write one of {}", SOURCES.join(", "));
                let problem = Problem::new(node.place, "a value from nowhere");
                reader.problem(problem.help(help));
            }
            return None;
        }
    };
    let source = match key {
        "header" => Source::Header,
        "regex" => Source::Regex,
        "cookie" => Source::Cookie,
        "form" => Source::Form,
        _ => Source::Json,
    };
    match fields.field(key, Reader::text) {
        Field::Given(text) => Some((source, text.value)),
        _ => None,
    }
}

fn status(reader: &Reader, node: &Node) -> Option<StatusRange> {
    const HELP: &str = r#"write 200, "2xx", "200-204" or a list of them"#;
    let range = match &node.kind {
        NodeKind::Int(status) => Some((*status, *status)),
        NodeKind::Text(text) => range(text.value().trim()),
        _ => return reader.wrong_type(node, "a status", Some(HELP)),
    };
    let Some((first, last)) = range else {
        return reader.wrong_value(node, "not a status", Some(HELP));
    };
    if first > last {
        let help = "write the lower status first";
        return reader.wrong_value(node, "the range ends before it begins", Some(help));
    }
    if (100..200).contains(&first) {
        let help = "statuses below 200 announce the answer, they are not it";
        return reader.wrong_value(node, "not a final status", Some(help));
    }
    match (u16::try_from(first), u16::try_from(last)) {
        (Ok(first @ 200..), Ok(last @ ..=599)) => Some(StatusRange { first, last }),
        _ => reader.wrong_value(node, "no such status", Some("statuses are from 200 to 599")),
    }
}

fn range(text: &str) -> Option<(i64, i64)> {
    if let Some(class) = text.strip_suffix("xx") {
        let first = class.parse::<i64>().ok()?.checked_mul(100)?;
        return Some((first, first.checked_add(99)?));
    }
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    Some((first.trim().parse().ok()?, last.trim().parse().ok()?))
}
