//! Strings of a scenario: as written, and with `${NAME}` filled in.

use super::diag::{Problem, Span};
use std::ops::Range;

/// Looks up a variable of the environment.
pub type Lookup<'a> = &'a dyn Fn(&str) -> Option<String>;

/// Values of `${...}`.
#[derive(Clone, Copy)]
pub struct Outside<'a> {
    /// `${NAME}`: variables.
    pub variable: Lookup<'a>,
    /// `${file:PATH}`: the text of a file, or in words why there is none.
    pub file: &'a dyn Fn(&str) -> Result<String, String>,
}

/// A string. What was written is kept beside what it means, because only the former may be shown
/// or stored: the environment holds secrets.
#[derive(Debug, Clone, PartialEq)]
pub struct Text {
    span: Span,
    written: String,
    pieces: Vec<Piece>,
    /// Offset of `written` in the source, if it occurs there byte by byte.
    first: usize,
    /// Else where each of its bytes stands, and its end.
    offsets: Option<Box<[usize]>>,
}

/// A piece of a string.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece {
    /// Stands in the scenario.
    Literal {
        /// Offset in [`Text::written`].
        at: usize,
        /// Content.
        text: String,
    },
    /// Comes from the environment or a file, or is the default that stands in for it.
    Environment {
        /// Span of the reference in [`Text::written`].
        span: Range<usize>,
        /// Value; never to be shown.
        value: String,
    },
}

impl Text {
    /// A string whose content `written` begins at `first` of the source. References are filled in
    /// by [`Text::fill`].
    pub(super) fn new(span: Span, written: String, first: usize) -> Self {
        let literal = Piece::Literal {
            at: 0,
            text: written.clone(),
        };
        Self {
            span,
            written,
            pieces: vec![literal],
            first,
            offsets: None,
        }
    }

    /// A text that stands in for what is at `place`.
    pub fn plain(span: Span, written: &str) -> Self {
        Self::new(span, written.to_owned(), span.start)
    }

    /// For strings that do not stand in the source as they read.
    pub(super) fn with_offsets(mut self, offsets: Vec<usize>) -> Self {
        self.offsets = Some(offsets.into());
        self
    }

    /// Fills in `${NAME}`, `${NAME:-default}` and `${file:PATH}`; `$${` is a plain `${`. Variables
    /// that are not set and files that cannot be read are problems.
    pub(super) fn fill(&mut self, outside: Outside<'_>, problems: &mut Vec<Problem>) {
        let written = self.written.as_str();
        let mut pieces = Vec::new();
        let mut literal = 0;
        let mut search = 0;
        while let Some(found) = written[search..].find("${") {
            let open = search + found;
            if written[..open].ends_with('$') && open > literal {
                // `$${`: the first dollar goes, the rest stands for itself.
                push_literal(&mut pieces, written, literal..open - 1);
                literal = open;
                search = open + 2;
                continue;
            }
            push_literal(&mut pieces, written, literal..open);
            let Some(length) = written[open..].find('}') else {
                let problem = Problem::new(
                    self.span_of(open..open + 2),
                    "`${` is opened here but never closed",
                );
                problems.push(problem.help("write ${NAME}, or $${ for a plain ${"));
                literal = open;
                break;
            };
            let span = open..open + length + 1;
            match value(&written[open + 2..span.end - 1], outside) {
                Ok(value) => pieces.push(Piece::Environment {
                    span: span.clone(),
                    value,
                }),
                Err(wrong) => {
                    problems.push(wrong.problem(self.span_of(span.clone())));
                }
            }
            literal = span.end;
            search = span.end;
        }
        push_literal(&mut pieces, written, literal..written.len());
        self.pieces = pieces;
    }

    /// Returns the span of the whole text, quotes included.
    pub fn span(&self) -> Span {
        self.span
    }

