//! Reads a path and looks for it in a document: the first line is the path, the rest the document.
//! Whatever they are, it ends soon, and what is found is a part of the document.
#![no_main]

// It depends on little else; compiled from here it needs a tenth of the time.
#[path = "../../src/data/decimal.rs"]
mod decimal;
#[path = "../../src/data/json/mod.rs"]
#[allow(dead_code, unused_imports, reason = "the library uses more of it")]
mod json;
#[path = "../../src/data/jsonpath/mod.rs"]
#[allow(dead_code, unused_imports, reason = "the library uses more of it")]
mod jsonpath;

use decimal::Decimal;
use json::Parsed;
use jsonpath::JsonPath;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let mut lines = input.splitn(2, |byte| *byte == b'\n');
    let (path, text) = (
        lines.next().unwrap_or_default(),
        lines.next().unwrap_or(b"{}"),
    );
    let Ok(path) = std::str::from_utf8(path) else {
        return;
    };
    let path = match JsonPath::parse(path) {
        Ok(path) => path,
        Err(wrong) => {
            assert!(path.is_char_boundary(wrong.at), "{wrong:?}");
            return;
        }
    };
    let Some(read) = Parsed::read(text) else {
        return;
    };
    let root = read.root(text);
    let Ok(found) = path.all(root) else {
        return;
    };
    for json in &found {
        assert!(Parsed::read(json.written().as_bytes()).is_some());
    }
    let first = path
        .first(root)
        .map(|first| first.map(|json| json.written()));
    assert_eq!(first, Ok(found.first().map(|json| json.written())));
});
