//! The summary in Markdown, for pull requests and the job summary of GitHub.

use super::{
    ResultFile, SuiteFile,
    model::Figures,
    stats::Stats,
    terminal::{rows, without_population},
    verdict::{Outcome, verdict},
    words,
};
use loadgen_core::human;

/// Most metrics of a source that are listed.
const MOST_METRICS: usize = 20;

/// The verdict, thresholds, figures, errors and doubts.
pub fn text(result: &ResultFile) -> String {
    section(&result.scenario.name, result)
}

fn section(name: &str, result: &ResultFile) -> String {
    let run = &result.run;
    let (outcome, verdict) = verdict(result);
    let mut blocks = vec![
        format!("## {} {}", mark(outcome), plain(name)),
        format!("**{}**", plain(&verdict)),
    ];
    let length = human::length(run.duration_s);
    let facts = [run.target.as_str(), run.load.as_str(), length.as_str()];
    let facts = facts.into_iter().filter(|fact| !fact.is_empty());
    blocks.push(facts.map(plain).collect::<Vec<_>>().join(" · "));
    for (title, texts) in [
        ("Failed", &run.failures),
        ("This result is invalid", &run.invalid_reasons),
    ] {
        blocks.extend(list(title, texts.iter().map(|text| plain(text))));
    }
    blocks.extend(thresholds(result));
    blocks.extend(verified(result));
    blocks.push(figures(result));
    let events = result.events.iter().map(|event| {
        let at = words::at(event.t_s, run.warmup_s);
        let said = event.message.as_deref().unwrap_or_default();
        let mark = if event.ok { "" } else { "❌ " };
        format!("{mark}at {at}: {} {}", plain(&event.name), plain(said))
    });
    blocks.extend(list("Events", events));
    blocks.extend(observed(result));
    let classes = result.totals.errors.by_class.iter().map(|(class, count)| {
        let samples = result.totals.errors.samples.iter();
        let seen = samples
            .filter(|sample| sample.class == *class)
            .map(|sample| format!(": {}", plain(&sample.message)))
            .next();
        format!(
            "{} × {}{}",
            plain(class),
            human::grouped(*count),
            seen.unwrap_or_default()
        )
    });
    blocks.extend(list("Errors", classes));
    let statuses = words::statuses(&result.totals);
    blocks.extend(statuses.map(|statuses| format!("Status codes: {}", plain(&statuses))));
    blocks.extend(list(
        "Warnings",
        result.warnings.iter().map(|text| plain(text)),
    ));
    blocks.push(format!(
        "<sub>run {} · seed {} · loadgen {}</sub>",
        plain(&run.id),
        result.scenario.seed,
        result
            .generators
            .first()
            .map_or_else(String::new, |g| plain(&g.version)),
    ));
    blocks.join("\n\n") + "\n"
}

/// Returns a suite's report: the verdict and figures of each phase, then the findings of each.
pub fn suite(suite: &SuiteFile) -> String {
    let (outcome, verdict) = suite.verdict();
    let mut blocks = vec![
        format!("# {} {}", mark(outcome), plain(&suite.suite.name)),
        format!("**{}**", plain(&verdict)),
    ];
    let failures = suite.suite.failures.iter();
    blocks.extend(list("Failed", failures.map(|text| plain(text))));
    let mut lines = vec![
        "| | Phase | Verdict | Count | Req/s | Errors | p50 | p90 | p95 | p99 | Max |".to_owned(),
        "|---|---|---|---:|---:|---:|---:|---:|---:|---:|---:|".to_owned(),
    ];
    for phase in &suite.phases {
        let (outcome, verdict) = phase.verdict();
        let row = match &phase.result {
            Some(result) => row(&plain(&verdict), &result.totals),
            None => format!("| {} |{}", plain(&verdict), " - |".repeat(8)),
        };
        let mark = outcome.map_or("➖", mark);
        lines.push(format!("| {mark} | {} {row}", plain(&phase.name)));
    }
    blocks.push(lines.join("\n"));
    let results = suite.phases.iter().filter_map(|phase| {
        let result = phase.result.as_ref()?;
        Some(section(&phase.name, result).trim_end().to_owned())
    });
    blocks.extend(results);
    blocks.join("\n\n") + "\n"
}

fn mark(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Passed => "✅",
        Outcome::Done => "ℹ️",
        Outcome::Failed => "❌",
    }
}

