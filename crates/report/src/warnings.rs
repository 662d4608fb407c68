//! Warnings that follow from the measurements.

use super::words;
use loadgen_core::{
    human,
    metric::{Counter, Timer},
    time::nanos,
};
use loadgen_plan::{Plan, Population, Task, Variable};
use loadgen_record::{Measures, Periods, RunTotals, View};

/// Returns the failures of the warm-up, whose totals are given: they are seen nowhere else.
pub(super) fn warmup(totals: &RunTotals) -> Option<String> {
    let view = View::totals(&totals.steps, &totals.tasks);
    let wrong = view.measures.errors() + view.measures[Counter::Dropped];
    (wrong > 0).then(|| {
        format!(
            "in the warm-up, which is in no statistics: {}",
            words::warmup(totals)
        )
    })
}

/// Iterations that were asked for and not done, though nobody ended the run; by population.
pub fn undone(plan: &Plan, periods: &Periods, undone: &[u64]) -> Vec<String> {
    let told = plan.populations.iter().zip(undone).enumerate();
    let told = told.filter(|(_, (_, undone))| **undone > 0);
    told.map(|(index, (population, undone))| {
        let planned = population.load.duration().map(nanos);
        let why = match planned.is_some_and(|planned| periods.end_of_load(index) >= planned) {
            true => "the time of the load was over",
            false => "no user was left",
        };
        let whose = match plan.populations.len() {
            1 => String::new(),
            _ => format!(" of {}", population.name),
        };
        let undone = human::plural(*undone, "iteration");
        format!("{undone}{whose} not done: {why}")
    })
    .collect()
}

/// Warnings about rows: task runs that found none left, and those that nobody got; `tasks` has what
/// was measured of each.
pub fn rows(plan: &Plan, tasks: &[Measures]) -> Vec<String> {
    let several = plan.populations.len() > 1;
    let told = plan.populations.iter().flat_map(|population| {
        let whose = match several {
            true => format!(" of {}", population.name),
            false => String::new(),
        };
        [
            exhausted(population, tasks, &whose),
            skipped(plan, population, tasks, &whose),
        ]
    });
    told.flatten().collect()
}

fn exhausted(population: &Population, tasks: &[Measures], whose: &str) -> Option<String> {
    let own = population.user_start.iter().chain(&population.tasks);
    let count = |task: &Task| tasks.get(task.index).map_or(0, |it| it[Counter::Exhausted]);
    let runs: u64 = own.clone().map(count).sum();
    let users = population.user_draws.iter();
    let drawn = own.filter(|task| count(task) > 0);
    let drawn = drawn.flat_map(|task| &task.draws).chain(users);
    let variables = drawn.map(|index| &population.variables[*index]);
    let names = names(variables.filter(|it| it.generator.is_unique()));
    (runs > 0).then(|| {
        let runs = human::plural(runs, "task run");
        format!("{runs}{whose} found each row of {names} taken, and did nothing")
    })
}

/// In an open load a row is that of an arrival, so that one seed means the same run.
fn skipped(
    plan: &Plan,
    population: &Population,
    tasks: &[Measures],
    whose: &str,
) -> Option<String> {
    let dropped = |task: &&Task| {
        tasks
            .get(task.index)
            .is_some_and(|it| it[Counter::Dropped] > 0)
    };
    let shared = |variable: &Variable| {
        let drawing = plan.populations.iter();
        let drawing = drawing.filter(|other| other.draws_under_load(variable.source));
        drawing.count() > 1
    };
    let drawn = population.tasks.iter().filter(dropped);
    let drawn = drawn.flat_map(|task| &task.draws);
    let variables = drawn.map(|index| &population.variables[*index]);
    let counted = variables.filter(|it| it.generator.is_counted() && !shared(it));
    let names = names(counted);
    (!names.is_empty()).then(|| {
        format!(
            "rows or numbers of {names} were skipped: they belonged to arrivals{whose} that were \
             dropped"
        )
    })
}

/// The variables, each once: "`card`, `number`".
fn names<'v>(variables: impl Iterator<Item = &'v Variable>) -> String {
    let mut names: Vec<String> = Vec::new();
    for variable in variables {
        let name = format!("`{}`", variable.key());
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names.join(", ")
}

/// Warnings about a run; `whole` is the view of its totals.
pub(super) fn of(totals: &RunTotals, whole: &View) -> Vec<String> {
    let measures = &whole.measures;
    let mut warnings = Vec::new();
    if measures.count() == 0 {
        warnings.push("no request ended: there is nothing to report".to_owned());
    } else if measures[Timer::Ok].is_empty() {
        warnings.push("every request failed: the latencies are those of failures".to_owned());
    }
    if measures[Counter::Dropped] > 0 {
        warnings.push(format!(
            "{} of {} ({}) found the queue full and were dropped: the target did not take the \
             load that was asked for, and the latencies do not show those that never began",
            human::grouped(measures[Counter::Dropped]),
            human::plural(measures[Counter::Offered], "arrival"),
            human::percent(measures[Counter::Dropped] as f64 / measures[Counter::Offered] as f64),
        ));
    }
    if measures[Counter::Interrupted] > 0 {
        warnings.push(format!(
            "{} had not ended when the graceful stop was over: cut off, and counted in the \
             latencies at the age reached",
            human::plural(measures[Counter::Interrupted], "run"),
        ));
    }
    let saturated: u64 = totals
        .steps
        .iter()
        .chain(&totals.tasks)
        .flat_map(Measures::ends)
        .map(|times| times.saturated())
        .sum();
    if saturated > 0 {
        warnings.push(format!(
            "{} longer than an hour counted as an hour",
            human::plural(saturated, "time")
        ));
    }
    warnings
}
