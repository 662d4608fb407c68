//! Reads `Set-Cookie` as browsers do (RFC 6265, 5.2).

use super::date;

/// The content of one `Set-Cookie`.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct SetCookie<'a> {
    pub name: &'a [u8],
    pub value: &'a [u8],
    /// Seconds since 1970.
    pub expires: Option<i64>,
    pub max_age: Option<i64>,
    /// In lower case, without a leading dot.
    pub domain: Option<Box<str>>,
    /// None for the default.
    pub path: Option<&'a [u8]>,
    pub secure: bool,
}

impl<'a> SetCookie<'a> {
    /// None when it sets nothing. An attribute that cannot be read is as if it were not there.
    pub(super) fn parse(field: &'a [u8]) -> Option<Self> {
        let is_control = |byte: &u8| byte.is_ascii_control() && *byte != b'\t';
        if field.iter().any(is_control) {
            return None;
        }
        let mut parts = field.split(|byte| *byte == b';');
        let (name, value) = split(parts.next()?)?;
        if name.is_empty() {
            return None;
        }
        let mut set = Self {
            name,
            value,
            expires: None,
            max_age: None,
            domain: None,
            path: None,
            secure: false,
        };
        // Of several attributes of one name the last one counts.
        for part in parts {
            let (name, value) = split(part).unwrap_or((part.trim_ascii(), b""));
            if name.eq_ignore_ascii_case(b"expires") {
                set.expires = date::parse(value).or(set.expires);
            } else if name.eq_ignore_ascii_case(b"max-age") {
                set.max_age = seconds(value).or(set.max_age);
            } else if name.eq_ignore_ascii_case(b"domain") {
                set.domain = domain(value);
            } else if name.eq_ignore_ascii_case(b"path") {
                set.path = Some(value).filter(|value| value.starts_with(b"/"));
            } else if name.eq_ignore_ascii_case(b"secure") {
                set.secure = true;
            }
        }
        Some(set)
    }
}

fn split(pair: &[u8]) -> Option<(&[u8], &[u8])> {
    let equals = memchr::memchr(b'=', pair)?;
    Some((pair[..equals].trim_ascii(), pair[equals + 1..].trim_ascii()))
}

/// None when there is no number; a number too large is the largest.
fn seconds(value: &[u8]) -> Option<i64> {
    let text = std::str::from_utf8(value).ok()?;
    let digits = text.strip_prefix('-').unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let most = if text.starts_with('-') {
        i64::MIN
    } else {
        i64::MAX
    };
    Some(text.parse().unwrap_or(most))
}

fn domain(value: &[u8]) -> Option<Box<str>> {
    let text = std::str::from_utf8(value).ok()?;
    let text = text.strip_prefix('.').unwrap_or(text);
    (!text.is_empty()).then(|| text.to_ascii_lowercase().into())
}
