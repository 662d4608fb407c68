//! Setup and teardown: done once, before the load and after it.

use crate::{
    data::Value,
    driver::{Custom, Drivers, Setups, Worker},
    engine::{LifecyclePhase, run_lifecycle},
    plan::{Plan, RunData},
    time::Clock,
};
use std::sync::Arc;

/// Setup and teardown of a plan's populations.
pub struct Lifecycle<'p, C: Custom> {
    plan: &'p Plan,
    driver: Drivers<C>,
    data: Arc<RunData>,
    /// Number of populations that are set up.
    ready: usize,
}

impl<'p, C: Custom> Lifecycle<'p, C> {
    /// For a plan. Must be made inside a runtime.
    pub fn new(plan: &'p Plan, setups: &Setups<C>) -> Self {
        let worker = Worker {
            clock: Clock::start(),
            timers: setups.timers.clone(),
            index: 0,
        };
        Self {
            driver: Drivers::new(&worker, setups),
            data: Arc::new(RunData::of(plan)),
            plan,
            ready: 0,
        }
    }

    /// Sets up each population in turn, and adds what they extract to what was loaded. May be given
    /// up at any time.
    ///
    /// # Errors
    /// In words, when one cannot be set up.
    pub async fn set_up(&mut self, loaded: RunData) -> Result<Arc<RunData>, String> {
        self.data = Arc::new(loaded);
        while self.ready < self.plan.populations.len() {
            let extracted = self.run(self.ready, LifecyclePhase::Setup).await?;
            Arc::make_mut(&mut self.data).extract(self.ready, extracted);
            self.ready += 1;
        }
        Ok(Arc::clone(&self.data))
    }

    /// Tears down what was set up, each population whatever became of the others. Returns what
    /// failed, in words.
    pub async fn tear_down(&self) -> Vec<String> {
        let mut problems = Vec::new();
        for population in 0..self.ready {
            let done = self.run(population, LifecyclePhase::Teardown).await;
            problems.extend(done.err());
        }
        problems
    }

    async fn run(
        &self,
        population: usize,
        which: LifecyclePhase,
    ) -> Result<Vec<(usize, Value)>, String> {
        run_lifecycle(self.plan, &self.data, population, which, &self.driver).await
    }
}
