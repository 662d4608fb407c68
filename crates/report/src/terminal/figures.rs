//! The figures per step, per task of several steps, and in total, each block as lines; none when
//! there is nothing to say.

use super::{
    style::{TerminalStyle, Tone},
    table::{Figures, Row},
    titled, without_population,
};
use crate::{
    model::{self, ResultFile, Step},
    stats::Stats,
    words,
};
use loadgen_core::{
    human,
    metric::{Breakdown, Distribution, Timer},
};

/// Returns the heading: the scenario and its run.
pub(super) fn heading(result: &ResultFile, style: &TerminalStyle) -> Vec<String> {
    let run = &result.run;
    let mut lines = vec![format!(
        "{} · {}",
        style.paint(Tone::Strong, &result.scenario.name),
        run.target
    )];
    let facts = [
        run.load.clone(),
        human::length(run.duration_s),
        format!("seed {}", result.scenario.seed),
        format!("run {}", run.id),
    ];
    let facts = facts
        .iter()
        .map(String::as_str)
        .filter(|fact| !fact.is_empty());
    let wrapped = style.flow(facts, " · ", 0);
    lines.extend(wrapped.iter().map(|line| style.paint(Tone::Faint, line)));
    lines
}

/// Columns of [`figures_of`].
pub(super) const COLUMNS: [&str; 8] = [
    "count", "req/s", "errors", "p95", "p50", "p90", "p99", "max",
];

/// Count, requests per second, errors and response times per step, per task of several steps, and in total.
pub(super) fn figures(result: &ResultFile, style: &TerminalStyle) -> Vec<String> {
    let mut table = Figures::new(&COLUMNS);
    for part in rows(result) {
        table.push(figures_of(part.depth, part.name, part.stats, false));
    }
    table.push(figures_of(0, "total", &result.totals, true));
    let mut lines = table.lines(style, 3);
    let notes = style.wrap(&notes(result).join(" "), 0);
    lines.extend(notes.iter().map(|line| style.paint(Tone::Faint, line)));
    lines
}

/// Returns figures of the whole run that are not in the table.
fn notes(result: &ResultFile) -> Vec<String> {
    let totals = &result.totals;
    let mut notes = Vec::new();
    let runs: u64 = result.tasks.iter().map(|task| task.stats.count).sum();
    if runs != totals.count {
        notes.push(format!(
            "The total counts requests, of {} ({}/s).",
            human::plural(runs, "task run"),
            human::rate(totals.rate_per_s)
        ));
    }
    notes.extend(words::traffic(totals).map(|traffic| traffic + "."));
    notes.extend(words::connecting(totals).map(|times| format!("Connecting p95 {times}.")));
    for generator in &result.generators {
        let cores = generator.workers as f64 * result.run.whole_s();
        let mut own = vec![human::plural(generator.workers, "worker")];
        if cores > 0.0 {
            own.push(format!(
                "{} busy",
                human::percent(generator.cpu_seconds / cores)
            ));
        }
        own.push(human::bytes(generator.max_rss_bytes));
        if let Some(lag) = &generator.schedule_lag_us {
            own.push(format!("schedule lag p99 {}", time(lag.p99)));
        }
        notes.push(format!("loadgen: {}.", own.join(", ")));
    }
    notes
}

/// The parts of the time that timers show apart, a table for each: the steps in which it makes a
/// difference.
pub(super) fn breakdowns(result: &ResultFile, style: &TerminalStyle) -> Vec<Vec<String>> {
    let timers = Timer::ALL.into_iter();
    let shown = timers.filter_map(|timer| Some((timer, timer.info().breakdown.as_ref()?)));
    shown
        .map(|(timer, breakdown)| self::breakdown(result, timer, breakdown, style))
        .collect()
}

