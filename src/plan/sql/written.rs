//! How a scenario put a statement.

use crate::scenario::Place;

/// Texts of a statement, and where they stand: only a server knows all that is wrong with it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct WrittenStatement {
    /// The statement, cut where it is long.
    pub text: String,
    /// Its parameters.
    pub params: Vec<String>,
    /// Where the scenario has it, or the name of its file.
    pub place: Place,
    /// Which text of the scenario it stands in.
    pub source: usize,
    /// Where each byte of [`crate::plan::sql::Text::source`] stands there, and its end.
    pub offsets: Vec<usize>,
    /// Where each parameter stands.
    pub param_places: Vec<Place>,
    /// Where each expected value stands.
    pub value_places: Vec<Place>,
    /// Where each extracted column stands.
    pub extract_places: Vec<Place>,
}

impl WrittenStatement {
    /// The place of the word, or else the character, at a byte of `source`.
    pub fn word_at(&self, source: &str, at: usize) -> Place {
        let rest = source.get(at..).unwrap_or_default();
        let name = |c: char| c.is_alphanumeric() || c == '_';
        let length = rest.find(|c| !name(c)).unwrap_or(rest.len());
        let length = length.max(rest.chars().next().map_or(0, char::len_utf8));
        let Some(&start) = self.offsets.get(at) else {
            return self.place;
        };
        // Within what stands for a variable of the environment nothing moves on.
        let after = self.offsets.iter().skip(at + length);
        let end = after.copied().find(|end| *end > start).unwrap_or(start);
        Place::new(self.source, start..end)
    }
}