    /// Returns the span of a part of [`Text::written`].
    pub fn span_of(&self, span: Range<usize>) -> Span {
        let at = |offset: usize| match &self.offsets {
            Some(offsets) => offsets.get(offset).copied().unwrap_or(self.span.end),
            None => (self.first + offset).min(self.span.end),
        };
        Span::new(self.span.source, at(span.start)..at(span.end))
    }

    /// Returns the text as the scenario has it, with `${NAME}` unexpanded: what may be shown.
    pub fn written(&self) -> &str {
        &self.written
    }

    /// Returns the text with the environment's values filled in: never to be shown.
    pub fn value(&self) -> String {
        let text = |piece: &Piece| match piece {
            Piece::Literal { text, .. } | Piece::Environment { value: text, .. } => text.clone(),
        };
        self.pieces.iter().map(text).collect()
    }

    /// The text without the first `bytes` of its value. What may be shown of it stays whole.
    pub fn after(&self, bytes: usize) -> Self {
        let mut left = bytes;
        let rest = self.pieces.iter().filter_map(|piece| {
            let (Piece::Literal { text, .. } | Piece::Environment { value: text, .. }) = piece;
            let cut = left.min(text.len());
            left -= cut;
            let rest = text.get(cut..).filter(|rest| !rest.is_empty())?.to_owned();
            Some(match piece {
                Piece::Literal { at, .. } => Piece::Literal {
                    at: at + cut,
                    text: rest,
                },
                Piece::Environment { span, .. } => Piece::Environment {
                    span: span.clone(),
                    value: rest,
                },
            })
        });
        Self {
            pieces: rest.collect(),
            ..self.clone()
        }
    }

    /// Its pieces in order.
    pub fn pieces(&self) -> &[Piece] {
        &self.pieces
    }

    /// Returns true if any part comes from the environment.
    pub fn is_from_environment(&self) -> bool {
        let from = |piece: &Piece| matches!(piece, Piece::Environment { .. });
        self.pieces.iter().any(from)
    }
}

fn push_literal(pieces: &mut Vec<Piece>, written: &str, span: Range<usize>) {
    if !span.is_empty() {
        pieces.push(Piece::Literal {
            at: span.start,
            text: written[span].to_owned(),
        });
    }
}

enum Wrong {
    Name(String),
    Unset(String),
    File(String, String),
}

impl Wrong {
    fn problem(self, span: Span) -> Problem {
        match self {
            Wrong::Name(name) => {
                let message = format!("`{name}` is not the name of an environment variable");
                let help = "names are letters, digits and `_`; write $${ for a plain ${";
                Problem::new(span, message).help(help)
            }
            Wrong::Unset(name) => {
                let message = format!("the environment variable `{name}` is not set");
                let help = format!(
                    "set it, give `--env {name}=...`, or write a default: ${{{name}:-...}}"
                );
                Problem::new(span, message).help(help)
            }
            Wrong::File(path, words) => {
                let message = format!("the file `{path}` cannot be used: {words}");
                let help =
                    "the path starts from the scenario's folder; the file is one line of text";
                Problem::new(span, message).help(help)
            }
        }
    }
}

/// Returns the content of a secret's file, without the line break that editors put at its end.
fn of_file(path: &str, outside: Outside<'_>) -> Result<String, Wrong> {
    let wrong = |words: String| Wrong::File(path.to_owned(), words);
    let path = path.trim();
    if path.is_empty() {
        return Err(wrong("it has no name".to_owned()));
    }
    let text = (outside.file)(path).map_err(wrong)?;
    let end = text.strip_suffix('\n').unwrap_or(&text);
    Ok(end.strip_suffix('\r').unwrap_or(end).to_owned())
}

