//! Takes values for later steps from an answer.

use super::expect::{Answer, headers, miss, shown};
use crate::{
    data::{Value, Written},
    driver::Failure,
    plan::{
        HttpStep,
        http::{Extract, ExtractSource},
    },
};
use memchr::memmem;
use regex::bytes::Regex;

/// Fills in all that the step extracts.
///
/// # Errors
/// When something is not there: the first of it, in words.
pub(super) fn all(step: &HttpStep, answer: &Answer, values: &mut [Value]) -> Result<(), Failure> {
    let written = Written::new(&answer.body);
    for extract in &step.extract {
        let found = find(extract, answer, &written)
            .map_err(|words| miss(format!("no {}: {words}", extract.name)))?;
        if let Some(place) = values.get_mut(extract.variable) {
            *place = found;
        }
    }
    Ok(())
}

fn find(extract: &Extract, answer: &Answer, written: &Written<'_>) -> Result<Value, String> {
    // The environment's part of a place is not shown.
    let nothing = |words: String| match &extract.written {
        Some(written) => format!("nothing at {written}"),
        None => words,
    };
    match &extract.source {
        ExtractSource::Json(path) => match answer.json() {
            None => Err(format!("the body is not JSON: `{}`", shown(&answer.body))),
            Some(json) => path
                .first(json, |found| {
                    Value::of_json(found.value, || written.at(&found.location()))
                })
                .map_err(|exhausted| format!("{}: {exhausted}", nothing(path.to_string())))?
                .flatten()
                .ok_or_else(|| nothing(format!("nothing at {path}"))),
        },
        ExtractSource::Header(name) => headers(&answer.head)
            .find(|(own, _)| name == own)
            .map(|(_, value)| text(value))
            .ok_or_else(|| nothing(format!("no header {name}"))),
        ExtractSource::Regex(regex) => by_regex(regex, &answer.body)
            .map(text)
            .ok_or_else(|| nothing(format!("the body does not match /{regex}/"))),
        ExtractSource::Cookie(name) => headers(&answer.head)
            .filter(|(own, _)| own.eq_ignore_ascii_case("set-cookie"))
            .find_map(|(_, value)| cookie(value, name))
            .map(text)
            .ok_or_else(|| nothing(format!("no cookie {name} is set"))),
        ExtractSource::Form(name) => field(&answer.body, name)
            .map(|value| Value::Text(unescaped(&value).into()))
            .ok_or_else(|| nothing(format!("no field {name} in a form"))),
    }
}

fn text(bytes: &[u8]) -> Value {
    Value::Text(String::from_utf8_lossy(bytes).into())
}

fn by_regex<'b>(regex: &Regex, body: &'b [u8]) -> Option<&'b [u8]> {
    let found = regex.captures(body)?;
    found.get(1).or(found.get(0)).map(|group| group.as_bytes())
}

/// The value of the cookie of this name, if this is what a `Set-Cookie` sets.
fn cookie<'v>(set: &'v [u8], name: &str) -> Option<&'v [u8]> {
    let pair = set.split(|byte| *byte == b';').next()?;
    let equals = memchr::memchr(b'=', pair)?;
    let (own, value) = (pair[..equals].trim_ascii(), pair[equals + 1..].trim_ascii());
    (own == name.as_bytes()).then_some(value)
}

/// The value of the first `<input>` of this name.
fn field(page: &[u8], name: &str) -> Option<Vec<u8>> {
    let starts = memmem::find_iter(page, b"<");
    starts
        .filter_map(|at| {
            let tag = &page[at + 1..];
            let named = tag.get(..5)?.eq_ignore_ascii_case(b"input");
            named.then(|| attributes(&tag[5..]))
        })
        .find_map(|attributes| {
            let get = |key: &str| {
                let found = attributes
                    .iter()
                    .find(|(own, _)| own.eq_ignore_ascii_case(key.as_bytes()));
                found.map(|(_, value)| *value)
            };
            let own = unescaped(get("name")?);
            (own == name).then(|| get("value").unwrap_or_default().to_vec())
        })
}

