//! The report as one HTML file that needs nothing else: no script, no network, light and dark as
//! the reader's system is, and fit to be printed.

mod charts;
mod marks;
mod observed;
mod slots;
mod stages;
mod suite;
mod svg;
#[cfg(test)]
mod tests;
mod traces;

use super::{
    intervals::hist,
    model::{Figures, Generator, ResultFile, Stats, Verification},
    terminal::{rows, without_population},
    verdict::{Outcome, verdict},
    words,
};
use askama::Template;
use loadgen_core::{
    human,
    metric::{Counter, Timer},
};
use loadgen_plan::written::REDACTED;
use marks::Marks;
use serde_json::Value;
use slots::ChartSlots;
pub use suite::suite;

/// Most events that are listed, besides those that failed.
const EVENTS: usize = 100;
/// Most different messages shown of an error class.
const MESSAGES: usize = 5;

/// Page around the reports of one run or several.
#[derive(Template)]
#[template(path = "report.html")]
struct Page<'a> {
    title: &'a str,
    body: String,
}

/// The report of one run.
#[derive(Template)]
#[template(path = "result.html")]
struct Body<'a> {
    name: &'a str,
    outcome: &'static str,
    verdict: String,
    facts: Vec<String>,
    /// A title with its class, and texts.
    doubts: [((&'static str, &'static str), &'a [String]); 3],
    tiles: Vec<(&'static str, String)>,
    thresholds: Vec<Threshold<'a>>,
    verified: &'a [Verification],
    events: Vec<Event<'a>>,
    /// Events that are not listed.
    more_events: usize,
    observed: Vec<observed::ObservedSource<'a>>,
    columns: Vec<(Timer, &'static str)>,
    rows: Vec<Row>,
    note: String,
    charts: Option<Charts>,
    classes: Vec<Class<'a>>,
    traces: Vec<traces::Traces<'a>>,
    generators: Vec<Vec<String>>,
    tasks: Vec<Task<'a>>,
    plan: String,
    command: String,
    redacted: bool,
    sha256: &'a str,
    id: &'a str,
    started: String,
    version: &'a str,
}

struct Threshold<'a> {
    ok: bool,
    expr: &'a str,
    scope: &'a str,
    observed: String,
    samples: String,
    message: &'a str,
}

struct Event<'a> {
    ok: bool,
    number: usize,
    at: String,
    name: &'a str,
    took: String,
    message: &'a str,
}

struct Row {
    name: String,
    /// Depth in its task; 0 for the task itself.
    depth: usize,
    total: bool,
    failing: bool,
    cells: Vec<String>,
}

struct Charts {
    latency: String,
    throughput: String,
    load: String,
    percentiles: String,
    heatmap: String,
    errors: String,
    drops: bool,
    users: bool,
    queues: bool,
}

struct Class<'a> {
    name: &'a str,
    count: String,
    share: String,
    samples: Vec<Failed<'a>>,
}

/// A failure as it was seen.
struct Failed<'a> {
    message: &'a str,
    details: String,
}

struct Task<'a> {
    name: &'a str,
    share: String,
    steps: Vec<String>,
}

/// The file.
///
/// # Errors
/// In words, when a histogram of the result cannot be read.
pub fn text(result: &ResultFile) -> Result<String, String> {
    let page = Page {
        title: &result.scenario.name,
        body: body(result)?,
    };
    rendered(&page)
}

fn outcome_class(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Passed => "passed",
        Outcome::Done => "done",
        Outcome::Failed => "failed",
    }
}

fn rendered(part: &impl Template) -> Result<String, String> {
    part.render()
        .map_err(|error| format!("the page cannot be made: {error}"))
}

fn body(result: &ResultFile) -> Result<String, String> {
    let run = &result.run;
    let (outcome, verdict) = verdict(result);
    let classes = classes(result);
    let command = command(result);
    let marks = Marks::of(result);
    let events = events(result);
    let timeline = match result.timeline.is_empty() {
        true => None,
        false => Some(slots::chart_slots(result)?),
    };
    let length = timeline.as_ref().map(|timeline| timeline.length);
    let body = Body {
        name: &result.scenario.name,
        outcome: outcome_class(outcome),
        verdict,
        facts: [
            run.target.clone(),
            run.load.clone(),
            human::length(run.duration_s),
        ]
        .into_iter()
        .filter(|fact| !fact.is_empty())
        .collect(),
        doubts: [
            (("Failed", "bad"), &run.failures),
            (("This result is invalid", "bad"), &run.invalid_reasons),
            (("Warnings", "doubt"), &result.warnings),
        ],
        tiles: tiles(result),
        thresholds: thresholds(result),
        verified: &result.verify,
        more_events: result.events.len() - events.len(),
        events,
        observed: observed::sources(result, length, &marks),
        columns: columns(),
        rows: summary(result),
        note: note(&result.totals),
        charts: match &timeline {
            Some(timeline) => Some(charts(result, timeline, &marks, &classes)?),
            None => None,
        },
        classes,
        traces: traces::traces(result),
        generators: result
            .generators
            .iter()
            .map(|generator| self::generator(generator, run.whole_s()))
            .collect(),
        tasks: tasks(result),
        // A value that was read or made is written again.
        plan: serde_json::to_string_pretty(&result.plan).unwrap_or_default(),
        redacted: command.contains(REDACTED),
        command,
        sha256: &result.scenario.sha256,
        id: &run.id,
        started: run.started_at.strftime("%Y-%m-%d %H:%M:%S UTC").to_string(),
        version: result.generators.first().map_or("", |g| &g.version),
    };
    rendered(&body)
}

