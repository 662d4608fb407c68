//! Paths against the RFC's examples, against another implementation, and against hostility.

use super::super::json::Parsed;
use super::*;
use proptest::prelude::*;
use serde_json::{Value, json};

/// The results in order, or why there are none.
fn found(text: &str, root: &Value) -> Result<Vec<Value>, String> {
    let path = JsonPath::parse(text).map_err(|wrong| wrong.message)?;
    let document = root.to_string();
    let read = Parsed::read(document.as_bytes()).unwrap();
    let all = path.all(read.root(document.as_bytes()));
    let all = all.map_err(|exhausted| exhausted.to_string())?;
    let value = |json: &Json<'_>| serde_json::from_str(&json.written()).unwrap();
    Ok(all.iter().map(value).collect())
}

#[test]
fn the_examples_of_the_rfc_hold() {
    let store = json!({ "store": {
        "book": [
            { "category": "reference", "author": "Nigel Rees", "price": 8.95 },
            { "category": "fiction", "author": "Evelyn Waugh", "price": 12.99 },
            { "category": "fiction", "author": "Herman Melville", "isbn": "0-553-21311-3", "price": 8.99 },
            { "category": "fiction", "author": "J. R. R. Tolkien", "isbn": "0-395-19395-8", "price": 22.99 },
        ],
        "bicycle": { "color": "red", "price": 399 },
    }});
    for (path, expected) in [
        ("$.store.book[*].price", json!([8.95, 12.99, 8.99, 22.99])),
        (
            "$..author",
            json!([
                "Nigel Rees",
                "Evelyn Waugh",
                "Herman Melville",
                "J. R. R. Tolkien"
            ]),
        ),
        ("$.store..price", json!([399, 8.95, 12.99, 8.99, 22.99])),
        ("$..book[2].author", json!(["Herman Melville"])),
        ("$..book[-1].price", json!([22.99])),
        ("$..book[0,1].price", json!([8.95, 12.99])),
        ("$..book[:2].price", json!([8.95, 12.99])),
        ("$..book[::-2].price", json!([22.99, 12.99])),
        ("$..book[?@.isbn].price", json!([8.99, 22.99])),
        ("$..book[?!@.isbn].price", json!([8.95, 12.99])),
        (
            "$..book[? @.price < 10 && (@.isbn || @.author == 'Nigel Rees')].price",
            json!([8.95, 8.99]),
        ),
        ("$..book[?match(@.author, 'J. R.*')].price", json!([22.99])),
        (
            "$..book[?search(@.author, 'Rees|Waugh')].price",
            json!([8.95, 12.99]),
        ),
        ("$.store.book[?length(@) == 4].price", json!([8.99, 22.99])),
        (
            "$.store[?count(@.*) > 3].*.price",
            json!([8.95, 12.99, 8.99, 22.99]),
        ),
        ("$..book[?@.price == value($..bicycle.price)]", json!([])),
        // A missing value is neither less nor greater than another, but equal.
        (
            "$..book[?@.none <= @.nothing && @.none >= @.nothing].price",
            json!([8.95, 12.99, 8.99, 22.99]),
        ),
        (
            "$..book[?@.none <= @.price || @.none < @.nothing].price",
            json!([]),
        ),
        (
            "$..book[?@.none == @.nothing].price",
            json!([8.95, 12.99, 8.99, 22.99]),
        ),
        (
            "$..book[?@.price >= $.store.book[1].price].price",
            json!([12.99, 22.99]),
        ),
        (
            r#"$ ["store"] ['bicycle'] [ "color" , 'price' ]"#,
            json!(["red", 399]),
        ),
        (r#"$["\u0073tore"].bicycle['c\u006flor']"#, json!(["red"])),
        ("$.store.bicycle[0]", json!([])),
        ("$.store.book[99]", json!([])),
        ("$.store.book[-99]", json!([])),
        ("$.store.book[1:3:0]", json!([])),
    ] {
        assert_eq!(found(path, &store).map(Value::from), Ok(expected), "{path}");
    }
}

#[test]
fn what_is_no_path_is_refused_at_its_place() {
    for (path, at) in [
        ("", 0),
        ("a", 0),
        ("$.", 2),
        ("$.a ", 3),
        (" $", 0),
        ("$[01]", 2),
        ("$[-0]", 2),
        ("$[9007199254740992]", 2),
        ("$['a", 2),
        ("$['\\x']", 4),
        ("$['\\ud800']", 4),
        ("$[?1]", 4),
        ("$[?@.* == 1]", 6),
        ("$[?match(@.a, '(')]", 14),
        ("$[?len(@.a) == 1]", 3),
        ("$[?length(@.a)]", 14),
        ("$[?@.a == ]", 10),
        ("$[]", 2),
        ("$..", 3),
        ("$é", 1),
    ] {
        let wrong = JsonPath::parse(path).unwrap_err();
        assert_eq!(wrong.at, at, "{path}: {}", wrong.message);
    }
}

#[test]
fn length_and_depth_are_bounded() {
    for hostile in [
        format!("$[?{}", "(".repeat(3_940)),
        format!("$?@{}", "[?@".repeat(20_000)),
        format!("${}@{}", "[?".repeat(22), "]".repeat(22)),
        format!("$[?{}@.a", "!(".repeat(22)),
        format!("$[?{}@.a", "length(".repeat(22)),
        format!("$[?match(@.a, '{}')]", "(".repeat(200)),
        "$[?match(@.a, '(a{1000}){1000}')]".to_owned(),
        format!("${}", ".a".repeat(257)),
        format!("$[?@{}]", "[0]".repeat(256)),
        format!("${}", ".a".repeat(3_000)),
    ] {
        assert!(JsonPath::parse(&hostile).is_err());
    }
    let deep = format!("${}{}", "[?@".repeat(15), "]".repeat(15));
    assert!(JsonPath::parse(&deep).is_ok());
}

#[test]
fn an_evaluation_without_an_end_is_given_up() {
    let deep = (0..120).fold(json!(1), |inner, _| json!([inner]));
    let texts = json!({"a": vec!["a".repeat(1_000); 300], "regex": "(a|b)*c"});
    for (path, document) in [
        ("$..*..*..*..*..*.zz", &deep),
        ("$[?count(@..*..*..*..*) > 0]", &deep),
        ("$..*[?@..*[?@..*[?@..*..zz]]]", &deep),
        ("$.a[?match(@, $.regex)]", &texts),
        ("$.a[?search(@, '[ab]*a[ab]{500}c')]", &texts),
    ] {
        let Err(words) = found(path, document) else {
            panic!("{path} has an end");
        };
        assert!(
            words.starts_with("the path would visit more than "),
            "{path}: {words}"
        );
    }
}

#[test]
fn a_document_of_any_depth_is_looked_at() {
    let deep = format!("{}{{\"id\":1}}{}", "[".repeat(100_000), "]".repeat(100_000));
    let read = Parsed::read(deep.as_bytes()).unwrap();
    let path = JsonPath::parse("$..id").unwrap();
    assert_eq!(path.all(read.root(deep.as_bytes())).unwrap().len(), 1);
}

#[test]
fn numbers_are_compared_with_all_their_digits() {
    let text = br#"[{"id": 9007199254740993, "p": 0.1}, {"id": 9007199254740992, "p": 0.10000000000000000001}]"#;
    let read = Parsed::read(text).unwrap();
    for (path, expected) in [
        ("$[?@.id == 9007199254740993].p", "0.1"),
        ("$[?@.id < 9007199254740993].p", "0.10000000000000000001"),
        ("$[?@.p > 0.1].id", "9007199254740992"),
    ] {
        let found = JsonPath::parse(path).unwrap().all(read.root(text)).unwrap();
        let found: Vec<String> = found.into_iter().map(Json::written).collect();
        assert_eq!(found, [expected], "{path}");
    }
}

#[test]
fn a_large_document_may_be_looked_at_whole() {
    let rows: Vec<Value> = (0..50_000).map(|id| json!({"id": id, "n": null})).collect();
    let rows = Value::from(rows);
    for path in [
        "$[*].id",
        "$..id",
        "$[?@.id >= 0].id",
        "$[?@.n == null && @.id != -1].id",
    ] {
        assert_eq!(found(path, &rows).unwrap().len(), 50_000, "{path}");
    }
}

fn documents() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (-2_i64..3).prop_map(Value::from),
        prop::sample::select(&[0.5, 1.0, -2.0][..]).prop_map(Value::from),
        "[ab]{0,3}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec(("[abc]", inner), 0..4)
                .prop_map(|entries| Value::Object(entries.into_iter().collect())),
        ]
    })
}

