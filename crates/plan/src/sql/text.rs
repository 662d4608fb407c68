//! The text of a statement, split at its placeholders `$1`, `$2`...
//!
//! PostgreSQL and SQLite know these placeholders themselves; MySQL only has `?`, in the order of
//! appearance. A placeholder inside a string, a quoted name or a comment is none, and what is a
//! string or a comment differs from server to server.

use super::Backend;
use std::{ops::Range, sync::Arc};

/// A statement's text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Text {
    source: Arc<str>,
    pieces: Vec<Piece>,
    parameters: u16,
    /// Its words: neither quoted nor within a comment.
    words: Vec<Range<usize>>,
    /// True if it has a `*`, which may stand for all columns.
    has_star: bool,
}

/// A piece of a text: bytes of the source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece {
    /// Everything between placeholders.
    Sql(Range<usize>),
    /// `$n`.
    Placeholder {
        /// Its position.
        at: Range<usize>,
        /// n, from 1.
        number: u16,
    },
}

/// Why a text cannot be run.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{problem}")]
pub struct TextError {
    /// The byte at which the problem begins.
    pub at: usize,
    /// Its kind.
    pub problem: TextProblem,
}

/// Problem of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TextProblem {
    /// There is nothing in it.
    #[error("there is no statement")]
    Empty,
    /// A string or the like that begins here has no end.
    #[error("this {0} has no end")]
    Unterminated(&'static str),
    /// `$0`, or a number that no server takes.
    #[error("parameters are $1 to $65535")]
    Number,
    /// `$n` is used, but this lower number is not.
    #[error("${0} is not used, although a parameter with a higher number is")]
    Unused(u16),
}

impl Text {
    /// Splits `sql` by the rules of `backend`. Space and semicolons at its end are dropped.
    ///
    /// # Errors
    /// When something in it has no end, or its parameters are not numbered from 1 without gaps.
    pub fn parse(sql: &str, backend: Backend) -> Result<Self, TextError> {
        let source = sql.trim_end_matches(|c: char| c.is_whitespace() || c == ';');
        if source.trim_start().is_empty() {
            return Err(TextError {
                at: 0,
                problem: TextProblem::Empty,
            });
        }
        let mut scan = Scan {
            bytes: source.as_bytes(),
            backend,
            at: 0,
            words: Vec::new(),
            has_star: false,
        };
        let mut pieces = Vec::new();
        let mut begin = 0;
        while let Some((at, number)) = scan.next_placeholder()? {
            if begin < at.start {
                pieces.push(Piece::Sql(begin..at.start));
            }
            begin = at.end;
            pieces.push(Piece::Placeholder { at, number });
        }
        if begin < source.len() {
            pieces.push(Piece::Sql(begin..source.len()));
        }
        let parameters = count(&pieces)?;
        Ok(Self {
            source: source.into(),
            pieces,
            parameters,
            words: scan.words,
            has_star: scan.has_star,
        })
    }

    /// The text as it was written.
    pub fn source(&self) -> &Arc<str> {
        &self.source
    }

    /// Number of its parameters: the highest n of `$n`.
    pub fn parameters(&self) -> usize {
        usize::from(self.parameters)
    }

    /// The numbers of its placeholders in order of appearance.
    pub fn order(&self) -> impl Iterator<Item = u16> {
        self.pieces.iter().filter_map(|piece| match piece {
            Piece::Placeholder { number, .. } => Some(*number),
            Piece::Sql(_) => None,
        })
    }

    /// Its words, neither quoted nor within a comment.
    fn words(&self) -> impl Iterator<Item = &str> {
        self.words.iter().map(|range| &self.source[range.clone()])
    }

    /// Returns true if its first word is `word`, in upper or lower case.
    pub fn begins_with(&self, word: &str) -> bool {
        let first = self.words().next();
        first.is_some_and(|first| first.eq_ignore_ascii_case(word))
    }

    /// Returns true if it changes only the session that runs it: a setting, a temporary table, an
    /// attached file.
    pub fn sets_session(&self) -> bool {
        const SET: [&str; 7] = ["SET", "RESET", "USE", "ATTACH", "PRAGMA", "LISTEN", "LOAD"];
        let is =
            |word: &str, wanted: &[&str]| wanted.iter().any(|it| word.eq_ignore_ascii_case(it));
        let mut words = self.words();
        match (words.next(), words.next()) {
            (Some(first), _) if is(first, &SET) => true,
            (Some(first), Some(second)) if is(first, &["CREATE"]) => {
                is(second, &["TEMP", "TEMPORARY"])
            }
            (Some(first), Some(second)) => is(first, &["SELECT"]) && is(second, &["set_config"]),
            _ => false,
        }
    }

