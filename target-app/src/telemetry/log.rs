//! Log lines: one JSON object each, with the ids of the trace that they belong to.

use opentelemetry::Context;
use opentelemetry::trace::TraceContextExt;
use serde_json::{Map, Value, json};
use std::io::{self, Write};
use std::time::SystemTime;

use crate::clock::timestamp;

/// Levels of a log line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Level {
    /// Things as they should be.
    Info,
    /// Something that the service lives with.
    Warn,
    /// Something that failed.
    Error,
}

impl Level {
    fn name(self) -> &'static str {
        match self {
            Level::Info => "info",
            Level::Warn => "warn",
            Level::Error => "error",
        }
    }
}

/// A log of one service.
#[derive(Debug)]
pub(super) struct Log {
    service: &'static str,
}

impl Log {
    /// Lines go to stderr: stdout belongs to what a parent process reads.
    pub(super) fn to_stderr(service: &'static str) -> Self {
        Self { service }
    }

    /// Writes a line; `fields` is an object whose members are added.
    pub(super) fn write(&self, level: Level, message: &str, fields: Value) {
        let line = self.line(SystemTime::now(), level, message, fields);
        // Nobody is left to be told when stderr is closed.
        let _ = io::stderr().lock().write_all(line.as_bytes());
    }

    fn line(&self, now: SystemTime, level: Level, message: &str, fields: Value) -> String {
        let mut line = Map::new();
        line.insert("timestamp".to_owned(), json!(timestamp(now)));
        line.insert("level".to_owned(), json!(level.name()));
        line.insert("service".to_owned(), json!(self.service));
        line.insert("message".to_owned(), json!(message));
        Context::map_current(|context| {
            let span = context.span();
            let ids = span.span_context();
            if ids.is_valid() {
                line.insert("trace_id".to_owned(), json!(ids.trace_id().to_string()));
                line.insert("span_id".to_owned(), json!(ids.span_id().to_string()));
            }
        });
        if let Value::Object(fields) = fields {
            line.extend(fields);
        }
        let mut text = Value::Object(line).to_string();
        text.push('\n');
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_one_object_whatever_is_in_it() {
        let log = Log::to_stderr("orders");
        let fields = json!({ "path": "/a\n\"b\"", "status": 503 });
        let line = log.line(SystemTime::UNIX_EPOCH, Level::Error, "request", fields);
        assert_eq!(line.matches('\n').count(), 1);
        let value: Value = serde_json::from_str(&line).unwrap();
        assert_eq!(
            value,
            json!({
                "timestamp": "1970-01-01T00:00:00.000Z", "level": "error", "service": "orders",
                "message": "request", "path": "/a\n\"b\"", "status": 503,
            })
        );
    }
}
