//! Requests that can be looked up by their traces, as rows of tables.

use super::without_population;
use crate::{
    model::ResultFile,
    traced::{self, OfStep},
    words,
};
use loadgen_core::human;

/// Most requests that are named, of the slowest and of the failed.
const MOST: usize = 20;

/// A table.
pub(super) struct Traces<'a> {
    pub title: &'static str,
    pub rows: Vec<Row<'a>>,
}

pub(super) struct Row<'a> {
    pub took: String,
    pub at: String,
    pub id: &'a str,
    pub sampled: bool,
    pub step: &'a str,
    pub outcome: &'a str,
}

/// Returns the lists that are not empty.
pub(super) fn traces(result: &ResultFile) -> Vec<Traces<'_>> {
    let tables = [
        ("The slowest", traced::slowest(result, MOST)),
        ("Failed", traced::failed(result, MOST)),
    ];
    let tables = tables.into_iter().filter(|(_, rows)| !rows.is_empty());
    tables
        .map(|(title, rows)| Traces {
            title,
            rows: rows.into_iter().map(|it| row(result, it)).collect(),
        })
        .collect()
}

fn row<'a>(result: &'a ResultFile, (step, request): OfStep<'a>) -> Row<'a> {
    Row {
        took: human::time(request.latency_us * 1e3),
        at: words::at(request.t_s, result.run.warmup_s),
        id: &request.trace_id,
        sampled: request.sampled,
        step: without_population(result, &step.id),
        outcome: &request.outcome,
    }
}