/// The value of what stands between the braces. As in a shell, the default of `NAME:-default`
/// also stands in for an empty value.
fn value(inside: &str, outside: Outside<'_>) -> Result<String, Wrong> {
    if let Some(path) = inside.strip_prefix("file:") {
        return of_file(path, outside);
    }
    let (name, default) = match inside.split_once(":-") {
        Some((name, default)) => (name, Some(default)),
        None => (inside, None),
    };
    let valid = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    if !valid {
        return Err(Wrong::Name(name.to_owned()));
    }
    match ((outside.variable)(name), default) {
        (Some(value), None) => Ok(value),
        (Some(value), Some(_)) if !value.is_empty() => Ok(value),
        (_, Some(default)) => Ok(default.to_owned()),
        (None, None) => Err(Wrong::Unset(name.to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(written: &str) -> (Text, Vec<Problem>) {
        let span = Span::new(0, 10..12 + written.len());
        let mut text = Text::new(span, written.to_owned(), 11);
        let mut problems = Vec::new();
        let lookup = |name: &str| match name {
            "SET" => Some("v{{x}}${SET}".to_owned()),
            "EMPTY" => Some(String::new()),
            _ => None,
        };
        let file = |path: &str| match path {
            "./token" => Ok("v{{x}}${SET}\r\n".to_owned()),
            _ => Err("not there".to_owned()),
        };
        let outside = Outside {
            variable: &lookup,
            file: &file,
        };
        text.fill(outside, &mut problems);
        (text, problems)
    }

    fn value_of(written: &str) -> String {
        let (text, problems) = filled(written);
        assert_eq!(problems, [], "{written}");
        text.value()
    }

    #[test]
    fn references_are_filled_in_once() {
        assert_eq!(value_of("a ${SET} b"), "a v{{x}}${SET} b");
        assert_eq!(value_of("${SET}${SET}"), "v{{x}}${SET}v{{x}}${SET}");
        assert_eq!(value_of("${EMPTY}"), "");
        assert_eq!(value_of("${EMPTY:-x}${NONE:-}${NONE:-a:-b}"), "xa:-b");
        assert_eq!(
            value_of("cost: $5, $${SET}, $$${SET}"),
            "cost: $5, ${SET}, $${SET}"
        );
        assert_eq!(value_of("a ${file:./token} b"), "a v{{x}}${SET} b");
        assert_eq!(value_of("{}$}"), "{}$}");
        assert!(filled("x${SET}").0.is_from_environment());
        assert!(!filled("$${SET}").0.is_from_environment());
    }

    #[test]
    fn what_is_written_is_kept() {
        let (text, _) = filled("Bearer ${SET}");
        assert_eq!(text.written(), "Bearer ${SET}");
        assert_eq!(text.span_of(7..13), Span::new(0, 18..24));
    }

    #[test]
    fn what_comes_after_keeps_its_place() {
        let (text, _) = filled("ab${SET}cd");
        for (bytes, value, first) in [
            (0, "abv{{x}}${SET}cd", 11..13),
            (1, "bv{{x}}${SET}cd", 12..13),
            (3, "{{x}}${SET}cd", 13..19),
            (15, "d", 20..21),
        ] {
            let rest = text.after(bytes);
            assert_eq!(rest.value(), value);
            let span = match &rest.pieces()[0] {
                Piece::Literal { at, text } => *at..at + text.len(),
                Piece::Environment { span, .. } => span.clone(),
            };
            assert_eq!(rest.span_of(span), Span::new(0, first), "{bytes}");
            assert_eq!(rest.written(), "ab${SET}cd");
        }
        assert_eq!(text.after(99).pieces(), []);
    }

    #[test]
    fn bad_references_are_problems_at_their_place() {
        for (written, span) in [
            ("a${NONE}", 12..19),
            ("${a-b}", 11..17),
            ("x ${SET", 13..15),
            ("a${file:none}", 12..24),
            ("${file:}", 11..19),
        ] {
            let (_, problems) = filled(written);
            assert_eq!(problems.len(), 1, "{written}");
            assert_eq!(problems[0].span, Span::new(0, span), "{written}");
        }
    }
}
