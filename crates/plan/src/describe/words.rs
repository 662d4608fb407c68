//! The plan as `loadgen check` prints it.

use super::{
    background, load,
    phrase::line,
    quantity::{count, decimal, time},
    step,
};
use crate::{
    Group, MAX_LAG, Op, Plan, Population, Scope, Step, Target, Task, Threshold,
    http::{Http2, Settings},
    sql::{CONNECT_TIMEOUT, Database},
    threshold::Scopes,
    written,
};
use loadgen_scenario::form::Words;
use serde_json::Value as Json;
use std::fmt::Write;

/// Everything that will happen, in words.
pub fn words(plan: &Plan) -> String {
    let mut out = format!("{}\n", plan.name);
    databases(&mut out, plan);
    for (index, population) in plan.populations.iter().enumerate() {
        out.push('\n');
        if plan.populations.len() > 1 {
            line(&mut out, "population", &population.name);
        }
        let written = plan.written.populations.get(index);
        self::population(&mut out, plan, population, written);
    }
    out.push('\n');
    let seed = match plan.written.seed_chosen {
        true => "a new one each run; give `seed` or --seed to repeat one".to_owned(),
        false => plan.seed.to_string(),
    };
    line(&mut out, "seed", &seed);
    if let Some(trace) = plan.trace {
        let share = percent(trace.sample);
        let text = format!("one for each request (traceparent), {share} of them sampled");
        line(&mut out, "traces", &text);
    }
    if plan.max_lag != MAX_LAG {
        let text = format!("at most {}, or loadgen is late", time(plan.max_lag));
        line(&mut out, "schedule lag", &text);
    }
    let mut heading = "thresholds";
    if plan.thresholds.is_empty() {
        line(&mut out, heading, "none");
    }
    for threshold in &plan.thresholds {
        let mut told = self::threshold(plan, threshold);
        if threshold.implied {
            told.push_str(", as no others are set");
        }
        line(&mut out, heading, &told);
        heading = "";
    }
    background::words(&mut out, plan);
    for note in plan.written.notes() {
        line(&mut out, "note", &note);
    }
    plan.written.secrets.hide(&out).into_owned()
}

/// A share, as it would be written.
fn percent(share: f64) -> String {
    match share {
        1.0 => "all".to_owned(),
        0.0 => "none".to_owned(),
        share => format!("{} %", decimal((share * 1e8).round() / 1e6)),
    }
}

fn databases(out: &mut String, plan: &Plan) {
    for (index, (database, written)) in plan
        .databases
        .iter()
        .zip(&plan.written.databases)
        .enumerate()
    {
        if index == 0 {
            out.push('\n');
        }
        let heading = if index == 0 { "databases" } else { "" };
        let backend = database.backend.name();
        line(
            out,
            heading,
            &format!("{}: {backend} at {}", database.name, written.url),
        );
        line(out, "", &format!("  {}", sessions(database, written)));
    }
}

/// Describes the connections to a database.
fn sessions(database: &Database, written: &written::Database) -> String {
    let mut parts = vec![match database.pool() {
        None => "a connection for each user".to_owned(),
        Some(size) => format!("a pool of {}", count(size.into(), "connection")),
    }];
    parts.push(match database.prepared {
        true => "statements prepared once on each".to_owned(),
        false => "statements sent as text, not prepared".to_owned(),
    });
    if let Some(isolation) = database.isolation {
        parts.push(isolation.sql().to_lowercase());
    }
    if let Some(tls) = database.tls {
        parts.push(format!("tls {}", tls.word()));
    }
    if let Some(ca) = &written.ca {
        parts.push(format!("trusts the certificates in {ca}"));
    }
    parts.push(format!(
        "at most {} for a statement{}",
        time(database.statement_timeout),
        match database.server_limit {
            true => ", by the server's own limit",
            false => "",
        }
    ));
    parts.push(format!(
        "at most {} to connect",
        time(database.connect_timeout.unwrap_or(CONNECT_TIMEOUT))
    ));
    parts.join("; ")
}

