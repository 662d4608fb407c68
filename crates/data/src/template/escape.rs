//! Escaping of values in requests.

use crate::Value;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_encode};
use url::form_urlencoded::byte_serialize;

/// Escaping of a value where it is inserted, so that data cannot change a request's structure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Escape {
    /// No escaping (raw bodies).
    None,
    /// Percent-encoded, everything but RFC 3986 unreserved characters (path and query).
    Url,
    /// application/x-www-form-urlencoded (forms; a space becomes `+`).
    Form,
    /// Inside a JSON string, without the quotes.
    JsonString,
    /// A whole JSON value of the variable's own type: text quoted, all else bare, unset `null`.
    Json,
    /// A header's value, without the control characters that end one: nothing can be smuggled in
    /// even where nobody refused it before ([`Escape::ends_header`]).
    Header,
}

/// Everything but RFC 3986's unreserved characters.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

impl Escape {
    /// Returns true for a character that no header's value may have (RFC 9110, 5.5).
    pub fn ends_header(c: char) -> bool {
        u8::try_from(c).is_ok_and(is_bad_in_header)
    }

    /// Appends `value` as it must stand here.
    #[inline]
    pub fn write(self, value: &Value, out: &mut Vec<u8>) {
        match (self, value) {
            (Escape::Json, Value::Unset) => out.extend_from_slice(b"null"),
            (Escape::Json, Value::Float(x)) => {
                use std::io::Write;
                // `Debug` keeps the point that tells a float from a whole number.
                // Writing into a Vec cannot fail.
                let _ = write!(out, "{x:?}");
            }
            (Escape::Json, Value::Text(text)) => {
                out.push(b'"');
                self.write_str(text, out);
                out.push(b'"');
            }
            (Escape::Json, Value::Json(text)) => out.extend_from_slice(text.as_bytes()),
            (_, Value::Text(text) | Value::Json(text)) => self.write_str(text, out),
            (_, Value::Bytes(_)) => self.write_bytes(value, out),
            (Escape::Url | Escape::Form, Value::Number(text)) => self.write_str(text, out),
            // Booleans and numbers hold only letters, digits, `-`, `+` and `.`, which stand for
            // themselves everywhere but in URLs and forms, where a `+` is a space.
            (_, number) => number.write_text(out),
        }
    }

    /// Appends bytes, of which the text has a backslash.
    #[cold]
    fn write_bytes(self, value: &Value, out: &mut Vec<u8>) {
        let mut text = Vec::new();
        value.write_text(&mut text);
        let text = String::from_utf8_lossy(&text).into_owned().into();
        self.write(&Value::Text(text), out);
    }

    /// Appends text as it must stand here; for [`Escape::Json`] without the quotes.
    pub fn write_str(self, text: &str, out: &mut Vec<u8>) {
        let bytes = text.as_bytes();
        match self {
            Escape::None => out.extend_from_slice(bytes),
            Escape::Url => {
                for chunk in percent_encode(bytes, RESERVED) {
                    out.extend_from_slice(chunk.as_bytes());
                }
            }
            Escape::Form => {
                for chunk in byte_serialize(bytes) {
                    out.extend_from_slice(chunk.as_bytes());
                }
            }
            Escape::JsonString | Escape::Json => json_string(bytes, out),
            Escape::Header => out.extend(bytes.iter().filter(|byte| !is_bad_in_header(**byte))),
        }
    }
}

fn is_bad_in_header(byte: u8) -> bool {
    byte.is_ascii_control() && byte != b'\t'
}

/// Escapes as RFC 8259 asks: quotes, backslashes and control characters.
fn json_string(bytes: &[u8], out: &mut Vec<u8>) {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    let mut copied = 0;
    for (at, &byte) in bytes.iter().enumerate() {
        if byte >= b' ' && byte != b'"' && byte != b'\\' {
            continue;
        }
        out.extend_from_slice(&bytes[copied..at]);
        copied = at + 1;
        match byte {
            b'"' => out.extend_from_slice(b"\\\""),
            b'\\' => out.extend_from_slice(b"\\\\"),
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\r' => out.extend_from_slice(b"\\r"),
            b'\t' => out.extend_from_slice(b"\\t"),
            _ => {
                out.extend_from_slice(b"\\u00");
                out.push(HEX[usize::from(byte >> 4)]);
                out.push(HEX[usize::from(byte & 15)]);
            }
        }
    }
    out.extend_from_slice(&bytes[copied..]);
}
