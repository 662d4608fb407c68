//! Messages that execute a prepared statement: Bind, Execute and Sync. Nearly all messages of a run
//! are these, so they are written directly, without the generality of postgres-protocol's
//! functions.
//!
//! Numbers, booleans and bytes go in binary where they are of the parameter's type. All other
//! values are sent as text, which the server reads like a quoted literal.

use super::kind::PostgresType;
use crate::sql::datum::{Data, Datum};
use bytes::{BufMut, BytesMut};
use std::ops::Range;

/// Execute, of the portal without a name and to the last row, and Sync.
const EXECUTE: &[u8] = b"E\0\0\0\x09\0\0\0\0\0S\0\0\0\x04";

/// Format of a value as it was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    Null,
    Text,
    Binary,
}

/// Appends the messages that execute the statement of this name with these values.
///
/// # Errors
/// In words, when there are too many or too long ones.
pub fn write(
    name: (&[u8], usize),
    kinds: &[PostgresType],
    data: &Data<'_>,
    out: &mut BytesMut,
) -> Result<(), String> {
    out.put_u8(b'B');
    let whole = length(out);
    // The portal without a name.
    out.put_u8(0);
    put_name(name, out);
    let count = u16::try_from(kinds.len()).map_err(|_| "too many parameters".to_owned())?;
    out.put_u16(count);
    // Text, until a value turns out to be in binary.
    let mut format = out.len() + 1;
    out.put_bytes(0, 2 * kinds.len());
    out.put_u16(count);
    for (number, kind) in (1..).zip(kinds) {
        let value = length(out);
        let begin = value.end;
        match data.with(number, |datum| put(*kind, datum, out)) {
            Format::Null => out[value].fill(0xff),
            Format::Text => fill(out, value, begin)?,
            Format::Binary => {
                out[format] = 1;
                fill(out, value, begin)?;
            }
        }
        format += 2;
    }
    // All that comes back is text.
    out.put_u16(0);
    let begin = whole.start;
    fill(out, whole, begin)?;
    out.put_slice(EXECUTE);
    Ok(())
}

/// Appends a statement's name: its prefix, its number, and the zero that ends it.
pub fn put_name((prefix, number): (&[u8], usize), out: &mut BytesMut) {
    out.put_slice(prefix);
    out.put_slice(itoa::Buffer::new().format(number).as_bytes());
    out.put_u8(0);
}

/// Appends a value.
pub fn put(kind: PostgresType, datum: Datum<'_>, out: &mut BytesMut) -> Format {
    match (kind, datum) {
        (_, Datum::Null) => return Format::Null,
        (PostgresType::Int8, Datum::Int(value)) => out.put_i64(value),
        (PostgresType::Int4, Datum::Int(value)) if i32::try_from(value).is_ok() => {
            out.put_i32(value as i32);
        }
        (PostgresType::Int2, Datum::Int(value)) if i16::try_from(value).is_ok() => {
            out.put_i16(value as i16);
        }
        (PostgresType::Oid, Datum::Int(value)) if u32::try_from(value).is_ok() => {
            out.put_u32(value as u32);
        }
        (PostgresType::Float, Datum::Float(value)) => out.put_f64(value),
        (PostgresType::Float, Datum::Int(value)) => out.put_f64(value as f64),
        (PostgresType::Bool, Datum::Bool(value)) => out.put_u8(u8::from(value)),
        (PostgresType::Bytea, Datum::Bytes(bytes)) => out.put_slice(bytes),
        (_, Datum::Int(value)) => {
            out.put_slice(itoa::Buffer::new().format(value).as_bytes());
            return Format::Text;
        }
        (_, datum) => {
            out.put_slice(datum.plain().as_bytes());
            return Format::Text;
        }
    }
    Format::Binary
}

/// Leaves room for a length.
fn length(out: &mut BytesMut) -> Range<usize> {
    let start = out.len();
    out.put_u32(0);
    start..out.len()
}

