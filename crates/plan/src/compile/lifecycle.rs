//! `[setup]`, `[teardown]` and `[user_start]`: steps that are done besides the tasks.

use super::{
    context::Context,
    names,
    program::{self, Owner, Program},
    step::Shared,
    template::VariableNames,
};
use crate::USER_START;
use loadgen_scenario::{
    Problem, Span,
    raw::{self, Field, LifecycleSteps, Step},
};

/// Checked steps of each kind; None for a kind that there is none of.
#[derive(Debug)]
pub(super) struct LifecyclePrograms {
    pub setup: Option<Program>,
    pub teardown: Option<Program>,
    pub user_start: Option<Program>,
}

/// The lifecycle of a population; None when there is a problem with one. `names` learns what they
/// extract for the tasks. `open`: the load's place when it has no users.
pub(super) fn compile(
    context: &Context<'_>,
    shared: &Shared<'_>,
    names: &mut VariableNames<'_>,
    raw: &raw::Population,
    open: Option<Span>,
) -> Option<LifecyclePrograms> {
    let setup = one(
        context,
        shared,
        names,
        &raw.setup,
        ("a setup", "[[setup.step]]"),
    );
    let prepared = learn(names, &raw.setup);
    let teardown = one(
        context,
        shared,
        names,
        &raw.teardown,
        ("a teardown", "[[teardown.step]]"),
    );
    let user_start = one(
        context,
        shared,
        names,
        &raw.user_start,
        ("a user's start", "[[user_start.step]]"),
    );
    if let (Some(start), Some(open)) = (raw.user_start.span(), open) {
        let problem = Problem::new(start, "an open load has no users that start");
        let problem = problem.other(open, "arrivals at a rate are strangers to each other");
        context.tell(problem.help("write its steps into [setup] or into the tasks"));
    }
    for task in raw.tasks.value().into_iter().flatten() {
        if let (Some(start), Some(name)) = (raw.user_start.span(), task.name.given())
            && name.value.written() == USER_START
        {
            names::twice(context, "tasks", name.span, start);
        }
    }
    let own = raw
        .setup
        .value()
        .map_or_else(Vec::new, LifecycleSteps::all_steps);
    let others = raw.all_steps();
    let others = others
        .iter()
        .filter(|step| !own.iter().any(|own| std::ptr::eq(*own, **step)));
    keep(context, others, &prepared);
    learn(names, &raw.user_start);
    Some(LifecyclePrograms {
        setup: setup?,
        teardown: teardown?,
        user_start: user_start?,
    })
}

/// Refuses transactions, for which setup and teardown keep no connection. None when that is
/// reported.
pub(super) fn check(
    context: &Context<'_>,
    lifecycle: &LifecyclePrograms,
    raw: &raw::Population,
) -> Option<()> {
    let mut right = Some(());
    for (program, span) in [
        (&lifecycle.setup, raw.setup.span()),
        (&lifecycle.teardown, raw.teardown.span()),
    ] {
        let (Some(program), Some(span)) = (program, span) else {
            continue;
        };
        if program
            .groups
            .iter()
            .any(|group| group.transaction.is_some())
        {
            let message = "a transaction where each statement has a connection of its own";
            let help = "only the load keeps connections: leave `transaction` out";
            context.tell(Problem::new(span, message).help(help));
            right = None;
        }
    }
    right
}

fn one(
    context: &Context<'_>,
    shared: &Shared<'_>,
    names: &VariableNames<'_>,
    steps: &Field<LifecycleSteps>,
    owner: Owner,
) -> Option<Option<Program>> {
    match steps {
        Field::Absent => Some(None),
        Field::Bad(_) => None,
        Field::Given(given) => {
            let LifecycleSteps { span, steps } = &given.value;
            program::compile(context, shared, names, steps, *span, owner).map(Some)
        }
    }
}

/// The names of what is there for every task run: what the setup and the user's start extract too.
pub(super) fn lasting<'a>(names: &VariableNames<'a>, raw: &raw::Population) -> VariableNames<'a> {
    let mut lasting = names.clone();
    learn(&mut lasting, &raw.setup);
    learn(&mut lasting, &raw.user_start);
    lasting
}

/// From here on, what the steps extract is there. Returns the names with their places.
fn learn<'a>(
    names: &mut VariableNames<'_>,
    steps: &'a Field<LifecycleSteps>,
) -> Vec<(&'a str, Span)> {
    let steps = steps
        .value()
        .map_or_else(Vec::new, LifecycleSteps::all_steps);
    let extracts = steps.into_iter().flat_map(|step| step.extract.value());
    let learnt = extracts.flatten().map(|extract| {
        let name = extract.name.value.as_str();
        names.learn(name);
        (name, extract.name.span)
    });
    learnt.collect()
}

/// Refuses steps that extract what the setup extracts: those values are the same for all users.
fn keep<'a>(
    context: &Context<'_>,
    steps: impl Iterator<Item = &'a &'a Step>,
    prepared: &[(&str, Span)],
) {
    for extract in steps.flat_map(|step| step.extract.value()).flatten() {
        let name = extract.name.value.as_str();
        if let Some((_, before)) = prepared.iter().find(|(own, _)| *own == name) {
            let message = format!("`{name}` is extracted by [setup] already");
            let problem = Problem::new(extract.name.span, message).other(*before, "here");
            context.tell(problem.help("give one of them another name"));
        }
    }
}
