//! JSONPath (RFC 9535) for what strangers send: reading and evaluation are bounded in length, depth and
//! work, so that neither a path nor a document can hold up a worker.
//!
//! Libraries evaluate without a bound: `$..*..*..*..*` visits more values of a small document than a
//! processor can in a year.

mod budget;
mod compare;
mod evaluate;
mod parse;
mod pattern;
mod query;
mod scan;
#[cfg(test)]
mod tests;

pub use budget::Exhausted;
pub use scan::Malformed;

use super::json::Json;
use budget::Meter;
use evaluate::{Stop, evaluate};
use query::Query;
use std::{fmt, ops::ControlFlow, sync::Arc};

/// A parsed path.
#[derive(Debug, Clone)]
pub struct JsonPath {
    text: Arc<str>,
    query: Arc<Query>,
}

impl JsonPath {
    /// Reads a path.
    ///
    /// # Errors
    /// When it is none, or longer or deeper than is allowed.
    pub fn parse(text: &str) -> Result<Self, Malformed> {
        Ok(Self {
            query: Arc::new(parse::parse(text)?),
            text: text.into(),
        })
    }

    /// Hands each value that it finds in a document to `found`, until that has enough.
    ///
    /// # Errors
    /// When it takes too long.
    pub fn each<'j>(
        &self,
        root: Json<'j>,
        mut found: impl FnMut(Json<'j>) -> ControlFlow<()>,
    ) -> Result<(), Exhausted> {
        let meter = Meter::new(root.document_bytes());
        evaluate(&self.query, root, &meter, &mut |json| match found(json) {
            ControlFlow::Continue(()) => Ok(()),
            ControlFlow::Break(()) => Err(Stop::Enough),
        })
    }

    /// The first value that it finds.
    ///
    /// # Errors
    /// When that takes too long.
    pub fn first<'j>(&self, root: Json<'j>) -> Result<Option<Json<'j>>, Exhausted> {
        let mut first = None;
        self.each(root, |json| {
            first = Some(json);
            ControlFlow::Break(())
        })?;
        Ok(first)
    }

    /// All values that it finds; their number is bounded as the time is.
    ///
    /// # Errors
    /// When that takes too long.
    pub fn all<'j>(&self, root: Json<'j>) -> Result<Vec<Json<'j>>, Exhausted> {
        let mut all = Vec::new();
        self.each(root, |json| {
            all.push(json);
            ControlFlow::Continue(())
        })?;
        Ok(all)
    }
}

impl fmt::Display for JsonPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}
