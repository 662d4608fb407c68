//! Requests as steps of a task.

use super::{HttpDriver, Session, Setup, Target};
use crate::{
    self as driver, Custom, Driven, KindDriver, Outcome, PrepareError, Progress, Reach, Timers,
    Worker,
};
use loadgen_core::time::Clock;
use loadgen_data::Value;
use loadgen_plan::HttpStep;
use std::sync::Arc;

impl<C: Custom> Driven<C> for HttpStep {
    type Setup = Arc<Setup>;
    type Driver = HttpDriver;
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

impl KindDriver for HttpDriver {
    type Step = HttpStep;
    type Setup = Arc<Setup>;
    type Session = Session;

    fn new(worker: &Worker, setup: &Arc<Setup>) -> Self {
        Self::new(worker.clock, worker.timers.clone(), Arc::clone(setup))
    }

    fn session(&self, population: usize, index: u64) -> Session {
        self.session(population, index)
    }

    fn renew(&self, session: &mut Session) {
        self.renew(session);
    }

    fn execute(
        &self,
        session: &mut Session,
        _: u64,
        step: (usize, &HttpStep),
        values: &mut [Value],
        progress: &Progress,
    ) -> impl Future<Output = Outcome> {
        self.step(session, step, values, progress)
    }
}
