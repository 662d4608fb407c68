//! Requests that can be looked up by their traces.

use super::{
    style::{TerminalStyle, Tone},
    titled, without_population,
};
use crate::{model::ResultFile, traced, words};
use loadgen_core::human;

/// Most requests that are named, of the slowest and of the failed.
const MOST: usize = 5;

/// The slowest and the failed, each on a line; none where requests had no traces.
pub(super) fn traces(result: &ResultFile, style: &TerminalStyle) -> Vec<String> {
    let mut lines = Vec::new();
    for (title, requests) in [
        ("Slowest requests, by trace", traced::slowest(result, MOST)),
        ("Failed requests, by trace", traced::failed(result, MOST)),
    ] {
        if requests.is_empty() {
            continue;
        }
        if !lines.is_empty() {
            lines.push(String::new());
        }
        lines.extend(titled(style, title));
        for (step, request) in requests {
            let head = format!(
                "{:>9}  {}",
                human::time(request.latency_us * 1e3),
                request.trace_id
            );
            let outcome = match request.outcome.as_str() {
                "ok" => String::new(),
                other => format!("{other}, "),
            };
            let unseen = if request.sampled { "" } else { ", not sampled" };
            let text = format!(
                "{outcome}at {}{unseen}, {}",
                words::at(request.t_s, result.run.warmup_s),
                without_population(result, &step.id)
            );
            let indent = head.chars().count() + 4;
            let mut words = style.wrap(&text, indent).into_iter();
            let first = words.next().unwrap_or_default();
            lines.push(format!("  {head}  {}", style.paint(Tone::Faint, &first)));
            let rest = words.map(|line| style.paint(Tone::Faint, &line));
            lines.extend(rest.map(|line| format!("{:indent$}{line}", "")));
        }
    }
    lines
}
