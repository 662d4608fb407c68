//! What is done once, before and after the load: nothing is prepared for it in advance, because what
//! one statement needs may be made by the one before.

use super::{
    Custom, Driver, Drivers, Outcome, Progress, Session, Setups, Timers, http,
    sql::{Candidate, SqlDriver, prepare_all},
};
use crate::{
    data::Value,
    plan::{SqlStep, Step, StepKind, sql::Database},
    time::Clock,
};
use std::sync::Arc;

/// Drives the steps of setups and teardowns. Each statement has a connection of its own.
#[derive(Debug)]
pub struct ErrandDriver<'p, C: Custom> {
    clock: Clock,
    others: Drivers<C>,
    databases: &'p [Database],
}

impl<'p, C: Custom> ErrandDriver<'p, C> {
    /// A driver for the thread that it is made in.
    pub fn new(
        clock: Clock,
        http: &Arc<http::Setup>,
        databases: &'p [Database],
        custom: C,
    ) -> Self {
        let setups = Setups {
            http: Arc::clone(http),
            sql: None,
            timers: Timers::default(),
        };
        Self {
            clock,
            others: Drivers::new(clock, &setups, 0, custom),
            databases,
        }
    }

    async fn statement(
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
        };
        let setup = match prepare_all(self.databases, &[candidate]).await {
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

impl<C: Custom> Driver for ErrandDriver<'_, C> {
    type Session = Session<C>;

    fn session(&self, population: usize, index: u64) -> Session<C> {
        self.others.session(population, index)
    }

    async fn execute(
        &self,
        session: &mut Session<C>,
        step: &Step,
        values: &mut [Value],
        progress: &Progress,
    ) -> Outcome {
        match &step.kind {
            StepKind::Sql(sql) => self.statement(step.index, sql, values, progress).await,
            StepKind::Http(_) | StepKind::Custom(_) => {
                let others = self.others.execute(session, step, values, progress);
                others.await
            }
        }
    }
}