    /// Returns true if PostgreSQL would wait for data from the client: `COPY ... FROM STDIN`.
    pub fn copies_in(&self) -> bool {
        let pairs = self.words().zip(self.words().skip(1));
        let from = |(a, b): (&str, &str)| {
            a.eq_ignore_ascii_case("FROM") && b.eq_ignore_ascii_case("STDIN")
        };
        self.begins_with("COPY") && pairs.into_iter().any(from)
    }

    /// Returns true if it has a `*`, which may stand for all columns of a table.
    pub fn has_star(&self) -> bool {
        self.has_star
    }

    /// The text with something else in place of each `$n`.
    ///
    /// # Errors
    /// The first error of `write`, which appends what stands for number n.
    pub fn replace<E>(
        &self,
        mut write: impl FnMut(u16, &mut String) -> Result<(), E>,
    ) -> Result<String, E> {
        let mut out = String::with_capacity(self.source.len() + 8 * self.pieces.len());
        for piece in &self.pieces {
            match piece {
                Piece::Sql(range) => out.push_str(&self.source[range.clone()]),
                Piece::Placeholder { number, .. } => write(*number, &mut out)?,
            }
        }
        Ok(out)
    }

    /// The text with `?` in place of each placeholder, as MySQL wants it.
    pub fn question_marks(&self) -> String {
        let mut out = String::with_capacity(self.source.len());
        for piece in &self.pieces {
            match piece {
                Piece::Sql(range) => out.push_str(&self.source[range.clone()]),
                Piece::Placeholder { .. } => out.push('?'),
            }
        }
        out
    }
}

/// The highest number, when all below it are used too.
fn count(pieces: &[Piece]) -> Result<u16, TextError> {
    let placeholders = pieces.iter().filter_map(|piece| match piece {
        Piece::Placeholder { at, number } => Some((*number, at.start)),
        Piece::Sql(_) => None,
    });
    let mut seen: Vec<(u16, usize)> = placeholders.collect();
    seen.sort_unstable();
    let mut last = 0;
    for (number, at) in seen {
        if number > last + 1 {
            return Err(TextError {
                at,
                problem: TextProblem::Unused(last + 1),
            });
        }
        last = number;
    }
    Ok(last)
}

/// Reads a statement as far as needed to tell code from strings and comments.
struct Scan<'a> {
    bytes: &'a [u8],
    backend: Backend,
    at: usize,
    words: Vec<Range<usize>>,
    has_star: bool,
}

