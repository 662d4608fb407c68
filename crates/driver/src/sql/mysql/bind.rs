//! Parameters of MySQL's prepared statements; their types follow from the values.

use super::packet::{put_bytes, write};
use crate::sql::datum::{Data, Datum};
use bytes::{BufMut, BytesMut};

/// Numbers of the types that parameters are sent as.
const TINY: u8 = 1;
const DOUBLE: u8 = 5;
const NULL: u8 = 6;
const LONGLONG: u8 = 8;
const BLOB: u8 = 252;
const VAR_STRING: u8 = 253;

/// Appends the execution of the statement with this number. The `?`s stand for the parameters in
/// `order`.
pub fn write_execution(statement: u32, order: &[u16], data: &Data<'_>, out: &mut BytesMut) {
    write(0, out, |out| {
        out.put_u8(0x17);
        out.put_u32_le(statement);
        // No cursor, once.
        out.put_u8(0);
        out.put_u32_le(1);
        if order.is_empty() {
            return;
        }
        let nulls = out.len();
        out.put_bytes(0, order.len().div_ceil(8));
        // The types follow.
        out.put_u8(1);
        let types = out.len();
        out.put_bytes(0, 2 * order.len());
        for (index, number) in order.iter().enumerate() {
            let kind = data.with(*number, |datum| put(datum, out));
            out[types + 2 * index] = kind;
            if kind == NULL {
                out[nulls + index / 8] |= 1 << (index % 8);
            }
        }
    });
}

/// Appends a value, and gives the number of its type.
fn put(datum: Datum<'_>, out: &mut BytesMut) -> u8 {
    match datum {
        Datum::Null => NULL,
        Datum::Bool(value) => {
            out.put_u8(value.into());
            TINY
        }
        Datum::Int(number) => {
            out.put_i64_le(number);
            LONGLONG
        }
        Datum::Float(number) => {
            out.put_f64_le(number);
            DOUBLE
        }
        // As text its digits survive until the server converts it to the column's type.
        Datum::Number(text) | Datum::Text(text) => {
            put_bytes(text.as_bytes(), out);
            VAR_STRING
        }
        Datum::Bytes(bytes) => {
            put_bytes(bytes, out);
            BLOB
        }
    }
}
