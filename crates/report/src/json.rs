//! The result file as JSON.

use super::{
    file::{self, WriteError},
    model::{ResultFile, SCHEMA},
    suite::{self, SuiteFile},
    texts::Texts,
};
use serde::{
    Deserialize,
    de::{DeserializeOwned, IgnoredAny},
};
use std::path::Path;

/// Writes a result so that either all of it or nothing is there.
///
/// # Errors
/// When the file cannot be written; see [`file::check`] for finding that out before a run.
pub fn write(path: &Path, result: &ResultFile) -> Result<(), WriteError> {
    file::write(path, text(result).as_bytes())
}

/// A result as the text of its file: one line of JSON.
pub fn text(result: &ResultFile) -> String {
    // Only maps with keys that are no text, or a failing Serialize of one's own, can be refused.
    let mut text = serde_json::to_string(result).expect("the model is plain data");
    text.push('\n');
    text
}

/// Why a result could not be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// It is not JSON, or not of the result's form.
    #[error("this is no result of loadgen: {0}")]
    Form(serde_json::Error),
    /// It has no `schema`.
    #[error("this is no result of loadgen: it has no `schema`")]
    NoSchema,
    /// It was written by a newer loadgen.
    #[error(
        "this result has schema {0}, but loadgen {version} reads only up to {newest}: use the loadgen that wrote it, or a newer one",
        version = env!("CARGO_PKG_VERSION"),
        newest = SCHEMA
    )]
    Newer(u32),
    /// It is the result of a suite, which has several.
    #[error("this is the result of a suite: those of its phases are in it, under `phases`")]
    Suite,
}

/// Reads the text of a result file. Keys that are not known are ignored.
///
/// # Errors
/// When the text is no result, or one of a newer schema.
pub fn parse(text: &str) -> Result<ResultFile, ReadError> {
    match read(text)? {
        Saved::Run(result) => Ok(*result),
        Saved::Suite(_) => Err(ReadError::Suite),
    }
}

/// Content of a result file.
#[derive(Debug)]
pub enum Saved {
    /// The result of a run.
    Run(Box<ResultFile>),
    /// Result of a suite.
    Suite(Box<SuiteFile>),
}

/// Reads the text of a result file, be it of a run or of a suite. Keys that are not known are
/// ignored.
///
/// # Errors
/// When the text is no result, or one of a newer schema.
pub fn read(text: &str) -> Result<Saved, ReadError> {
    #[derive(Deserialize)]
    struct Version {
        schema: Option<u32>,
        suite: Option<IgnoredAny>,
    }
    let version: Version = serde_json::from_str(text).map_err(ReadError::Form)?;
    let of_suite = version.suite.is_some();
    let newest = if of_suite { suite::SCHEMA } else { SCHEMA };
    match version.schema {
        None => Err(ReadError::NoSchema),
        Some(schema) if schema > newest => Err(ReadError::Newer(schema)),
        Some(_) if of_suite => printable(text).map(Saved::Suite),
        Some(_) => printable(text).map(Saved::Run),
    }
}

/// Reads what somebody may have written by hand: every text of it is made printable.
fn printable<T: DeserializeOwned + Texts>(text: &str) -> Result<Box<T>, ReadError> {
    let mut read: Box<T> = serde_json::from_str(text).map_err(ReadError::Form)?;
    read.make_printable();
    Ok(read)
}
