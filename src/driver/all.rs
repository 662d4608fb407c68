//! Every kind of step by the driver that it is for.

use super::{
    Custom, Driver, NoCustom, Outcome, Progress, Timers,
    custom::{self, CustomDriver},
    http::{
        self, HttpDriver,
        full::{self, FullDriver},
    },
    sql::{self, SqlDriver},
};
use crate::{
    data::Value,
    plan::{Plan, Step, StepKind, http::Client},
    time::Clock,
};
use std::sync::Arc;

/// What the drivers of all workers share.
#[derive(Debug, Clone)]
pub struct Setups {
    /// Of HTTP requests.
    pub http: Arc<http::Setup>,
    /// Of statements; None when the plan has no database.
    pub sql: Option<Arc<sql::Setup>>,
    /// What alarms and other timeouts are set on.
    pub timers: Timers,
}

/// Drives everything that a plan's steps are for, for the sessions of one worker.
#[derive(Debug)]
pub struct Drivers<C: Custom = NoCustom> {
    clock: Clock,
    http: HttpDriver,
    full: FullDriver,
    sql: Option<SqlDriver>,
    custom: CustomDriver<C>,
}

/// What a user or slot keeps between its steps.
pub struct Session<C: Custom = NoCustom> {
    index: u64,
    http: Http,
    /// Made for the first statement: most users of most plans do none.
    sql: Option<Box<sql::Session>>,
    /// Made for the first such step.
    custom: Option<Box<custom::Session<C::Session>>>,
}

/// What it keeps of HTTP, with the client that its population has.
#[derive(Debug)]
enum Http {
    Fast(http::Session),
    Full(Box<full::Session>),
}

impl<C: Custom> Drivers<C> {
    /// The drivers of worker number `worker`, for the thread that they are made in.
    pub fn new(clock: Clock, setups: &Setups, worker: usize, custom: C) -> Self {
        let sql = setups.sql.as_ref();
        let timers = || setups.timers.clone();
        Self {
            clock,
            http: HttpDriver::new(clock, timers(), Arc::clone(&setups.http)),
            full: FullDriver::new(clock, timers(), Arc::clone(&setups.http)),
            sql: sql.map(|setup| SqlDriver::new(clock, timers(), Arc::clone(setup), worker)),
            custom: CustomDriver::new(clock, custom),
        }
    }
}

impl<C: Custom> Driver for Drivers<C> {
    type Session = Session<C>;

    /// For reqwest, and for code that is not ours.
    fn wants_timers(plan: &Plan) -> bool {
        plan.populations.iter().any(|population| {
            let custom = |step: &Step| matches!(step.kind, StepKind::Custom(_));
            matches!(population.http.client, Client::Full(_)) || population.load_steps().any(custom)
        })
    }

    fn session(&self, population: usize, index: u64) -> Session<C> {
        Session {
            index,
            http: match self.full.drives(population) {
                false => Http::Fast(self.http.session(population, index)),
                true => Http::Full(Box::new(self.full.session(population, index))),
            },
            sql: None,
            custom: None,
        }
    }

    fn renew(&self, session: &mut Session<C>) {
        if let Http::Full(session) = &mut session.http {
            self.full.renew(session);
        }
    }

    async fn execute(
        &self,
        session: &mut Session<C>,
        step: &Step,
        values: &mut [Value],
        progress: &Progress,
    ) -> Outcome {
        match (&step.kind, &self.sql) {
            (StepKind::Http(_), _) => match &mut session.http {
                Http::Fast(session) => self.http.execute(session, step, values, progress).await,
                // Boxed, because it is large, and users of the fast client should not carry it.
                Http::Full(session) => {
                    Box::pin(self.full.execute(session, step, values, progress)).await
                }
            },
            (StepKind::Sql(sql), Some(driver)) => {
                let index = session.index;
                let session = session
                    .sql
                    .get_or_insert_with(|| Box::new(driver.session(index)));
                // Not boxed: it is no larger than a request.
                driver
                    .step(session, step.index, sql, values, progress)
                    .await
            }
            (StepKind::Custom(custom), _) => {
                let driver = &self.custom;
                let index = session.index;
                let session = session
                    .custom
                    .get_or_insert_with(|| Box::new(driver.session(index)));
                // Boxed, for the same reason as the full client.
                Box::pin(driver.step(session, custom, values, progress)).await
            }
            // A plan's statements are for its databases.
            (StepKind::Sql(_), None) => {
                let words = "there is no database to do this against".to_owned();
                Outcome::unsent(self.clock.now(), words)
            }
        }
    }

    async fn abandon(&self, session: &mut Session<C>) {
        if let (Some(driver), Some(session)) = (&self.sql, &mut session.sql) {
            driver.abandon(session).await;
        }
    }

    async fn tidy(&self) {
        if let Some(driver) = &self.sql {
            driver.tidy().await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn size<D: 'static, S: 'static, T: 'static, F>(
        _: impl FnOnce(
            &'static D,
            &'static mut S,
            &'static T,
            &'static mut [Value],
            &'static Progress,
        ) -> F,
    ) -> usize {
        size_of::<F>()
    }

    #[test]
    fn statements_are_no_burden_for_users_who_do_requests_alone() {
        let request = size(|driver: &HttpDriver, session, step, values, progress| {
            driver.execute(session, step, values, progress)
        });
        let statement = size(|driver: &SqlDriver, session, step, values, progress| {
            driver.step(session, 0, step, values, progress)
        });
        // Compilers differ by a few bytes.
        let most = request + request / 10;
        assert!(statement <= most, "{statement} bytes, {request} bytes");
    }
}
