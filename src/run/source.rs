//! Sources of load: whoever can start the load of a run.

use crate::{
    driver::{Custom, Drivers, Setups, Worker},
    engine::{Engine, RunningLoad},
    plan::{Plan, RunData},
};
use std::sync::Arc;

/// Makes the load of one run, once everything that the load needs is there.
pub trait LoadSource<C: Custom> {
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
        setups: Setups<C>,
    ) -> impl Future<Output = Result<Self::Load, String>>;
}

/// Worker threads of this process.
#[derive(Debug)]
pub struct LocalSource {
    /// Number of threads.
    pub workers: usize,
}

impl<C: Custom> LoadSource<C> for LocalSource {
    type Load = Engine;

    fn senders(&self) -> usize {
        self.workers
    }

    async fn start(
        self,
        plan: &Arc<Plan>,
        data: &Arc<RunData>,
        setups: Setups<C>,
    ) -> Result<Engine, String> {
        let driver = move |clock, index| {
            let worker = Worker {
                clock,
                timers: setups.timers.clone(),
                index,
            };
            Ok(Drivers::new(&worker, &setups))
        };
        Engine::start(plan, data, self.workers, driver)
            .map_err(|error| format!("no worker threads: {error}"))
    }
}