/// Paths, nearly all of them right.
fn paths() -> impl Strategy<Value = String> {
    let singular = prop_oneof![
        Just("@".to_owned()),
        "[@$](\\.[abc]|\\[-?[12]\\]|\\[0\\]|\\['[abc]'\\]){1,2}",
    ];
    let comparable = prop_oneof![
        singular.clone(),
        singular.clone().prop_map(|path| format!("length({path})")),
        singular.clone().prop_map(|path| format!("count({path}.*)")),
        singular
            .clone()
            .prop_map(|path| format!("value({path}..a)")),
        "'[ab]{0,2}'|-?[12]|0|1\\.0|1e0|true|false|null",
    ];
    let basic = prop_oneof![
        singular.clone(),
        (comparable.clone(), "==|!=|<|>| == ", comparable)
            .prop_map(|(left, operator, right)| format!("{left}{operator}{right}")),
        (singular, "match|search", "[ab.]{1,2}|a\\*")
            .prop_map(|(path, function, pattern)| format!("{function}({path}, '{pattern}')")),
    ];
    let condition = basic.prop_recursive(2, 6, 3, |inner| {
        prop_oneof![
            (inner.clone(), "&&|\\|\\|| && ", inner.clone())
                .prop_map(|(left, join, right)| format!("{left}{join}{right}")),
            inner.clone().prop_map(|inner| format!("!({inner})")),
            inner.prop_map(|inner| format!("@.*[?{inner}]")),
        ]
    });
    let selector = prop_oneof![
        "\\*|'[abc]'|\"[abc]\"|-?[12]|0",
        "(-?[123]|0)?:(-?[123]|0)?(:(-?[123]|0)?)?",
        condition.prop_map(|condition| format!("?{condition}")),
    ];
    let segment = prop_oneof![
        "\\.{1,2}([abc]|\\*)",
        ("(\\.\\.)?", selector.clone()).prop_map(|(dots, selector)| format!("{dots}[{selector}]")),
        (selector.clone(), selector).prop_map(|(one, other)| format!("[{one}, {other}]")),
    ];
    prop::collection::vec(segment, 0..4).prop_map(|segments| format!("${}", segments.concat()))
}

