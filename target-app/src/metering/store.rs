//! The SQL of the service.

use std::sync::LazyLock;
use std::time::SystemTime;

use super::model::{Aggregated, Event, Window, Windows};
use crate::database::{Database, Session, Statement, Timestamp, Value};

/// Stores an event if its window is open. The shared lock of the window's row makes whoever adds
/// the window up wait for this event; and this statement wait for the end of that, and look again.
static STORE: LazyLock<Statement> = LazyLock::new(|| {
    Statement::new(
        "usage_events",
        "INSERT INTO usage_events (tenant_id, customer_id, window_start, quantity) \
         SELECT tenant_id, customer_id, window_start, ? FROM usage_windows \
         WHERE tenant_id = ? AND customer_id = ? AND window_start = ? AND closed_at IS NULL",
    )
    .append_on_postgres(" FOR SHARE")
});

static OPEN: LazyLock<Statement> = LazyLock::new(|| {
    Statement::new(
        "usage_windows",
        "INSERT INTO usage_windows (tenant_id, customer_id, window_start) VALUES (?, ?, ?) \
         ON CONFLICT DO NOTHING",
    )
});

static PENDING: LazyLock<Statement> = LazyLock::new(|| {
    Statement::new(
        "usage_windows",
        "SELECT tenant_id, customer_id, window_start FROM usage_windows \
         WHERE closed_at IS NULL AND window_start <= ? \
         ORDER BY window_start, tenant_id, customer_id LIMIT ?",
    )
});

/// SQLite's transaction has the database for itself already.
static TAKE: LazyLock<Statement> = LazyLock::new(|| {
    Statement::new(
        "usage_windows",
        "SELECT window_start FROM usage_windows \
         WHERE tenant_id = ? AND customer_id = ? AND window_start = ? AND closed_at IS NULL",
    )
    .append_on_postgres(" FOR UPDATE")
});

static AGGREGATE: LazyLock<Statement> = LazyLock::new(|| {
    Statement::new(
        "aggregation_windows",
        "INSERT INTO aggregation_windows (tenant_id, customer_id, window_start, window_end, \
             event_count, total_quantity, processed_by) \
         SELECT tenant_id, customer_id, window_start, ?, count(*), CAST(sum(quantity) AS BIGINT), ? \
         FROM usage_events WHERE tenant_id = ? AND customer_id = ? AND window_start = ? \
         GROUP BY tenant_id, customer_id, window_start",
    )
});

static CLOSE: LazyLock<Statement> = LazyLock::new(|| {
    Statement::new(
        "usage_windows",
        "UPDATE usage_windows SET closed_at = ? \
         WHERE tenant_id = ? AND customer_id = ? AND window_start = ?",
    )
});

static AGGREGATED: LazyLock<Statement> = LazyLock::new(|| {
    Statement::new(
        "aggregation_windows",
        "SELECT window_start, window_end, event_count, total_quantity, processed_by \
         FROM aggregation_windows WHERE tenant_id = ? AND customer_id = ? \
         ORDER BY window_start DESC LIMIT ?",
    )
});

/// Stores an event in the window of `now`, or in the first one after it that is open: another
/// instance's clock may be ahead. Returns the window's start.
pub(super) async fn store(
    database: &Database,
    windows: Windows,
    event: &Event,
    now: SystemTime,
) -> Result<Timestamp, sqlx::Error> {
    let mut session = database.write().await?;
    let mut start = windows.start_of(now);
    loop {
        if try_store(&mut session, event, start).await? {
            return Ok(start);
        }
        let window = [
            Value::Text(&event.tenant_id),
            Value::Text(&event.customer_id),
            Value::Time(start),
        ];
        session.execute(&OPEN, &window).await?;
        if try_store(&mut session, event, start).await? {
            return Ok(start);
        }
        start = windows.after(start);
    }
}

async fn try_store(
    session: &mut Session,
    event: &Event,
    start: Timestamp,
) -> Result<bool, sqlx::Error> {
    let values = [
        Value::Int(event.quantity),
        Value::Text(&event.tenant_id),
        Value::Text(&event.customer_id),
        Value::Time(start),
    ];
    Ok(session.execute(&STORE, &values).await? == 1)
}

/// Windows that are over and not yet added up, the oldest first, at most `limit`.
pub(super) async fn pending(
    database: &Database,
    last_finished: Timestamp,
    limit: i64,
) -> Result<Vec<Window>, sqlx::Error> {
    let values = [Value::Time(last_finished), Value::Int(limit)];
    let rows = database.read().await?.fetch_all(&PENDING, &values).await?;
    rows.iter()
        .map(|row| {
            Ok(Window {
                tenant_id: row.get(0)?,
                customer_id: row.get(1)?,
                start: row.get(2)?,
            })
        })
        .collect()
}

/// Adds a window up and closes it, all or nothing; false when that has been done before.
pub(super) async fn aggregate(
    database: &Database,
    window: &Window,
    end: Timestamp,
    instance: &str,
    now: Timestamp,
) -> Result<bool, sqlx::Error> {
    let [tenant, customer, start] = [
        Value::Text(&window.tenant_id),
        Value::Text(&window.customer_id),
        Value::Time(window.start),
    ];
    let mut session = database.write().await?;
    session.begin().await?;
    let taken = session.fetch_all(&TAKE, &[tenant, customer, start]).await?;
    if taken.is_empty() {
        return Ok(false);
    }
    let values = [
        Value::Time(end),
        Value::Text(instance),
        tenant,
        customer,
        start,
    ];
    session.execute(&AGGREGATE, &values).await?;
    let values = [Value::Time(now), tenant, customer, start];
    session.execute(&CLOSE, &values).await?;
    session.commit().await?;
    Ok(true)
}

/// The latest windows of a customer, at most `limit`.
pub(super) async fn aggregated(
    database: &Database,
    tenant_id: &str,
    customer_id: &str,
    limit: i64,
) -> Result<Vec<Aggregated>, sqlx::Error> {
    let values = [
        Value::Text(tenant_id),
        Value::Text(customer_id),
        Value::Int(limit),
    ];
    let rows = database
        .read()
        .await?
        .fetch_all(&AGGREGATED, &values)
        .await?;
    rows.iter()
        .map(|row| {
            let (start, end): (Timestamp, Timestamp) = (row.get(0)?, row.get(1)?);
            Ok(Aggregated {
                window_start: start.to_string(),
                window_end: end.to_string(),
                event_count: row.get(2)?,
                total_quantity: row.get(3)?,
                processed_by: row.get(4)?,
            })
        })
        .collect()
}
