//! What should be known before the numbers are believed, as far as the measurements tell.

use super::words;
use crate::{
    human,
    metric::{Counter, Timer},
    plan::Plan,
    record::{Measures, Periods, RunTotals, View},
    time::nanos,
};

/// What went wrong in the warm-up, whose totals are given: it is seen nowhere else.
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
