//! PostgreSQL's types, by how their values are written and read here.

/// Types whose values are more than text. All others are written and read as the text that the
/// server takes and gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Bool,
    Bytea,
    Int2,
    Int4,
    Int8,
    Oid,
    Float,
    /// A float of 32 bits, whose shortest decimal is another one.
    ShortFloat,
    Numeric,
    Other,
}

impl Kind {
    /// The kind of the type with this number (PostgreSQL's `pg_type.dat`).
    pub fn of(oid: u32) -> Self {
        match oid {
            16 => Kind::Bool,
            17 => Kind::Bytea,
            20 => Kind::Int8,
            21 => Kind::Int2,
            23 => Kind::Int4,
            26 => Kind::Oid,
            700 => Kind::ShortFloat,
            701 => Kind::Float,
            1700 => Kind::Numeric,
            _ => Kind::Other,
        }
    }
}