fn population(
    out: &mut String,
    plan: &Plan,
    population: &Population,
    written: Option<&written::Population>,
) {
    if population.target != Target::None {
        line(out, "target", &target(population, written));
    }
    for (key, value) in written.map_or(&[][..], |written| &written.settings) {
        let value = value
            .as_str()
            .map_or_else(|| value.to_string(), str::to_owned);
        line(out, "", &format!("{key}: {value}"));
    }
    let mut heading = "load";
    for text in load::lines(&population.load.after(plan.warmup)) {
        line(out, heading, &text);
        heading = "";
    }
    if let Some(text) = load::warmup(&population.load, population.warmup, plan.warmup) {
        line(out, "warm-up", &text);
    }
    let stop = match population.graceful_stop {
        stop if stop.is_zero() => "task runs under way are cut off".to_owned(),
        stop => format!("task runs under way may take {} more", time(stop)),
    };
    line(out, "at the end", &stop);
    if population.target != Target::None {
        line(out, "client", &client(population, written));
    }
    let before = "once before the load";
    lifecycle(out, plan, "setup", before, &population.setup);
    let start = "by each user when it begins";
    lifecycle(out, plan, "user start", start, &population.user_start);
    let total: f64 = population.tasks.iter().map(|task| task.weight).sum();
    let mut heading = "tasks";
    for task in &population.tasks {
        let share = decimal((task.weight / total * 1000.0).round() / 10.0);
        let name = plan.tasks.get(task.index).map_or("", |label| &label.name);
        line(out, heading, &format!("{share:>5} %  {name}"));
        heading = "";
        steps(out, plan, task);
    }
    lifecycle(
        out,
        plan,
        "teardown",
        "once after the load",
        &population.teardown,
    );
    let generators = written.map_or(&[][..], |written| &written.generators);
    let mut heading = "data";
    for (variable, generator) in population.variables.iter().zip(generators) {
        let scope = match variable.scope {
            Scope::Step => "anew for each step",
            Scope::Task => "anew for each task run",
            Scope::User => "once for each user",
            Scope::Run => "once for the run",
        };
        let text = format!("{}: {}, {scope}", variable.name, self::generator(generator));
        line(out, heading, &text);
        heading = "";
    }
}

fn lifecycle(out: &mut String, plan: &Plan, heading: &str, when: &str, lifecycle: &Option<Task>) {
    if let Some(lifecycle) = lifecycle {
        line(out, heading, when);
        steps(out, plan, lifecycle);
    }
}

fn target(population: &Population, written: Option<&written::Population>) -> String {
    match &population.target {
        Target::App(app) if app.settings.instances > 1 => {
            let name = &app.name;
            format!("{name}, the bundled service, started for the run on free local ports, in turn")
        }
        Target::App(app) => {
            let name = &app.name;
            format!("{name}, the bundled service, started for the run on a free local port")
        }
        Target::Urls(_) => match written.map(|written| written.urls.as_slice()) {
            Some([url]) => url.clone(),
            Some(urls) => format!("{}, in turn", urls.join(", ")),
            None => String::new(),
        },
        Target::None => String::new(),
    }
}

fn client(population: &Population, written: Option<&written::Population>) -> String {
    let settings = &population.http;
    let version = match settings.http2 {
        None => "HTTP/1.1",
        Some(Http2::Negotiate) => "HTTP/2 where the server agrees, else HTTP/1.1",
        Some(Http2::Require) => "HTTP/2 alone",
    };
    let kept = match settings.connections.reuse {
        true => "connections are kept",
        false => "a connection for each request",
    };
    let connect = time(settings.connect_timeout);
    let mut text = format!("{version}; {kept}; at most {connect} to connect");
    text.push_str(&features(settings, written));
    if let Some(ca) = written.and_then(|written| written.ca.as_ref()) {
        let _ = write!(text, "; trusts the certificates in {ca}");
    }
    if settings.insecure {
        text.push_str("; trusts every certificate");
    }
    text
}

/// Features of requests and responses beyond a plain client's.
fn features(settings: &Settings, written: Option<&written::Population>) -> String {
    let mut text = String::new();
    if settings.cookies {
        text.push_str("; each user keeps its cookies");
    }
    if settings.redirects > 0 {
        let _ = write!(text, "; follows at most {} redirects", settings.redirects);
    }
    if !settings.compression.is_empty() {
        let names: Vec<&str> = settings.compression.iter().map(|way| way.name()).collect();
        let _ = write!(text, "; takes bodies as {}", names.join(", "));
    }
    if let Some(proxy) = written.and_then(|written| written.proxy.as_ref()) {
        let _ = write!(text, "; through the proxy {proxy}");
    }
    for (from, to) in written.into_iter().flat_map(|written| &written.connect_to) {
        let _ = write!(text, "; connects to {to} in place of {from}");
    }
    if let Some(cert) = written.and_then(|written| written.cert.as_ref()) {
        let _ = write!(text, "; shows the certificate in {cert}");
    }
    text
}

