//! Sources of load: whoever can start the load of a run.

use crate::{
    driver::{Custom, Drivers, Setups},
    engine::{Engine, RunningLoad},
    plan::{Plan, RunData},
};
use std::sync::Arc;

/// Makes the load of one run, once everything that the load needs is there.
pub trait LoadSource {
    /// The load once it has started.
    type Load: RunningLoad;

    /// Number of senders that the load will have.
    fn senders(&self) -> usize;

    /// Starts the load of a plan, with the data of the run and what the plan's steps need.
    ///
    /// # Errors
    /// In words, when it cannot be started.
    fn start(
        self,
        plan: &Arc<Plan>,
        data: &Arc<RunData>,
        setups: Setups,
    ) -> impl Future<Output = Result<Self::Load, String>>;
}

/// Worker threads of this process.
#[derive(Debug)]
pub struct LocalSource<C> {
    /// Does the steps that loadgen cannot.
    pub custom: C,
    /// Number of threads.
    pub workers: usize,
}

impl<C: Custom> LoadSource for LocalSource<C> {
    type Load = Engine;

    fn senders(&self) -> usize {
        self.workers
    }

    async fn start(
        self,
        plan: &Arc<Plan>,
        data: &Arc<RunData>,
        setups: Setups,
    ) -> Result<Engine, String> {
        let Self { custom, workers } = self;
        let driver = move |clock, worker| {
            let custom = custom.clone();
            Ok(Drivers::new(clock, &setups, worker, custom))
        };
        Engine::start(plan, data, workers, driver)
            .map_err(|error| format!("no worker threads: {error}"))
    }
}
