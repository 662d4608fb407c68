//! Statements as the scenario has them.

use loadgen_scenario::Span;

/// Texts of a statement, and where they stand: only a server knows all that is wrong with it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct WrittenStatement {
    /// The statement, cut where it is long.
    pub text: String,
    /// Its parameters.
    pub params: Vec<String>,
    /// Place of the statement in the scenario, or of the name of its file.
    pub span: Span,
    /// The text of the scenario that it stands in.
    pub source: usize,
    /// Positions there of each byte of [`crate::sql::Text::source`], and of its end.
    pub offsets: Vec<usize>,
    /// Place of each parameter.
    pub param_spans: Vec<Span>,
    /// Place of each expected value.
    pub value_spans: Vec<Span>,
    /// Place of each extracted column.
    pub extract_spans: Vec<Span>,
}

impl WrittenStatement {
    /// The place of the word, or else the character, at a byte of `source`.
    pub fn word_at(&self, source: &str, at: usize) -> Span {
        let rest = source.get(at..).unwrap_or_default();
        let name = |c: char| c.is_alphanumeric() || c == '_';
        let length = rest.find(|c| !name(c)).unwrap_or(rest.len());
        let length = length.max(rest.chars().next().map_or(0, char::len_utf8));
        let Some(&start) = self.offsets.get(at) else {
            return self.span;
        };
        // Within what stands for a variable of the environment nothing moves on.
        let after = self.offsets.iter().skip(at + length);
        let end = after.copied().find(|end| *end > start).unwrap_or(start);
        Span::new(self.source, start..end)
    }
}