fn steps(out: &mut String, plan: &Plan, task: &Task) {
    let mut depth = 0;
    for op in &task.program {
        match *op {
            Op::Step(index) => {
                if let Some(step) = task.steps.get(index) {
                    self::step(out, plan, step, depth);
                }
            }
            Op::Enter(index) => {
                if let Some(group) = task.groups.get(index) {
                    let text = self::group(plan, group);
                    line(out, "", &format!("{:1$}{text}:", "", 9 + 2 * depth));
                }
                depth += 1;
            }
            Op::Leave(_) => depth -= 1,
        }
    }
}

fn group(plan: &Plan, group: &Group) -> String {
    let label = group.index.and_then(|index| plan.groups.get(index));
    let name = label.map(|label| format!("group {}", label.name));
    let times = match group.repeat {
        (1, 1) => None,
        (least, most) if least == most => Some(format!("{most} times")),
        (least, most) => Some(format!("{least} to {most} times")),
    };
    let text = match (name, times) {
        (Some(name), Some(times)) => format!("{name}, {times}"),
        (Some(text), None) | (None, Some(text)) => text,
        (None, None) => "a group".to_owned(),
    };
    let Some(transaction) = &group.transaction else {
        return text;
    };
    let tries = match transaction.max_tries.get() {
        1 => String::new(),
        tries => format!(", up to {tries} tries"),
    };
    format!("{text}, one transaction{tries}")
}

fn step(out: &mut String, plan: &Plan, step: &Step, depth: usize) {
    let name = plan.step(step.index).map_or("", |label| &label.name);
    let (what, below) = step::words(plan, step);
    let indent = 9 + 2 * depth;
    // A default name is what is done, but for a request's `query`.
    if what.starts_with(name.trim_end_matches('…')) {
        line(out, "", &format!("{:indent$}{what}", ""));
    } else {
        line(out, "", &format!("{:indent$}{name}: {what}", ""));
    }
    let indent = indent + 2;
    for text in below {
        line(out, "", &format!("{:indent$}{text}", ""));
    }
}

fn generator(generator: &Json) -> String {
    let Some((name, arguments)) = generator
        .as_object()
        .and_then(|object| object.iter().next())
    else {
        return String::new();
    };
    let Some(arguments) = arguments.as_object() else {
        return name.clone();
    };
    if name == "constant" {
        return format!("always {}", arguments.get("value").unwrap_or(&Json::Null));
    }
    if name == "weighted" {
        return weighted(arguments);
    }
    // JSON sorts its keys; people expect this order.
    let order = [
        "from", "step", "to", "exponent", "mean", "stddev", "min", "max", "file", "value", "as",
        "of", "at", "length", "values", "rows", "order",
    ];
    let given = order.iter().filter_map(|key| {
        let value = arguments.get(*key)?;
        // A range reads as one phrase: from 1 to 10.
        let comma = if matches!(
            *key,
            "from"
                | "step"
                | "to"
                | "mean"
                | "file"
                | "value"
                | "as"
                | "of"
                | "at"
                | "length"
                | "values"
        ) {
            ""
        } else {
            ","
        };
        Some(format!("{comma} {key} {value}"))
    });
    format!("{name}{}", given.collect::<String>())
}

/// The most frequent texts of many.
fn weighted(choices: &serde_json::Map<String, Json>) -> String {
    const MOST: usize = 8;
    let weight = |value: &Json| value.as_f64().unwrap_or(0.0);
    let total: f64 = choices.values().map(weight).sum();
    let mut sorted: Vec<(&String, f64)> = choices
        .iter()
        .map(|(text, value)| (text, weight(value)))
        .collect();
    sorted.sort_by(|a, b| b.1.total_cmp(&a.1));
    let mut shown: Vec<String> = sorted
        .iter()
        .take(MOST)
        .map(|(text, weight)| {
            let share = decimal((weight / total * 1000.0).round() / 10.0);
            format!("{text} {share} %")
        })
        .collect();
    if sorted.len() > MOST {
        shown.push(format!("{} more", sorted.len() - MOST));
    }
    format!("weighted: {}", shown.join(", "))
}

fn threshold(plan: &Plan, threshold: &Threshold) -> String {
    let mut text = String::new();
    if let Some(label) = Scopes::of(plan).label(threshold.scope) {
        let several = plan.populations.len() > 1;
        let name = if several { &label.id } else { label.short() };
        let _ = write!(text, "{name}: ");
    }
    text.push_str(&threshold.expr);
    if let Some(window) = threshold.window {
        let _ = write!(text, ", in the last {}", time(window));
    }
    if threshold.abort {
        text.push_str(", else the run ends");
    }
    if !threshold.after.is_zero() {
        let _ = write!(text, ", from {} on", time(threshold.after));
    }
    text
}
