//! Parts of a parsed path.

use super::super::json::{Json, Parsed};

/// Segments that lead from a start to values.
#[derive(Debug, Clone)]
pub struct Query {
    /// Start at the document's root (`$`), not at the value that a filter tests (`@`).
    pub from_root: bool,
    /// Steps from there.
    pub segments: Vec<Segment>,
}

impl Query {
    /// Returns true if it finds one value at most, however the document looks.
    pub fn is_singular(&self) -> bool {
        self.segments.iter().all(|segment| {
            let single = matches!(
                segment.selectors.as_slice(),
                [Selector::Name(_) | Selector::Index(_)]
            );
            single && !segment.descends
        })
    }
}

/// One step of a query.
#[derive(Debug, Clone)]
pub struct Segment {
    /// Applies to a value and to all below it (`..`).
    pub descends: bool,
    /// Each of them is applied, in this order.
    pub selectors: Vec<Selector>,
}

/// Choice among the children of a value.
#[derive(Debug, Clone)]
pub enum Selector {
    /// The member of this name.
    Name(Box<str>),
    /// All children.
    Wildcard,
    /// The element at this index; negative from the end.
    Index(i64),
    /// Elements from `start` to before `end`, `step` apart.
    Slice {
        /// The first; None: as the step's sign has it.
        start: Option<i64>,
        /// The end, excluded; None: as the step's sign has it.
        end: Option<i64>,
        /// Negative from behind, 0 for none at all.
        step: i64,
    },
    /// Children that pass a test.
    Filter(Test),
}

/// Condition of a filter.
#[derive(Debug, Clone)]
pub enum Test {
    /// One of them holds (`||`).
    Any(Vec<Test>),
    /// True if all hold (`&&`).
    All(Vec<Test>),
    /// True if the inner test does not hold (`!`).
    Not(Box<Test>),
    /// The query finds something.
    Exists(Query),
    /// Two values compare so.
    Compare(Operand, Comparison, Operand),
    /// A text matches a regular expression.
    Matches {
        /// The text; anything else does not match.
        text: Operand,
        /// The regular expression.
        pattern: Pattern,
        /// True for `match` (the whole text), false for `search` (a part of it).
        whole: bool,
    },
}

/// Operator of a comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Comparison {
    /// `==`
    Equal,
    /// `!=`
    NotEqual,
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterOrEqual,
}

/// Value that is written in the path.
#[derive(Debug, Clone)]
pub struct Literal {
    text: Box<str>,
    parsed: Parsed,
}

impl Literal {
    /// The value that a JSON text stands for; None when it is not JSON.
    pub fn read(text: &str) -> Option<Self> {
        Some(Self {
            parsed: Parsed::read(text.as_bytes())?,
            text: text.into(),
        })
    }

    /// The value.
    pub fn json(&self) -> Json<'_> {
        self.parsed.root(self.text.as_bytes())
    }
}

/// One value, or nothing.
#[derive(Debug, Clone)]
pub enum Operand {
    /// Always the same.
    Literal(Literal),
    /// Result of a query that finds one value at most.
    Single(Query),
    /// `length`: characters of a text, elements of a list, members of an object.
    Length(Box<Operand>),
    /// `count`: number of values that a query finds.
    Count(Query),
    /// `value`: result of a query, if that is exactly one value.
    Value(Query),
}

/// Regular expression of a test.
#[derive(Debug, Clone)]
pub enum Pattern {
    /// Written in the path.
    Fixed(crate::Pattern),
    /// Taken from the document.
    Found(Operand),
}
