//! Requests by the client that their population has.

use super::{
    HttpDriver, Session as FastSession, Setup, Target,
    full::{FullDriver, Session as FullSession},
};
use crate::{
    self as driver, Custom, Driven, KindDriver, Outcome, PrepareError, Progress, Reach, Timers,
    Worker,
};
use futures_util::future::Either;
use loadgen_core::time::Clock;
use loadgen_data::Value;
use loadgen_plan::{HttpStep, Population, http::Client};
use std::sync::Arc;

/// Makes requests with either client.
#[derive(Debug)]
pub struct StepDriver {
    fast: HttpDriver,
    full: FullDriver,
}

/// State of a user or slot, for the HTTP client that its population uses.
#[derive(Debug)]
pub enum StepSession {
    /// Of loadgen's own client.
    Fast(FastSession),
    /// Of the reqwest client.
    Full(Box<FullSession>),
}

impl<C: Custom> Driven<C> for HttpStep {
    type Setup = Arc<Setup>;
    type Driver = StepDriver;
}

impl<C: Custom> driver::Setup<C> for Arc<Setup> {
    async fn reach(to: &Reach<'_, C>) -> Result<Self, PrepareError> {
        let targets = to.plan.populations.iter().zip(to.urls);
        let targets: Vec<Target<'_>> = targets
            .map(|(population, urls)| Target::of(population, urls))
            .collect();
        let setup = Setup::new(&targets).map_err(|error| PrepareError::Setup(error.to_string()))?;
        let setup = Arc::new(setup);
        HttpDriver::new(Clock::start(), Timers::default(), Arc::clone(&setup))
            .preflight()
            .await
            .map_err(|error| PrepareError::Unreachable(error.to_string()))?;
        Ok(setup)
    }
}

impl KindDriver for StepDriver {
    type Step = HttpStep;
    type Setup = Arc<Setup>;
    type Session = StepSession;

    fn new(worker: &Worker, setup: &Arc<Setup>) -> Self {
        let timers = || worker.timers.clone();
        Self {
            fast: HttpDriver::new(worker.clock, timers(), Arc::clone(setup)),
            full: FullDriver::new(worker.clock, timers(), Arc::clone(setup)),
        }
    }

    /// For reqwest.
    fn wants_timers(population: &Population) -> bool {
        matches!(population.http.client, Client::Full(_))
    }

    fn session(&self, population: usize, index: u64) -> StepSession {
        match self.full.drives(population) {
            false => StepSession::Fast(self.fast.session(population, index)),
            true => StepSession::Full(Box::new(self.full.session(population, index))),
        }
    }

    fn renew(&self, session: &mut StepSession) {
        match session {
            StepSession::Fast(session) => self.fast.renew(session),
            StepSession::Full(session) => self.full.renew(session),
        }
    }

    fn execute(
        &self,
        session: &mut StepSession,
        _: u64,
        step: (usize, &HttpStep),
        values: &mut [Value],
        progress: &Progress,
    ) -> impl Future<Output = Outcome> {
        match session {
            StepSession::Fast(session) => {
                Either::Left(self.fast.step(session, step, values, progress))
            }
            // Boxed, because it is large, and users of the fast client should not carry it.
            StepSession::Full(session) => {
                Either::Right(Box::pin(self.full.step(session, step, values, progress)))
            }
        }
    }
}
