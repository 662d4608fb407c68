//! Text with `{{name}}` holes, split once when the plan is made.

mod escape;
pub mod holes;
#[cfg(test)]
mod tests;

use super::Value;
use base64::{Engine as _, engine::general_purpose::STANDARD};
pub use escape::Escape;

/// A piece of a template.
#[derive(Debug, Clone, PartialEq)]
pub enum Part {
    /// Bytes that are the same each time.
    Literal(Box<[u8]>),
    /// The variable at this index of the task run's values.
    Variable(usize, Escape),
    /// A text of its own in Base64 (RFC 4648), as Basic authentication sends user and password.
    Base64(Template),
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

    /// Returns the indices of its variables, in order.
    pub fn variables(&self) -> Vec<usize> {
        let indices = self.parts.iter().flat_map(|part| match part {
            Part::Literal(_) => Vec::new(),
            Part::Variable(index, _) => vec![*index],
            Part::Base64(text) => text.variables(),
        });
        indices.collect()
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
                Part::Base64(text) => {
                    let start = out.len();
                    text.render(values, out);
                    encode_base64(out, start);
                }
            }
        }
    }
}

/// Puts what stands from `start` on into Base64, in place.
fn encode_base64(out: &mut Vec<u8>, start: usize) {
    let plain = out.len();
    out.resize(plain + (plain - start).div_ceil(3) * 4, 0);
    let (text, encoded) = out.split_at_mut(plain);
    // Fails only for want of room, and there is as much as is needed.
    let length = STANDARD.encode_slice(&text[start..], encoded).unwrap_or(0);
    out.copy_within(plain..plain + length, start);
    out.truncate(start + length);
}