fn thresholds(result: &ResultFile) -> Option<String> {
    let rows = result.thresholds.iter().map(|threshold| {
        let observed = threshold.observed.map_or_else(
            || "no samples".to_owned(),
            |observed| {
                let number = human::distinct(observed, threshold.limit);
                plain(&format!("{number}{}", threshold.unit))
            },
        );
        let scope = match threshold.scope.as_str() {
            "totals" => "everything",
            task => without_population(result, task),
        };
        format!(
            "| {} | {} | {} | {observed} | {} |",
            if threshold.ok { "✅" } else { "❌" },
            code(&threshold.expr),
            plain(scope),
            plain(threshold.message.as_deref().unwrap_or_default()),
        )
    });
    let rows: Vec<String> = rows.collect();
    (!rows.is_empty()).then(|| {
        format!(
            "| | Threshold | Of | Observed | |\n|---|---|---|---:|---|\n{}",
            rows.join("\n")
        )
    })
}

fn observed(result: &ResultFile) -> Option<String> {
    let rows = result.observed.iter().flat_map(|(name, observed)| {
        observed
            .series
            .iter()
            .take(MOST_METRICS)
            .map(move |series| {
                let of = |value| plain(&human::in_unit(value, &series.unit));
                format!(
                    "| {} | {} | {} | {} | {} |",
                    plain(name),
                    plain(&series.metric),
                    of(series.mean),
                    of(series.min),
                    of(series.max),
                )
            })
    });
    let rows: Vec<String> = rows.collect();
    (!rows.is_empty()).then(|| {
        format!(
            "| Observed | | Mean | Min | Max |\n|---|---|---:|---:|---:|\n{}",
            rows.join("\n")
        )
    })
}

fn verified(result: &ResultFile) -> Option<String> {
    let rows = result.verify.iter().map(|verify| {
        format!(
            "| {} | {} | {} | {} |",
            if verify.ok { "✅" } else { "❌" },
            plain(&verify.name),
            code(&verify.expect),
            plain(verify.message.as_deref().unwrap_or_default()),
        )
    });
    let rows: Vec<String> = rows.collect();
    (!rows.is_empty()).then(|| {
        format!(
            "| | Verified | Expected | In numbers |\n|---|---|---|---|\n{}",
            rows.join("\n")
        )
    })
}

fn figures(result: &ResultFile) -> String {
    let mut lines = vec![
        "| | Count | Req/s | Errors | p50 | p90 | p95 | p99 | Max |".to_owned(),
        "|---|---:|---:|---:|---:|---:|---:|---:|---:|".to_owned(),
    ];
    for part in rows(result) {
        let blanks = "&nbsp;".repeat(2 * part.depth);
        let name = format!("{blanks}{}", plain(part.name));
        lines.push(row(&name, part.stats));
    }
    lines.push(row("**total**", &result.totals));
    lines.join("\n")
}

fn row(name: &str, stats: &Stats) -> String {
    let time = |pick: fn(&Figures) -> f64| {
        let figures = stats.latency_us.as_ref();
        figures.map_or("-".to_owned(), |figures| human::time(pick(figures) * 1e3))
    };
    let errors = words::errors(&stats.errors);
    format!(
        "| {name} | {} | {} | {errors} | {} | {} | {} | {} | {} |",
        human::count(stats.count),
        human::rate(stats.requests_per_s),
        time(|f| f.p50),
        time(|f| f.p90),
        time(|f| f.p95),
        time(|f| f.p99),
        time(|f| f.max),
    )
}

fn list(title: &str, items: impl Iterator<Item = String>) -> Option<String> {
    let items: Vec<String> = items.map(|item| format!("- {item}")).collect();
    (!items.is_empty()).then(|| format!("**{title}**\n\n{}", items.join("\n")))
}

/// Text that says what it says: nothing in it is markup, a line break or the end of a cell.
fn plain(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '<' => escaped.push_str("&lt;"),
            '&' => escaped.push_str("&amp;"),
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '~' | '#' | '@' => {
                escaped.extend(['\\', c]);
            }
            c if c.is_control() => escaped.push(' '),
            c => escaped.push(c),
        }
    }
    escaped
}

/// Formats as code, within a cell of a table.
fn code(text: &str) -> String {
    // Not every reader of Markdown leaves tags within code alone.
    let is_tag = |(at, _)| !text[at + 1..].starts_with([' ', '=']);
    if text.contains('`') || text.match_indices('<').any(is_tag) {
        return plain(text);
    }
    format!(
        "`{}`",
        text.replace('|', "\\|").replace(char::is_control, " ")
    )
}
