//! What is done once beside the load: its setup and its teardown.

use super::{
    run::{Draws, Source},
    walk::{Turn, Walk},
};
use crate::{
    data::{Value, rng::Purpose},
    driver::{Driver, Progress},
    plan::{Plan, Task},
};
use std::time::Duration;

/// Which of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Errand {
    /// Before the load.
    Setup,
    /// After it.
    Teardown,
}

impl Errand {
    /// As scenarios call it.
    pub fn name(self) -> &'static str {
        match self {
            Errand::Setup => "setup",
            Errand::Teardown => "teardown",
        }
    }

    /// The steps of a population.
    pub fn of(self, plan: &Plan, population: usize) -> Option<&Task> {
        let population = plan.populations.get(population)?;
        match self {
            Errand::Setup => population.setup.as_ref(),
            Errand::Teardown => population.teardown.as_ref(),
        }
    }
}

/// Does the steps of one population, if there are any, and measures nothing. What a setup extracts
/// is then there for everything that begins later.
///
/// # Errors
/// In words, with the step that failed; those after it are not done.
pub async fn run_errand<D: Driver>(
    plan: &Plan,
    population: usize,
    which: Errand,
    driver: &D,
) -> Result<(), String> {
    let Some(task) = which.of(plan, population) else {
        return Ok(());
    };
    let source = Source { plan, population };
    let own = source.population();
    let mut draws = Draws::new(source, Purpose::Errand, which as u64, 1);
    let mut session = driver.session(population, 0);
    let mut walk = Walk::default();
    let progress = Progress::default();
    draws.draw_all(own, &task.draws);
    while let Some(turn) = walk.turn(task, &mut draws) {
        let Turn::Step(step) = turn else { continue };
        let pause = draws.pause(step.think);
        if pause > 0 {
            tokio::time::sleep(Duration::from_nanos(pause)).await;
        }
        draws.draw_all(own, &step.draws);
        if let Some(place) = draws.spent() {
            let name = &own.variables[place].name;
            return Err(told(
                plan,
                step.index,
                &format!("there is no row of `{name}` left"),
            ));
        }
        progress.reset();
        let outcome = driver
            .execute(&mut session, step, &mut draws.values, &progress)
            .await;
        if let Some(failure) = outcome.failure {
            return Err(told(plan, step.index, &failure.detail.to_string()));
        }
    }
    if which == Errand::Setup {
        let values = draws.values.into_iter().enumerate();
        let extracted = values.skip(own.variables.len());
        let prepared = extracted.filter(|(_, value)| *value != Value::Unset);
        // It is set only here, and each population is set up once.
        let _ = own.prepared.set(prepared.collect());
    }
    Ok(())
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
