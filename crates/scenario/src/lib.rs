//! Scenario files: read, with the environment and flags filled in, as values that know where they
//! stand.
//!
//! ```text
//! file --toml--> tree (values with places) --set--> tree --raw--> Scenario (typed, unchecked)
//! ```
//!
//! Unreadable values are collected as [`Problem`]s; `loadgen_plan::compile()` goes on with the
//! others, so that all mistakes are told at once. Nothing but the file itself is touched.

pub mod diag;
mod field;
pub mod form;
pub mod input;
mod offsets;
pub mod raw;
mod reader;
pub mod redact;
pub mod schema;
mod secrets;
mod set;
pub mod suite;
pub mod text;
pub mod tree;
pub mod units;

pub use diag::{Problem, Report, SourceText, Span};
use form::Form;
pub use secrets::Secrets;
use sha2::{Digest, Sha256};
use std::{collections::HashMap, fmt, io, path::Path, path::PathBuf, sync::Arc};
pub use suite::Suite;
pub use text::Text;
use text::{Lookup, Outside};
use toml::de::DeTable;
use tree::{Converter, Node, NodeKind, Table};

/// Inputs of a scenario from outside of its file.
pub struct Inputs<'a> {
    /// `--env`: beats the environment.
    pub env: &'a [(String, String)],
    /// `--set`: paths into the file and the values to put there.
    pub set: &'a [(String, String)],
    /// The process's environment.
    pub environment: Lookup<'a>,
    /// Reads a file that the scenario names.
    pub files: &'a dyn Fn(&Path) -> io::Result<Vec<u8>>,
}

impl Inputs<'_> {
    /// Nothing from outside, not even the environment.
    pub fn none() -> Self {
        Self {
            env: &[],
            set: &[],
            environment: &|_| None,
            files: &|_| Err(io::ErrorKind::NotFound.into()),
        }
    }
}

/// A scenario that was read, but not checked.
#[derive(Debug)]
pub struct Scenario {
    /// Path of the file.
    pub path: PathBuf,
    /// SHA-256 of the file in hexadecimal.
    pub sha256: String,
    /// Its contents.
    pub raw: raw::Root,
    /// Problems found while reading.
    pub problems: Vec<Problem>,
    /// The files that it names, by the path that it gives, or why they cannot be read.
    pub files: HashMap<String, Result<Vec<u8>, String>>,
    /// The texts that places point into: the file, then the flags, then the files of statements.
    pub sources: Arc<[SourceText]>,
    /// Source index of each file of statements, by name; only of those that are text.
    pub statements: HashMap<String, usize>,
    /// Values from the environment and from files, which messages may repeat.
    pub secrets: Arc<Secrets>,
}

/// Why a scenario cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file is not there or is not text.
    #[error("cannot read the scenario {path}: {1}", path = .0.display())]
    Unreadable(PathBuf, io::Error),
    /// It is not TOML.
    #[error("{0}")]
    Invalid(Report),
}

/// A file that can be run.
#[derive(Debug)]
pub enum File {
    /// One scenario.
    Scenario(Box<Scenario>),
    /// Several of them.
    Suite(Box<Suite>),
}

/// Reads the scenario or the suite at `path`.
pub fn open(path: &Path, inputs: &Inputs<'_>) -> Result<File, Error> {
    let unreadable = |error| Error::Unreadable(path.to_owned(), error);
    let bytes = input::read(path).map_err(unreadable)?;
    let not_text = |_| io::Error::new(io::ErrorKind::InvalidData, "it is not text in UTF-8");
    let text = String::from_utf8(bytes).map_err(|error| unreadable(not_text(error)))?;
    parse_any(path, text, inputs).map_err(Error::Invalid)
}

/// Reads the scenario or the suite `text`, which is called `path`.
pub fn parse_any(path: &Path, text: String, inputs: &Inputs<'_>) -> Result<File, Report> {
    if suite::is_suite(&text) {
        suite::parse(path, text, inputs).map(|suite| File::Suite(Box::new(suite)))
    } else {
        parse(path, text, inputs).map(|scenario| File::Scenario(Box::new(scenario)))
    }
}

/// Reads the scenario `text`, which is called `path`.
pub fn parse(path: &Path, text: String, inputs: &Inputs<'_>) -> Result<Scenario, Report> {
    let flags = flags(inputs);
    read(path, text, inputs, &flags, |root, outside, problems| {
        apply_flags(root, 1, inputs, outside, problems);
    })
}