proptest! {
    #[test]
    fn another_implementation_finds_the_same(path in paths(), root in documents()) {
        let ours = found(&path, &root);
        let theirs = serde_json_path::JsonPath::parse(&path).map(|path| {
            path.query(&root).all().into_iter().cloned().collect::<Vec<_>>()
        });
        match (ours, theirs) {
            (Ok(ours), Ok(theirs)) => prop_assert_eq!(ours, theirs),
            (ours, theirs) => prop_assert_eq!(ours.is_ok(), theirs.is_ok(), "{:?} {:?}", ours, theirs),
        }
    }

    #[test]
    fn the_first_one_is_the_first_of_all(path in paths(), root in documents()) {
        if let Ok(path) = JsonPath::parse(&path) {
            let text = root.to_string();
            let read = Parsed::read(text.as_bytes()).unwrap();
            let document = read.root(text.as_bytes());
            let first = path.first(document).unwrap().map(Json::written);
            let all = path.all(document).unwrap();
            prop_assert_eq!(first, all.first().map(|json| json.written()));
        }
    }

    #[test]
    fn no_text_makes_it_panic(text in "[$@.*?\\[\\]()!'\"\\\\u0-9a-d:,<=&| é-]{0,40}") {
        let _ = JsonPath::parse(&text);
        let _ = JsonPath::parse(&format!("$[?{text}"));
    }
}
