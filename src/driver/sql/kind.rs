//! PostgreSQL's types, by how their values are written and read here.

use sqlx::{
    TypeInfo,
    postgres::{PgTypeInfo, PgTypeKind},
};

/// Types whose binary form is understood.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Bool,
    Int2,
    Int4,
    Int8,
    Oid,
    Float4,
    Float8,
    Numeric,
    Text,
    Jsonb,
    Bytea,
    Uuid,
    Date,
    Timestamp,
    Timestamptz,
    Void,
}

impl Kind {
    /// The kind of a type; of a domain, that of its base. None when its binary form is not
    /// understood.
    pub fn of(info: &PgTypeInfo) -> Option<Self> {
        // A name for types that are only known by number; asked for their kind, they panic.
        if info.name() != "?" {
            match info.kind() {
                PgTypeKind::Domain(base) => return Self::of(base),
                PgTypeKind::Enum(_) => return Some(Kind::Text),
                _ => {}
            }
        }
        Some(match info.name() {
            "BOOL" => Kind::Bool,
            "INT2" => Kind::Int2,
            "INT4" => Kind::Int4,
            "INT8" => Kind::Int8,
            "OID" => Kind::Oid,
            "FLOAT4" => Kind::Float4,
            "FLOAT8" => Kind::Float8,
            "NUMERIC" => Kind::Numeric,
            "TEXT" | "VARCHAR" | "CHAR" | "NAME" | "UNKNOWN" | "JSON" | "citext" | "xml" => {
                Kind::Text
            }
            "JSONB" => Kind::Jsonb,
            "BYTEA" => Kind::Bytea,
            "UUID" => Kind::Uuid,
            "DATE" => Kind::Date,
            "TIMESTAMP" => Kind::Timestamp,
            "TIMESTAMPTZ" => Kind::Timestamptz,
            "VOID" => Kind::Void,
            _ => return None,
        })
    }

    /// How the text form of a value is to be read, by the number of its type (PostgreSQL's
    /// `pg_type.dat`); what is no number or truth value is text.
    pub fn of_text(oid: u32) -> Self {
        match oid {
            16 => Kind::Bool,
            20 | 21 | 23 | 26 => Kind::Int8,
            700 | 701 => Kind::Float8,
            1700 => Kind::Numeric,
            _ => Kind::Text,
        }
    }
}
