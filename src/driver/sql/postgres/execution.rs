//! What executes a prepared statement: Bind, Execute and Sync. Nearly all that is ever sent is
//! this, so it is written as it is, without the generality of postgres-protocol's functions.

use crate::driver::sql::{
    bind::{self, Data},
    kind::Kind,
};
use bytes::{BufMut, BytesMut};
use std::ops::Range;

/// One code for all values: binary, in which texts are text.
const BINARY: &[u8] = &[0, 1, 0, 1];

/// Execute, of the portal without a name and to the last row, and Sync.
const EXECUTE: &[u8] = b"E\0\0\0\x09\0\0\0\0\0S\0\0\0\x04";

/// Appends what executes the statement of this name with these values.
///
/// # Errors
/// In words, when a value is none of its parameter's type.
pub fn write(
    name: &str,
    kinds: &[Kind],
    data: &Data<'_>,
    out: &mut BytesMut,
) -> Result<(), String> {
    out.put_u8(b'B');
    let whole = length(out);
    // The portal without a name.
    out.put_u8(0);
    out.put_slice(name.as_bytes());
    out.put_u8(0);
    out.put_slice(BINARY);
    let count = u16::try_from(kinds.len()).map_err(|_| "too many parameters".to_owned())?;
    out.put_u16(count);
    for (number, kind) in (1..).zip(kinds) {
        let value = length(out);
        let begin = value.end;
        match bind::postgres::put(*kind, number, data, out)? {
            true => fill(out, value, begin)?,
            // NULL.
            false => out[value].fill(0xff),
        }
    }
    out.put_slice(BINARY);
    let begin = whole.start;
    fill(out, whole, begin)?;
    out.put_slice(EXECUTE);
    Ok(())
}

/// Leaves room for a length.
fn length(out: &mut BytesMut) -> Range<usize> {
    let start = out.len();
    out.put_u32(0);
    start..out.len()
}

/// Tells, at its place, the length of what stands from `begin` on.
fn fill(out: &mut BytesMut, place: Range<usize>, begin: usize) -> Result<(), String> {
    let length = i32::try_from(out.len() - begin);
    let length = length.map_err(|_| "values of more than 2 GiB cannot be sent".to_owned())?;
    out[place].copy_from_slice(&length.to_be_bytes());
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        data::Value,
        plan::sql::{Expect, Param, Statement, Text},
    };
    use postgres_protocol::{IsNull, message::frontend};
    use proptest::prelude::*;

    fn parameter() -> impl Strategy<Value = (Kind, Value)> {
        prop_oneof![
            any::<i64>().prop_map(|number| (Kind::Int8, Value::Int(number))),
            any::<i32>().prop_map(|number| (Kind::Int4, Value::Int(number.into()))),
            any::<f32>().prop_map(|number| (Kind::Float8, Value::Float(number.into()))),
            ".{0,40}".prop_map(|text| (Kind::Text, Value::Text(text.into()))),
            Just((Kind::Text, Value::Unset)),
        ]
    }

    proptest! {
        #[test]
        fn it_is_what_the_library_writes(
            name in "[0-9]{1,4}",
            parameters in prop::collection::vec(parameter(), 0..9),
        ) {
            let (kinds, values): (Vec<_>, Vec<_>) = parameters.into_iter().unzip();
            let statement = Statement {
                text: Text::parse("SELECT", crate::plan::sql::Backend::Postgres).unwrap(),
                params: values.into_iter().map(Param::Literal).collect(),
                expect: Expect::default(),
                extract: Vec::new(),
                max_tries: std::num::NonZeroU32::MIN,
            };
            let data = Data::new(&statement, &[]);
            let mut ours = BytesMut::new();
            write(&name, &kinds, &data, &mut ours).unwrap();

            let mut theirs = BytesMut::new();
            let put = |(number, kind): (u16, &Kind), out: &mut BytesMut| {
                Ok(match bind::postgres::put(*kind, number, &data, out)? {
                    true => IsNull::No,
                    false => IsNull::Yes,
                })
            };
            let bound = frontend::bind("", &name, [1], (1..).zip(&kinds), put, [1], &mut theirs);
            prop_assert!(bound.is_ok());
            frontend::execute("", 0, &mut theirs).unwrap();
            frontend::sync(&mut theirs);
            prop_assert_eq!(ours, theirs);
        }
    }
}
