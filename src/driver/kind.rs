//! What a kind of step brings along to be driven.

use super::{Custom, Outcome, PrepareError, Progress, Timers};
use crate::{
    data::Value,
    plan::{Plan, Population, RunData},
    time::Clock,
};
use url::Url;

/// Chooses the driver of a kind of steps by what the plan has of them. `C` does the steps of a
/// program's own.
pub trait Driven<C: Custom> {
    /// What the drivers of all workers share.
    type Setup: Setup<C>;
    /// Drives them.
    type Driver: KindDriver<Step = Self, Setup = Self::Setup>;
}

/// What the drivers of all workers share of one kind of steps.
pub trait Setup<C>: Clone + Sized {
    /// Looks whether the other side is there. With this, steps can be done one at a time, as a
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

/// What is driven.
#[derive(Debug, Clone, Copy)]
pub struct Reach<'a, C> {
    /// What will be done.
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
    /// What alarms and other timeouts are set on.
    pub timers: Timers,
    /// Its number.
    pub index: usize,
}

/// Drives the steps of one kind for the sessions of one worker; as [`super::Driver`] has it, which
/// drives all of them.
pub trait KindDriver: Sized {
    /// What the plan has of a step.
    type Step;
    /// What the drivers of all workers share.
    type Setup;
    /// What one user or slot keeps. Every session has one of every kind, so that it should be small
    /// until the first such step.
    type Session;

    /// The driver of a worker.
    fn new(worker: &Worker, setup: &Self::Setup) -> Self;

    /// Whether its workers need timers of their runtime for this population.
    fn wants_timers(_population: &Population) -> bool {
        false
    }

    /// A session for the user or slot number `index` of a population.
    fn session(&self, population: usize, index: u64) -> Self::Session;

    /// Somebody else goes on with the session.
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
