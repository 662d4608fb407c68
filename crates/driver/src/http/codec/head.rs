//! The head of an answer: its status, and the fields that frame what follows (RFC 9112, 6.3 and 9.3).

use super::Violation;
use std::mem::MaybeUninit;

/// Most fields of one head.
const MAX_FIELDS: usize = 100;

/// A head: what it says about itself and what follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Head {
    pub status: u16,
    /// The server keeps the connection after this answer.
    pub keep_alive: bool,
    /// Seconds for which it keeps the connection while nothing comes, if it says so.
    pub idle_limit: Option<u32>,
    pub framing: Framing,
    pub fields: Fields,
    /// Length of the head.
    pub bytes: usize,
}

/// Fields of a head that not every client looks at.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Fields {
    /// `Set-Cookie`.
    pub cookies: bool,
    /// `Location`.
    pub location: bool,
    /// `Content-Encoding`.
    pub encoding: bool,
}

/// The way to find the end of the body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Framing {
    Length(u64),
    Chunked,
    UntilClose,
}

/// Reads the head at the start of `bytes`; None when more bytes must come.
pub(super) fn parse(bytes: &[u8], head_request: bool) -> Result<Option<Head>, Violation> {
    // Not initialised, because clearing 3 KB per answer is not free.
    let mut fields = [const { MaybeUninit::uninit() }; MAX_FIELDS];
    let mut response = httparse::Response::new(&mut []);
    let parsed = httparse::ParserConfig::default().parse_response_with_uninit_headers(
        &mut response,
        bytes,
        &mut fields,
    );
    let bytes = match parsed {
        Ok(httparse::Status::Complete(bytes)) => bytes,
        Ok(httparse::Status::Partial) => return Ok(None),
        Err(error) => return Err(Violation::Head(error)),
    };
    let status = response.code.unwrap_or_default();
    if status < 100 {
        return Err(Violation::Status(status));
    }
    let mut facts = Facts::new(response.version == Some(1));
    for field in response.headers.iter() {
        facts.note(field.name, field.value);
    }
    let framing = if head_request || matches!(status, 100..200 | 204 | 304) {
        Framing::Length(0)
    } else {
        facts.framing()?
    };
    Ok(Some(Head {
        status,
        keep_alive: facts.keep_alive(),
        idle_limit: facts.idle_limit,
        framing,
        fields: facts.fields,
        bytes,
    }))
}

/// The fields, as far as they matter here.
struct Facts {
    http_11: bool,
    close: bool,
    keep_alive: bool,
    idle_limit: Option<u32>,
    /// True if the last encoding of the last `Transfer-Encoding` is chunked.
    chunked: Option<bool>,
    length: Length,
    fields: Fields,
}

enum Length {
    Absent,
    Known(u64),
    Invalid,
}

impl Facts {
    fn new(http_11: bool) -> Self {
        Self {
            http_11,
            close: false,
            keep_alive: false,
            idle_limit: None,
            chunked: None,
            length: Length::Absent,
            fields: Fields::default(),
        }
    }

    fn note(&mut self, name: &str, value: &[u8]) {
        // Most fields are told apart by their length alone.
        match name.len() {
            8 if is(name, "Location") => self.fields.location = true,
            // As in hyper, a value that is not ASCII says nothing.
            10 if is(name, "Connection") && value.is_ascii() => {
                for option in list(value) {
                    self.close |= option.eq_ignore_ascii_case(b"close");
                    self.keep_alive |= option.eq_ignore_ascii_case(b"keep-alive");
                }
            }
            10 if is(name, "Set-Cookie") => self.fields.cookies = true,
            10 if is(name, "Keep-Alive") => self.idle_limit = list(value).find_map(seconds),
            14 if is(name, "Content-Length") => self.note_length(value),
            16 if is(name, "Content-Encoding") => self.fields.encoding = true,
            17 if is(name, "Transfer-Encoding") => {
                let last = list(value).next_back().unwrap_or_default();
                self.chunked = Some(value.is_ascii() && last.eq_ignore_ascii_case(b"chunked"));
            }
            _ => {}
        }
    }

    fn note_length(&mut self, value: &[u8]) {
        for number in list(value) {
            self.length = match (decimal(number), &self.length) {
                (Some(length), Length::Absent) => Length::Known(length),
                (Some(length), Length::Known(before)) if *before == length => Length::Known(length),
                _ => Length::Invalid,
            };
        }
    }

    fn keep_alive(&self) -> bool {
        !self.close && (self.http_11 || self.keep_alive)
    }

    fn framing(&self) -> Result<Framing, Violation> {
        match (self.chunked, &self.length) {
            (Some(_), _) if !self.http_11 => Err(Violation::TransferEncoding),
            (Some(true), _) => Ok(Framing::Chunked),
            (Some(false), _) | (None, Length::Absent) => Ok(Framing::UntilClose),
            (None, Length::Known(length)) => Ok(Framing::Length(*length)),
            (None, Length::Invalid) => Err(Violation::ContentLength),
        }
    }
}

/// Returns true if a field has this name, which is given as most servers write it: that is seen fastest.
fn is(name: &str, usual: &str) -> bool {
    name == usual || name.eq_ignore_ascii_case(usual)
}

/// The members of a comma-separated list.
fn list(value: &[u8]) -> impl DoubleEndedIterator<Item = &[u8]> {
    value.split(|byte| *byte == b',').map(<[u8]>::trim_ascii)
}

/// The seconds of a parameter `timeout=5` (RFC 2068, 19.7.1.1).
fn seconds(parameter: &[u8]) -> Option<u32> {
    let (name, value) = parameter.split_at_checked("timeout".len())?;
    let value = value.trim_ascii_start().strip_prefix(b"=")?;
    let seconds = name
        .eq_ignore_ascii_case(b"timeout")
        .then(|| decimal(value.trim_ascii()));
    Some(u32::try_from(seconds??).unwrap_or(u32::MAX))
}

/// A number of digits alone; `str::parse` would take a sign.
fn decimal(digits: &[u8]) -> Option<u64> {
    if digits.is_empty() {
        return None;
    }
    digits.iter().try_fold(0u64, |number, digit| {
        let digit = digit.is_ascii_digit().then(|| u64::from(digit - b'0'))?;
        number.checked_mul(10)?.checked_add(digit)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn servers_say_how_long_they_keep_an_idle_connection() {
        for (value, limit) in [
            ("timeout=5", Some(5)),
            ("timeout=5, max=100", Some(5)),
            ("max=100,Timeout = 0", Some(0)),
            ("timeout=99999999999", Some(u32::MAX)),
            ("max=100", None),
            ("timeout", None),
            ("timeout=", None),
            ("timeout=+5", None),
            ("timeout=1.5", None),
            ("timeouts=5", None),
            ("5", None),
            ("", None),
        ] {
            let head = format!("HTTP/1.1 200 OK\r\nkeep-alive: {value}\r\n\r\n");
            let head = parse(head.as_bytes(), false).unwrap().unwrap();
            assert_eq!(head.idle_limit, limit, "{value}");
        }
    }
}
