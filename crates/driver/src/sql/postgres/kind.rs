//! PostgreSQL's types, by how their values are written and read here.

/// Types whose values are more than text. All others are written and read as the text that the
/// server takes and gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PostgresType {
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

impl PostgresType {
    /// The kind of the type with this number (PostgreSQL's `pg_type.dat`).
    pub fn of(oid: u32) -> Self {
        match oid {
            16 => PostgresType::Bool,
            17 => PostgresType::Bytea,
            20 => PostgresType::Int8,
            21 => PostgresType::Int2,
            23 => PostgresType::Int4,
            26 => PostgresType::Oid,
            700 => PostgresType::ShortFloat,
            701 => PostgresType::Float,
            1700 => PostgresType::Numeric,
            _ => PostgresType::Other,
        }
    }
}
