//! `[[event]]`: what is done to the world during the run.

use super::{
    Step,
    expect::Expect,
    http::Pairs,
    step::{Action, Actions, Content, Method, Params},
};
use crate::{
    Text,
    form::{Definitions, Form, Here, List, Whole, table},
    reader::Reader,
    tree::{Node, NodeKind},
};
use serde_json::Value;
use std::time::Duration;

table! {
    /// A change to the world.
    pub struct Event as "[[event]]" {
        /// Span of the table.
        span: Here,
        /// Its name.
        name: Text,
        /// Time of the event.
        at: EventTime,
        /// The stage with whose begin it is.
        stage: Whole,
        /// Interval of repetitions.
        every: Duration,
        /// Number of repetitions in all.
        times: Whole,
        /// The request or the statement.
        request: Action<Change>,
        /// The command.
        exec: List<Text>,
        /// Query parameters of a request.
        query: Pairs,
        /// Its headers.
        headers: Pairs,
        /// Its content.
        body: Content,
        /// Conditions on the response.
        expect: Expect,
        /// The database that a statement is for.
        database: Text,
        /// Values of its parameters.
        params: Params,
        /// Bound on it.
        timeout: Duration,
        /// Name of the population whose target it is for, and whose stages count.
        population: Text,
    }
}

/// Actions of an event, besides running a command.
#[derive(Debug)]
pub enum Change {}

impl Actions for Change {
    const KEYS: &'static [Method] = &[
        "get", "post", "put", "patch", "delete", "head", "options", "sql",
    ];
    const RULE: &'static str = "an event does one thing";
}

impl Event {
    /// The request or the statement with all that belongs to it.
    pub fn step(&self) -> Step {
        Step {
            span: self.span,
            request: self.request.clone(),
            query: self.query.clone(),
            headers: self.headers.clone(),
            body: self.body.clone(),
            expect: self.expect.clone(),
            database: self.database.clone(),
            params: self.params.clone(),
            timeout: self.timeout.clone(),
            ..Step::default()
        }
    }
}

/// Time of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EventTime {
    /// Time since the load began.
    At(Duration),
    /// Start of the stage with this number, counted from 1.
    Stage(i64),
    /// End of the load.
    End,
}

/// `"2m"`, `"stage 2"` or `"end"`.
impl Form for EventTime {
    type Value = Self;

    fn read(reader: &Reader, node: &Node) -> Option<Self> {
        if let NodeKind::Text(_) = &node.kind {
            let text = reader.text(node)?.value();
            let text = text.trim();
            if text == "end" {
                return Some(EventTime::End);
            }
            if let Some(number) = text.strip_prefix("stage") {
                let help = r#"write "stage 2" for the begin of the second stage"#;
                return match number.trim().parse() {
                    Ok(number) => Some(EventTime::Stage(number)),
                    Err(_) => reader.wrong_value(node, "which stage?", Some(help)),
                };
            }
        }
        reader.duration(node).map(EventTime::At)
    }

    fn schema(to: &mut Definitions) -> Value {
        Text::schema(to)
    }
}
