//! A table of every kind of line.

use super::*;
use crate::{
    diag::{Problem, Span},
    field::{Field, Spanned},
    text::{Outside, Text},
    tree::{Converter, NodeKind},
};
use std::sync::Arc;
use toml::de::DeTable;

table! {
    /// A figure to draw.
    struct Figure as "a figure" {
        /// Span of the table.
        span: Here,
        /// Size of the figure.
        size: Required<Float>,
        /// Its kind.
        kind as "type": Text,
        /// Its look.
        looks: Looks,
        /// The dots on it.
        dots: List<Dot>,
    }
}

table! {
    /// A figure without a look.
    struct Dot as "a dot" {
        /// Size of the figure.
        size: Required<Float>,
    }
}

choice! {
    /// Filling of the figure.
    enum Looks -> String, "one of them is not seen";
    |chosen| {
        color: Text => format!("{} {}", chosen.key.value, chosen.value.value()),
        grey: Whole => format!("{} {}", chosen.key.value, chosen.value),
    }
}

/// The figure that `text` says, and what is told of it.
fn read(text: &str) -> (Figure, Vec<Problem>) {
    let (table, errors) = DeTable::parse_recoverable(text);
    assert!(errors.is_empty(), "{errors:?}");
    let outside = Outside {
        variable: &|_| None,
        file: &|_| Ok(String::new()),
    };
    let table = Converter {
        source: 0,
        text,
        shift: 0,
        outside,
        problems: &mut Vec::new(),
    }
    .table(table.get_ref());
    let reader = Reader::new(Arc::new([]), Vec::new());
    let figure = Figure::read(
        &reader,
        &Node {
            span: Span::new(0, 0..1),
            kind: NodeKind::Table(table),
        },
    );
    (figure.unwrap(), reader.into_problems())
}

fn messages(text: &str) -> Vec<String> {
    let problems = read(text).1.into_iter();
    problems.map(|problem| problem.message).collect()
}

#[test]
fn a_line_is_read_into_its_field() {
    let text = "size = 2\ntype = 'circle'\ngrey = 7\ndots = [{ size = 0.5 }]";
    let (figure, problems) = read(text);
    assert_eq!(problems, []);
    assert_eq!(figure.span, Span::new(0, 0..1));
    assert_eq!(figure.size.value(), Some(&2.0));
    assert_eq!(figure.kind.value().unwrap().value(), "circle");
    // The value is where it stands, whatever its key makes of it.
    let Field::Given(Spanned { value, span }) = &figure.looks else {
        panic!("{:?}", figure.looks);
    };
    assert_eq!(
        (value.as_str(), &text[span.start..span.end]),
        ("grey 7", "7")
    );
    let dots = figure.dots.value().unwrap();
    assert_eq!(dots[0].size.value(), Some(&0.5));
}

#[test]
fn every_mistake_is_told() {
    let told =
        messages("kind = 'x'\ntype = 1\ncolor = 'red'\ngrey = 1\ndots = [{}, { size = '' }]");
    assert_eq!(
        told,
        [
            "unknown key `kind` in a figure",
            "`size` is missing",
            "expected text",
            "both `color` and `grey`: one of them is not seen",
            "`size` is missing",
            "expected a number",
        ]
    );
    // A list with a mistake in it is there, but bad.
    let (figure, _) = read("size = 1\ndots = [{ size = 1 }, 2]");
    assert!(matches!(figure.dots, Field::Bad(_)));
}

#[test]
fn keys_are_known_in_their_order() {
    let names: Vec<&str> = keys::<Figure>().iter().map(|key| key.name).collect();
    assert_eq!(names, ["size", "type", "color", "grey", "dots"]);
    let (_, problems) = read("size = 1\nzzz = 1");
    let help = problems[0].help.as_deref();
    assert_eq!(help, Some("its keys are size, type, color, grey, dots"));
}

#[test]
fn the_schema_has_the_same_keys() {
    let mut definitions = Definitions::default();
    let figure = Figure::schema(&mut definitions);
    assert_eq!(figure, json!({ "$ref": "#/$defs/figure" }));
    let shapes = definitions.into_map();
    let properties = shapes["figure"]["properties"].as_object().unwrap();
    let environment = json!({ "$ref": "#/$defs/environment" });
    assert_eq!(properties.len(), 5);
    assert_eq!(
        properties["dots"],
        json!({ "type": "array", "items": { "$ref": "#/$defs/dot" } })
    );
    assert_eq!(properties["type"], json!({ "type": "string" }));
    assert_eq!(
        properties["grey"],
        json!({ "anyOf": [environment, { "type": "integer" }] })
    );
    assert!(shapes.contains_key("environment") && shapes.contains_key("dot"));
}

#[test]
fn choices_of_choices_lie_flat() {
    let [a, b, c] = ["a", "b", "c"].map(|name| json!({ "enum": [name] }));
    let inner = any_of([a.clone(), b.clone()]);
    assert_eq!(any_of([inner, c.clone()]), json!({ "anyOf": [a, b, c] }));
}
