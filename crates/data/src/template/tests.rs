use super::holes::{PieceKind, split};
use super::*;
use proptest::prelude::*;
use std::{collections::HashMap, sync::Arc};

fn text(text: &str) -> Value {
    Value::Text(Arc::from(text))
}

fn written(escape: Escape, value: &Value) -> String {
    let mut out = Vec::new();
    escape.write(value, &mut out);
    String::from_utf8(out).unwrap()
}

/// Literals joined, holes in angle brackets.
fn shape(of: &str) -> String {
    let show = |kind| match kind {
        PieceKind::Literal(text) => text.to_owned(),
        PieceKind::Hole(name) => format!("<{name}>"),
    };
    let pieces = split(of).unwrap();
    pieces.into_iter().map(|piece| show(piece.kind)).collect()
}

#[test]
fn a_template_joins_its_literals_and_fills_its_holes() {
    let literal = |text: &str| Part::Literal(text.as_bytes().into());
    let template = Template::new([
        literal("/a"),
        literal("/b/"),
        Part::Variable(1, Escape::Url),
        literal("?x="),
        Part::Variable(0, Escape::Url),
        Part::Variable(7, Escape::Url),
    ]);
    assert_eq!(template.parts().len(), 5, "neighbours are merged");
    assert_eq!(template.as_literal(), None);
    let mut out = b"GET ".to_vec();
    template.render(&[Value::Int(-4), text("ü/?")], &mut out);
    assert_eq!(out, b"GET /a/b/%C3%BC%2F%3F?x=-4");
    assert_eq!(
        Template::literal("x").as_literal(),
        Some(b"x".as_slice()),
        "no variable"
    );
    assert_eq!(Template::default().as_literal(), Some(b"".as_slice()));
}

