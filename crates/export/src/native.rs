//! loadgen's own names.

use super::{
    family::{Family, Labels, MetricType, with},
    state::{Counters, Scope, State, Times, counters},
};
use loadgen_core::metric::{CounterInfo, Of, Timer};
use loadgen_plan::Label;

const QUANTILES: [f64; 5] = [0.5, 0.9, 0.95, 0.99, 0.999];

/// Every metric.
pub(super) fn families(state: &State) -> Vec<Family> {
    let mut all = vec![info(state)];
    let steps = || state.steps.iter().zip(&state.about.plan.steps);
    let tasks = || state.tasks.iter().zip(&state.about.plan.tasks);
    let help = "Requests and statements that ended, by outcome: ok, or the class of the error.";
    all.push(outcomes("loadgen_requests_total", help, steps(), |label| {
        step(state, label)
    }));
    let help = "Task runs that ended, by outcome: ok, or the class of the error.";
    all.push(outcomes(
        "loadgen_task_runs_total",
        help,
        tasks(),
        |label| task(state, label),
    ));
    all.push(responses(state));
    let name = "loadgen_request_duration_seconds";
    let help = "Response time, from the intended start; percentiles of the last interval.";
    let latency = (name, help, Times::Latency);
    let timers = Timer::ALL.into_iter().filter_map(|timer| {
        let (name, help) = timer.info().exported?;
        Some((name, help, Times::Timer(timer)))
    });
    for (name, help, which) in [latency].into_iter().chain(timers) {
        let mut family = Family::new(name, MetricType::Summary, help);
        for (index, label) in state.about.plan.steps.iter().enumerate() {
            let value = state.distribution(Scope::Step(index), which, &QUANTILES);
            family.distribution(step(state, label), value);
        }
        all.push(family);
    }
    let help = "Task runs from arrival to last step; percentiles of the last interval.";
    let mut family = Family::new("loadgen_task_duration_seconds", MetricType::Summary, help);
    for (index, label) in state.about.plan.tasks.iter().enumerate() {
        let value = state.distribution(Scope::Task(index), Times::Latency, &QUANTILES);
        family.distribution(task(state, label), value);
    }
    all.push(family);
    let exported = |info: &CounterInfo| info.exported;
    let of_requests = counters(Of::Requests, exported, steps(), |label| step(state, label));
    all.extend(of_requests);
    type Checks = (&'static str, &'static str, fn(&Counters) -> u64);
    let checks: [Checks; 2] = [
        ("loadgen_checks_passed_total", "Checks that passed.", |c| {
            c.passed
        }),
        ("loadgen_checks_failed_total", "Checks that failed.", |c| {
            c.missed
        }),
    ];
    for (name, help, count) in checks {
        let mut family = Family::new(name, MetricType::Counter, help);
        steps().for_each(|(c, label)| family.number(step(state, label), count(c) as f64));
        all.push(family);
    }
    all.extend(counters(Of::Runs, exported, tasks(), |label| {
        task(state, label)
    }));
    all.extend(levels(state));
    all
}

/// Returns the labels of the run.
pub(super) fn run(state: &State) -> Labels {
    vec![
        ("run_id", state.about.run_id.clone()),
        ("scenario", state.about.scenario.clone()),
    ]
}

fn step(state: &State, label: &Label) -> Labels {
    with(
        run(state),
        &[
            ("population", &label.population),
            ("task", &label.task),
            ("step", &label.name),
        ],
    )
}

fn task(state: &State, label: &Label) -> Labels {
    with(
        run(state),
        &[("population", &label.population), ("task", &label.name)],
    )
}

fn info(state: &State) -> Family {
    let mut family = Family::new("loadgen_run_info", MetricType::Gauge, "The run; always 1.");
    family.number(
        with(run(state), &[("version", env!("CARGO_PKG_VERSION"))]),
        1.0,
    );
    family
}

fn outcomes<'a>(
    name: &str,
    help: &'static str,
    counted: impl Iterator<Item = (&'a Counters, &'a Label)>,
    labels: impl Fn(&Label) -> Labels,
) -> Family {
    let mut family = Family::new(name, MetricType::Counter, help);
    for (counters, label) in counted {
        let failed = counters.by_class.iter().filter(|(_, count)| **count > 0);
        let failed = failed.map(|(class, count)| (class.name(), *count));
        for (outcome, count) in [("ok", counters.ok)].into_iter().chain(failed) {
            let mut labels = labels(label);
            labels.push(("outcome", outcome.to_owned()));
            labels.sort();
            family.number(labels, count as f64);
        }
    }
    family
}

fn responses(state: &State) -> Family {
    let help = "Responses by status code.";
    let mut family = Family::new("loadgen_responses_total", MetricType::Counter, help);
    for (counters, label) in state.steps.iter().zip(&state.about.plan.steps) {
        for (status, count) in counters.statuses.iter() {
            let labels = with(step(state, label), &[("status", &status.to_string())]);
            family.number(labels, count as f64);
        }
    }
    family
}

fn levels(state: &State) -> Vec<Family> {
    let Some(now) = state.now() else {
        return Vec::new();
    };
    let mut all: Vec<Family> = [
        ("loadgen_users", "Active users (closed model).", now.users),
        ("loadgen_in_flight", "Task runs under way.", now.in_flight),
        (
            "loadgen_queued",
            "Arrivals that wait for a slot.",
            now.queued,
        ),
    ]
    .map(|(name, help, level)| {
        let mut family = Family::new(name, MetricType::Gauge, help);
        family.number(run(state), level as f64);
        family
    })
    .into();
    let help = "99th percentile of how late runs began although a slot was free.";
    let mut lag = Family::new("loadgen_schedule_lag_seconds", MetricType::Gauge, help);
    if let Some(value) = state.lag().percentile(99.0) {
        lag.number(run(state), value as f64 / 1e9);
    }
    all.push(lag);
    all
}
