//! k6's names, as its Prometheus remote write output has them: times are in seconds, and what a
//! trend says stands in the metric's name.

use super::{
    family::{Family, Labels, MetricType, with},
    state::{Scope, State, Times, counters},
};
use loadgen_core::metric::{CounterInfo, Of, Timer};
use loadgen_plan::Label;
use loadgen_record::Hist;

/// Every metric.
pub(super) fn families(state: &State) -> Vec<Family> {
    let plan = &state.about.plan;
    let mut reqs = Family::new(
        "k6_http_reqs_total",
        MetricType::Counter,
        "Requests that ended.",
    );
    let mut failed = Family::new(
        "k6_http_req_failed_rate",
        MetricType::Gauge,
        "Share of the requests that failed, since the start.",
    );
    let mut checks = Family::new(
        "k6_checks_rate",
        MetricType::Gauge,
        "Share of the checks that passed, since the start.",
    );
    for (counters, label) in state.steps.iter().zip(&plan.steps) {
        for (expected, count) in [("true", counters.ok), ("false", counters.failed())] {
            let mut labels = step(state, label);
            labels.push(("expected_response", expected.to_owned()));
            labels.sort();
            reqs.number(labels, count as f64);
        }
        if counters.count() > 0 {
            let rate = counters.failed() as f64 / counters.count() as f64;
            failed.number(step(state, label), rate);
        }
        let made = counters.passed + counters.missed;
        if made > 0 {
            checks.number(step(state, label), counters.passed as f64 / made as f64);
        }
    }
    let mut all = vec![reqs, failed, checks];
    let named = |info: &CounterInfo| info.k6;
    let counted = || state.steps.iter().zip(&plan.steps);
    all.extend(counters(Of::Requests, named, counted(), |label| {
        step(state, label)
    }));
    let steps = |which: Times| {
        let labelled = plan.steps.iter().enumerate();
        labelled.map(move |(index, label)| {
            (step(state, label), state.recent(Scope::Step(index), which))
        })
    };
    all.extend(trend("k6_http_req_duration", steps(Times::Latency)));
    for timer in Timer::ALL {
        if let Some(name) = timer.info().k6 {
            all.extend(trend(name, steps(Times::Timer(timer))));
        }
    }
    let mut iterations = Family::new(
        "k6_iterations_total",
        MetricType::Counter,
        "Task runs that ended.",
    );
    for (counters, label) in state.tasks.iter().zip(&plan.tasks) {
        iterations.number(task(state, label), counters.count() as f64);
    }
    all.push(iterations);
    let counted = state.tasks.iter().zip(&plan.tasks);
    all.extend(counters(Of::Runs, named, counted, |label| {
        task(state, label)
    }));
    let tasks = plan.tasks.iter().enumerate().map(|(index, label)| {
        let recent = state.recent(Scope::Task(index), Times::Latency);
        (task(state, label), recent)
    });
    all.extend(trend("k6_iteration_duration", tasks));
    if let Some(now) = state.now() {
        // In an open load, arrivals in flight are what k6 calls virtual users.
        let users = now.users.max(now.in_flight);
        let levels = [
            ("k6_vus", "Active users.", users),
            (
                "k6_vus_max",
                "Most users so far.",
                state.most_users.max(users),
            ),
        ];
        for (name, help, level) in levels {
            let mut family = Family::new(name, MetricType::Gauge, help);
            family.number(run(state), level as f64);
            all.push(family);
        }
    }
    all
}

fn run(state: &State) -> Labels {
    vec![("testid", state.about.run_id.clone())]
}

fn step(state: &State, label: &Label) -> Labels {
    let group = format!("::{}", label.task);
    with(
        run(state),
        &[
            ("scenario", &label.population),
            ("group", &group),
            ("name", &label.name),
        ],
    )
}

fn task(state: &State, label: &Label) -> Labels {
    let group = format!("::{}", label.name);
    with(
        run(state),
        &[("scenario", &label.population), ("group", &group)],
    )
}

/// A figure per family, of the last interval.
fn trend(name: &str, recent: impl Iterator<Item = (Labels, Hist)>) -> Vec<Family> {
    const HELP: &str = "Of the last interval, in seconds.";
    let figures = ["min", "avg", "med", "p50", "p90", "p95", "p99", "max"];
    let mut families =
        figures.map(|figure| Family::new(format!("{name}_{figure}"), MetricType::Gauge, HELP));
    for (labels, hist) in recent {
        let percentile = |percent| hist.percentile(percent).map(|ns| ns as f64);
        let values = [
            hist.min().map(|ns| ns as f64),
            hist.mean(),
            percentile(50.0),
            percentile(50.0),
            percentile(90.0),
            percentile(95.0),
            percentile(99.0),
            hist.max().map(|ns| ns as f64),
        ];
        for (family, value) in families.iter_mut().zip(values) {
            if let Some(ns) = value {
                family.number(labels.clone(), ns / 1e9);
            }
        }
    }
    families.into()
}
