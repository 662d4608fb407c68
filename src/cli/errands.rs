//! Setup and teardown: what a run does before its load and after it.

use crate::{
    driver::{Custom, ErrandDriver, http},
    engine::{Errand, run_errand},
    plan::Plan,
    time::Clock,
};
use std::sync::Arc;

/// Those of a run.
pub struct Errands<'p, C: Custom> {
    plan: &'p Plan,
    driver: ErrandDriver<'p, C>,
    /// How many populations are set up.
    ready: usize,
}

impl<'p, C: Custom> Errands<'p, C> {
    /// Of this plan. Must be made inside a runtime.
    pub fn new(plan: &'p Plan, http: &Arc<http::Setup>, custom: C) -> Self {
        Self {
            driver: ErrandDriver::new(Clock::start(), http, &plan.databases, custom),
            plan,
            ready: 0,
        }
    }

    /// Sets up each population in turn. May be given up at any time.
    ///
    /// # Errors
    /// In words, when one cannot be set up.
    pub async fn set_up(&mut self) -> Result<(), String> {
        while self.ready < self.plan.populations.len() {
            run_errand(self.plan, self.ready, Errand::Setup, &self.driver).await?;
            self.ready += 1;
        }
        Ok(())
    }

    /// Tears down what was set up, each population whatever became of the others. Returns what
    /// failed, in words.
    pub async fn tear_down(&self) -> Vec<String> {
        let mut problems = Vec::new();
        for population in 0..self.ready {
            let done = run_errand(self.plan, population, Errand::Teardown, &self.driver).await;
            problems.extend(done.err());
        }
        problems
    }
}
