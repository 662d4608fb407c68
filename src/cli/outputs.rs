//! The files that a result is written to, in whatever forms were asked for.

use crate::report::{ResultFile, SuiteFile, csv, file, hdr, html, json, junit, markdown, suite};
use std::{
    fs,
    io::Write as _,
    path::{Path, PathBuf},
};

/// Where the result goes besides the terminal.
#[derive(Debug, Default, clap::Args)]
#[command(next_help_heading = "Output files")]
pub struct Outputs {
    /// Writes the result to this file, as JSON
    #[arg(long, value_name = "FILE", env = "LOADGEN_JSON")]
    json: Option<PathBuf>,
    /// Writes the report to this file, as one HTML page that needs nothing else
    #[arg(long, value_name = "FILE", env = "LOADGEN_HTML")]
    html: Option<PathBuf>,
    /// Writes thresholds as test cases to this file, as JUnit XML
    #[arg(long, value_name = "FILE", env = "LOADGEN_JUNIT")]
    junit: Option<PathBuf>,
    /// Writes the timeline to this file, as CSV
    #[arg(long, value_name = "FILE", env = "LOADGEN_CSV")]
    csv: Option<PathBuf>,
    /// Writes response times as HDR tools read them: the interval log if FILE ends in .hlog, else
    /// the percentile distribution (.hgrm); may be given for both
    #[arg(long, value_name = "FILE", env = "LOADGEN_HDR")]
    hdr: Vec<PathBuf>,
    /// Writes the result in every form to this directory
    #[arg(long, value_name = "DIR", env = "LOADGEN_OUT")]
    out: Option<PathBuf>,
}

/// A form of the result.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Json,
    Html,
    Junit,
    Csv,
    Percentiles,
    IntervalLog,
    Markdown,
}

/// What `--out` writes while the run goes on.
const INTERVALS: &str = "intervals.jsonl";

/// What `--out` writes at the end.
const EVERYTHING: [(&str, Form); 7] = [
    ("result.json", Form::Json),
    ("report.html", Form::Html),
    ("junit.xml", Form::Junit),
    ("timeline.csv", Form::Csv),
    ("latency.hgrm", Form::Percentiles),
    ("latency.hlog", Form::IntervalLog),
    ("summary.md", Form::Markdown),
];

impl Form {
    fn render(self, result: &ResultFile) -> Result<String, String> {
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

impl Outputs {
    /// Finds out whether all of them could be written, and makes the directory for `--out`.
    ///
    /// # Errors
    /// In words, when one of them could not be written.
    pub fn prepare(&self) -> Result<(), String> {
        if let Some(directory) = &self.out {
            fs::create_dir_all(directory).map_err(|error| {
                format!("cannot make the directory {}: {error}", directory.display())
            })?;
        }
        for (path, _) in self.files() {
            file::check(&path).map_err(|error| error.to_string())?;
        }
        Ok(())
    }

    /// Where the run is written down while it goes on, if that was asked for.
    pub fn journal(&self) -> Option<PathBuf> {
        self.out.as_ref().map(|directory| directory.join(INTERVALS))
    }

    /// Writes all of them, also those after one that fails.
    ///
    /// # Errors
    /// In words, for each that could not be written.
    pub fn write(&self, result: &ResultFile) -> Result<(), Vec<String>> {
        self.write_all(|form| Some(form.render(result)))
    }

    /// The same as [`Outputs::prepare`] for a suite.
    ///
    /// # Errors
    /// In words, when one of them could not be written, or is not to be had of a suite.
    pub fn prepare_suite(&self) -> Result<(), String> {
        if self.csv.is_some() || !self.hdr.is_empty() {
            return Err(
                "--csv and --hdr are for a single run; of a suite, --out writes them for \
                        each phase"
                    .to_owned(),
            );
        }
        self.prepare()
    }

    /// What is written of a suite's phase: with `--out`, every form in a folder of its own.
    pub fn of_phase(&self, number: usize, name: &str) -> Self {
        let name: String = name
            .chars()
            .map(|c| {
                if c.is_alphanumeric() || "-_.".contains(c) {
                    c
                } else {
                    '-'
                }
            })
            .take(60)
            .collect();
        let out = self.out.as_ref();
        Self {
            out: out.map(|out| out.join(format!("{number:02}-{name}"))),
            ..Self::default()
        }
    }

    /// Writes those that there are of a suite, also those after one that fails.
    ///
    /// # Errors
    /// In words, for each that could not be written.
    pub fn write_suite(&self, suite: &SuiteFile) -> Result<(), Vec<String>> {
        self.write_all(|form| form.render_suite(suite))
    }

    fn write_all(
        &self,
        render: impl Fn(Form) -> Option<Result<String, String>>,
    ) -> Result<(), Vec<String>> {
        let mut problems = Vec::new();
        for (path, form) in self.files() {
            let Some(text) = render(form) else {
                continue;
            };
            let written = text.and_then(|text| {
                file::write(&path, text.as_bytes()).map_err(|error| error.to_string())
            });
            problems.extend(written.err());
        }
        if problems.is_empty() {
            Ok(())
        } else {
            Err(problems)
        }
    }

    fn files(&self) -> Vec<(PathBuf, Form)> {
        let one = |path: &Option<PathBuf>, form| path.clone().map(|path| (path, form));
        let mut files: Vec<(PathBuf, Form)> = [
            one(&self.json, Form::Json),
            one(&self.html, Form::Html),
            one(&self.junit, Form::Junit),
            one(&self.csv, Form::Csv),
        ]
        .into_iter()
        .flatten()
        .collect();
        for path in &self.hdr {
            let is_log = path.extension().is_some_and(|ending| ending == "hlog");
            let form = if is_log {
                Form::IntervalLog
            } else {
                Form::Percentiles
            };
            files.push((path.clone(), form));
        }
        if let Some(directory) = &self.out {
            let all = EVERYTHING.iter();
            files.extend(all.map(|(name, form)| (directory.join(name), *form)));
        }
        files
    }
}

/// Appends the summary to the file that GitHub shows with a job, where there is one.
///
/// # Errors
/// In words, when it cannot be written.
pub fn summarise_job(summary: &str) -> Result<(), String> {
    let Some(path) = std::env::var_os("GITHUB_STEP_SUMMARY").filter(|path| !path.is_empty()) else {
        return Ok(());
    };
    let path = Path::new(&path);
    let mut options = fs::OpenOptions::new();
    let opened = options.create(true).append(true).open(path);
    opened
        .and_then(|mut file| file.write_all(summary.as_bytes()))
        .map_err(|error| format!("cannot write the job summary {}: {error}", path.display()))
}