fn charts(
    result: &ResultFile,
    timeline: &ChartSlots,
    marks: &Marks,
    classes: &[Class<'_>],
) -> Result<Charts, String> {
    let names: Vec<&str> = classes.iter().map(|class| class.name).collect();
    let response = hist(result.totals.hdr.latency.as_deref())?;
    let service = hist(result.totals.hdr.service.as_deref())?;
    Ok(Charts {
        latency: charts::latency(timeline, marks),
        throughput: charts::throughput(timeline, marks),
        load: charts::load(timeline, marks),
        percentiles: charts::percentiles(&response, &service),
        heatmap: charts::heatmap(timeline, marks),
        errors: charts::errors(timeline, marks, &names),
        drops: timeline.slots.iter().any(|slot| slot.dropped > 0),
        users: timeline.slots.iter().any(|slot| slot.users > 0),
        queues: timeline.slots.iter().any(|slot| slot.queued > 0),
    })
}

fn tiles(result: &ResultFile) -> Vec<(&'static str, String)> {
    let totals = &result.totals;
    let mut tiles = vec![
        ("requests", human::count(totals.count)),
        ("requests per second", human::rate(totals.requests_per_s)),
        ("runs per second", human::rate(totals.rate_per_s)),
        (
            "failed",
            totals.errors.rate.map_or("-".to_owned(), human::percent),
        ),
        ("p50", time(totals, |f| f.p50)),
        ("p95", time(totals, |f| f.p95)),
        ("p99", time(totals, |f| f.p99)),
    ];
    let dropped = totals[Counter::Dropped];
    if dropped > 0 {
        tiles.push(("arrivals dropped", human::count(dropped)));
    }
    tiles
}

fn thresholds(result: &ResultFile) -> Vec<Threshold<'_>> {
    let thresholds = result.thresholds.iter().map(|threshold| Threshold {
        ok: threshold.ok,
        expr: &threshold.expr,
        scope: match threshold.scope.as_str() {
            "totals" => "everything",
            task => without_population(result, task),
        },
        observed: threshold.observed.map_or_else(
            || "no samples".to_owned(),
            |observed| {
                let number = human::distinct(observed, threshold.limit);
                let blank = if threshold.unit.starts_with(char::is_alphabetic) {
                    " "
                } else {
                    ""
                };
                format!("{number}{blank}{}", threshold.unit)
            },
        ),
        samples: human::grouped(threshold.samples),
        message: threshold.message.as_deref().unwrap_or_default(),
    });
    thresholds.collect()
}

/// The first of them, and those that failed.
fn events(result: &ResultFile) -> Vec<Event<'_>> {
    let events = result.events.iter().zip(marks::numbers(result)).enumerate();
    let listed = events.filter(|(index, (event, _))| *index < EVENTS || !event.ok);
    listed
        .map(|(_, (event, number))| Event {
            ok: event.ok,
            number,
            at: words::at(event.t_s, result.run.warmup_s),
            name: &event.name,
            took: human::time(event.took_s * 1e9),
            message: event.message.as_deref().unwrap_or_default(),
        })
        .collect()
}

/// The timers that have a column, each with what heads it.
fn columns() -> Vec<(Timer, &'static str)> {
    let timers = Timer::ALL.into_iter();
    let columns = timers.filter_map(|timer| Some((timer, timer.info().column?)));
    columns.collect()
}

fn summary(result: &ResultFile) -> Vec<Row> {
    let row = |depth: usize, name: &str, stats: &Stats, total| {
        let mut cells = vec![
            human::count(stats.count),
            human::rate(stats.requests_per_s),
            errors(stats),
            time(stats, |f| f.p50),
            time(stats, |f| f.p90),
            time(stats, |f| f.p95),
            time(stats, |f| f.p99),
            time(stats, |f| f.p99_9),
            time(stats, |f| f.max),
        ];
        let columns = columns().into_iter();
        cells.extend(columns.map(|(timer, _)| figure(stats[timer].as_ref(), |f| f.p95)));
        Row {
            depth,
            name: name.to_owned(),
            total,
            failing: stats.errors.count > 0,
            cells,
        }
    };
    let parts = rows(result);
    let mut rows: Vec<Row> = parts
        .iter()
        .map(|part| row(part.depth, part.name, part.stats, false))
        .collect();
    rows.push(row(0, "total", &result.totals, true));
    rows
}

