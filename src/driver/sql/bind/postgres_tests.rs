use super::*;

fn written(kind: Kind, datum: Datum<'_>) -> Option<Vec<u8>> {
    let mut out = BytesMut::new();
    write(kind, datum, &mut out).ok().map(|()| out.to_vec())
}

#[test]
fn whole_numbers_must_fit() {
    use Datum::{Float, Int, Null, Number, Text};
    assert_eq!(written(Kind::Int4, Number("7.00")), Some(vec![0, 0, 0, 7]));
    assert_eq!(written(Kind::Int4, Number("700")), Some(vec![0, 0, 2, 188]));
    assert_eq!(written(Kind::Int4, Number("7.50")), None);
    assert_eq!(written(Kind::Int2, Int(-2)), Some(vec![0xff, 0xfe]));
    assert_eq!(written(Kind::Int4, Text(" 7 ")), Some(vec![0, 0, 0, 7]));
    assert_eq!(written(Kind::Int4, Float(7.0)), Some(vec![0, 0, 0, 7]));
    for (kind, datum) in [
        (Kind::Int2, Int(40_000)),
        (Kind::Int4, Int(1 << 31)),
        (Kind::Oid, Int(-1)),
        (Kind::Int8, Float(0.5)),
        (Kind::Int8, Float(1e19)),
        (Kind::Int4, Text("seven")),
        (Kind::Int4, Null),
    ] {
        assert_eq!(written(kind, datum), None, "{datum:?}");
    }
}

#[test]
fn booleans_are_booleans_and_texts() {
    for (kind, value, bytes) in [(Kind::Bool, true, &[1][..]), (Kind::Text, false, b"false")] {
        assert_eq!(written(kind, Datum::Bool(value)).as_deref(), Some(bytes));
    }
    for kind in [Kind::Int4, Kind::Float8] {
        assert_eq!(written(kind, Datum::Bool(true)), None);
    }
}

#[test]
fn times_count_from_2000_in_utc() {
    let day: i64 = 86_400_000_000;
    for (text, zoned, expected) in [
        ("2000-01-02", true, day),
        ("2000-01-02 00:00:00.000001", false, day + 1),
        ("2000-01-02T02:00:00+02:00", true, day),
        ("2000-01-02T02:00:00+02:00", false, day + day / 12),
        ("2000-01-02T00:00:00Z", true, day),
        ("2000-01-02T00:00:00Z", false, day),
        ("1999-12-31 00:00", true, -day),
        ("infinity", true, i64::MAX),
    ] {
        assert_eq!(micros(text, zoned), Some(expected), "{text}");
    }
    assert_eq!(micros("yesterday", true), None);
    assert_eq!(days("1999-12-31"), Some(-1));
    assert_eq!(days("2004-02-29"), Some(1520));
    assert_eq!(days("2003-02-29"), None);
}

#[test]
fn bytes_are_hexadecimal_or_themselves() {
    let written = |text| written(Kind::Bytea, Datum::Text(text));
    assert_eq!(written("\\x00fF"), Some(vec![0, 255]));
    assert_eq!(written("abc"), Some(b"abc".to_vec()));
    assert_eq!(written("\\x0"), None);
    assert_eq!(written("\\xzz"), None);
}

#[test]
fn a_refusal_names_the_value_and_the_type() {
    assert_eq!(
        check(Kind::Int4, Datum::Text("north")).unwrap_err(),
        "\"north\" is not an int4 (-2147483648 to 2147483647)"
    );
    assert_eq!(check(Kind::Int4, Datum::Int(1)), Ok(()));
}
