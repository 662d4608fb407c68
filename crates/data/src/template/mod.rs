//! Text with `{{name}}` holes, split once when the plan is made.

mod escape;
pub mod holes;
#[cfg(test)]
mod tests;

use super::Value;
pub use escape::Escape;

/// A piece of a template.
#[derive(Debug, Clone, PartialEq)]
pub enum Part {
    /// Bytes that are the same each time.
    Literal(Box<[u8]>),
    /// The variable at this index of the task run's values.
    Variable(usize, Escape),
}

/// A precompiled text.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Template {
    parts: Vec<Part>,
}

impl Template {
    /// Text without variables.
    pub fn literal(text: impl Into<Vec<u8>>) -> Self {
        Self::new([Part::Literal(text.into().into_boxed_slice())])
    }

    /// Joins parts, merging neighbouring literals.
    pub fn new(parts: impl IntoIterator<Item = Part>) -> Self {
        let mut merged: Vec<Part> = Vec::new();
        for part in parts {
            match (merged.last_mut(), part) {
                (Some(Part::Literal(before)), Part::Literal(more)) => {
                    let mut bytes = std::mem::take(before).into_vec();
                    bytes.extend_from_slice(&more);
                    *before = bytes.into_boxed_slice();
                }
                (_, part) => merged.push(part),
            }
        }
        Self { parts: merged }
    }

    /// The text when it holds no variable.
    pub fn as_literal(&self) -> Option<&[u8]> {
        match self.parts.as_slice() {
            [] => Some(b""),
            [Part::Literal(bytes)] => Some(bytes),
            _ => None,
        }
    }

    /// The parts in order.
    pub fn parts(&self) -> &[Part] {
        &self.parts
    }

    /// Appends the text with the variables' values filled in. Allocates nothing besides `out`.
    /// A variable that `values` does not reach is left out like an unset one.
    #[inline]
    pub fn render(&self, values: &[Value], out: &mut Vec<u8>) {
        for part in &self.parts {
            match part {
                Part::Literal(bytes) => out.extend_from_slice(bytes),
                Part::Variable(index, escape) => {
                    escape.write(values.get(*index).unwrap_or(&Value::Unset), out);
                }
            }
        }
    }
}
