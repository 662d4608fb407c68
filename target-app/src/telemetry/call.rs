//! Database calls as CLIENT spans.

use opentelemetry::trace::{Span as _, SpanKind, Status, TraceContextExt, Tracer};
use opentelemetry::{Context, KeyValue};
use opentelemetry_sdk::trace::Span;
use serde_json::json;
use std::time::SystemTime;

use super::{Level, Telemetry};

/// The database that calls go to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Server {
    /// `postgresql`, `mysql` or `sqlite`.
    pub(crate) system: &'static str,
    /// The database's name.
    pub(crate) database: String,
    /// The server's host name; empty when embedded.
    pub(crate) host: String,
    /// User of the service at the server; empty when embedded.
    pub(crate) user: String,
}

/// A statement as spans tell of it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Called<'a> {
    pub(crate) operation: &'static str,
    pub(crate) table: &'static str,
    pub(crate) sql: &'a str,
}

/// The pool at the moment of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct PoolUse {
    /// Connections in use.
    pub(crate) active: u32,
    /// The most connections that may be in use.
    pub(crate) max: u32,
}

impl PoolUse {
    /// Connections that may still be taken.
    pub(crate) fn available(self) -> u32 {
        self.max.saturating_sub(self.active)
    }

    /// The share in use, in percent, to the hundredth.
    pub(crate) fn utilization_percent(self) -> f64 {
        let percent = f64::from(self.active) * 100.0 / f64::from(self.max.max(1));
        (percent * 100.0).round() / 100.0
    }
}

/// A call under way.
#[derive(Debug)]
pub(crate) struct CallSpan(Span);

impl Telemetry {
    /// The span of a call that begins now, below the current span; none when telemetry is off.
    /// `pool` is asked only when it is on and is none without a pool; `slowed` tells whether calls
    /// are being slowed on purpose.
    pub(crate) fn call(
        &self,
        server: &Server,
        called: Called<'_>,
        slowed: bool,
        pool: impl FnOnce() -> Option<PoolUse>,
    ) -> Option<CallSpan> {
        let on = self.0.as_ref()?;
        let Called {
            operation,
            table,
            sql,
        } = called;
        let mut attributes = vec![
            KeyValue::new("db.system", server.system),
            KeyValue::new("db.name", server.database.clone()),
            KeyValue::new("db.operation", operation),
            KeyValue::new("db.statement", sql.to_owned()),
            KeyValue::new("net.peer.name", server.host.clone()),
            KeyValue::new("db.sql.table", table),
            KeyValue::new("db.user", server.user.clone()),
            KeyValue::new("db.simulation.slow_query_enabled", slowed),
        ];
        attributes.extend(pool().into_iter().flat_map(pool_attributes));
        let span = on
            .tracer
            .span_builder(format!("{operation} {}.{table}", server.database))
            .with_kind(SpanKind::Client)
            .with_attributes(attributes);
        let span = Context::map_current(|parent| on.tracer.build_with_context(span, parent));
        Some(CallSpan(span))
    }

    /// The span of a connection that was asked for at `since`, which [`Telemetry::now`] gave, and
    /// not had.
    pub(crate) fn no_connection(
        &self,
        server: &Server,
        since: Option<SystemTime>,
        pool: impl FnOnce() -> Option<PoolUse>,
        error: &sqlx::Error,
    ) {
        let (Some(on), Some(since)) = (&self.0, since) else {
            return;
        };
        let mut attributes = vec![
            KeyValue::new("db.system", server.system),
            KeyValue::new("db.name", server.database.clone()),
            KeyValue::new("db.operation", "CONNECT"),
            KeyValue::new("net.peer.name", server.host.clone()),
            KeyValue::new("db.user", server.user.clone()),
        ];
        attributes.extend(pool().into_iter().flat_map(pool_attributes));
        let span = on
            .tracer
            .span_builder(format!("CONNECT {}", server.database))
            .with_kind(SpanKind::Client)
            .with_start_time(since)
            .with_attributes(attributes);
        let span = Context::map_current(|parent| on.tracer.build_with_context(span, parent));
        self.ended(Some(CallSpan(span)), Some(error));
    }

    /// Ends the span of a call; an error is logged as well.
    pub(crate) fn ended(&self, span: Option<CallSpan>, error: Option<&sqlx::Error>) {
        let Some(CallSpan(mut span)) = span else {
            return;
        };
        let Some(error) = error else {
            return span.end();
        };
        let reason = error.to_string();
        span.set_status(Status::error(reason.clone()));
        let _current = Context::current_with_span(span).attach();
        let fields = json!({ "error": reason });
        self.event(Level::Error, "a database call failed", fields);
        // The span ends when its context is dropped.
    }
}

fn pool_attributes(pool: PoolUse) -> [KeyValue; 4] {
    [
        KeyValue::new("db.connection_pool.active", i64::from(pool.active)),
        KeyValue::new("db.connection_pool.max", i64::from(pool.max)),
        KeyValue::new(
            "db.connection_pool.utilization_percent",
            pool.utilization_percent(),
        ),
        KeyValue::new(
            "db.connection_pool.available_connections",
            i64::from(pool.available()),
        ),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn utilization_is_a_share_of_the_most() {
        let pool = PoolUse {
            active: 95,
            max: 100,
        };
        assert_eq!((pool.available(), pool.utilization_percent()), (5, 95.0));
        let third = PoolUse { active: 1, max: 3 };
        assert_eq!(third.utilization_percent(), 33.33);
    }
}
