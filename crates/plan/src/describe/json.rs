//! The plan as the result file has it.

use super::{
    background, step,
    values::{id, seconds, step_id, think},
};
use crate::{
    Curve, Iterations, Load, MAX_LAG, Op, Plan, Population, Target, Task, Threshold,
    sql::CONNECT_TIMEOUT, threshold::Scopes, written,
};
use loadgen_core::time::Nanos;
use loadgen_scenario::form::Words;
use serde_json::{Value as Json, json};
use std::{collections::BTreeMap, time::Duration};

/// The plan as run, secrets redacted. Times are in seconds, rates per second.
pub fn json(plan: &Plan) -> Json {
    let populations = plan
        .populations
        .iter()
        .enumerate()
        .map(|(index, population)| {
            let none = written::Population::default();
            let written = plan.written.populations.get(index).unwrap_or(&none);
            self::population(plan, population, written)
        });
    let thresholds = plan.thresholds.iter().map(|t| threshold(plan, t));
    let mut described = json!({
        "name": plan.name,
        "seed": plan.seed,
        "databases": databases(plan),
        "populations": populations.collect::<Vec<_>>(),
        "warmup_s": seconds(plan.warmup),
        "thresholds": thresholds.collect::<Vec<_>>(),
        "events": background::events(plan),
        "observe": background::observe(plan),
        "verify": background::verify(plan),
    });
    if let Some(trace) = plan.trace {
        described["trace"] = json!({ "sample": trace.sample });
    }
    if plan.max_lag != MAX_LAG {
        described["validity"] = json!({ "max_lag_s": seconds(plan.max_lag) });
    }
    described
}

fn databases(plan: &Plan) -> Json {
    let databases = plan.databases.iter().zip(&plan.written.databases);
    let described = databases.map(|(database, written)| {
        let described = json!({
            "url": written.url,
            "backend": database.backend.name(),
            "prepared": database.prepared,
            "isolation": database.isolation.map(|level| level.sql().to_lowercase()),
            "pool": database.pool(),
            "statement_timeout_s": seconds(database.statement_timeout),
            "server_limit": database.server_limit,
            "max_rows": database.limits.max_rows,
            "max_bytes": database.limits.max_bytes,
            "connect_timeout_s": seconds(database.connect_timeout.unwrap_or(CONNECT_TIMEOUT)),
            "tls": database.tls.map(|tls| tls.word()),
            "ca": written.ca,
        });
        (database.name.clone(), described)
    });
    described.collect::<serde_json::Map<_, _>>().into()
}

fn population(plan: &Plan, population: &Population, written: &written::Population) -> Json {
    let target = match &population.target {
        Target::App(app) => {
            let mut target = json!({ "app": app.name });
            for (key, value) in &written.settings {
                target[*key] = value.clone();
            }
            target
        }
        Target::Urls(_) => json!({ "url": written.urls }),
        Target::None => Json::Null,
    };
    let total: f64 = population.tasks.iter().map(|task| task.weight).sum();
    let tasks = population.tasks.iter().map(|task| {
        let mut described = steps(plan, task);
        described["id"] = id(&plan.tasks, task.index).into();
        described["weight"] = task.weight.into();
        described["share"] = (task.weight / total).into();
        described
    });
    let lifecycle =
        |lifecycle: &Option<Task>| lifecycle.as_ref().map(|lifecycle| steps(plan, lifecycle));
    json!({
        "name": population.name,
        "target": target,
        "load": load(&population.load),
        "warmup_s": seconds(population.warmup),
        "graceful_stop_s": seconds(population.graceful_stop),
        "http": http(population, written),
        "data": data(population, written),
        "setup": lifecycle(&population.setup),
        "user_start": lifecycle(&population.user_start),
        "tasks": tasks.collect::<Vec<_>>(),
        "teardown": lifecycle(&population.teardown),
    })
}

