//! `[[task]]`: steps with a weight.

use super::{
    context::{Context, or_default},
    program::{self, Program},
    step::Shared,
    template::VariableNames,
};
use loadgen_data::generator::refusal::of_weight;
use loadgen_scenario::{
    Problem,
    raw::{self, Field},
};
use std::collections::HashMap;

/// A checked task that has no place in the plan yet.
#[derive(Debug)]
pub(super) struct TaskDraft {
    pub name: String,
    pub weight: f64,
    pub program: Program,
}

/// The tasks of a population; None when there is a problem with one.
pub(super) fn compile_all(
    context: &Context<'_>,
    shared: &Shared<'_>,
    names: &VariableNames<'_>,
    raw: &raw::Population,
) -> Option<Vec<TaskDraft>> {
    const HELP: &str = "write [[task]] with a name and, below it, [[task.step]] with a request";
    let given = match &raw.tasks {
        Field::Absent => {
            let problem = Problem::new(raw.span, "no tasks: what is to be done?");
            context.tell(problem.help(HELP));
            return None;
        }
        Field::Bad(_) => return None,
        Field::Given(given) => given,
    };
    if given.value.is_empty() {
        let problem = Problem::new(given.span, "no tasks: what is to be done?");
        context.tell(problem.help(HELP));
        return None;
    }
    let mut spans = HashMap::new();
    for name in given.value.iter().filter_map(|task| task.name.given()) {
        if let Some(before) = spans.insert(name.value.written(), name.span) {
            super::names::twice(context, "tasks", name.span, before);
        }
    }
    let compiled = given
        .value
        .iter()
        .map(|task| self::task(context, shared, names, task));
    let compiled: Vec<Option<TaskDraft>> = compiled.collect();
    let weights = given.value.iter().map(|task| or_default(&task.weight, 1.0));
    if weights.clone().all(|weight| weight == Some(0.0)) {
        let span = given.value[0].weight.span().unwrap_or(given.span);
        let problem = Problem::new(span, "every task has the weight 0");
        context.tell(problem.help("a weight is a task's share: give one of them more than 0"));
        return None;
    }
    compiled.into_iter().collect()
}

fn task(
    context: &Context<'_>,
    shared: &Shared<'_>,
    names: &VariableNames<'_>,
    task: &raw::Task,
) -> Option<TaskDraft> {
    if task.name.is_absent() {
        let help = "results and thresholds name tasks by it";
        context.missing(task.span, "name", help);
    }
    let name = super::names::checked(context, &task.name);
    let weight = or_default(&task.weight, 1.0).filter(|weight| {
        let wrong = of_weight(*weight);
        if let (Some(words), Some(span)) = (&wrong, task.weight.span()) {
            context.tell(Problem::new(span, words.clone()));
        }
        wrong.is_none()
    });
    const OWNER: program::Owner = ("a task", "[[task.step]]");
    let program = program::compile(context, shared, names, &task.steps, task.span, OWNER);
    Some(TaskDraft {
        name: name?,
        weight: weight?,
        program: program?,
    })
}
