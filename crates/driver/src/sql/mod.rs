//! SQL databases: PostgreSQL, and MySQL and MariaDB over our own connections (`postgres`, `mysql`),
//! SQLite over sqlx's.
//!
//! A session owns its connections and keeps its statements prepared on them, so that a step costs
//! one exchange with the server and no timer. What the driver adds: values bound by the
//! types that the server found when each statement was prepared before the run ([`prepare_all`]),
//! limits that end the work on the server too, errors by class, transactions that are rolled back
//! when a step of theirs fails, and connections that come back after the server did.

mod access;
mod backoff;
mod bounds;
mod cancel;
mod compare;
mod compiled;
mod compose;
mod connection;
mod console;
mod datum;
mod diagnose;
mod error;
mod inspect;
mod literal;
mod mysql;
mod pool;
mod position;
mod postgres;
mod prepare;
mod preparer;
mod problem;
mod request;
mod response;
mod setup;
mod sqlite;
mod step;
mod target;
#[cfg(test)]
mod tests;
mod wire;
mod work;

pub use console::Console;
pub use datum::Row;
pub use prepare::{prepare_all, prepare_plan};
pub use problem::{Candidate, PrepareError, Problem, StepPart, Subject};
pub use setup::Setup;
pub use step::{StepDriver, StepSetup};

use self::{
    backoff::Backoff,
    cancel::{CancelToken, Canceller},
    connection::Connection,
    pool::{Permit, Pool},
    request::Request,
    response::Response,
    work::{ExchangeOutcome, Job},
};
use super::{Failure, Outcome, Progress, Timers, step_timeout::StepTimeout};
use futures_util::future::join_all;
use loadgen_core::time::{Clock, Nanos};
use loadgen_data::Value;
use loadgen_plan::sql::{Action, Backend, Isolation, SqlStep};
use sqlx::{AssertSqlSafe, SqlSafeStr, SqlStr};
use std::{cell::RefCell, iter, sync::Arc, time::Duration};

/// Bound on a server's response that it cancelled something.
const GRACE: Duration = Duration::from_secs(1);

/// Drives databases for the sessions of one worker.
#[derive(Debug)]
pub struct SqlDriver {
    clock: Clock,
    timers: Timers,
    setup: Arc<Setup>,
    /// By database; None: each session has a connection of its own.
    pools: Vec<Option<Pool>>,
    /// By database.
    cancellers: Vec<Canceller>,
    /// Requests dropped while a server worked on them: the database, and the token that cancels them.
    cut: RefCell<Vec<(usize, CancelToken)>>,
}

/// State that a user or slot keeps between its steps.
#[derive(Debug)]
pub struct Session {
    /// By database.
    slots: Vec<Slot>,
    step_timeout: StepTimeout,
}

/// A session's access to one database.
#[derive(Debug)]
struct Slot {
    lease: Option<Lease>,
    in_transaction: bool,
    backoff: Backoff,
    /// Statements of the user start that set something for its session; run again on a connection
    /// that replaces it.
    settings: Vec<SqlStr>,
}

/// A connection that the session may use now.
#[derive(Debug)]
struct Lease {
    connection: Connection,
    /// For a connection that belongs to a pool.
    permit: Option<Permit>,
}

/// Times and counts of a step.
#[derive(Debug)]
struct Measurement {
    sent_at: Option<Nanos>,
    /// Or the first that the server said of the result, where it has no rows.
    first_row_at: Option<Nanos>,
    ended_at: Option<Nanos>,
    connect: Option<Nanos>,
    pool_wait: Option<Nanos>,
    unknown: bool,
    missed: u64,
    retries: u32,
    reconnects: u32,
    /// Bytes sent and received.
    traffic: [u64; 2],
}

impl Default for Measurement {
    fn default() -> Self {
        Self {
            sent_at: None,
            first_row_at: None,
            ended_at: None,
            connect: None,
            pool_wait: None,
            unknown: false,
            // Until a response says otherwise.
            missed: u64::MAX,
            retries: 0,
            reconnects: 0,
            traffic: [0; 2],
        }
    }
}

impl SqlDriver {
    /// The driver of worker number `worker`, for the thread that it is made in.
    pub fn new(clock: Clock, timers: Timers, setup: Arc<Setup>, worker: usize) -> Self {
        let pools = setup.pools.iter().map(|shared| {
            let shared = shared.clone()?;
            Some(Pool::new(shared, worker))
        });
        Self {
            clock,
            timers,
            pools: pools.collect(),
            cancellers: setup.targets.iter().map(|_| Canceller::default()).collect(),
            cut: RefCell::default(),
            setup,
        }
    }

    /// A session for the user or slot number `index`; connects nothing yet.
    pub fn session(&self, index: u64) -> Session {
        let slot = |_| Slot {
            lease: None,
            in_transaction: false,
            backoff: Backoff::new(index),
            settings: Vec::new(),
        };
        Session {
            slots: self.setup.targets.iter().map(slot).collect(),
            step_timeout: StepTimeout::new(self.timers.clone()),
        }
    }

