//! MySQL's types, by how their values are written in the binary protocol and read here.

/// Types that differ in how their values are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MysqlType {
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

impl MysqlType {
    /// The kind of a type with this number (MySQL's `field_types.h`).
    pub fn of(number: u8, flags: u16) -> Self {
        let int = |width| MysqlType::Int {
            width,
            unsigned: flags & UNSIGNED != 0,
        };
        match number {
            1 => int(1),
            2 | 13 => int(2),
            3 | 9 => int(4),
            8 => int(8),
            4 => MysqlType::Float,
            5 => MysqlType::Double,
            0 | 246 => MysqlType::Decimal,
            16 => MysqlType::Bit,
            10 | 14 => MysqlType::Date,
            7 | 12 => MysqlType::DateTime,
            11 => MysqlType::Time,
            _ => MysqlType::Other,
        }
    }
}