fn note(totals: &Stats) -> String {
    // Dropped arrivals have a tile.
    let counters = Counter::ALL.into_iter();
    let counters: Vec<Counter> = counters.filter(|it| *it != Counter::Dropped).collect();
    let mut parts: Vec<String> = words::traffic(totals).into_iter().collect();
    parts.extend(words::connecting(totals).map(|times| format!("connecting p95 {times}")));
    parts.extend(words::statuses(totals).map(|statuses| format!("status codes {statuses}")));
    parts.extend(words::counts(totals, &counters));
    match parts.is_empty() {
        true => String::new(),
        false => parts.join(", ") + ".",
    }
}

fn classes(result: &ResultFile) -> Vec<Class<'_>> {
    let totals = &result.totals;
    let mut classes: Vec<(&String, u64)> = totals
        .errors
        .by_class
        .iter()
        .map(|(class, count)| (class, *count))
        .collect();
    classes.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    let class = |(name, count): (&'_ String, u64)| {
        let mut samples: Vec<Failed<'_>> = Vec::new();
        let own = totals
            .errors
            .samples
            .iter()
            .filter(|sample| sample.class == *name);
        for sample in own {
            let message = sample.message.as_str();
            if samples.len() < MESSAGES && samples.iter().all(|other| other.message != message) {
                let details = words::details(sample).unwrap_or_default();
                samples.push(Failed { message, details });
            }
        }
        (
            samples,
            human::grouped(count),
            human::percent(count as f64 / totals.count.max(1) as f64),
        )
    };
    classes
        .iter()
        .map(|&(name, number)| {
            let (samples, count, share) = class((name, number));
            Class {
                name,
                count,
                share,
                samples,
            }
        })
        .collect()
}

fn generator(generator: &Generator, seconds: f64) -> Vec<String> {
    let cores = generator.workers as f64 * seconds;
    let busy = if cores > 0.0 {
        human::percent(generator.cpu_seconds / cores)
    } else {
        "-".to_owned()
    };
    let lag = generator.schedule_lag_us.as_ref();
    let [p50, p99, max] = [lag.map(|l| l.p50), lag.map(|l| l.p99), lag.map(|l| l.max)]
        .map(|us| us.map_or("-".to_owned(), |us| human::time(us * 1e3)));
    vec![
        generator.version.clone(),
        human::grouped(generator.workers),
        format!("{:.2} s", generator.cpu_seconds),
        busy,
        human::bytes(generator.max_rss_bytes),
        p50,
        p99,
        max,
    ]
}

fn tasks(result: &ResultFile) -> Vec<Task<'_>> {
    let list = |value: &'_ Value| -> Vec<Value> { value.as_array().cloned().unwrap_or_default() };
    let planned: Vec<Value> = list(&result.plan["populations"])
        .iter()
        .flat_map(|population| list(&population["tasks"]))
        .collect();
    let tasks = result.tasks.iter().map(|task| {
        let plan = planned.iter().find(|plan| plan["id"] == task.id.as_str());
        let share = plan.and_then(|plan| plan["share"].as_f64());
        let steps = result.steps.iter();
        Task {
            name: without_population(result, &task.id),
            share: share.map_or("-".to_owned(), human::percent),
            steps: steps
                .filter(|step| format!("{}/{}", step.population, step.task) == task.id)
                .map(|step| step.name.clone())
                .collect(),
        }
    });
    tasks.collect()
}

/// The command line that runs the same again.
fn command(result: &ResultFile) -> String {
    let scenario = &result.scenario;
    let mut words = vec![
        "loadgen".to_owned(),
        "run".to_owned(),
        quoted(&scenario.file),
    ];
    words.extend(scenario.arguments.iter().map(|argument| quoted(argument)));
    words.extend(["--seed".to_owned(), scenario.seed.to_string()]);
    words.join(" ")
}

/// A word for the shell.
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./=:,@%+".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', "'\\''"))
}

fn errors(stats: &Stats) -> String {
    match stats.errors.rate {
        Some(rate) if stats.errors.count > 0 => {
            format!(
                "{} ({})",
                human::count(stats.errors.count),
                human::percent(rate)
            )
        }
        _ => human::count(stats.errors.count),
    }
}

fn time(stats: &Stats, pick: fn(&Figures) -> f64) -> String {
    figure(stats.latency_us.as_ref(), pick)
}

fn figure(figures: Option<&Figures>, pick: fn(&Figures) -> f64) -> String {
    figures.map_or("-".to_owned(), |figures| human::time(pick(figures) * 1e3))
}
