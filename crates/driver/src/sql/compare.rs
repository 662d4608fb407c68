//! Comparing a value of a response with the one that was expected.

use super::datum::Datum;
use loadgen_data::{Decimal, unhex};
use std::borrow::Cow;

/// Returns true if a value is the one that was expected: texts are compared as texts, numbers as
/// decimals with all their digits, booleans by their meaning (`true`, `t` and 1 are the same).
pub fn same(seen: Datum<'_>, wanted: Datum<'_>) -> bool {
    match (seen, wanted) {
        (Datum::Null, _) | (_, Datum::Null) => false,
        (Datum::Int(a), Datum::Int(b)) => a == b,
        (Datum::Bool(seen), wanted) => truth(wanted) == Some(seen),
        // MySQL and SQLite return booleans as numbers.
        (Datum::Int(seen @ (0 | 1)), Datum::Bool(wanted)) => (seen == 1) == wanted,
        (Datum::Bytes(seen), wanted) => bytes(wanted).is_some_and(|wanted| seen == &*wanted),
        // A value that is bytes on one side may be text on the other.
        (Datum::Text(seen), Datum::Bytes(wanted)) => seen.as_bytes() == wanted,
        (Datum::Int(_) | Datum::Float(_) | Datum::Number(_), wanted) => {
            let (seen, wanted) = (seen.plain(), wanted.plain());
            seen == wanted
                || Decimal::parse(&seen).is_some_and(|seen| Some(seen) == Decimal::parse(&wanted))
        }
        (Datum::Text(seen), wanted) => seen == wanted.plain(),
    }
}

fn truth(datum: Datum<'_>) -> Option<bool> {
    match datum {
        Datum::Bool(value) => Some(value),
        Datum::Int(0) => Some(false),
        Datum::Int(1) => Some(true),
        Datum::Text("true" | "t") => Some(true),
        Datum::Text("false" | "f") => Some(false),
        _ => None,
    }
}

/// The bytes that are meant: hexadecimal digits behind `\x`, or those of a text.
fn bytes(datum: Datum<'_>) -> Option<Cow<'_, [u8]>> {
    match datum {
        Datum::Bytes(bytes) => Some(Cow::Borrowed(bytes)),
        Datum::Text(text) => Some(match text.strip_prefix("\\x").and_then(unhex) {
            Some(bytes) => Cow::Owned(bytes),
            None => Cow::Borrowed(text.as_bytes()),
        }),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn numbers_are_numbers_and_texts_are_texts() {
        use Datum::{Bool, Bytes, Float, Int, Null, Number, Text};
        for (seen, wanted, expected) in [
            (Int(5), Int(5), true),
            (Int(5), Text("5"), true),
            (Int(5), Text("5.0"), true),
            (Int(5), Text("five"), false),
            (Int(9_007_199_254_740_993), Text("9007199254740992"), false),
            (Int(i64::MAX), Int(i64::MAX - 1), false),
            (Number("5.00"), Int(5), true),
            (
                Number("12345678901234567890"),
                Text("12345678901234567891"),
                false,
            ),
            (
                Number("12345678901234567.89"),
                Text("12345678901234567.90"),
                false,
            ),
            (Float(0.5), Text("0.50"), true),
            (Float(0.1), Number("0.1"), true),
            (Text("a"), Text("a"), true),
            (Text("a"), Text("A"), false),
            (Text("5"), Int(5), true),
            (Text("05"), Int(5), false),
            (Text("01234"), Text("1234"), false),
            (Text("1.10"), Float(1.1), false),
            (Text("NaN"), Text("NaN"), true),
            (Int(0), Null, false),
            (Bool(true), Text("true"), true),
            (Bool(true), Text("t"), true),
            (Bool(false), Int(0), true),
            (Bool(true), Bool(false), false),
            (Int(1), Bool(true), true),
            (Int(2), Bool(true), false),
            (Text("true"), Bool(true), true),
            (Bytes(&[0, 255]), Text("\\x00ff"), true),
            (Bytes(&[0, 255]), Text("\\x00fe"), false),
            (Bytes(b"ab"), Text("ab"), true),
            (Text("ab"), Bytes(b"ab"), true),
        ] {
            assert_eq!(same(seen, wanted), expected, "{seen:?} {wanted:?}");
        }
    }

    proptest! {
        #[test]
        fn a_text_is_only_itself(seen in ".{0,8}|[0-9.]{1,6}", wanted in ".{0,8}|[0-9.]{1,6}") {
            prop_assert_eq!(same(Datum::Text(&seen), Datum::Text(&wanted)), seen == wanted);
        }
    }
}
