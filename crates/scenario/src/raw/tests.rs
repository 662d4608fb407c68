//! Reading and the schema agree on what is allowed.

use super::*;
use crate::{
    diag::Span,
    form::{Any, Float, OneOrMore, Pause, Rate, Scalar, Share, Size, Times},
    text::Outside,
    tree::{self, NodeKind, Table},
};
use std::sync::Arc;

/// Values of every kind, by the types of JSON Schema. The second text comes from the environment,
/// so that it may stand for a number.
fn samples() -> [(&'static str, NodeKind); 7] {
    let text = |text: &str| Text::plain(Span::default(), text);
    let mut variable = text("${X}");
    let outside = Outside {
        variable: &|_| Some("x".to_owned()),
        file: &|_| Ok(String::new()),
    };
    variable.fill(outside, &mut Vec::new());
    [
        ("string", NodeKind::Text(text("x"))),
        ("environment", NodeKind::Text(variable)),
        ("integer", NodeKind::Int(1)),
        (
            "number",
            NodeKind::Float(tree::Float {
                number: 0.5,
                digits: "0.5".into(),
            }),
        ),
        ("boolean", NodeKind::Bool(true)),
        ("array", NodeKind::Array(Vec::new())),
        ("object", NodeKind::Table(Table::default())),
    ]
}

/// Returns true if a schema allows values of a type; patterns and words of texts are not checked.
fn takes(schema: &Value, kind: &str) -> bool {
    if let Some(schemas) = schema["anyOf"].as_array() {
        return schemas.iter().any(|schema| takes(schema, kind));
    }
    let text = ["string", "environment"].contains(&kind);
    match (schema["$ref"].as_str(), schema["type"].as_str()) {
        (Some("#/$defs/environment"), _) => kind == "environment",
        (Some(name), _) if name.ends_with("-text") => text,
        (Some(_), _) => kind == "object",
        (None, Some("string")) => text,
        (None, Some("number")) => ["number", "integer"].contains(&kind),
        (None, Some(own)) => kind == own,
        (None, None) => schema["enum"].is_null() || text,
    }
}

/// Reads a value of each type: refused is what the schema does not take.
fn agrees<F: Form>(name: &str) {
    let schema = F::schema(&mut Definitions::default());
    for (kind, value) in samples() {
        let reader = Reader::new(Arc::new([]), Vec::new());
        let node = Node {
            span: Span::default(),
            kind: value,
        };
        F::read(&reader, &node);
        let told = reader.into_problems();
        let refused = told.iter().any(|problem| {
            let message = &problem.message;
            message.starts_with("expected ") || message.ends_with(" needs a unit")
        });
        assert_eq!(!refused, takes(&schema, kind), "{name}: {kind}: {told:?}");
    }
}

#[test]
fn what_is_read_is_what_the_schema_takes() {
    macro_rules! all {
        ($($form:ty,)*) => { $(agrees::<$form>(stringify!($form));)* };
    }
    all! {
        Any, Whole, Float, Scalar, Pause, Rate, Share, Size, Times, Text, bool, Duration,
        List<Text>, List<Any>, OneOrMore<Text>, OneOrMore<Scalar>, OneOrMore<StatusRange>,
        Arrivals, Isolation, Tls, Client, Encoding, Http2, Scope, suite::OnFailure,
        Condition, Expect, Item, Number, Order, Pool, Rows, StatusRange, Think, EventTime,
        StepsOf<Setup>, Population, Root, Step, Threshold, suite::Suite,
        drawn::Length, expect::Bytes, expect::Columns, expect::Paths, extract::Extraction,
        http::Compression, http::Pairs, item::Transacted, multipart::Multipart,
        NameTable<Database>, NameTable<Extract>, NameTable<Variable>, NameTable<FormPart>,
        suite::Added<Verify>, suite::Changes,
    }
}

/// Tests the values in tables of names.
#[test]
fn what_a_name_may_have_is_what_the_schema_takes() {
    fn behind<T: crate::form::Named>(name: &str) {
        struct Behind<T>(std::marker::PhantomData<T>);
        impl<T: crate::form::Named> Form for Behind<T> {
            type Value = T;

            fn read(reader: &Reader, node: &Node) -> Option<T> {
                T::read(reader, Spanned::default(), node)
            }

            fn schema(to: &mut Definitions) -> Value {
                T::schema(to)
            }
        }
        agrees::<Behind<T>>(name);
    }
    behind::<Database>("database");
    behind::<Extract>("extract");
    behind::<FormPart>("part");
    behind::<Pair>("pair");
    behind::<Variable>("variable");
    behind::<(Spanned<String>, Field<f64>)>("weight");
}