/// Tells, at its span, the length of what stands from `begin` on.
fn fill(out: &mut BytesMut, span: Range<usize>, begin: usize) -> Result<(), String> {
    let length = i32::try_from(out.len() - begin);
    let length = length.map_err(|_| "values of more than 2 GiB cannot be sent".to_owned())?;
    out[span].copy_from_slice(&length.to_be_bytes());
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use loadgen_data::Value;
    use loadgen_plan::sql::{Expect, Param, Statement, Text};
    use postgres_protocol::{IsNull, message::frontend};
    use proptest::prelude::*;

    fn parameter() -> impl Strategy<Value = (PostgresType, Value)> {
        let kind = prop::sample::select(vec![
            PostgresType::Bool,
            PostgresType::Bytea,
            PostgresType::Int2,
            PostgresType::Int4,
            PostgresType::Int8,
            PostgresType::Oid,
            PostgresType::Float,
            PostgresType::Numeric,
            PostgresType::Other,
        ]);
        let value = prop_oneof![
            any::<i64>().prop_map(Value::Int),
            any::<i16>().prop_map(|number| Value::Int(number.into())),
            any::<f32>().prop_map(|number| Value::Float(number.into())),
            any::<bool>().prop_map(Value::Bool),
            ".{0,40}".prop_map(|text| Value::Text(text.into())),
            any::<Vec<u8>>().prop_map(|bytes| Value::Bytes(bytes.into())),
            Just(Value::Unset),
        ];
        (kind, value)
    }

    proptest! {
        #[test]
        fn it_is_what_the_library_writes(
            number in 0..10_000_usize,
            parameters in prop::collection::vec(parameter(), 0..9),
        ) {
            let (kinds, values): (Vec<_>, Vec<_>) = parameters.into_iter().unzip();
            let statement = Statement {
                text: Text::parse("SELECT", loadgen_plan::sql::Backend::Postgres).unwrap(),
                params: values.iter().cloned().map(Param::Literal).collect(),
                expect: Expect::default(),
                extract: Vec::new(),
                max_tries: std::num::NonZeroU32::MIN,
            };
            let data = Data::new(&statement, &[]);
            let mut ours = BytesMut::new();
            write((b"x_", number), &kinds, &data, &mut ours).unwrap();

            let one = |(kind, value): (&PostgresType, &Value), out: &mut BytesMut| {
                put(*kind, Datum::from(value), out)
            };
            let pairs = || kinds.iter().zip(&values);
            let formats = pairs().map(|pair| {
                i16::from(one(pair, &mut BytesMut::new()) == Format::Binary)
            });
            let written = |pair: (&PostgresType, &Value), out: &mut BytesMut| {
                Ok(match one(pair, out) {
                    Format::Null => IsNull::Yes,
                    Format::Text | Format::Binary => IsNull::No,
                })
            };
            let mut theirs = BytesMut::new();
            let name = format!("x_{number}");
            let bound = frontend::bind("", &name, formats, pairs(), written, [], &mut theirs);
            prop_assert!(bound.is_ok());
            frontend::execute("", 0, &mut theirs).unwrap();
            frontend::sync(&mut theirs);
            prop_assert_eq!(ours, theirs);
        }
    }

    #[test]
    fn what_does_not_fit_is_for_the_server_to_refuse() {
        for (kind, datum, format, bytes) in [
            (
                PostgresType::Int2,
                Datum::Int(-2),
                Format::Binary,
                &[0xff, 0xfe][..],
            ),
            (
                PostgresType::Int2,
                Datum::Int(40_000),
                Format::Text,
                b"40000",
            ),
            (
                PostgresType::Int4,
                Datum::Int(1 << 31),
                Format::Text,
                b"2147483648",
            ),
            (PostgresType::Int4, Datum::Text(" 7 "), Format::Text, b" 7 "),
            (PostgresType::Int4, Datum::Float(0.5), Format::Text, b"0.5"),
            (PostgresType::Oid, Datum::Int(-1), Format::Text, b"-1"),
            (PostgresType::Bool, Datum::Int(1), Format::Text, b"1"),
            (
                PostgresType::Other,
                Datum::Bool(true),
                Format::Text,
                b"true",
            ),
            (
                PostgresType::Other,
                Datum::Bytes(&[0, 255]),
                Format::Text,
                b"\\x00ff",
            ),
            (
                PostgresType::Numeric,
                Datum::Number("10.00"),
                Format::Text,
                b"10.00",
            ),
            (PostgresType::Int4, Datum::Null, Format::Null, b""),
        ] {
            let mut out = BytesMut::new();
            assert_eq!(put(kind, datum, &mut out), format, "{datum:?}");
            assert_eq!(out, bytes, "{datum:?}");
        }
    }
}