fn breakdown(
    result: &ResultFile,
    timer: Timer,
    breakdown: &Breakdown,
    style: &TerminalStyle,
) -> Vec<String> {
    let whole = |stats| figures_in(stats, breakdown.whole);
    let steps = result.steps.iter();
    let differing = steps.filter(|step| differ(whole(&step.stats), step.stats[timer].as_ref()));
    let mut table = Figures::new(&["p95", "p50", "p99", breakdown.column]);
    let mut any = false;
    for step in differing {
        any = true;
        let part = step.stats[timer].as_ref();
        let of = |pick: fn(&model::Figures) -> f64| part.map_or("-".into(), |f| time(pick(f)));
        table.push(Row {
            depth: 0,
            name: step_name(result, step),
            cells: vec![
                of(|figures| figures.p95),
                of(|figures| figures.p50),
                of(|figures| figures.p99),
                whole(&step.stats).map_or("-".into(), |figures| time(figures.p95)),
            ],
            sum: false,
            bad: None,
        });
    }
    if !any {
        return Vec::new();
    }
    let mut lines = titled(style, breakdown.title);
    lines.extend(table.lines(style, 0));
    lines
}

fn figures_in(stats: &Stats, which: Distribution) -> Option<&model::Figures> {
    match which {
        Distribution::Latency => stats.latency_us.as_ref(),
        Distribution::Timer(timer) => stats[timer].as_ref(),
    }
}

/// A task, group or step with its figures.
#[derive(Debug, Clone, Copy)]
pub(crate) struct FigureRow<'a> {
    /// Number of tasks and groups it is in.
    pub depth: usize,
    pub name: &'a str,
    pub stats: &'a Stats,
}

/// Tasks, groups and steps in order: a task of one step is one row, one of several its own and
/// theirs.
pub(crate) fn rows(result: &ResultFile) -> Vec<FigureRow<'_>> {
    let mut rows = Vec::new();
    let mut shown: Vec<&str> = Vec::new();
    for task in &result.tasks {
        rows.push(FigureRow {
            depth: 0,
            name: without_population(result, &task.id),
            stats: &task.stats,
        });
        let steps: Vec<&Step> = steps_of(result, &task.id).collect();
        if steps.iter().all(|step| step.within.is_empty()) && steps.len() == 1 {
            continue;
        }
        for step in steps {
            for (depth, id) in (1..).zip(&step.within) {
                let group = result.groups.iter().find(|group| group.id == *id);
                if let Some(group) = group.filter(|_| !shown.contains(&id.as_str())) {
                    shown.push(id);
                    rows.push(FigureRow {
                        depth,
                        name: &group.name,
                        stats: &group.stats,
                    });
                }
            }
            rows.push(FigureRow {
                depth: step.within.len() + 1,
                name: &step.name,
                stats: &step.stats,
            });
        }
    }
    rows
}

fn steps_of<'a>(result: &'a ResultFile, task: &'a str) -> impl Iterator<Item = &'a Step> {
    let steps = result.steps.iter();
    steps.filter(move |step| task == format!("{}/{}", step.population, step.task))
}

/// The name under which a step stands in [`figures`].
fn step_name(result: &ResultFile, step: &Step) -> String {
    let task = format!("{}/{}", step.population, step.task);
    match steps_of(result, &task).count() {
        1 => without_population(result, &task).to_owned(),
        _ => step.name.clone(),
    }
}

pub(super) fn figures_of(depth: usize, name: &str, stats: &Stats, sum: bool) -> Row {
    let latency = stats.latency_us.as_ref();
    let of = |pick: fn(&model::Figures) -> f64| latency.map_or("-".into(), |f| time(pick(f)));
    let errors = words::errors(&stats.errors);
    Row {
        depth,
        name: name.to_owned(),
        cells: vec![
            human::count(stats.count),
            human::rate(stats.requests_per_s),
            errors,
            of(|figures| figures.p95),
            of(|figures| figures.p50),
            of(|figures| figures.p90),
            of(|figures| figures.p99),
            of(|figures| figures.max),
        ],
        sum,
        bad: (stats.errors.count > 0).then_some(2),
    }
}

/// Returns true if the whole clearly exceeds its part: by a tenth and by 0.1 ms.
fn differ(whole: Option<&model::Figures>, part: Option<&model::Figures>) -> bool {
    let (Some(whole), Some(part)) = (whole, part) else {
        return false;
    };
    let figures: [fn(&model::Figures) -> f64; 3] = [|f| f.p50, |f| f.p95, |f| f.p99];
    figures.iter().any(|pick| {
        let gap = pick(whole) - pick(part);
        gap > 100.0 && gap > pick(whole) / 10.0
    })
}

fn time(us: f64) -> String {
    human::time(us * 1_000.0)
}
