//! JSON as it was written: what a parsed document no longer has, such as the last digits of a long
//! number.

use super::jsonpath::Element;
use serde_json::value::RawValue;
use std::{cell::OnceCell, collections::HashMap, sync::Arc};

/// A JSON text, taken apart no further than somebody asks. Each list and object is read once, so that
/// all rows of a long list can be asked for.
pub struct Written<'t> {
    text: &'t str,
    parts: OnceCell<Parts<'t>>,
}

enum Parts<'t> {
    List(Vec<Written<'t>>),
    Object(HashMap<String, Written<'t>>),
    /// Text, a number, a boolean or null.
    None,
}

impl<'t> Written<'t> {
    /// Of a whole document; of anything but JSON nothing can be found.
    pub fn new(text: &'t [u8]) -> Self {
        Self::of(std::str::from_utf8(text).unwrap_or_default().trim())
    }

    fn of(text: &'t str) -> Self {
        Self {
            text,
            parts: OnceCell::new(),
        }
    }

    /// The text of what is at `location`, without blanks around its parts.
    pub fn at(&self, location: &[Element<'_>]) -> Option<Arc<str>> {
        let mut found = self;
        for element in location {
            found = match (found.parts.get_or_init(|| parts(found.text)), element) {
                (Parts::List(items), Element::Index(place)) => items.get(*place)?,
                (Parts::Object(entries), Element::Name(name)) => entries.get(*name)?,
                _ => return None,
            };
        }
        Some(compact(found.text).into())
    }
}

fn parts(text: &str) -> Parts<'_> {
    match text.as_bytes().first() {
        Some(b'[') => match serde_json::from_str::<Vec<&RawValue>>(text) {
            Ok(items) => Parts::List(
                items
                    .into_iter()
                    .map(|raw| Written::of(raw.get()))
                    .collect(),
            ),
            Err(_) => Parts::None,
        },
        // Of a name that is there twice the last one counts, as in the parsed form.
        Some(b'{') => match serde_json::from_str::<HashMap<String, &RawValue>>(text) {
            Ok(entries) => {
                let entries = entries.into_iter();
                Parts::Object(
                    entries
                        .map(|(name, raw)| (name, Written::of(raw.get())))
                        .collect(),
                )
            }
            Err(_) => Parts::None,
        },
        _ => Parts::None,
    }
}

/// JSON without the blanks between its parts.
fn compact(text: &str) -> String {
    let (mut quoted, mut escaped) = (false, false);
    text.chars()
        .filter(|c| {
            let kept = quoted || !c.is_ascii_whitespace();
            match c {
                _ if escaped => escaped = false,
                '\\' => escaped = quoted,
                '"' => quoted = !quoted,
                _ => {}
            }
            kept
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::jsonpath::{Document, JsonPath};
    use proptest::prelude::*;
    use serde_json::Value as Json;

    fn at(text: &str, path: &str) -> Vec<Option<Arc<str>>> {
        let json: Json = serde_json::from_str(text).unwrap();
        let written = Written::new(text.as_bytes());
        let document = Document {
            root: &json,
            bytes: text.len(),
        };
        let located = JsonPath::parse(path).unwrap().locate(document).unwrap();
        located
            .iter()
            .map(|found| written.at(&found.location))
            .collect()
    }

    #[test]
    fn what_is_found_is_as_it_was_written() {
        let text = r#" {"a": 123456789012345678901234567890, "b": [1.50, { "z" : 1e400 , "a b": "x  \"y" }],
            "a": 18.50} "#;
        let text = text.replace("1e400", "1e40");
        let found = |path| {
            let found = at(&text, path).into_iter().flatten();
            found.map(|text| text.to_string()).collect::<Vec<_>>()
        };
        assert_eq!(found("$.a"), ["18.50"]);
        assert_eq!(found("$.b[0]"), ["1.50"]);
        assert_eq!(found("$.b[1]"), [r#"{"z":1e40,"a b":"x  \"y"}"#]);
        assert_eq!(found("$.b[*].z"), ["1e40"]);
        assert!(found("$.c").is_empty());
    }

    fn documents() -> impl Strategy<Value = Json> {
        let leaf = prop_oneof![
            Just(Json::Null),
            any::<bool>().prop_map(Json::from),
            any::<i64>().prop_map(Json::from),
            any::<f64>().prop_map(Json::from),
            "[ -~é\\n\"\\\\]{0,6}".prop_map(Json::from),
        ];
        leaf.prop_recursive(3, 20, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Json::from),
                prop::collection::vec(("[a-c \"]{0,2}", inner), 0..4)
                    .prop_map(|entries| Json::Object(entries.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn every_part_of_a_document_is_found(json in documents(), pretty: bool) {
            let text = match pretty {
                true => serde_json::to_string_pretty(&json).unwrap(),
                false => json.to_string(),
            };
            let written = Written::new(text.as_bytes());
            let document = Document { root: &json, bytes: text.len() };
            for located in JsonPath::parse("$..*").unwrap().locate(document).unwrap() {
                let found = written.at(&located.location).unwrap();
                prop_assert_eq!(&*found, located.value.to_string());
            }
        }
    }
}
