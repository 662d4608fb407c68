//! JSON as servers send it, read into a flat list of its values. Each keeps its span of the text, so
//! that numbers, their digits and the order of keys come back as they were written.
//!
//! Reading is iterative, as is all that goes through a whole document: its depth is the server's choice.

mod read;
mod same;
#[cfg(test)]
mod tests;

pub use same::{is_same_number, number_order, same};

use std::{borrow::Cow, iter};

/// A JSON text that was read. It does not hold the text, which whoever has it lends to
/// [`Parsed::root`].
#[derive(Debug, Clone)]
pub struct Parsed {
    /// The text as UTF-8, where it was sent in another encoding.
    recoded: Option<Box<[u8]>>,
    /// Values and names of members in the order of the text.
    nodes: Vec<Node>,
}

/// A value or a name in a [`Parsed`] text.
#[derive(Debug, Clone, Copy)]
struct Node {
    kind: Form,
    /// Span of the text; without the quotes of a text.
    start: u32,
    end: u32,
    /// Index past all that it contains.
    next: u32,
    /// Items or members.
    count: u32,
}

/// Form in which a value or a name is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Null,
    False,
    True,
    Number,
    Text { escaped: bool },
    Name { escaped: bool },
    List,
    Object,
}

/// A value within a JSON text.
#[derive(Debug, Clone, Copy)]
pub struct Json<'j> {
    bytes: &'j [u8],
    nodes: &'j [Node],
    index: usize,
}

/// Type of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `null`
    Null,
    /// `true` or `false`
    Bool(bool),
    /// A number.
    Number,
    /// A text.
    Text,
    /// A list.
    List,
    /// An object.
    Object,
}

impl Parsed {
    /// Reads a text; None when it is not JSON.
    ///
    /// Read is also what other readers get over: a byte order mark, UTF-16, bytes that are not UTF-8 and
    /// control characters in texts, halves of surrogate pairs, `NaN` and `Infinity`, the prefixes that
    /// keep a page from being run as a script, and further documents on lines of their own, of which the
    /// first one counts.
    pub fn read(text: &[u8]) -> Option<Self> {
        read::read(text)
    }

    /// The whole document; `text` is what it was read from.
    pub fn root<'j>(&'j self, text: &'j [u8]) -> Json<'j> {
        Json {
            bytes: self.recoded.as_deref().unwrap_or(text),
            nodes: &self.nodes,
            index: 0,
        }
    }
}

impl<'j> Json<'j> {
    fn node(self) -> Node {
        self.nodes[self.index]
    }

    fn at(self, index: usize) -> Self {
        Self { index, ..self }
    }

    fn span(self) -> &'j [u8] {
        let Node { start, end, .. } = self.node();
        &self.bytes[start as usize..end as usize]
    }

    /// The type of the value.
    pub fn kind(self) -> Kind {
        match self.node().kind {
            Form::Null => Kind::Null,
            Form::False => Kind::Bool(false),
            Form::True => Kind::Bool(true),
            Form::Number => Kind::Number,
            Form::Text { .. } | Form::Name { .. } => Kind::Text,
            Form::List => Kind::List,
            Form::Object => Kind::Object,
        }
    }

    /// The digits of a number, as they are written.
    pub fn number(self) -> Option<&'j str> {
        // The reader takes only ASCII for a number.
        (self.kind() == Kind::Number).then(|| std::str::from_utf8(self.span()).unwrap_or_default())
    }

    /// The text that a text stands for.
    pub fn text(self) -> Option<Cow<'j, str>> {
        match self.node().kind {
            Form::Text { escaped } | Form::Name { escaped } => Some(match escaped {
                true => read::unescaped(self.span()).into(),
                false => String::from_utf8_lossy(self.span()),
            }),
            _ => None,
        }
    }

    /// Items of a list, or members of an object; 0 for all else.
    pub fn child_count(self) -> usize {
        self.node().count as usize
    }

    /// Bytes of the document that it is a part of.
    pub fn document_bytes(self) -> usize {
        self.bytes.len()
    }

    /// The items of a list, or the values of an object's members.
    pub fn children(self) -> impl Iterator<Item = Json<'j>> {
        let behind_name = usize::from(self.kind() == Kind::Object);
        self.entries()
            .map(move |entry| entry.at(entry.index + behind_name))
    }

    /// The members of an object, in the order in which they are written.
    pub fn members(self) -> impl Iterator<Item = (Cow<'j, str>, Json<'j>)> {
        let entries = self
            .entries()
            .take_while(move |_| self.kind() == Kind::Object);
        entries.map(|name| (name.text().unwrap_or_default(), name.at(name.index + 1)))
    }

    /// The member of this name; the last one, where there are several.
    pub fn get(self, name: &str) -> Option<Json<'j>> {
        let named = self.members().filter(|(own, _)| own == name);
        named.last().map(|(_, value)| value)
    }

    /// Starts of the items, or the names of the members.
    fn entries(self) -> impl Iterator<Item = Json<'j>> {
        let end = self.node().next as usize;
        let first = self.index + 1;
        let is_object = self.kind() == Kind::Object;
        let next = move |entry: &Json<'j>| {
            let value = entry.index + usize::from(is_object);
            Some(entry.at(self.nodes[value].next as usize)).filter(|next| next.index < end)
        };
        iter::successors((first < end).then(|| self.at(first)), next)
    }

    /// The value itself and all values below it, each before those that it contains.
    pub fn descendants(self) -> impl Iterator<Item = Json<'j>> {
        let all = self.index..self.node().next as usize;
        all.map(move |index| self.at(index))
            .filter(|json| !matches!(json.node().kind, Form::Name { .. }))
    }

    /// The value as it is written, without the blanks between its parts.
    pub fn written(self) -> String {
        let Node {
            kind, start, end, ..
        } = self.node();
        let quotes = u32::from(matches!(kind, Form::Text { .. } | Form::Name { .. }));
        let text = &self.bytes[(start - quotes) as usize..(end + quotes) as usize];
        compact(&String::from_utf8_lossy(text))
    }
}

/// JSON without the blanks between its parts.
fn compact(text: &str) -> String {
    let (mut quoted, mut escaped) = (false, false);
    text.chars()
        .filter(|c| {
            let kept = quoted || !c.is_ascii_whitespace();
            match c {
                _ if escaped => escaped = false,
                '\\' => escaped = quoted,
                '"' => quoted = !quoted,
                _ => {}
            }
            kept
        })
        .collect()
}
