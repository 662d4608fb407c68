//! What readers ask of a value. It is written down when somebody wants to know what may stand
//! where ([`super::schema`]), so that nobody has to keep a second list of it.

use super::{
    diag::Place,
    reader::{Keys, Reader},
    units::patterns,
};

/// What was asked of a value, or found out about it.
#[derive(Debug, Clone, PartialEq)]
pub enum Asked {
    /// It was looked at.
    Looked,
    /// Its type cannot stand there.
    Refused,
    /// It may be any text.
    Text,
    /// It is a text with a unit.
    Unit(Unit),
    /// It is one of these words.
    OneOf(Vec<String>),
    /// It is a table with these keys.
    Table(&'static Keys),
    /// It is a table whose keys are the scenario's own.
    OpenTable,
}

impl Asked {
    /// The keys of the table that it is asked to be.
    pub fn table(&self) -> Option<&'static Keys> {
        match self {
            Asked::Table(keys) => Some(keys),
            _ => None,
        }
    }
}

/// A quantity that is written as a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// `"30s"`.
    Duration,
    /// `"1s..3s"`.
    Pause,
    /// `"200/s"`.
    Rate,
    /// `"10%"`.
    Share,
    /// `"64KiB"`.
    Size,
}

impl Unit {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::Duration,
        Self::Pause,
        Self::Rate,
        Self::Share,
        Self::Size,
    ];

    /// What such texts are called.
    pub fn name(self) -> &'static str {
        match self {
            Unit::Duration => "duration-text",
            Unit::Pause => "pause-text",
            Unit::Rate => "rate-text",
            Unit::Share => "share-text",
            Unit::Size => "size-text",
        }
    }

    /// In words.
    pub fn describe(self) -> &'static str {
        match self {
            Unit::Duration => "A time: `500ms`, `30s`, `1h30m`",
            Unit::Pause => "A time, or two for anything between: `1s..3s`",
            Unit::Rate => "A rate: `200/s`, `12000/m`, `50/h`",
            Unit::Share => "A share: `10%`, `0.1`",
            Unit::Size => "A number of bytes: `64KiB`, `10MB`",
        }
    }

    /// What they look like, as a regular expression of JSON Schema (ECMA-262).
    pub fn pattern(self) -> &'static str {
        match self {
            Unit::Duration => patterns::DURATION,
            Unit::Pause => patterns::PAUSE,
            Unit::Rate => patterns::RATE,
            Unit::Share => patterns::SHARE,
            Unit::Size => patterns::SIZE,
        }
    }
}

impl Reader {
    /// Writes down what is asked of the value at `place`, if that is wanted.
    pub(super) fn note(&self, place: Place, asked: impl FnOnce() -> Asked) {
        if let Some(log) = &self.asked {
            log.borrow_mut().push((place, asked()));
        }
    }
}
