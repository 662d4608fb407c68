//! Reads a path and looks for it in a document: the first line is the path, the rest the document.
//! Whatever they are, it ends soon, and what is found is where it is said to be.
#![no_main]

// It depends on little else; compiled from here it needs a tenth of the time.
#[path = "../../src/data/jsonpath/mod.rs"]
#[allow(dead_code, unused_imports, reason = "the library uses more of it")]
mod jsonpath;

use jsonpath::{Document, Element, JsonPath};
use libfuzzer_sys::fuzz_target;
use serde_json::Value;

fuzz_target!(|input: &str| {
    let (path, text) = input.split_once('\n').unwrap_or((input, "{}"));
    let path = match JsonPath::parse(path) {
        Ok(path) => path,
        Err(wrong) => {
            assert!(path.is_char_boundary(wrong.at), "{wrong:?}");
            return;
        }
    };
    let Ok(root) = serde_json::from_str::<Value>(text) else {
        return;
    };
    let document = Document {
        root: &root,
        bytes: text.len(),
    };
    let Ok(found) = path.locate(document) else {
        return;
    };
    for located in &found {
        let mut at = Some(&root);
        for step in &located.location {
            at = at.and_then(|at| match step {
                Element::Name(name) => at.get(*name),
                Element::Index(index) => at.get(*index),
            });
        }
        assert!(at.is_some_and(|at| std::ptr::eq(at, located.value)));
    }
    let first = path.first(document, |node| std::ptr::from_ref(node.value));
    let expected = found
        .first()
        .map(|located| std::ptr::from_ref(located.value));
    assert_eq!(first, Ok(expected));
});