impl Scan<'_> {
    /// Goes behind the next placeholder, and tells where it stands and its number.
    fn next_placeholder(&mut self) -> Result<Option<(Range<usize>, u16)>, TextError> {
        use Backend::{MySql, Postgres, Sqlite};
        while let Some(&byte) = self.bytes.get(self.at) {
            let next = self.bytes.get(self.at + 1).copied();
            match (byte, self.backend) {
                (b'\'', MySql) => self.quoted(byte, true, "string")?,
                (b'\'', Postgres) => self.quoted(byte, self.is_escape_string(), "string")?,
                (b'\'', Sqlite) => self.quoted(byte, false, "string")?,
                (b'"', MySql) => self.quoted(byte, true, "string")?,
                (b'"', _) => self.quoted(byte, false, "quoted name")?,
                (b'`', MySql | Sqlite) => self.quoted(byte, false, "quoted name")?,
                (b'[', Sqlite) => self.skip_to(b"]", 1, "quoted name")?,
                (b'-', _) if next == Some(b'-') && self.is_dash_comment() => self.skip_line(),
                (b'#', MySql) => self.skip_line(),
                (b'/', Postgres) if next == Some(b'*') => self.skip_nested_comment()?,
                (b'/', _) if next == Some(b'*') => self.skip_to(b"*/", 2, "comment")?,
                (b'$', _) if next.is_some_and(|byte| byte.is_ascii_digit()) => {
                    return self.placeholder().map(Some);
                }
                (b'$', Postgres) => self.skip_dollar_quoted()?,
                _ if is_name(byte) => self.skip_name(),
                _ => {
                    self.has_star |= byte == b'*';
                    self.at += 1;
                }
            }
        }
        Ok(None)
    }

    /// A name or number, which may hold `$` further in.
    fn skip_name(&mut self) {
        let begin = self.at;
        let rest = &self.bytes[begin..];
        let is_part = |byte: &&u8| is_name(**byte) || **byte == b'$';
        // The E of an escape string ends here; the string itself comes next.
        self.at += rest.iter().take_while(is_part).count();
        self.words.push(begin..self.at);
    }

    /// Returns true if the quote here follows a lone `E`.
    fn is_escape_string(&self) -> bool {
        let before = &self.bytes[..self.at];
        match before {
            [.., a, b'e' | b'E'] => !is_name(*a) && *a != b'$',
            [b'e' | b'E'] => true,
            _ => false,
        }
    }

    /// In MySQL two dashes begin a comment only when a space or control character follows.
    fn is_dash_comment(&self) -> bool {
        self.backend != Backend::MySql
            || self
                .bytes
                .get(self.at + 2)
                .is_none_or(|byte| *byte <= b' ' || *byte == 0x7f)
    }

    fn skip_line(&mut self) {
        let rest = &self.bytes[self.at..];
        self.at += memchr::memchr(b'\n', rest).map_or(rest.len(), |end| end + 1);
    }

    /// Skips what a quote at both ends encloses; the quote doubled stands for itself.
    fn quoted(&mut self, quote: u8, backslash: bool, what: &'static str) -> Result<(), TextError> {
        let begin = self.at;
        self.at += 1;
        while let Some(&byte) = self.bytes.get(self.at) {
            self.at += 1;
            if byte == b'\\' && backslash {
                self.at += 1;
            } else if byte == quote {
                if self.bytes.get(self.at) != Some(&quote) {
                    return Ok(());
                }
                self.at += 1;
            }
        }
        Err(unterminated(begin, what))
    }

    /// Skips to behind `end`, which is looked for from `skip` bytes on.
    fn skip_to(&mut self, end: &[u8], skip: usize, what: &'static str) -> Result<(), TextError> {
        let begin = self.at + skip;
        match memchr::memmem::find(&self.bytes[begin..], end) {
            Some(found) => self.at = begin + found + end.len(),
            None => return Err(unterminated(self.at, what)),
        }
        Ok(())
    }

    /// PostgreSQL's comments hold comments.
    fn skip_nested_comment(&mut self) -> Result<(), TextError> {
        let begin = self.at;
        let mut depth = 0;
        while let Some(pair) = self.bytes.get(self.at..self.at + 2) {
            match pair {
                b"/*" => depth += 1,
                b"*/" => depth -= 1,
                _ => {
                    self.at += 1;
                    continue;
                }
            }
            self.at += 2;
            if depth == 0 {
                return Ok(());
            }
        }
        Err(unterminated(begin, "comment"))
    }

    /// Skips `$tag$ ... $tag$`, or a lone dollar.
    fn skip_dollar_quoted(&mut self) -> Result<(), TextError> {
        let rest = &self.bytes[self.at + 1..];
        let tag = rest.iter().take_while(|byte| is_name(**byte)).count();
        if rest.get(tag) != Some(&b'$') {
            self.at += 1 + tag;
            return Ok(());
        }
        let quote = &self.bytes[self.at..self.at + tag + 2];
        self.skip_to(quote, quote.len(), "dollar-quoted string")
    }

    fn placeholder(&mut self) -> Result<(Range<usize>, u16), TextError> {
        let begin = self.at;
        let digits = self.bytes[begin + 1..]
            .iter()
            .take_while(|byte| byte.is_ascii_digit())
            .count();
        self.at = begin + 1 + digits;
        // Digits are ASCII, so this is text.
        let number = std::str::from_utf8(&self.bytes[begin + 1..self.at])
            .ok()
            .and_then(|digits| digits.parse().ok())
            .filter(|number| *number > 0);
        match number {
            Some(number) => Ok((begin..self.at, number)),
            None => Err(TextError {
                at: begin,
                problem: TextProblem::Number,
            }),
        }
    }
}

/// Letters, digits, the underscore and everything beyond ASCII.
fn is_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte >= 0x80
}

fn unterminated(at: usize, what: &'static str) -> TextError {
    TextError {
        at,
        problem: TextProblem::Unterminated(what),
    }
}

#[cfg(test)]
#[path = "text_tests.rs"]
mod tests;
