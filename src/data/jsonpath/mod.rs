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
pub use evaluate::{Element, Node};
pub use scan::Malformed;

use budget::Meter;
use evaluate::{Stop, evaluate};
use query::Query;
use serde_json::Value as Json;
use std::{fmt, ops::ControlFlow, sync::Arc};

/// A parsed path.
#[derive(Debug, Clone)]
pub struct JsonPath {
    text: Arc<str>,
    query: Arc<Query>,
}

/// A value that was found, and the way to it.
#[derive(Debug, Clone, PartialEq)]
pub struct Located<'j> {
    /// The value.
    pub value: &'j Json,
    /// Steps from the root to it.
    pub location: Box<[Element<'j>]>,
}

/// A JSON document, and the length of its text, which bounds what may be done with it.
#[derive(Debug, Clone, Copy)]
pub struct Document<'j> {
    /// The parsed form.
    pub root: &'j Json,
    /// Bytes of its text.
    pub bytes: usize,
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

    /// Hands each value that it finds to `found`, until that has enough.
    ///
    /// # Errors
    /// When it takes too long.
    pub fn each<'j>(
        &self,
        document: Document<'j>,
        mut found: impl FnMut(&Node<'_, 'j>) -> ControlFlow<()>,
    ) -> Result<(), Exhausted> {
        let meter = Meter::new(document.bytes);
        evaluate(
            &self.query,
            document.root,
            &meter,
            &mut |node| match found(node) {
                ControlFlow::Continue(()) => Ok(()),
                ControlFlow::Break(()) => Err(Stop::Enough),
            },
        )
    }

    /// What `read` makes of the first value that it finds; None if it finds none.
    ///
    /// # Errors
    /// When that takes too long.
    pub fn first<'j, T>(
        &self,
        document: Document<'j>,
        read: impl FnOnce(&Node<'_, 'j>) -> T,
    ) -> Result<Option<T>, Exhausted> {
        let mut read = Some(read);
        let mut first = None;
        self.each(document, |node| {
            first = read.take().map(|read| read(node));
            ControlFlow::Break(())
        })?;
        Ok(first)
    }

    /// All values that it finds, with the ways to them.
    ///
    /// # Errors
    /// When that takes too long.
    pub fn locate<'j>(&self, document: Document<'j>) -> Result<Vec<Located<'j>>, Exhausted> {
        let mut all = Vec::new();
        let meter = Meter::new(document.bytes);
        evaluate(&self.query, document.root, &meter, &mut |node| {
            let location = node.location();
            // They take memory, which is bounded as the time is.
            meter.spend(4 + location.len() as u64)?;
            let value = node.value;
            all.push(Located { value, location });
            Ok(())
        })?;
        Ok(all)
    }
}

impl fmt::Display for JsonPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}
