//! Steps that a program of its own does, beside those of other kinds.

use super::{CustomDriver, Session};
use crate::{
    self as driver, Custom, Driven, KindDriver, Outcome, PrepareError, Progress, Reach, Worker,
};
use loadgen_data::Value;
use loadgen_plan::{CustomStep, Population};

/// Does the steps; each worker has a clone.
#[derive(Debug, Clone)]
pub struct StepSetup<C>(C);

impl<C: Custom> Driven<C> for CustomStep {
    type Setup = StepSetup<C>;
    type Driver = CustomDriver<C>;
}

impl<C: Custom> driver::Setup<C> for StepSetup<C> {
    async fn reach(to: &Reach<'_, C>) -> Result<Self, PrepareError> {
        to.custom.ready().await.map_err(PrepareError::Unreachable)?;
        Ok(Self(to.custom.clone()))
    }
}

impl<C: Custom> KindDriver for CustomDriver<C> {
    type Step = CustomStep;
    type Setup = StepSetup<C>;
    /// Made for the first such step.
    type Session = Option<Box<Session<C::Session>>>;

    fn new(worker: &Worker, StepSetup(custom): &StepSetup<C>) -> Self {
        Self::of(worker.clock, custom.clone())
    }

    /// For code that is not ours.
    fn wants_timers(population: &Population) -> bool {
        let mut steps = population.load_steps();
        steps.any(|step| step.kind.custom().is_some())
    }

    fn session(&self, _: usize, _: u64) -> Self::Session {
        None
    }

    fn execute(
        &self,
        session: &mut Self::Session,
        user: u64,
        (_, step): (usize, &CustomStep),
        values: &mut [Value],
        progress: &Progress,
    ) -> impl Future<Output = Outcome> {
        let session = session.get_or_insert_with(|| Box::new(self.begin(user)));
        // Boxed: it may be large, and users without such steps should not carry it.
        Box::pin(self.step(session, step, values, progress))
    }
}
