//! Statements, prepared before the load or, in a setup or teardown, each for itself.

use super::{
    Candidate, PrepareError as Found, Session, Setup, SqlDriver, prepare_all, prepare_plan,
};
use crate::{
    self as driver, Custom, Driven, KindDriver, Outcome, PrepareError, Progress, Reach, Timers,
    Worker,
};
use futures_util::future::Either;
use loadgen_core::time::Clock;
use loadgen_data::Value;
use loadgen_plan::{Plan, RunData, SqlStep, sql::Database};
use std::sync::Arc;

/// Databases of a plan, before and after the statements under load are prepared.
#[derive(Debug, Clone)]
pub enum StepSetup {
    /// Databases alone; each statement is prepared when it is executed.
    Located(Arc<[Database]>),
    /// With every statement under load, prepared and compiled.
    Prepared(Arc<Setup>),
}

/// Does statements.
#[derive(Debug)]
pub enum StepDriver {
    /// Each is prepared when it is done, on a connection of its own.
    Single(Single),
    /// All were prepared before.
    Prepared(SqlDriver),
}

/// Prepares and does one statement after the other.
#[derive(Debug)]
pub struct Single {
    clock: Clock,
    databases: Arc<[Database]>,
}

impl<C: Custom> Driven<C> for SqlStep {
    type Setup = StepSetup;
    type Driver = StepDriver;
}

impl<C: Custom> driver::Setup<C> for StepSetup {
    async fn reach(to: &Reach<'_, C>) -> Result<Self, PrepareError> {
        Ok(Self::Located(to.plan.databases.clone().into()))
    }

    async fn prepare(&mut self, plan: &Plan, data: &RunData) -> Result<(), PrepareError> {
        if plan.databases.is_empty() {
            return Ok(());
        }
        let prepared = prepare_plan(plan, data).await;
        *self = Self::Prepared(Arc::new(prepared.map_err(|error| match error {
            Found::Problems(problems) => {
                let problems = problems.iter().map(|problem| problem.in_scenario(plan));
                PrepareError::Scenario(problems.collect())
            }
            error @ Found::Unreachable { .. } => PrepareError::Unreachable(error.to_string()),
        })?));
        Ok(())
    }
}

impl KindDriver for StepDriver {
    type Step = SqlStep;
    type Setup = StepSetup;
    /// Made for the first statement: most users of most plans do none.
    type Session = Option<Box<Session>>;

    fn new(worker: &Worker, setup: &StepSetup) -> Self {
        match setup {
            StepSetup::Located(databases) => Self::Single(Single {
                clock: worker.clock,
                databases: Arc::clone(databases),
            }),
            StepSetup::Prepared(setup) => Self::Prepared(SqlDriver::new(
                worker.clock,
                worker.timers.clone(),
                Arc::clone(setup),
                worker.index,
            )),
        }
    }

    fn session(&self, _: usize, _: u64) -> Option<Box<Session>> {
        None
    }

    fn execute(
        &self,
        session: &mut Option<Box<Session>>,
        user: u64,
        (index, step): (usize, &SqlStep),
        values: &mut [Value],
        progress: &Progress,
    ) -> impl Future<Output = Outcome> {
        match self {
            Self::Prepared(driver) => {
                let session = session.get_or_insert_with(|| Box::new(driver.session(user)));
                // Not boxed: it is no larger than a request.
                Either::Left(driver.step(session, index, step, values, progress))
            }
            Self::Single(single) => {
                Either::Right(Box::pin(single.step(index, step, values, progress)))
            }
        }
    }

    async fn abandon(&self, session: &mut Option<Box<Session>>) {
        if let (Self::Prepared(driver), Some(session)) = (self, session) {
            driver.abandon(session).await;
        }
    }

    async fn tidy(&self) {
        if let Self::Prepared(driver) = self {
            driver.tidy().await;
        }
    }
}

impl Single {
    async fn step(
        &self,
        index: usize,
        step: &SqlStep,
        values: &mut [Value],
        progress: &Progress,
    ) -> Outcome {
        let candidate = Candidate {
            index,
            step,
            sample: values,
            after_user_start: false,
            is_of_user_start: false,
        };
        let setup = match prepare_all(&self.databases, &[candidate]).await {
            Ok(setup) => Arc::new(setup),
            Err(error) => return Outcome::unsent(self.clock.now(), error.to_string()),
        };
        let driver = SqlDriver::new(self.clock, Timers::default(), setup, 0);
        let mut session = driver.session(0);
        driver
            .step(&mut session, index, step, values, progress)
            .await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::HttpDriver;
    use loadgen_plan::HttpStep;

    fn size<D: 'static, S: 'static, T: 'static, F>(
        _: impl FnOnce(
            &'static D,
            &'static mut S,
            (usize, &'static T),
            &'static mut [Value],
            &'static Progress,
        ) -> F,
    ) -> usize {
        size_of::<F>()
    }

    #[test]
    fn statements_are_no_burden_for_users_who_do_requests_alone() {
        let request = size(
            |driver: &HttpDriver, session, step: (_, &HttpStep), values, progress| {
                driver.step(session, step, values, progress)
            },
        );
        let statement = size(
            |driver: &SqlDriver, session, (index, step), values, progress| {
                driver.step(session, index, step, values, progress)
            },
        );
        // Compilers differ by a few bytes.
        let most = request + request / 10;
        assert!(statement <= most, "{statement} bytes, {request} bytes");
    }
}