/// Reads a scenario. `over` puts values over what it says, which stand in `others`, the sources
/// after the file itself.
fn read(
    path: &Path,
    text: String,
    inputs: &Inputs<'_>,
    others: &[SourceText],
    over: impl FnOnce(&mut Table, Outside<'_>, &mut Vec<Problem>),
) -> Result<Scenario, Report> {
    let name = path.display().to_string();
    let file = SourceText { name, text };
    let sources: Arc<[SourceText]> = std::iter::once(file)
        .chain(others.iter().cloned())
        .collect();
    let text = sources[0].text.as_str();
    let folder = path.parent().unwrap_or(Path::new(""));
    let outside = Outside {
        variable: &|name: &str| variable(inputs, name),
        file: &|name: &str| text_of(inputs, folder, name),
    };
    let mut problems = Vec::new();
    let mut root = table(text, 0, outside, &mut problems)
        .map_err(|problems| Report::new(sources.clone(), problems))?;
    over(&mut root, outside, &mut problems);
    let secrets = Secrets::of(&root, text);
    let root = Node {
        // Missing keys are reported at the file's first line.
        span: Span::new(0, 0..0),
        kind: NodeKind::Table(root),
    };
    let reader = reader::Reader::new(sources.clone(), problems);
    let raw = raw::Root::read(&reader, &root).unwrap_or_default();
    let read = |name: String| {
        let read = (inputs.files)(&folder.join(&name)).map_err(|error| error.to_string());
        (name, read)
    };
    let files: HashMap<_, _> = raw.files().into_iter().map(read).collect();
    let sha256 = sha256(text);
    let mut sources = sources.to_vec();
    let mut statements = HashMap::new();
    for name in raw.statements() {
        if let Some(Ok(bytes)) = files.get(&name)
            && let Ok(text) = str::from_utf8(bytes)
        {
            sources.push(SourceText {
                name: folder.join(&name).display().to_string(),
                text: text.to_owned(),
            });
            statements.insert(name, sources.len() - 1);
        }
    }
    Ok(Scenario {
        path: path.to_owned(),
        files,
        sha256,
        raw,
        problems: reader.into_problems(),
        sources: sources.into(),
        statements,
        secrets: secrets.into(),
    })
}

/// The values of a file, or why it is not TOML.
fn table(
    text: &str,
    source: usize,
    outside: Outside<'_>,
    problems: &mut Vec<Problem>,
) -> Result<Table, Vec<Problem>> {
    let (table, errors) = DeTable::parse_recoverable(text);
    if !errors.is_empty() {
        let errors = errors.iter();
        return Err(errors.map(|error| syntax(error, text, source)).collect());
    }
    let mut converter = Converter {
        source,
        text,
        shift: 0,
        outside,
        problems,
    };
    Ok(converter.table(table.get_ref()))
}

/// Returns the value of `${name}`.
fn variable(inputs: &Inputs<'_>, name: &str) -> Option<String> {
    let given = inputs.env.iter().rev().find(|(key, _)| key == name);
    match given {
        Some((_, value)) => Some(value.clone()),
        None => (inputs.environment)(name),
    }
}

/// The text of a file that a scenario in `folder` names.
fn text_of(inputs: &Inputs<'_>, folder: &Path, name: &str) -> Result<String, String> {
    let bytes = (inputs.files)(&folder.join(name)).map_err(|error| error.to_string())?;
    String::from_utf8(bytes).map_err(|_| "it is not text".to_owned())
}

/// The flags that set values, as sources. Logs keep what is printed, so secrets are masked.
fn flags(inputs: &Inputs<'_>) -> Vec<SourceText> {
    let shown = |path: &str, value: &str| match redact::is_secret(path) {
        true => "*".repeat(value.len()),
        false => redact::mask_urls(value),
    };
    let flags = inputs.set.iter().map(|(path, value)| SourceText {
        name: "command line".to_owned(),
        text: set::flag(path, &shown(path, value)),
    });
    flags.collect()
}

/// Puts the values that flags set; the first flag is the source `first`.
fn apply_flags(
    root: &mut Table,
    first: usize,
    inputs: &Inputs<'_>,
    outside: Outside<'_>,
    problems: &mut Vec<Problem>,
) {
    for (index, (path, value)) in inputs.set.iter().enumerate() {
        set::apply(root, (path, value), first + index, outside, problems);
    }
}

fn syntax(error: &toml::de::Error, text: &str, source: usize) -> Problem {
    let span = error.span().unwrap_or(0..0);
    let message = error.message();
    let problem = Problem::new(Span::new(source, span.clone()), message);
    // The mistake that everybody makes: a duration or a rate without quotes.
    const UNQUOTED: &str = "string values must be quoted";
    if message.starts_with(UNQUOTED) {
        let problem = Problem::new(problem.span, UNQUOTED);
        let rest = text.get(span.start..).unwrap_or_default();
        let word = rest
            .split([' ', ',', '\n', '\r', ']', '}', '#'])
            .next()
            .unwrap_or_default();
        if !word.is_empty() {
            return problem.help(format!(r#"write "{word}""#));
        }
    }
    problem
}

fn sha256(text: &str) -> String {
    use fmt::Write;
    let mut hex = String::with_capacity(64);
    for byte in Sha256::digest(text.as_bytes()) {
        // Writing into a String cannot fail.
        let _ = write!(hex, "{byte:02x}");
    }
    hex
}
