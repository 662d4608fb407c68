//! MySQL's types, by how their values are written in the binary protocol and read here.

/// Types that differ in how their values are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Int {
        /// Bytes of a value.
        width: usize,
        unsigned: bool,
    },
    Float,
    Double,
    Decimal,
    Bit,
    Date,
    DateTime,
    Time,
    /// Texts, bytes, and what is shown as text.
    Other,
}

/// Flag of a column: its numbers have no sign.
const UNSIGNED: u16 = 32;

impl Kind {
    /// The kind of a type with this number (MySQL's `field_types.h`).
    pub fn of(number: u8, flags: u16) -> Self {
        let int = |width| Kind::Int {
            width,
            unsigned: flags & UNSIGNED != 0,
        };
        match number {
            1 => int(1),
            2 | 13 => int(2),
            3 | 9 => int(4),
            8 => int(8),
            4 => Kind::Float,
            5 => Kind::Double,
            0 | 246 => Kind::Decimal,
            16 => Kind::Bit,
            10 | 14 => Kind::Date,
            7 | 12 => Kind::DateTime,
            11 => Kind::Time,
            _ => Kind::Other,
        }
    }
}
