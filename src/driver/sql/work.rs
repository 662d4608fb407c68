//! One exchange with a server: sent, waited for no longer than it may take, and judged.

use super::{
    GRACE, SqlDriver, Trail, answer, begin, cancel,
    error::{self, Verdict},
    link::Link,
    request::{Answer, Request},
};
use crate::{
    data::Value,
    driver::{ErrorClass, Failure, Progress, alarm::Alarm},
    plan::sql::{Action, Backend, SqlStep, Statement},
    time::nanos,
};
use futures_util::future::join;
use sqlx::SqlSafeStr;
use std::{future::poll_fn, pin::pin, task::Poll, time::Duration};
use tokio::time::timeout;

/// The server's own limit gets so much time to act before ours does.
const SERVER_FIRST: Duration = Duration::from_millis(100);

/// What is to be done for a session.
pub struct Job<'a> {
    /// Place in the plan's steps.
    pub index: usize,
    /// The step there.
    pub step: &'a SqlStep,
    /// Told when something is sent that may last.
    pub progress: &'a Progress,
    /// The session has begun a transaction on the step's database.
    pub in_transaction: bool,
}

/// How an exchange ended.
pub struct Ended {
    /// What came of it.
    pub result: Result<(), Failure>,
    /// The connection cannot be used any more.
    pub broken: bool,
}

impl From<Failure> for Ended {
    fn from(failure: Failure) -> Self {
        Self {
            result: Err(failure),
            broken: false,
        }
    }
}

impl SqlDriver {
    /// Does the step on an open connection.
    pub(super) async fn work(
        &self,
        link: &mut Link,
        alarm: &mut Alarm,
        job: &Job<'_>,
        values: &mut [Value],
        trail: &mut Trail,
    ) -> Ended {
        let request = match self.request(link, job, values) {
            Ok(request) => request,
            Err(words) => return Failure::text(ErrorClass::Other, words).into(),
        };
        // What is done inside a transaction is nothing yet; only its end makes it last.
        let lasting = match &job.step.action {
            Action::Begin { .. } => false,
            Action::Statement(_) => !job.in_transaction,
            Action::Commit => true,
        };
        let sent_at = self.clock.now();
        trail.sent_at = Some(sent_at);
        if lasting {
            job.progress.sent(sent_at);
        }
        let mut answer = Answer::default();
        let done = self
            .bounded(link, alarm, job.step, request, &mut answer, trail)
            .await;
        match done {
            Err(verdict) => {
                trail.unknown |= lasting && !verdict.answered;
                Ended {
                    result: Err(verdict.failure),
                    broken: verdict.broken,
                }
            }
            Ok(()) => {
                trail.ended_at = Some(self.clock.now());
                let result = match job.step.action.statement() {
                    Some(statement) => {
                        let (missed, result) = self.check(job.index, statement, answer, values);
                        trail.missed = missed;
                        result
                    }
                    None => Ok(()),
                };
                Ended {
                    result,
                    broken: false,
                }
            }
        }
    }

    fn request(
        &self,
        link: &mut Link,
        job: &Job<'_>,
        values: &[Value],
    ) -> Result<Request<'_>, String> {
        let target = &self.setup.targets[job.step.database];
        let backend = target.database.backend;
        match &job.step.action {
            Action::Begin {
                isolation,
                immediate,
            } => Ok(Request::plain(
                backend,
                begin(backend, *isolation, *immediate),
            )),
            Action::Commit => Ok(Request::plain(backend, "COMMIT".into_sql_str())),
            Action::Statement(statement) => match self.setup.statements.get(job.index) {
                Some(Some(compiled)) => {
                    Request::statement(link, target, job.index, compiled, statement, values)
                }
                _ => Err("the statement was not prepared before the run".to_owned()),
            },
        }
    }

    fn check(
        &self,
        index: usize,
        statement: &Statement,
        answer: Answer,
        values: &mut [Value],
    ) -> (u64, Result<(), Failure>) {
        let returns_rows = match self.setup.statements.get(index) {
            Some(Some(compiled)) => compiled.returns_rows,
            _ => false,
        };
        let (missed, result) = answer::check(statement, returns_rows, answer, values);
        let failed = |words| Failure::text(ErrorClass::Expectation, words);
        (missed, result.map_err(failed))
    }

    /// An exchange that is cancelled on the server when it takes too long. Late answers count as
    /// answers.
    async fn bounded(
        &self,
        link: &mut Link,
        alarm: &mut Alarm,
        step: &SqlStep,
        request: Request<'_>,
        answer: &mut Answer,
        trail: &mut Trail,
    ) -> Result<(), Verdict> {
        let target = &self.setup.targets[step.database];
        let servers_limit = target.database.statement_timeout;
        let sent_at = trail.sent_at.unwrap_or_default();
        let judge = |error| {
            let waited = self.clock.now().saturating_sub(sent_at);
            error::judge(error, waited >= nanos(servers_limit) / 10 * 9)
        };
        let enforced = target.database.backend != Backend::Sqlite && step.timeout >= servers_limit;
        let limit = step.timeout
            + if enforced {
                SERVER_FIRST
            } else {
                Duration::ZERO
            };
        let deadline = self.clock.instant(sent_at.saturating_add(nanos(limit)));
        let key = link.key().clone();

        let mut work = pin!(link.exchange(request, step.action.statement(), answer));
        let done = poll_fn(|cx| match work.as_mut().poll(cx) {
            Poll::Ready(done) => Poll::Ready(Some(done)),
            Poll::Pending => alarm.poll(cx, deadline).map(|()| None),
        });
        if let Some(done) = done.await {
            return done.map_err(judge);
        }

        let given_up = self.clock.now();
        let cancel = self.cancellers[step.database].cancel(target, &key);
        // Boxed, because it is large and most steps do without it.
        let settled = Box::pin(timeout(GRACE, join(cancel, work))).await;
        cancel::rearm(&key);
        match settled {
            Ok(((), done)) => done.map_err(|error| {
                let verdict = judge(error);
                if verdict.failure.class == ErrorClass::Timeout {
                    trail.ended_at = Some(given_up);
                }
                verdict
            }),
            Err(_) => {
                trail.ended_at = Some(given_up);
                Err(Verdict {
                    failure: Failure::timeout("no answer", step.timeout),
                    broken: true,
                    answered: false,
                })
            }
        }
    }
}
