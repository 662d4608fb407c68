//! Reading of JSON texts.

use super::{Form, Node, Parsed};
use memchr::memchr2;

/// Prefixes that keep a page from being run as a script (Angular, Google, Facebook).
const GUARDS: [&[u8]; 4] = [b")]}',", b")]}'", b"for(;;);", b"while(1);"];

/// The values of a text; None when it is not JSON.
pub fn read(text: &[u8]) -> Option<Parsed> {
    let (start, recoded) = start(text);
    let bytes = recoded.as_deref().unwrap_or(text);
    // Spans are 32 bits.
    u32::try_from(bytes.len()).ok()?;
    let mut reader = Reader {
        bytes,
        at: start,
        nodes: Vec::new(),
        open: Vec::new(),
    };
    reader.value()?;
    let first = reader.nodes.len();
    while reader.has_another_line() {
        reader.value()?;
        reader.nodes.truncate(first);
    }
    let nodes = (reader.at == bytes.len()).then_some(reader.nodes)?;
    let recoded = recoded.map(Vec::into_boxed_slice);
    Some(Parsed { recoded, nodes })
}

/// Offset at which the document begins, and the text as UTF-8 if it is UTF-16.
fn start(text: &[u8]) -> (usize, Option<Vec<u8>>) {
    let units = |bytes: &[u8], unit: fn([u8; 2]) -> u16| {
        let units = bytes.chunks_exact(2).map(|pair| unit([pair[0], pair[1]]));
        let text: String = char::decode_utf16(units)
            .map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER))
            .collect();
        (0, Some(text.into_bytes()))
    };
    match text {
        [0xff, 0xfe, rest @ ..] => return units(rest, u16::from_le_bytes),
        [0xfe, 0xff, rest @ ..] => return units(rest, u16::from_be_bytes),
        _ => {}
    }
    let mark = match text.starts_with(b"\xef\xbb\xbf") {
        true => 3,
        false => 0,
    };
    let guard = GUARDS.iter().find(|guard| text[mark..].starts_with(guard));
    (mark + guard.map_or(0, |guard| guard.len()), None)
}

struct Reader<'t> {
    bytes: &'t [u8],
    at: usize,
    nodes: Vec<Node>,
    /// Indices of the lists and objects that are not closed yet.
    open: Vec<usize>,
}

