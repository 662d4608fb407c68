//! Finds the holes of a text.
//!
//! ```text
//! text    = { literal | hole }
//! hole    = "{{" blank ( name | quoted ) blank "}}"
//! name    = ( letter | "_" ) { letter | digit | "_" | "-" | "." }
//! quoted  = '"' { any character but '"' } '"'       stands for the characters themselves
//! ```
//!
//! The last two of several opening braces open the hole, so that `{{{x}}}` is the
//! hole `x` in braces, as JSON written by hand needs it.

use std::ops::Range;

/// A piece of a text, with its place in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece<'a> {
    /// Text or a hole.
    pub kind: PieceKind<'a>,
    /// Bytes of the text that it takes; of a hole only the name.
    pub span: Range<usize>,
}

/// Kind of a piece.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PieceKind<'a> {
    /// Stands for itself.
    Literal(&'a str),
    /// Hole to fill in: its name.
    Hole(&'a str),
}

/// Syntax error in a template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Malformed {
    /// Bytes of the text that are wrong.
    pub span: Range<usize>,
    /// Description of the error.
    pub message: &'static str,
    /// Correction to suggest.
    pub help: &'static str,
}

const LITERAL_BRACES: &str = r#"for two braces that are no hole write {{"{{"}}"#;

/// Splits `text` at its holes.
pub fn split(text: &str) -> Result<Vec<Piece<'_>>, Malformed> {
    let mut pieces = Vec::new();
    let mut done = 0;
    while let Some(open) = next_hole(text, done) {
        push_literal(&mut pieces, text, done..open);
        let (piece, end) = hole(text, open)?;
        pieces.push(piece);
        done = end;
    }
    push_literal(&mut pieces, text, done..text.len());
    Ok(pieces)
}

/// Returns true if `name` may be used in a hole.
pub fn is_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.'))
}

fn push_literal<'a>(pieces: &mut Vec<Piece<'a>>, text: &'a str, span: Range<usize>) {
    if !span.is_empty() {
        let kind = PieceKind::Literal(&text[span.clone()]);
        pieces.push(Piece { kind, span });
    }
}

fn next_hole(text: &str, from: usize) -> Option<usize> {
    let mut open = from + text[from..].find("{{")?;
    while text[open + 2..].starts_with('{') {
        open += 1;
    }
    Some(open)
}

/// The hole that begins at `open`, and where it ends.
fn hole(text: &str, open: usize) -> Result<(Piece<'_>, usize), Malformed> {
    let inside = open + 2;
    let start = inside + blanks(&text[inside..]);
    let rest = &text[start..];
    let unclosed = || Malformed {
        span: open..inside,
        message: "a hole is opened here but never closed",
        help: r#"close it with }}; for two braces that are no hole write {{"{{"}}"#,
    };
    if let Some(quoted) = rest.strip_prefix('"') {
        let length = quoted.find('"').ok_or_else(unclosed)?;
        let span = start + 1..start + 1 + length;
        let after = span.end + 1;
        let close = after + blanks(&text[after..]);
        if !text[close..].starts_with("}}") {
            return Err(Malformed {
                span: open..after,
                message: "quoted text in a hole must be all of it",
                help: r#"close it with }} right after the quote"#,
            });
        }
        let kind = PieceKind::Literal(&text[span.clone()]);
        return Ok((Piece { kind, span }, close + 2));
    }
    let close = start + rest.find("}}").ok_or_else(unclosed)?;
    let name = text[start..close].trim_end();
    let span = start..start + name.len();
    if name.is_empty() {
        return Err(Malformed {
            span: open..close + 2,
            message: "an empty hole",
            help: LITERAL_BRACES,
        });
    }
    if !is_name(name) {
        return Err(Malformed {
            span,
            message: "not a variable's name",
            help: LITERAL_BRACES,
        });
    }
    let kind = PieceKind::Hole(name);
    Ok((Piece { kind, span }, close + 2))
}

fn blanks(text: &str) -> usize {
    text.len() - text.trim_start().len()
}
