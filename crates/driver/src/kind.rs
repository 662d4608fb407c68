//! Traits that a kind of steps implements to be driven.

use super::{Custom, Outcome, PrepareError, Progress, Timers};
use loadgen_core::time::Clock;
use loadgen_data::Value;
use loadgen_plan::{Plan, Population, RunData};
use url::Url;

/// Maps the plan's type of a kind of steps to its driver. `C` does the custom steps, which are a
/// program's own.
pub trait Driven<C: Custom> {
    /// State that the drivers of all workers share.
    type Setup: Setup<C>;
    /// The driver of one worker.
    type Driver: KindDriver<Step = Self, Setup = Self::Setup>;
}

/// State that the drivers of all workers share, for one kind of steps.
pub trait Setup<C>: Clone + Sized {
    /// Checks that the other side can be reached. After this, steps can be done one at a time, as a
    /// setup does them.
    fn reach(to: &Reach<'_, C>) -> impl Future<Output = Result<Self, PrepareError>>;

    /// Gets ready for the steps under load.
    fn prepare(
        &mut self,
        plan: &Plan,
        data: &RunData,
    ) -> impl Future<Output = Result<(), PrepareError>> {
        let _ = (plan, data);
        async { Ok(()) }
    }
}

/// The plan to drive, and everything that its steps go to.
#[derive(Debug, Clone, Copy)]
pub struct Reach<'a, C> {
    /// The plan whose steps are to be done.
    pub plan: &'a Plan,
    /// The servers, by population.
    pub urls: &'a [Vec<Url>],
    /// Does the steps that loadgen cannot.
    pub custom: &'a C,
}

/// A worker, for whose sessions a driver is made on its thread.
#[derive(Debug, Clone)]
pub struct Worker {
    /// The run's clock.
    pub clock: Clock,
    /// Timers of step timeouts and other timeouts.
    pub timers: Timers,
    /// Its number.
    pub index: usize,
}

/// Drives the steps of one kind for the sessions of one worker; as [`super::Driver`] has it, which
/// drives all of them.
pub trait KindDriver: Sized {
    /// The plan's type of a step.
    type Step;
    /// State that the drivers of all workers share.
    type Setup;
    /// State of one user or slot. Every session has one for every kind, so it should be small until
    /// the first such step.
    type Session;

    /// The driver of a worker.
    fn new(worker: &Worker, setup: &Self::Setup) -> Self;

    /// Returns true if workers need the timers of their runtime for this population.
    fn wants_timers(_population: &Population) -> bool {
        false
    }

    /// A session for the user or slot number `index` of a population.
    fn session(&self, population: usize, index: u64) -> Self::Session;

    /// Resets the session for another user; connections stay.
    fn renew(&self, _session: &mut Self::Session) {}

    /// Does a step, which stands at its index in the plan, for the user or slot number `user`.
    fn execute(
        &self,
        session: &mut Self::Session,
        user: u64,
        step: (usize, &Self::Step),
        values: &mut [Value],
        progress: &Progress,
    ) -> impl Future<Output = Outcome>;

    /// Undoes what the session has begun and not finished.
    fn abandon(&self, session: &mut Self::Session) -> impl Future<Output = ()> {
        let _ = session;
        async {}
    }

    /// Ends on the other side what was cut off.
    fn tidy(&self) -> impl Future<Output = ()> {
        async {}
    }
}
