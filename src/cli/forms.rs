//! Forms of the result, and the files that are to be written.

use crate::report::{
    ResultFile, SuiteFile, csv, hdr, html,
    json::{self, Saved},
    junit, markdown, suite,
};
use std::path::PathBuf;

/// A file that is to be written.
#[derive(Debug, Clone)]
pub struct Output {
    /// Flag that asks for it.
    pub flag: &'static str,
    /// Path of the output.
    pub path: PathBuf,
    /// None: the journal, which is written while the run goes on.
    pub form: Option<Form>,
}

/// A form of the result.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    Json,
    Html,
    Junit,
    Csv,
    Percentiles,
    IntervalLog,
    Markdown,
}

/// File that `--out` writes while the run goes on.
pub const INTERVALS: &str = "intervals.jsonl";

/// Files that `--out` writes at the end.
pub const EVERYTHING: [(&str, Form); 7] = [
    ("result.json", Form::Json),
    ("report.html", Form::Html),
    ("junit.xml", Form::Junit),
    ("timeline.csv", Form::Csv),
    ("latency.hgrm", Form::Percentiles),
    ("latency.hlog", Form::IntervalLog),
    ("summary.md", Form::Markdown),
];

impl Form {
    /// None: there is no such form of what was saved.
    pub fn render(self, saved: &Saved) -> Option<Result<String, String>> {
        match saved {
            Saved::Run(result) => Some(self.render_run(result)),
            Saved::Suite(suite) => self.render_suite(suite),
        }
    }

    fn render_run(self, result: &ResultFile) -> Result<String, String> {
        match self {
            Form::Json => Ok(json::text(result)),
            Form::Html => html::text(result),
            Form::Junit => junit::text(result),
            Form::Csv => csv::text(result),
            Form::Percentiles => hdr::percentiles(result),
            Form::IntervalLog => hdr::interval_log(result),
            Form::Markdown => Ok(markdown::text(result)),
        }
    }

    /// None: there is no such form of a suite.
    fn render_suite(self, suite: &SuiteFile) -> Option<Result<String, String>> {
        match self {
            Form::Json => Some(Ok(suite::text(suite))),
            Form::Html => Some(html::suite(suite)),
            Form::Junit => Some(junit::suite(suite)),
            Form::Markdown => Some(Ok(markdown::suite(suite))),
            Form::Csv | Form::Percentiles | Form::IntervalLog => None,
        }
    }
}