    /// Does the step that stands at `index` of the plan's steps.
    ///
    /// A statement outside a transaction that fails because of others is tried again, as often as
    /// it may be. A step of a transaction that fails rolls it back; whether to begin it anew is
    /// the caller's to decide ([`crate::ErrorClass::is_retryable`]).
    pub async fn step(
        &self,
        session: &mut Session,
        index: usize,
        step: &SqlStep,
        values: &mut [Value],
        progress: &Progress,
    ) -> Outcome {
        let mut job = Job {
            index,
            step,
            values,
            progress,
            in_transaction: false,
            measurement: Measurement::default(),
        };
        let mut tries = 1;
        let failure = loop {
            let done = self.attempt(session, &mut job).await;
            match (done, &step.action) {
                (Err(failure), Action::Statement(statement))
                    if failure.class.is_retryable()
                        && tries < statement.max_tries.get()
                        && !job.in_transaction =>
                {
                    tries += 1;
                    job.measurement.retries += 1;
                }
                (done, _) => break done.err(),
            }
        };
        let measurement = job.measurement;
        Outcome {
            sent_at: measurement.sent_at,
            first_byte_at: measurement.first_row_at,
            ended_at: measurement.ended_at.unwrap_or_else(|| self.clock.now()),
            connect: measurement.connect,
            pool_wait: measurement.pool_wait,
            failure,
            unknown: measurement.unknown,
            missed: measurement.missed,
            retries: measurement.retries,
            reconnects: measurement.reconnects,
            bytes_sent: measurement.traffic[0],
            bytes_received: measurement.traffic[1],
            ..Outcome::default()
        }
    }

    async fn attempt(&self, session: &mut Session, job: &mut Job<'_>) -> Result<(), Failure> {
        let database = job.step.database;
        let Session {
            slots,
            step_timeout,
        } = session;
        let slot = &mut slots[database];
        job.measurement.first_row_at = None;
        job.measurement.ended_at = None;
        job.measurement.missed = u64::MAX;
        if slot.in_transaction && matches!(job.step.action, Action::Begin { .. }) {
            // The run before was cut off inside its transaction.
            slot.lease = None;
            slot.in_transaction = false;
        }
        let mut lease = match self.at_hand(slot, database, &mut job.measurement) {
            Some(lease) => lease,
            // Boxed, because it is large and most steps do without it.
            None => Box::pin(self.obtain(slot, job.step, &mut job.measurement)).await?,
        };
        job.in_transaction = slot.in_transaction;
        let before = lease.connection.traffic();
        let ExchangeOutcome { result, broken } =
            self.work(&mut lease.connection, step_timeout, job).await;
        let traffic = iter::zip(lease.connection.traffic(), before);
        for (sum, (after, before)) in iter::zip(&mut job.measurement.traffic, traffic) {
            *sum += after - before;
        }
        if broken {
            self.backoff(slot, database).lost();
            slot.in_transaction = false;
            return result;
        }
        match (&result, &job.step.action) {
            (Ok(()), Action::Begin { .. }) => slot.in_transaction = true,
            (Ok(()), Action::Commit) => slot.in_transaction = false,
            (Ok(()), Action::Statement(_)) => {
                if self.setup.sets_session(job.index) {
                    self.remember(slot, job);
                }
            }
            (Err(_), _) if slot.in_transaction => {
                job.measurement
                    .ended_at
                    .get_or_insert_with(|| self.clock.now());
                slot.in_transaction = false;
                // Boxed, for the same reason.
                if !Box::pin(self.roll_back(&mut lease.connection)).await {
                    self.backoff(slot, database).lost();
                    return result;
                }
            }
            (Err(_), _) => {}
        }
        self.put_back(slot, lease, database);
        result
    }

    /// Rolls back what the session has begun and not committed.
    pub async fn abandon(&self, session: &mut Session) {
        for (database, slot) in session.slots.iter_mut().enumerate() {
            if !std::mem::take(&mut slot.in_transaction) {
                continue;
            }
            let Some(mut lease) = slot.lease.take() else {
                continue;
            };
            if self.roll_back(&mut lease.connection).await {
                self.put_back(slot, lease, database);
            } else {
                self.backoff(slot, database).lost();
            }
        }
    }

    /// Ends on the servers what was cut off and they would otherwise do to its end. Soon after it was:
    /// when a session is gone, others may get its name.
    pub async fn tidy(&self) {
        let cut = self.cut.borrow().clone();
        if cut.is_empty() {
            return;
        }
        let ends = cut.iter().map(|(database, token)| {
            self.cancellers[*database].cancel(&self.setup.targets[*database], token)
        });
        // A server that is gone has nothing to end.
        let _ = self.timers.timeout(GRACE, join_all(ends)).await;
        // Not before: when the run ends meanwhile, this is dropped and done once more.
        self.cut.borrow_mut().drain(..cut.len());
    }

    /// Ends what the transaction did; false when the connection is not worth keeping.
    async fn roll_back(&self, connection: &mut Connection) -> bool {
        let request = Request::Text("ROLLBACK".into_sql_str());
        let mut response = Response::default();
        let exchange = connection.exchange(request, None, &mut response);
        match self.timers.timeout(GRACE, exchange).await {
            Ok(Ok(())) => true,
            // SQLite may have done it already.
            Ok(Err(error)) => !error::judge(*error, false).broken,
            Err(_) => false,
        }
    }
}

/// The words that begin a transaction.
fn begin(backend: Backend, isolation: Option<Isolation>, immediate: bool) -> SqlStr {
    match (backend, isolation) {
        (Backend::Sqlite, _) if immediate => "BEGIN IMMEDIATE".into_sql_str(),
        (Backend::Postgres, Some(isolation)) => {
            AssertSqlSafe(format!("BEGIN ISOLATION LEVEL {}", isolation.sql())).into_sql_str()
        }
        (Backend::MySql, Some(isolation)) => AssertSqlSafe(format!(
            "SET TRANSACTION ISOLATION LEVEL {}; BEGIN",
            isolation.sql()
        ))
        .into_sql_str(),
        // All that SQLite has is serializable.
        (Backend::Sqlite, Some(_)) | (_, None) => "BEGIN".into_sql_str(),
    }
}