fn http(population: &Population, written: &written::Population) -> Json {
    let settings = &population.http;
    let encodings = settings.compression.iter().map(|encoding| encoding.name());
    json!({
        "connect_timeout_s": seconds(settings.connect_timeout),
        "dns_s": seconds(settings.connections.dns),
        "connect_to": written.connect_to.iter().cloned().collect::<BTreeMap<_, _>>(),
        "reuse": settings.connections.reuse,
        "tls_resumption": settings.connections.resumption.word(),
        "ca": written.ca,
        "insecure": settings.insecure,
        "max_head": settings.max_head,
        "max_body": settings.max_body,
        "cookies": settings.cookies,
        "redirects": settings.redirects,
        "compression": encodings.collect::<Vec<_>>(),
        "proxy": written.proxy,
        "http2": settings.http2.map(|way| way.word()),
        "cert": written.cert,
    })
}

fn load(load: &Load) -> Json {
    match load {
        Load::Closed(closed) => json!({
            "model": "closed",
            "users": curve(&closed.users),
            "duration_s": closed.duration.map(seconds),
            "think_s": think(closed.think),
            "pacing_s": closed.pacing.map(seconds),
            "iterations": match closed.iterations {
                Iterations::PerUser(count) => Some(count),
                _ => None,
            },
            "shared_iterations": match closed.iterations {
                Iterations::Shared(count) => Some(count),
                _ => None,
            },
            "graceful_ramp_down_s": closed.ramp_down.map(seconds),
        }),
        Load::Open(open) => json!({
            "model": "open",
            "rate": curve(&open.rate),
            "duration_s": open.duration.map(seconds),
            "arrivals": open.arrivals.word(),
            "max_in_flight": open.max_in_flight,
            "max_queue": open.max_queue,
        }),
    }
}

fn curve(curve: &Curve) -> Json {
    let segments = curve.segments().iter().map(|segment| {
        let end = (segment.end != Nanos::MAX).then(|| seconds(Duration::from_nanos(segment.end)));
        json!({
            "start_s": seconds(Duration::from_nanos(segment.start)),
            "end_s": end,
            "from": segment.from,
            "to": segment.to,
        })
    });
    segments.collect()
}

fn data(population: &Population, written: &written::Population) -> Json {
    let variables = population.variables.iter().zip(&written.generators);
    let described = variables.map(|(variable, generator)| {
        let mut described = generator.clone();
        described["scope"] = variable.scope.word().into();
        (variable.name.clone(), described)
    });
    described.collect::<serde_json::Map<_, _>>().into()
}

fn steps(plan: &Plan, task: &Task) -> Json {
    let steps = task.steps.iter().map(|step| step::json(plan, step));
    json!({
        "steps": steps.collect::<Vec<_>>(),
        "groups": groups(plan, task),
    })
}

/// Groups in the order in which they begin, each with the steps in it, those of inner groups
/// included.
fn groups(plan: &Plan, task: &Task) -> Vec<Json> {
    let groups = task.groups.iter().enumerate();
    let described = groups.map(|(index, group)| {
        let within = task.program.iter().skip(group.enter + 1);
        let within = within.take_while(|op| **op != Op::Leave(index));
        let steps = within.filter_map(|op| match *op {
            Op::Step(step) => Some(step_id(plan, task.steps.get(step)?)),
            _ => None,
        });
        json!({
            "id": group.index.map(|index| id(&plan.groups, index)),
            "repeat": [group.repeat.0, group.repeat.1],
            "transaction": group.transaction.map(|transaction| json!({
                "database": plan.databases.get(transaction.database).map(|database| &database.name),
                "isolation": transaction.isolation.map(|level| level.sql().to_lowercase()),
                "immediate": transaction.immediate,
                "max_tries": transaction.max_tries,
            })),
            "steps": steps.collect::<Vec<_>>(),
        })
    });
    described.collect()
}

fn threshold(plan: &Plan, threshold: &Threshold) -> Json {
    let scope = Scopes::of(plan).label(threshold.scope);
    json!({
        "expr": threshold.expr,
        "task": scope.map(|label| &label.id),
        "window_s": threshold.window.map(seconds),
        "abort": threshold.abort,
        "after_s": seconds(threshold.after),
    })
}
