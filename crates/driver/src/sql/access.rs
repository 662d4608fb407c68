//! Connections of a session: found, opened, and put back after a step.

use super::{
    Lease, Measurement, Slot, SqlDriver,
    backoff::Backoff,
    connection::Connection,
    datum::Data,
    error::{self, Error},
    literal,
    pool::{Permit, Pool},
    request::Request,
    response::Response,
    work::Job,
};
use crate::Failure;
use loadgen_plan::sql::SqlStep;
use sqlx::{AssertSqlSafe, SqlSafeStr, SqlStr};

impl SqlDriver {
    /// The session's connection to the database, if it needs neither to be waited for nor opened.
    pub(super) fn at_hand(
        &self,
        slot: &mut Slot,
        database: usize,
        measurement: &mut Measurement,
    ) -> Option<Lease> {
        if let lease @ Some(_) = slot.lease.take() {
            return lease;
        }
        let pool = self.pools[database].as_ref()?;
        let permit = pool.try_enter()?;
        let connection = pool.take()?;
        measurement.pool_wait = Some(0);
        Some(Lease {
            connection,
            permit: Some(permit),
        })
    }

    /// A connection to the step's database, waited for and opened if need be.
    pub(super) async fn obtain(
        &self,
        slot: &Slot,
        step: &SqlStep,
        measurement: &mut Measurement,
    ) -> Result<Lease, Failure> {
        let mut permit = None;
        if let Some(pool) = &self.pools[step.database] {
            permit = Some(self.enter(pool, step, measurement).await?);
            if let Some(connection) = pool.take() {
                return Ok(Lease { connection, permit });
            }
        }
        let backoff = self.backoff(slot, step.database);
        let connection = self
            .open(step.database, backoff, &slot.settings, measurement)
            .await?;
        Ok(Lease { connection, permit })
    }

    async fn enter(
        &self,
        pool: &Pool,
        step: &SqlStep,
        measurement: &mut Measurement,
    ) -> Result<Permit, Failure> {
        if let Some(permit) = pool.try_enter() {
            measurement.pool_wait = Some(0);
            return Ok(permit);
        }
        let since = self.clock.now();
        let permit = self.timers.timeout(step.timeout, pool.enter()).await;
        measurement.pool_wait = Some(self.clock.now() - since);
        permit
            .ok()
            .flatten()
            .ok_or_else(|| Failure::timeout("no connection of the pool was free", step.timeout))
    }

    /// Opens a connection with what the session had set on the one before.
    async fn open(
        &self,
        database: usize,
        backoff: &Backoff,
        settings: &[SqlStr],
        measurement: &mut Measurement,
    ) -> Result<Connection, Failure> {
        if let Some(until) = backoff.paused_until() {
            self.timers.sleep_until(self.clock.instant(until)).await;
        }
        let target = &self.setup.targets[database];
        let limit = target.connect_timeout;
        let since = self.clock.now();
        let opened = async {
            let mut connection = Connection::open(target).await?;
            for sql in settings {
                let set = connection
                    .exchange(Request::Text(sql.clone()), None, &mut Response::default())
                    .await;
                set.map_err(|error| *error)?;
            }
            Ok::<_, Error>(connection)
        };
        let opened = self.timers.timeout(limit, opened).await;
        let now = self.clock.now();
        let failure = match opened {
            Ok(Ok(connection)) => {
                measurement.connect = Some(now - since);
                measurement.reconnects += u32::from(backoff.opened());
                return Ok(connection);
            }
            Ok(Err(error)) => error::judge_opening(error),
            Err(_) => Failure::timeout("no connection", limit),
        };
        backoff.failed(now);
        Err(failure)
    }

    /// Keeps in mind what a user's start has set, for a connection that replaces the session's own.
    pub(super) fn remember(&self, slot: &mut Slot, job: &Job<'_>) {
        let database = &self.setup.targets[job.step.database].database;
        let Some(statement) = job.step.action.statement() else {
            return;
        };
        if database.pool().is_none()
            && let Ok(sql) = literal::render(
                &statement.text,
                &Data::new(statement, job.values),
                database.backend,
            )
        {
            slot.settings.push(AssertSqlSafe(sql).into_sql_str());
        }
    }

    pub(super) fn put_back(&self, slot: &mut Slot, lease: Lease, database: usize) {
        match (lease, &self.pools[database]) {
            (
                Lease {
                    connection,
                    permit: Some(permit),
                },
                Some(pool),
            ) if !slot.in_transaction => {
                pool.give_back(connection, permit);
            }
            (lease, _) => slot.lease = Some(lease),
        }
    }

    pub(super) fn backoff<'a>(&'a self, slot: &'a Slot, database: usize) -> &'a Backoff {
        match &self.pools[database] {
            Some(pool) => &pool.backoff,
            None => &slot.backoff,
        }
    }
}
