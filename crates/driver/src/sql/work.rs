//! One exchange with a server: sent, waited for no longer than it may take, and judged.

use super::{
    GRACE, Measurement, SqlDriver, begin,
    cancel::CancelToken,
    compiled::{Compiled, Form},
    connection::{Connection, Exchange},
    error::{self, Error},
    request::Request,
    response::{self, Response},
};
use crate::{ErrorClass, Failure, Progress, step_timeout::StepTimeout};
use futures_util::future::join;
use loadgen_core::time::{Nanos, nanos};
use loadgen_data::Value;
use loadgen_plan::sql::{Action, Backend, SqlStep};
use sqlx::{AssertSqlSafe, SqlSafeStr, SqlStr};
use std::{cell::RefCell, pin::Pin, sync::Arc, time::Duration};

/// The server's own limit gets so much time to act before ours does.
const SERVER_FIRST: Duration = Duration::from_millis(100);

/// A step to do for a session, and what has come of it so far.
pub struct Job<'a> {
    /// Index in the plan's steps.
    pub index: usize,
    /// The step there.
    pub step: &'a SqlStep,
    /// Values that the session has drawn and extracted.
    pub values: &'a mut [Value],
    /// Told when something is sent that may last.
    pub progress: &'a Progress,
    /// The session had begun a transaction on the step's database.
    pub in_transaction: bool,
    /// Measurement of the step.
    pub measurement: Measurement,
}

impl Job<'_> {
    /// Returns true if the step's effects last: those of a statement inside a transaction do only
    /// once it has been committed.
    fn is_lasting(&self) -> bool {
        match &self.step.action {
            Action::Begin { .. } => false,
            Action::Statement(_) => !self.in_transaction,
            Action::Commit => true,
        }
    }
}

/// End of an exchange.
pub struct ExchangeOutcome {
    /// Success, or the failure.
    pub result: Result<(), Failure>,
    /// The connection cannot be used any more.
    pub broken: bool,
}

/// Work of a server. When this is dropped before its end, it is noted to be cancelled there
/// ([`SqlDriver::tidy`]).
struct Underway<'a> {
    cut: &'a RefCell<Vec<(usize, CancelToken)>>,
    database: usize,
    token: CancelToken,
    ended: bool,
}

impl Drop for Underway<'_> {
    fn drop(&mut self) {
        if !self.ended {
            self.cut
                .borrow_mut()
                .push((self.database, self.token.clone()));
        }
    }
}

impl From<Failure> for ExchangeOutcome {
    fn from(failure: Failure) -> Self {
        Self {
            result: Err(failure),
            broken: false,
        }
    }
}

impl SqlDriver {
    /// Does the step on an open connection: an exchange that is cancelled on the server when it
    /// takes too long. Late responses count as responses.
    pub(super) async fn work(
        &self,
        connection: &mut Connection,
        step_timeout: &mut StepTimeout,
        job: &mut Job<'_>,
    ) -> ExchangeOutcome {
        let sent_at = self.clock.now();
        job.measurement.sent_at = Some(sent_at);
        let deadline = self.deadline(job.step, sent_at);
        let mut underway = Underway {
            cut: &self.cut,
            database: job.step.database,
            token: connection.cancel_token().clone(),
            ended: false,
        };
        let statement = job.step.action.statement();
        let mut response = Response {
            clock: Some(self.clock),
            ..Response::default()
        };
        let mut given_up = None;
        let mut executes;
        let done = loop {
            executes = self.is_ready(connection, job);
            let mut exchange = match executes {
                true => match self.request(connection, job) {
                    Ok(request) => {
                        if job.is_lasting() {
                            job.progress.sent(sent_at);
                        }
                        connection.exchange(request, statement, &mut response)
                    }
                    Err(words) => {
                        underway.ended = true;
                        return Failure::text(ErrorClass::Other, words).into();
                    }
                },
                false => self.prepare(connection, job),
            };
            let done = step_timeout.bound(self.clock, deadline, Pin::new(&mut exchange));
            let done = match done.await {
                None => {
                    given_up = Some(self.clock.now());
                    // Boxed, because it is large and most steps do without it.
                    Box::pin(self.give_up(job.step, &underway.token, exchange)).await
                }
                done => done,
            };
            if executes || !matches!(done, Some(Ok(()))) {
                break done;
            }
        };
        underway.ended = true;
        job.measurement.first_row_at = response.first_row_at;
        match done {
            Some(Ok(())) => {
                let now = self.clock.now();
                job.measurement.ended_at = Some(now);
                job.measurement.first_row_at.get_or_insert(now);
                self.check(job, response)
            }
            Some(Err(error)) => {
                let now = self.clock.now();
                let ended = self.judge(job, *error, now, given_up);
                job.measurement.unknown &= executes;
                ended
            }
            None => {
                job.measurement.ended_at = given_up;
                job.measurement.unknown |= executes && job.is_lasting();
                ExchangeOutcome {
                    result: Err(Failure::timeout("no answer", job.step.timeout)),
                    broken: true,
                }
            }
        }
    }

