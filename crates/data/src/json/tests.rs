//! Reading against serde_json, and of what serde_json refuses.

use super::*;
use proptest::prelude::*;
use serde_json::Value;
use std::convert::Infallible;

/// The value as serde_json has it.
fn value(json: Json<'_>) -> Value {
    match json.kind() {
        Kind::Null => Value::Null,
        Kind::Bool(value) => value.into(),
        Kind::Number => serde_json::from_str(json.number().unwrap()).unwrap(),
        Kind::Text => json.text().unwrap().into(),
        Kind::List => json.children().map(value).collect(),
        Kind::Object => {
            let members = json.members();
            let members = members.map(|(name, json)| (name.into_owned(), value(json)));
            Value::Object(members.collect())
        }
    }
}

fn documents() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        prop::sample::select(&[0.5, -2.25, 1e20][..]).prop_map(Value::from),
        "[ -~é😀\\n\"\\\\]{0,6}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 30, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec(("[a-c \"]{0,2}", inner), 0..4)
                .prop_map(|entries| Value::Object(entries.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn documents_are_read_as_serde_json_reads_them(document in documents(), pretty: bool) {
        let text = match pretty {
            true => serde_json::to_string_pretty(&document).unwrap(),
            false => document.to_string(),
        };
        let read = Parsed::read(text.as_bytes()).unwrap();
        let root = read.root(text.as_bytes());
        prop_assert_eq!(value(root), document.clone());
        prop_assert_eq!(root.written(), document.to_string());
        for json in root.descendants() {
            let again = json.written();
            let read = Parsed::read(again.as_bytes()).unwrap();
            prop_assert_eq!(value(read.root(again.as_bytes())), value(json));
            let same = same(json, read.root(again.as_bytes()), |_| Ok::<_, Infallible>(()));
            prop_assert_eq!(same, Ok(true));
        }
    }

    #[test]
    fn equal_is_what_serde_json_finds_equal(one in documents(), other in documents()) {
        let (left, right) = (one.to_string(), other.to_string());
        let (a, b) = (Parsed::read(left.as_bytes()).unwrap(), Parsed::read(right.as_bytes()).unwrap());
        let same = same(
            a.root(left.as_bytes()),
            b.root(right.as_bytes()),
            |_| Ok::<_, Infallible>(()),
        );
        prop_assert_eq!(same, Ok(one == other));
    }

    #[test]
    fn what_serde_json_takes_or_refuses(text in "[\\[\\]{}\",:\\\\0-9a-funtrlse.+E -]{0,20}") {
        let read = Parsed::read(text.as_bytes());
        match serde_json::from_str::<Value>(&text) {
            Ok(expected) => {
                let read = read.unwrap();
                prop_assert_eq!(value(read.root(text.as_bytes())), expected);
            }
            // Long numbers and halves of pairs are all that can be read beyond it in this alphabet.
            Err(error) => {
                let words = error.to_string();
                let more = words.contains("number out of range") || words.contains("surrogate")
                    || words.contains("hex escape");
                prop_assert!(read.is_none() || more, "{}", words);
            }
        }
    }

    #[test]
    fn no_bytes_make_it_panic(bytes: Vec<u8>, text in "[\\[\\]{}\",:\\\\ud8N)'\\n-]{0,30}") {
        for text in [&bytes[..], text.as_bytes()] {
            if let Some(read) = Parsed::read(text) {
                let root = read.root(text);
                root.descendants().for_each(|json| {
                    let _ = (json.written(), json.text(), json.members().count());
                });
            }
        }
    }
}

/// The member `id` of a document, as it is written.
fn id(text: &[u8]) -> Option<String> {
    let read = Parsed::read(text)?;
    Some(read.root(text).get("id")?.written())
}

#[test]
fn what_other_readers_get_over_is_read() {
    let utf16 = |bytes: fn(u16) -> [u8; 2]| {
        let text = "\u{feff}{\"id\": 7}";
        text.encode_utf16().flat_map(bytes).collect::<Vec<u8>>()
    };
    let deep = format!(
        "{{\"x\": {}{}, \"id\": 7}}",
        "[".repeat(100_000),
        "]".repeat(100_000)
    );
    for text in [
        b"\xef\xbb\xbf{\"id\": 7}".as_slice(),
        &utf16(u16::to_le_bytes),
        &utf16(u16::to_be_bytes),
        deep.as_bytes(),
        b" \r\n\t{\"id\":7}\n\n",
        br#"{"name": "cut \ud83d", "id": 7}"#,
        br#"{"x": 1e400, "id": 7}"#,
        br#"{"x": [NaN, -Infinity], "id": 7}"#,
        b"{\"name\": \"Zo\xeb\", \"id\": 7}",
        b"{\"name\": \"a\tb\", \"id\": 7}",
        b")]}',\n{\"id\": 7}",
        b"for(;;);{\"id\": 7}",
        b"{\"id\": 7}\n{\"id\": 8}\n",
        // Of members of one name the last one counts.
        br#"{"id": 1, "id": 7}"#,
    ] {
        let start = String::from_utf8_lossy(&text[..text.len().min(40)]);
        assert_eq!(id(text).as_deref(), Some("7"), "{start}");
    }
}

#[test]
fn what_is_not_json_is_not_read() {
    for text in [
        "",
        " ",
        "{",
        "[1,]",
        "{\"a\":1,}",
        "{a:1}",
        "'a'",
        "01",
        "1.",
        ".5",
        "+1",
        "--1",
        "nul",
        "\"\\x\"",
        "\"\\u12\"",
        "\"a",
        "[1 2]",
        "{\"a\" 1}",
        "[1}",
        "1 2",
        "{} x",
        "{}\n<html>",
        "<html>",
        ")]}",
        "]",
    ] {
        assert!(Parsed::read(text.as_bytes()).is_none(), "{text}");
    }
}

#[test]
fn texts_are_what_their_escapes_stand_for() {
    for (written, expected) in [
        (r#""a\u00e9\n\/\"""#, "aé\n/\""),
        (r#""\ud83d\ude00""#, "😀"),
        (r#""\ud83d""#, "\u{fffd}"),
        (r#""\ud83dx\ude00""#, "\u{fffd}x\u{fffd}"),
        (r#""\ud83d\u0041""#, "\u{fffd}A"),
        (r#""\ud83d\ud83d\ude00""#, "\u{fffd}😀"),
    ] {
        let read = Parsed::read(written.as_bytes()).unwrap();
        let json = read.root(written.as_bytes());
        assert_eq!(json.text().as_deref(), Some(expected), "{written}");
        assert_eq!(json.written(), written);
    }
}

#[test]
fn parts_come_back_as_they_were_written() {
    let text = br#" {"z": [1.50, { "b" : 1e400 , "a b": "x  \"y" }], "a": 123456789012345678901234567890} "#;
    let read = Parsed::read(text).unwrap();
    let root = read.root(text);
    let names: Vec<_> = root.members().map(|(name, _)| name).collect();
    assert_eq!(names, ["z", "a"]);
    let z = root.get("z").unwrap();
    assert_eq!(z.written(), r#"[1.50,{"b":1e400,"a b":"x  \"y"}]"#);
    assert_eq!(
        root.get("a").unwrap().number(),
        Some("123456789012345678901234567890")
    );
    assert_eq!((root.child_count(), z.child_count()), (2, 2));
}

#[test]
fn hostile_depth_takes_no_stack() {
    let deep = "[".repeat(1_000_000) + &"]".repeat(1_000_000);
    let read = Parsed::read(deep.as_bytes()).unwrap();
    let root = read.root(deep.as_bytes());
    assert_eq!(root.descendants().count(), 1_000_000);
    assert_eq!(same(root, root, |_| Ok::<_, Infallible>(())), Ok(true));
    assert!(Parsed::read("{\"a\":[".repeat(1_000_000).as_bytes()).is_none());
}