/// The attributes of a tag, up to its end.
fn attributes(mut rest: &[u8]) -> Vec<(&[u8], &[u8])> {
    let mut attributes = Vec::new();
    loop {
        rest = rest.trim_ascii_start();
        match rest.first() {
            None | Some(b'>') => return attributes,
            Some(b'/') => {
                rest = &rest[1..];
                continue;
            }
            Some(_) => {}
        }
        let ends = |byte: &u8| byte.is_ascii_whitespace() || b"=>/".contains(byte);
        let length = rest.iter().position(ends).unwrap_or(rest.len());
        let (name, after) = rest.split_at(length.max(1));
        let Some(value) = after.trim_ascii_start().strip_prefix(b"=") else {
            attributes.push((name, &b""[..]));
            rest = after;
            continue;
        };
        let value = value.trim_ascii_start();
        let (value, after) = match value.first() {
            Some(quote @ (b'"' | b'\'')) => {
                let Some(length) = memchr::memchr(*quote, &value[1..]) else {
                    return attributes;
                };
                (&value[1..=length], &value[length + 2..])
            }
            _ => {
                let ends = |byte: &u8| byte.is_ascii_whitespace() || *byte == b'>';
                value.split_at(value.iter().position(ends).unwrap_or(value.len()))
            }
        };
        attributes.push((name, value));
        rest = after;
    }
}

/// The text that an attribute's value stands for, as far as values for forms need it.
fn unescaped(value: &[u8]) -> String {
    let text = String::from_utf8_lossy(value);
    if !text.contains('&') {
        return text.into_owned();
    }
    // The ampersand last, so that nothing is replaced twice.
    [
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&quot;", "\""),
        ("&#34;", "\""),
        ("&#39;", "'"),
        ("&#x27;", "'"),
        ("&#43;", "+"),
        ("&#x2B;", "+"),
        ("&amp;", "&"),
    ]
    .iter()
    .fold(text.into_owned(), |text, (name, character)| {
        text.replace(name, character)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_first_group_or_the_whole_match() {
        let found = |regex: &str| {
            let regex = Regex::new(regex).unwrap();
            by_regex(&regex, b"id=17;").map(<[u8]>::to_vec)
        };
        assert_eq!(found(r"id=(\d+)"), Some(b"17".to_vec()));
        assert_eq!(found(r"id=\d+"), Some(b"id=17".to_vec()));
        assert_eq!(found("x"), None);
    }

    #[test]
    fn cookies_are_found_by_their_whole_name() {
        assert_eq!(cookie(b"sid=a=b; Path=/", "sid"), Some(&b"a=b"[..]));
        assert_eq!(cookie(b"xsid=1", "sid"), None);
        assert_eq!(cookie(b"sid", "sid"), None);
    }

    #[test]
    fn fields_of_forms_are_found_however_they_are_written() {
        for page in [
            r#"<form><input type="hidden" name="csrf" value="a&amp;b"></form>"#,
            "<INPUT VALUE='a&amp;b' disabled NAME=csrf />",
            "<p>1 < 2<input name=other value=x><input\n name = csrf\n value = a&amp;b>",
        ] {
            let value = field(page.as_bytes(), "csrf").unwrap();
            assert_eq!(unescaped(&value), "a&b", "{page}");
        }
        assert_eq!(field(b"<input name=csrf>", "csrf"), Some(Vec::new()));
        assert_eq!(field(b"<inputs value=1><input", "csrf"), None);
        assert_eq!(field(b"<input name=\"csrf", "csrf"), None);
    }

    proptest! {
        #[test]
        fn no_page_makes_it_panic(page in "[<input name='\"=/>a&]{0,60}") {
            let _ = field(page.as_bytes(), "a");
        }
    }
}