    /// Time at which the step has taken too long.
    fn deadline(&self, step: &SqlStep, sent_at: Nanos) -> Nanos {
        let database = &self.setup.targets[step.database].database;
        let enforced = database.server_limit
            && database.backend != Backend::Sqlite
            && step.timeout >= database.statement_timeout;
        let limit = match enforced {
            true => step.timeout + SERVER_FIRST,
            false => step.timeout,
        };
        sent_at.saturating_add(nanos(limit))
    }

    /// Has the exchange ended on the server; None when even that brings no response.
    async fn give_up<T>(
        &self,
        step: &SqlStep,
        token: &CancelToken,
        exchange: impl Future<Output = T>,
    ) -> Option<T> {
        let target = &self.setup.targets[step.database];
        let cancel = self.cancellers[step.database].cancel(target, token);
        let settled = self.timers.timeout(GRACE, join(cancel, exchange)).await;
        token.rearm();
        settled.ok().map(|((), done)| done)
    }

    fn judge(
        &self,
        job: &mut Job<'_>,
        error: Error,
        now: Nanos,
        given_up: Option<Nanos>,
    ) -> ExchangeOutcome {
        let waited = now.saturating_sub(job.measurement.sent_at.unwrap_or(now));
        let limit = self.setup.targets[job.step.database]
            .database
            .statement_timeout;
        let verdict = error::judge(error, waited >= nanos(limit) / 10 * 9);
        if verdict.failure.class == ErrorClass::Timeout {
            job.measurement.ended_at = given_up;
        } else if verdict.answered {
            job.measurement.first_row_at.get_or_insert(now);
        }
        job.measurement.unknown |= job.is_lasting() && !verdict.answered;
        ExchangeOutcome {
            result: Err(verdict.failure),
            broken: verdict.broken,
        }
    }

    /// Returns true if the step's request can be sent without preparing its statement first.
    fn is_ready(&self, connection: &Connection, job: &Job<'_>) -> bool {
        connection.is_prepared(job.index) || !self.is_prepared_by_us(job)
    }

    /// Returns true if the step's request is a statement that [`Connection::prepare`] prepares.
    fn is_prepared_by_us(&self, job: &Job<'_>) -> bool {
        match &job.step.action {
            Action::Begin { .. } | Action::Commit => {
                let database = &self.setup.targets[job.step.database].database;
                database.backend == Backend::Postgres && database.prepared
            }
            Action::Statement(_) => self
                .compiled(job)
                .is_some_and(|it| matches!(it.form, Form::Postgres(_) | Form::MySql(_))),
        }
    }

    /// Prepares the step's request, as the server needs it.
    fn prepare<'a>(&'a self, connection: &'a mut Connection, job: &Job<'a>) -> Exchange<'a> {
        let statement = job.step.action.statement();
        match self.compiled(job) {
            Some(Compiled { sql, form, .. }) => {
                let known = match form {
                    Form::Postgres(known) => known.as_ref(),
                    _ => None,
                };
                let sql = AssertSqlSafe(Arc::clone(sql)).into_sql_str();
                connection.prepare(job.index, sql, statement, known)
            }
            None => connection.prepare(job.index, self.boundary(job), None, None),
        }
    }

    /// The words of a step that begins or ends a transaction.
    fn boundary(&self, job: &Job<'_>) -> SqlStr {
        let backend = self.setup.targets[job.step.database].database.backend;
        match &job.step.action {
            Action::Begin {
                isolation,
                immediate,
            } => begin(backend, *isolation, *immediate),
            Action::Commit | Action::Statement(_) => "COMMIT".into_sql_str(),
        }
    }

    fn request(&self, connection: &mut Connection, job: &Job<'_>) -> Result<Request, String> {
        let target = &self.setup.targets[job.step.database];
        match &job.step.action {
            Action::Begin { .. } | Action::Commit => {
                connection.boundary(target, job.index, self.boundary(job))
            }
            Action::Statement(statement) => match self.compiled(job) {
                Some(compiled) => {
                    connection.statement(target, job.index, compiled, statement, job.values)
                }
                None => Err("the statement was not prepared before the run".to_owned()),
            },
        }
    }

    fn compiled(&self, job: &Job<'_>) -> Option<&Compiled> {
        self.setup.statements.get(job.index)?.as_ref()
    }

    fn check(&self, job: &mut Job<'_>, response: Response) -> ExchangeOutcome {
        job.measurement.missed = 0;
        let mut result = Ok(());
        if let Some(statement) = job.step.action.statement() {
            let returns_rows = self.compiled(job).is_some_and(|it| it.returns_rows);
            let checked = response::check(statement, returns_rows, response, job.values);
            (job.measurement.missed, result) = checked;
        }
        ExchangeOutcome {
            result: result.map_err(|words| Failure::text(ErrorClass::Expectation, words)),
            broken: false,
        }
    }
}
