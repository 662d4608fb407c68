//! `[[event]]`: what is done to the world during the run.

use super::{Field, Keys, Node, Place, Reader, Step, http, task};
use crate::scenario::{Text, tree::NodeKind};
use std::time::Duration;

/// A change to the world.
#[derive(Debug)]
pub struct Event {
    /// Its table's header.
    pub place: Place,
    /// Its name.
    pub name: Field<Text>,
    /// When it is.
    pub at: Field<When>,
    /// The stage with whose begin it is.
    pub stage: Field<i64>,
    /// How long after each time it is done again.
    pub every: Field<Duration>,
    /// How often it is done in all.
    pub times: Field<i64>,
    /// Whose target it is for, and whose stages count.
    pub population: Field<Text>,
    /// The request or the statement.
    pub step: Step,
    /// The command.
    pub exec: Field<Vec<Text>>,
}

/// When an event is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    /// So long after the load began.
    At(Duration),
    /// When the stage of this number begins, from 1.
    Stage(i64),
    /// When the load is over.
    End,
}

pub(super) const EVENT: Keys = Keys {
    table: "[[event]]",
    names: &[
        "name",
        "at",
        "stage",
        "every",
        "times",
        "get",
        "post",
        "put",
        "patch",
        "delete",
        "head",
        "options",
        "sql",
        "exec",
        "query",
        "headers",
        "json",
        "form",
        "body",
        "multipart",
        "expect",
        "database",
        "params",
        "timeout",
        "population",
    ],
};

const ACTIONS: [&str; 8] = [
    "get", "post", "put", "patch", "delete", "head", "options", "sql",
];

pub(super) fn read(reader: &Reader, node: &Node) -> Option<Event> {
    let fields = reader.table(node, &EVENT)?;
    Some(Event {
        place: node.place,
        name: fields.field("name", Reader::text),
        at: fields.field("at", when),
        stage: fields.field("stage", Reader::whole),
        every: fields.field("every", Reader::duration),
        times: fields.field("times", Reader::whole),
        population: fields.field("population", Reader::text),
        step: Step {
            place: node.place,
            request: task::what(&fields, &ACTIONS, "an event does one thing"),
            query: fields.field("query", http::pairs),
            headers: fields.field("headers", http::pairs),
            body: task::content(&fields),
            expect: fields.field("expect", task::expect),
            database: fields.field("database", Reader::text),
            params: fields.field("params", task::params),
            timeout: fields.field("timeout", Reader::duration),
            ..Step::default()
        },
        exec: fields.field("exec", |r, node| r.list(node, Reader::text)),
    })
}

/// `"2m"`, `"stage 2"` or `"end"`.
fn when(reader: &Reader, node: &Node) -> Option<When> {
    if let NodeKind::Text(_) = &node.kind {
        let text = reader.text(node)?.value();
        let text = text.trim();
        if text == "end" {
            return Some(When::End);
        }
        if let Some(number) = text.strip_prefix("stage") {
            let help = r#"write "stage 2" for the begin of the second stage"#;
            return match number.trim().parse() {
                Ok(number) => Some(When::Stage(number)),
                Err(_) => reader.wrong_value(node, "which stage?", Some(help)),
            };
        }
    }
    reader.duration(node).map(When::At)
}
