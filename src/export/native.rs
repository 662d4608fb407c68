//! loadgen's own names.

use super::{
    family::{Family, Kind, Labels, with},
    state::{Counters, Scope, State, Times},
};
use crate::{driver::ErrorClass, plan::Label};

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
    for (name, which, help) in [
        (
            "loadgen_request_duration_seconds",
            Times::Latency,
            "Response time, from the intended start; percentiles of the last interval.",
        ),
        (
            "loadgen_request_service_seconds",
            Times::Service,
            "Service time, from the first byte sent; percentiles of the last interval.",
        ),
        (
            "loadgen_connect_duration_seconds",
            Times::Connect,
            "Opening connections; percentiles of the last interval.",
        ),
    ] {
        let mut family = Family::new(name, Kind::Summary, help);
        for (index, label) in state.about.plan.steps.iter().enumerate() {
            let value = state.distribution(Scope::Step(index), which, &QUANTILES);
            family.distribution(step(state, label), value);
        }
        all.push(family);
    }
    let help = "Task runs from arrival to last step; percentiles of the last interval.";
    let mut family = Family::new("loadgen_task_duration_seconds", Kind::Summary, help);
    for (index, label) in state.about.plan.tasks.iter().enumerate() {
        let value = state.distribution(Scope::Task(index), Times::Latency, &QUANTILES);
        family.distribution(task(state, label), value);
    }
    all.push(family);
    type Count = (&'static str, &'static str, fn(&Counters) -> u64);
    let of_steps: [Count; 7] = [
        (
            "loadgen_unknown_total",
            "Requests sent without an answer.",
            |c| c.unknown,
        ),
        (
            "loadgen_retries_total",
            "Requests made once more by policy.",
            |c| c.retries,
        ),
        (
            "loadgen_reconnects_total",
            "Reused connections that had gone.",
            |c| c.reconnects,
        ),
        (
            "loadgen_sent_bytes_total",
            "Bytes written to connections.",
            |c| c.bytes_sent,
        ),
        (
            "loadgen_received_bytes_total",
            "Bytes read from connections.",
            |c| c.bytes_received,
        ),
        ("loadgen_checks_passed_total", "Checks that passed.", |c| {
            c.passed
        }),
        ("loadgen_checks_failed_total", "Checks that failed.", |c| {
            c.missed
        }),
    ];
    for (name, help, count) in of_steps {
        let mut family = Family::new(name, Kind::Counter, help);
        steps().for_each(|(c, label)| family.number(step(state, label), count(c) as f64));
        all.push(family);
    }
    let of_tasks: [Count; 2] = [
        (
            "loadgen_dropped_total",
            "Arrivals that found the queue full.",
            |c| c.dropped,
        ),
        (
            "loadgen_interrupted_total",
            "Task runs cut off at the end.",
            |c| c.interrupted,
        ),
    ];
    for (name, help, count) in of_tasks {
        let mut family = Family::new(name, Kind::Counter, help);
        tasks().for_each(|(c, label)| family.number(task(state, label), count(c) as f64));
        all.push(family);
    }
    all.extend(levels(state));
    all
}

/// What names the run.
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
    let mut family = Family::new("loadgen_run_info", Kind::Gauge, "The run; always 1.");
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
    let mut family = Family::new(name, Kind::Counter, help);
    for (counters, label) in counted {
        let classes = ErrorClass::ALL.iter().zip(counters.by_class);
        let failed = classes.filter(|(_, count)| *count > 0);
        let failed = failed.map(|(class, count)| (class.name(), count));
        for (outcome, count) in [("ok", counters.ok)].into_iter().chain(failed) {
            let mut labels = labels(label);
            labels.push(("outcome", outcome.to_owned()));
            labels.sort();
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
        let mut family = Family::new(name, Kind::Gauge, help);
        family.number(run(state), level as f64);
        family
    })
    .into();
    let help = "99th percentile of how late runs began although a slot was free.";
    let mut lag = Family::new("loadgen_schedule_lag_seconds", Kind::Gauge, help);
    if let Some(value) = state.lag().percentile(99.0) {
        lag.number(run(state), value as f64 / 1e9);
    }
    all.push(lag);
    all
}
