//! The files that a result is written to, in whatever forms were asked for.

use super::{
    claims,
    folder::Folder,
    forms::{EVERYTHING, Form, INTERVALS, Output},
};
use crate::report::{file, json::Saved};
use std::{
    fs,
    io::Write as _,
    path::{Path, PathBuf},
};

/// Outputs of the result besides the terminal.
#[derive(Debug, Clone, Default, clap::Args)]
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

/// Outputs by how they are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OutputKind {
    /// Files.
    Files,
    /// Pipes and devices, whose readers may take their time.
    Streams,
}

impl Outputs {
    /// Finds out whether all of them can be written without harm to the others or to `inputs`,
    /// files that are read, and takes the folder for `--out`.
    ///
    /// # Errors
    /// In words, when one of them cannot.
    pub fn prepare(&self, inputs: &[PathBuf]) -> Result<Option<Folder>, String> {
        self.prepare_all(self.all(), inputs)
    }

    /// Does what [`Outputs::prepare`] does, for a suite with phases of these names.
    ///
    /// # Errors
    /// In words, when one of them cannot be written, or is not to be had of a suite.
    pub fn prepare_suite<'n>(
        &self,
        phases: impl IntoIterator<Item = &'n str>,
        inputs: &[PathBuf],
    ) -> Result<Option<Folder>, String> {
        self.fit_suite()?;
        let mut all = self.all();
        for (number, name) in (1..).zip(phases) {
            all.extend(self.of_phase(number, name).all());
        }
        self.prepare_all(all, inputs)
    }

    /// Does what [`Outputs::prepare`] does, for what was saved in the file `input`.
    ///
    /// # Errors
    /// In words, when one of them cannot be written, or is not to be had of a suite.
    pub fn prepare_report(&self, saved: &Saved, input: &Path) -> Result<Option<Folder>, String> {
        if let Saved::Suite(_) = saved {
            self.fit_suite()?;
        }
        // No journal is written: it may be what is read.
        self.prepare_all(self.files(), &[input.to_owned()])
    }

    fn fit_suite(&self) -> Result<(), String> {
        match self.csv.is_some() || !self.hdr.is_empty() {
            true => Err(
                "--csv and --hdr are for a single run; of a suite, --out writes them for each phase"
                    .to_owned(),
            ),
            false => Ok(()),
        }
    }

    fn prepare_all(&self, all: Vec<Output>, inputs: &[PathBuf]) -> Result<Option<Folder>, String> {
        claims::check(&all, inputs)?;
        let mut journals = all.iter().filter(|output| output.path.ends_with(INTERVALS));
        if let Some(journal) = journals.find(|output| file::is_pipe(&output.path)) {
            // The load would wait for its reader.
            return Err(format!(
                "cannot write {}: it is a pipe, and is written to while the load goes on; remove it",
                journal.path.display()
            ));
        }
        let folder = self.out.as_deref().map(Folder::take).transpose()?;
        for Output { path, .. } in self.files() {
            file::check(&path).map_err(|error| error.to_string())?;
        }
        Ok(folder)
    }

    /// Writes those of a kind, also those after one that fails. Forms that are not to be had of
    /// what was saved are left out.
    ///
    /// # Errors
    /// In words, for each that could not be written.
    pub fn write(&self, saved: &Saved, kind: OutputKind) -> Result<(), Vec<String>> {
        let mut problems = Vec::new();
        for Output { path, form, .. } in self.files() {
            let is_of_kind = file::is_stream(&path) == (kind == OutputKind::Streams);
            let Some(text) = form
                .filter(|_| is_of_kind)
                .and_then(|form| form.render(saved))
            else {
                continue;
            };
            let written = text.and_then(|text| {
                file::write(&path, text.as_bytes()).map_err(|error| error.to_string())
            });
            problems.extend(written.err());
        }
        match problems.is_empty() {
            true => Ok(()),
            false => Err(problems),
        }
    }

    /// Returns the outputs of a suite's phase: with `--out`, every form in a folder of its own.
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

    /// Everything that is written: at the end, and while a run goes on.
    fn all(&self) -> Vec<Output> {
        let mut all = self.files();
        if let Some(folder) = &self.out {
            all.push(Output {
                flag: "--out",
                path: folder.join(INTERVALS),
                form: None,
            });
        }
        if let Some(path) = job_summary() {
            all.push(Output {
                flag: "GITHUB_STEP_SUMMARY",
                path,
                form: None,
            });
        }
        all
    }

    /// Everything that is written at the end.
    fn files(&self) -> Vec<Output> {
        let output = |flag, path: &Path, form| Output {
            flag,
            path: path.to_owned(),
            form: Some(form),
        };
        let mut files = Vec::new();
        for (flag, path, form) in [
            ("--json", &self.json, Form::Json),
            ("--html", &self.html, Form::Html),
            ("--junit", &self.junit, Form::Junit),
            ("--csv", &self.csv, Form::Csv),
        ] {
            files.extend(path.iter().map(|path| output(flag, path, form)));
        }
        for path in &self.hdr {
            let is_log = path.extension().is_some_and(|ending| ending == "hlog");
            let form = if is_log {
                Form::IntervalLog
            } else {
                Form::Percentiles
            };
            files.push(output("--hdr", path, form));
        }
        if let Some(folder) = &self.out {
            let all = EVERYTHING.iter();
            files.extend(all.map(|(name, form)| output("--out", &folder.join(name), *form)));
        }
        files
    }
}

/// File that GitHub shows with a job, where there is one.
fn job_summary() -> Option<PathBuf> {
    let path = std::env::var_os("GITHUB_STEP_SUMMARY").filter(|path| !path.is_empty());
    path.map(PathBuf::from)
}

/// Appends the summary to the file that GitHub shows with a job, where there is one.
///
/// # Errors
/// In words, when it cannot be written.
pub fn summarise_job(summary: &str) -> Result<(), String> {
    let Some(path) = job_summary() else {
        return Ok(());
    };
    let mut options = fs::OpenOptions::new();
    let opened = options.create(true).append(true).open(&path);
    opened
        .and_then(|mut file| file.write_all(summary.as_bytes()))
        .map_err(|error| format!("cannot write the job summary {}: {error}", path.display()))
}