impl Reader<'_> {
    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn blanks(&mut self) {
        while let Some(b' ' | b'\t' | b'\n' | b'\r') = self.peek() {
            self.at += 1;
        }
    }

    fn take(&mut self, token: &[u8]) -> Option<()> {
        self.bytes[self.at..]
            .starts_with(token)
            .then(|| self.at += token.len())
    }

    /// Skips blanks; returns true if there is more behind the end of a line.
    fn has_another_line(&mut self) -> bool {
        let start = self.at;
        self.blanks();
        self.at < self.bytes.len() && self.bytes[start..self.at].contains(&b'\n')
    }

    /// Reads a value with all that it contains.
    fn value(&mut self) -> Option<()> {
        loop {
            self.blanks();
            let has_begun = match self.peek()? {
                b'{' => self.begin(Form::Object)?,
                b'[' => self.begin(Form::List)?,
                b'"' => self.quoted(|escaped| Form::Text { escaped })?,
                _ => self.scalar()?,
            };
            if !has_begun && self.end()? {
                return Some(());
            }
        }
    }

    /// Opens a list or an object; returns true if its first value comes next.
    fn begin(&mut self, kind: Form) -> Option<bool> {
        self.open.push(self.nodes.len());
        self.push(kind, self.at, self.at);
        self.at += 1;
        self.blanks();
        match (kind, self.peek()?) {
            (Form::Object, b'}') | (Form::List, b']') => {
                self.close();
                Some(false)
            }
            (Form::Object, _) => self.name().map(|()| true),
            _ => Some(true),
        }
    }

    /// Goes on behind a value; returns true if the outermost one is complete.
    fn end(&mut self) -> Option<bool> {
        while let Some(container) = self.open.last().copied() {
            self.nodes[container].count += 1;
            let kind = self.nodes[container].kind;
            self.blanks();
            match (kind, self.peek()?) {
                (Form::Object, b',') => {
                    self.at += 1;
                    self.blanks();
                    self.name()?;
                    return Some(false);
                }
                (_, b',') => {
                    self.at += 1;
                    return Some(false);
                }
                (Form::Object, b'}') | (Form::List, b']') => self.close(),
                _ => return None,
            }
        }
        Some(true)
    }

    fn close(&mut self) {
        self.at += 1;
        let next = self.nodes.len() as u32;
        if let Some(container) = self.open.pop() {
            self.nodes[container].next = next;
            self.nodes[container].end = self.at as u32;
        }
    }

    /// The name of a member and the colon behind it.
    fn name(&mut self) -> Option<()> {
        self.quoted(|escaped| Form::Name { escaped })?;
        self.blanks();
        self.take(b":")
    }

    fn scalar(&mut self) -> Option<bool> {
        let start = self.at;
        let kind = match self.peek()? {
            b'n' => self.take(b"null").map(|()| Form::Null)?,
            b't' => self.take(b"true").map(|()| Form::True)?,
            b'f' => self.take(b"false").map(|()| Form::False)?,
            _ => self.number().map(|()| Form::Number)?,
        };
        self.push(kind, start, self.at);
        Some(false)
    }

    fn number(&mut self) -> Option<()> {
        let _ = self.take(b"-");
        if self
            .take(b"Infinity")
            .or_else(|| self.take(b"NaN"))
            .is_some()
        {
            return Some(());
        }
        if self.take(b"0").is_none() {
            self.digits()?;
        }
        if self.take(b".").is_some() {
            self.digits()?;
        }
        if let Some(b'e' | b'E') = self.peek() {
            self.at += 1;
            if let Some(b'+' | b'-') = self.peek() {
                self.at += 1;
            }
            self.digits()?;
        }
        Some(())
    }

    fn digits(&mut self) -> Option<()> {
        let start = self.at;
        while let Some(b'0'..=b'9') = self.peek() {
            self.at += 1;
        }
        (self.at > start).then_some(())
    }

    fn quoted(&mut self, kind: fn(bool) -> Form) -> Option<bool> {
        self.take(b"\"")?;
        let start = self.at;
        let mut escaped = false;
        loop {
            self.at += memchr2(b'"', b'\\', &self.bytes[self.at..])?;
            if self.peek() == Some(b'"') {
                self.push(kind(escaped), start, self.at);
                self.at += 1;
                return Some(false);
            }
            escaped = true;
            self.at += match self.bytes[self.at + 1..] {
                [b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't', ..] => 2,
                [b'u', ref digits @ ..] => hex(digits).map(|_| 6)?,
                _ => return None,
            };
        }
    }

    fn push(&mut self, kind: Form, start: usize, end: usize) {
        self.nodes.push(Node {
            kind,
            start: start as u32,
            end: end as u32,
            next: self.nodes.len() as u32 + 1,
            count: 0,
        });
    }
}

/// The unit of UTF-16 that four hexadecimal digits stand for.
fn hex(digits: &[u8]) -> Option<u16> {
    digits.get(..4)?.iter().try_fold(0, |unit, digit| {
        let digit = char::from(*digit).to_digit(16)?;
        Some(unit << 4 | digit as u16)
    })
}

/// The text that a text with escapes stands for. Half of a surrogate pair is U+FFFD, as in UTF-8 that a
/// browser makes of it.
pub fn unescaped(written: &[u8]) -> String {
    let mut text = String::new();
    let mut rest = written;
    while let Some(at) = memchr::memchr(b'\\', rest) {
        text.push_str(&String::from_utf8_lossy(&rest[..at]));
        rest = &rest[at + 1..];
        let Some((escape, after)) = rest.split_first() else {
            break;
        };
        rest = after;
        text.push(match escape {
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => {
                let (c, after) = unit(rest);
                rest = after;
                c
            }
            itself => char::from(*itself),
        });
    }
    text.push_str(&String::from_utf8_lossy(rest));
    text
}

/// The character whose digits come next, and what follows it.
fn unit(rest: &[u8]) -> (char, &[u8]) {
    let first = hex(rest).unwrap_or_default();
    let rest = rest.get(4..).unwrap_or_default();
    let second = rest.strip_prefix(b"\\u").and_then(hex);
    let single = || char::from_u32(first.into()).unwrap_or(char::REPLACEMENT_CHARACTER);
    match second.and_then(|second| char::decode_utf16([first, second]).next()) {
        // Both units make one character.
        Some(Ok(c)) if u32::from(c) > 0xffff => (c, &rest[6..]),
        _ => (single(), rest),
    }
}
