//! Setup and teardown: done once, before the load and after it.

use super::{
    draws::{DrawContext, Draws},
    numbering::Numbering,
    sample::describe,
    walk::{NextOperation, Walk},
};
use loadgen_data::{Value, rng::Purpose};
use loadgen_driver::{Driver, Progress};
use loadgen_plan::{Plan, RunData, Task};
use loadgen_record::Sample;
use std::time::Duration;

/// Setup or teardown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LifecyclePhase {
    /// Before the load.
    Setup,
    /// After it.
    Teardown,
}

impl LifecyclePhase {
    /// Returns the name in scenarios.
    pub fn name(self) -> &'static str {
        match self {
            LifecyclePhase::Setup => "setup",
            LifecyclePhase::Teardown => "teardown",
        }
    }

    /// The steps of a population.
    pub fn of(self, plan: &Plan, population: usize) -> Option<&Task> {
        let population = plan.populations.get(population)?;
        match self {
            LifecyclePhase::Setup => population.setup.as_ref(),
            LifecyclePhase::Teardown => population.teardown.as_ref(),
        }
    }
}

/// Does the steps of one population, if there are any, and measures nothing. Returns what they
/// extracted, each value with its index among a task run's.
///
/// # Errors
/// In words, with the step that failed; those after it are not done.
pub async fn run_lifecycle<D: Driver>(
    plan: &Plan,
    data: &RunData,
    population: usize,
    which: LifecyclePhase,
    driver: &D,
) -> Result<Vec<(usize, Value)>, String> {
    let (Some(own), Some(task)) = (plan.populations.get(population), which.of(plan, population))
    else {
        return Ok(Vec::new());
    };
    let numbering = Numbering::default();
    let source = DrawContext::new(plan, data, population, &numbering);
    let mut draws = Draws::new(source, Purpose::Lifecycle, which as u64);
    let mut session = driver.session(population, 0);
    let mut walk = Walk::default();
    let progress = Progress::default();
    draws.draw_all(source, &task.draws);
    while let Some(operation) = walk.advance(task, &mut draws) {
        let NextOperation::Step(step) = operation else {
            continue;
        };
        let pause = draws.pause(step.think);
        if pause > 0 {
            tokio::time::sleep(Duration::from_nanos(pause)).await;
        }
        draws.draw_all(source, &step.draws);
        if let Some(variable) = draws.exhausted() {
            let name = own.variables[variable].key();
            let words = format!("there is no row of `{name}` left");
            return Err(told(plan, step.index, &words));
        }
        progress.reset();
        let outcome = driver
            .execute(&mut session, step, &mut draws.values, &progress)
            .await;
        if let Some(failure) = &outcome.failure {
            let mut sample = Sample::new(failure.class, failure.detail.to_string());
            let work = (step, draws.values.as_slice());
            describe(plan, own, work, &outcome, &mut sample);
            return Err(told(plan, step.index, &sample.to_string()));
        }
    }
    let values = draws.values.into_iter().enumerate();
    let extracted = values.skip(own.variables.len());
    Ok(extracted
        .filter(|(_, value)| *value != Value::Unset)
        .collect())
}

/// `setup of shop failed: POST /login: status 500`
fn told(plan: &Plan, step: usize, words: &str) -> String {
    let Some(label) = plan.step(step) else {
        return words.to_owned();
    };
    let of = match plan.populations.len() {
        1 => String::new(),
        _ => format!(" of {}", label.population),
    };
    format!("the {}{of} failed: {}: {words}", label.task, label.name)
}