#[test]
fn values_keep_their_type_in_json() {
    let json = |value: &Value| written(Escape::Json, value);
    assert_eq!(json(&Value::Int(7)), "7");
    assert_eq!(json(&Value::Float(7.0)), "7.0");
    assert_eq!(json(&Value::Float(1e300)), "1e300");
    assert_eq!(json(&text("7\"\u{1}\n")), r#""7\"\u0001\n""#);
    assert_eq!(json(&Value::Unset), "null");
    assert_eq!(written(Escape::JsonString, &Value::Float(0.5)), "0.5");
}

#[test]
fn holes_are_found_with_their_spans() {
    let pieces = split("/a/{{ id }}?b").unwrap();
    assert_eq!(pieces[0].span, 0..3);
    assert_eq!(pieces[1].kind, PieceKind::Hole("id"));
    assert_eq!(pieces[1].span, 6..8);
    assert_eq!(pieces[2].span, 11..13);
    assert_eq!(shape("{{a}}{{b}}"), "<a><b>");
    assert_eq!(shape(r#"{"x":{"y":1}}"#), r#"{"x":{"y":1}}"#);
    assert_eq!(shape("{{{x}}}"), "{<x>}");
    assert_eq!(shape(r#"{{"{{"}} {{ "a}}b" }}"#), "{{ a}}b");
    assert_eq!(shape("{{run.id}}"), "<run.id>");
    assert!(split("").unwrap().is_empty());
}

#[test]
fn malformed_holes_are_placed() {
    let bad = |text| split(text).unwrap_err().span;
    assert_eq!(bad("ab{{c"), 2..4);
    assert_eq!(bad("ab{{c d}}"), 4..7);
    assert_eq!(bad("ab{{ }}"), 2..7);
    assert_eq!(bad("{{\"x\" y}}"), 0..5);
    assert_eq!(bad("{{\"x}}"), 0..2);
    assert_eq!(bad("{{9}}"), 2..3);
}

fn any_value() -> impl Strategy<Value = Value> {
    prop_oneof![
        any::<i64>().prop_map(Value::Int),
        prop::num::f64::NORMAL.prop_map(Value::Float),
        any::<String>().prop_map(|s| text(&s)),
        "[ -~\\r\\n\\t\"\\\\&=+%/?#;]*".prop_map(|s| text(&s)),
    ]
}

fn plain(value: &Value) -> String {
    written(Escape::None, value)
}

proptest! {
    #[test]
    fn a_url_decodes_back(value in any_value()) {
        let url = url::Url::parse(&format!("http://h/{}?q={}&r=1",
            written(Escape::Url, &value), written(Escape::Url, &value))).unwrap();
        let query: HashMap<_, _> = url.query_pairs().into_owned().collect();
        prop_assert_eq!(&query["q"], &plain(&value));
        prop_assert_eq!(query.len(), 2);
        let path = url.path_segments().unwrap().collect::<Vec<_>>();
        prop_assert_eq!(path.len(), 1);
        // The dots of "." and ".." are unreserved: a client may not encode them, a server may
        // resolve them.
        if !matches!(plain(&value).as_str(), "." | "..") {
            let decoded = percent_encoding::percent_decode_str(path[0]).decode_utf8().unwrap();
            prop_assert_eq!(decoded, plain(&value));
        }
    }

    #[test]
    fn a_form_decodes_back(value in any_value(), other in any_value()) {
        let body = format!("a={}&b={}", written(Escape::Form, &value), written(Escape::Form, &other));
        let pairs: Vec<_> = url::form_urlencoded::parse(body.as_bytes()).into_owned().collect();
        prop_assert_eq!(pairs, [("a".to_owned(), plain(&value)), ("b".to_owned(), plain(&other))]);
    }

    #[test]
    fn json_decodes_back(value in any_value()) {
        let body = format!(r#"{{"whole":{},"part":"<{}>"}}"#,
            written(Escape::Json, &value), written(Escape::JsonString, &value));
        let json: serde_json::Value = serde_json::from_str(&body).unwrap();
        match &value {
            Value::Int(n) => prop_assert_eq!(json["whole"].as_i64(), Some(*n)),
            // serde_json's fast float parser may be off in the last digit.
            Value::Float(x) => {
                let read = json["whole"].as_f64().unwrap();
                prop_assert!((read / x - 1.0).abs() < 1e-15);
            }
            _ => prop_assert_eq!(json["whole"].as_str().unwrap(), plain(&value)),
        }
        prop_assert_eq!(json["part"].as_str().unwrap(), format!("<{}>", plain(&value)));
    }

    #[test]
    fn a_header_cannot_end_early(value in any_value()) {
        let header = written(Escape::Header, &value);
        prop_assert!(!header.contains(Escape::ends_header));
        let kept: String = plain(&value).chars().filter(|c| !Escape::ends_header(*c)).collect();
        prop_assert_eq!(header, kept);
    }

    #[test]
    fn splitting_never_panics_and_loses_nothing(text in "[a{}\" .é]*") {
        match split(&text) {
            Ok(pieces) => for piece in pieces {
                let (PieceKind::Literal(part) | PieceKind::Hole(part)) = piece.kind;
                prop_assert_eq!(&text[piece.span], part);
            },
            Err(error) => prop_assert!(text.get(error.span).is_some()),
        }
    }
}

proptest! {
    #[test]
    fn base64_is_of_the_whole_text(user in ".{0,9}", password in ".{0,9}") {
        let pair = [
            Part::Variable(0, Escape::None),
            Part::Literal(b":".as_slice().into()),
            Part::Variable(1, Escape::None),
        ];
        let template = Template::new([
            Part::Literal(b"Basic ".as_slice().into()),
            Part::Base64(Template::new(pair)),
            Part::Literal(b"!".as_slice().into()),
        ]);
        prop_assert_eq!(template.variables(), [0, 1]);
        prop_assert_eq!(template.as_literal(), None);
        let mut out = b">".to_vec();
        template.render(&[text(&user), text(&password)], &mut out);
        let rendered = String::from_utf8(out).unwrap();
        let encoded = rendered.strip_prefix(">Basic ").and_then(|it| it.strip_suffix('!'));
        let decoded = STANDARD.decode(encoded.unwrap()).unwrap();
        prop_assert_eq!(decoded, format!("{user}:{password}").into_bytes());
    }
}
