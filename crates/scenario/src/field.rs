//! The value of a key: not there, not readable, or there.

use super::diag::Span;

/// A value with the place it was read from.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Spanned<T> {
    /// Value as read.
    pub value: T,
    /// Span in the source.
    pub span: Span,
}

/// The value of a key.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum Field<T> {
    /// The key is not there.
    #[default]
    Absent,
    /// Present, but unreadable; the problem is reported already.
    Bad(Span),
    /// A value.
    Given(Spanned<T>),
}

impl<T> Field<T> {
    /// The value, if it could be read.
    pub fn given(&self) -> Option<&Spanned<T>> {
        match self {
            Field::Given(value) => Some(value),
            _ => None,
        }
    }

    /// The bare value, if it could be read.
    pub fn value(&self) -> Option<&T> {
        self.given().map(|given| &given.value)
    }

    /// Applies a function to the value, if there is one.
    pub fn map<U>(self, other: impl FnOnce(T) -> U) -> Field<U> {
        match self {
            Field::Absent => Field::Absent,
            Field::Bad(span) => Field::Bad(span),
            Field::Given(Spanned { value, span }) => Field::Given(Spanned {
                value: other(value),
                span,
            }),
        }
    }

    /// Returns true if the key is absent.
    pub fn is_absent(&self) -> bool {
        matches!(self, Field::Absent)
    }

    /// Returns the span of the value, readable or not.
    pub fn span(&self) -> Option<Span> {
        match self {
            Field::Absent => None,
            Field::Bad(span) => Some(*span),
            Field::Given(given) => Some(given.span),
        }
    }
}
