//! `[[task]]`: steps with a weight.

use super::{
    context::{Context, or_default},
    program::{self, Program},
    step::Shared,
    template::Names,
};
use loadgen_data::generator::refusal::of_weight;
use loadgen_scenario::{
    Problem,
    raw::{self, Field},
};
use std::collections::HashMap;

/// A checked task that has no place in the plan yet.
#[derive(Debug)]
pub(super) struct Draft {
    pub name: String,
    pub weight: f64,
    pub program: Program,
}

/// The tasks of a population; None when there is a problem with one.
pub(super) fn compile_all(
    context: &Context<'_>,
    shared: &Shared<'_>,
    names: &Names<'_>,
    raw: &raw::Population,
) -> Option<Vec<Draft>> {
    const HELP: &str = "write [[task]] with a name and, below it, [[task.step]] with a request";
    let given = match &raw.tasks {
        Field::Absent => {
            let problem = Problem::new(raw.place, "no tasks: what is to be done?");
            context.tell(problem.help(HELP));
            return None;
        }
        Field::Bad(_) => return None,
        Field::Given(given) => given,
    };
    if given.value.is_empty() {
        let problem = Problem::new(given.place, "no tasks: what is to be done?");
        context.tell(problem.help(HELP));
        return None;
    }
    let mut places = HashMap::new();
    for name in given.value.iter().filter_map(|task| task.name.given()) {
        if let Some(before) = places.insert(name.value.written(), name.place) {
            super::names::twice(context, "tasks", name.place, before);
        }
    }
    let compiled = given
        .value
        .iter()
        .map(|task| self::task(context, shared, names, task));
    let compiled: Vec<Option<Draft>> = compiled.collect();
    let weights = given.value.iter().map(|task| or_default(&task.weight, 1.0));
    if weights.clone().all(|weight| weight == Some(0.0)) {
        let place = given.value[0].weight.place().unwrap_or(given.place);
        let problem = Problem::new(place, "every task has the weight 0");
        context.tell(problem.help("a weight is a task's share: give one of them more than 0"));
        return None;
    }
    compiled.into_iter().collect()
}

fn task(
    context: &Context<'_>,
    shared: &Shared<'_>,
    names: &Names<'_>,
    task: &raw::Task,
) -> Option<Draft> {
    if task.name.is_absent() {
        let help = "results and thresholds name tasks by it";
        context.missing(task.place, "name", help);
    }
    let name = super::names::checked(context, &task.name);
    let weight = or_default(&task.weight, 1.0).filter(|weight| {
        let wrong = of_weight(*weight);
        if let (Some(words), Some(place)) = (&wrong, task.weight.place()) {
            context.tell(Problem::new(place, words.clone()));
        }
        wrong.is_none()
    });
    const OWNER: program::Owner = ("a task", "[[task.step]]");
    let program = program::compile(context, shared, names, &task.steps, task.place, OWNER);
    Some(Draft {
        name: name?,
        weight: weight?,
        program: program?,
    })
}
