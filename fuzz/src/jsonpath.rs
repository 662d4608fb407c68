//! Reads a path and looks for it in a document: the first line is the path, the rest the document.
//! Whatever they are, it ends soon, and what is found is a part of the document.

use loadgen::data::{json::Parsed, jsonpath::JsonPath};

pub fn check(input: &[u8]) {
    let mut lines = input.splitn(2, |byte| *byte == b'\n');
    let path = lines.next().unwrap_or_default();
    let text = lines.next().unwrap_or(b"{}");
    let Ok(path) = str::from_utf8(path) else {
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
}
