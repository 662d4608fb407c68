//! Text that others wrote, as it may be shown: in a terminal, a log, a file or a page.
//!
//! A server, a command, a saved result and a scenario may hold characters that move a terminal's
//! cursor, set its title, or turn around the order in which text reads. Every text from outside
//! passes [`line()`] or [`lines`] where it is taken in.

use std::borrow::Cow;

/// Text for one line: characters that are not printable are escaped as Rust escapes them
/// (`\u{1b}`), and every line break or tab becomes a blank, with the indentation after it.
pub fn line(text: &str) -> Cow<'_, str> {
    if text.chars().all(is_printable) {
        return Cow::Borrowed(text);
    }
    let mut line = String::with_capacity(text.len() + 8);
    let mut after_break = false;
    for c in text.chars() {
        if is_break(c) {
            if !after_break {
                line.push(' ');
            }
            after_break = true;
        } else if !(after_break && c == ' ') {
            push(&mut line, c);
            after_break = false;
        }
    }
    Cow::Owned(line)
}

/// Text of several lines: line breaks (`\r\n` among them) and tabs stay, everything else that is
/// not printable is escaped.
pub fn lines(text: &str) -> Cow<'_, str> {
    let plain = |c| is_printable(c) || matches!(c, '\n' | '\t');
    if text.chars().all(plain) {
        return Cow::Borrowed(text);
    }
    let mut lines = String::with_capacity(text.len() + 8);
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\n' | '\t' => lines.push(c),
            '\r' if chars.peek() == Some(&'\n') => {}
            other => push(&mut lines, other),
        }
    }
    Cow::Owned(lines)
}

/// Makes a text printable in its place.
pub fn make_line(text: &mut String) {
    if let Cow::Owned(line) = line(text) {
        *text = line;
    }
}

/// Makes a text of several lines printable in its place.
pub fn make_lines(text: &mut String) {
    if let Cow::Owned(lines) = lines(text) {
        *text = lines;
    }
}

/// Returns true if the character shows itself and does nothing else.
pub fn is_printable(c: char) -> bool {
    match c {
        ' '..='~' => true,
        // C0, DEL and C1.
        c if c.is_control() => false,
        // Soft hyphen; marks and overrides of the direction of writing; line and paragraph
        // separators; what is invisible, or annotates invisibly; what no XML may hold.
        '\u{ad}'
        | '\u{61c}'
        | '\u{180e}'
        | '\u{200b}'
        | '\u{200e}'
        | '\u{200f}'
        | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}'
        | '\u{feff}'
        | '\u{fff9}'..='\u{fffb}'
        | '\u{fffe}'
        | '\u{ffff}'
        | '\u{e0000}'..='\u{e0fff}' => false,
        _ => true,
    }
}

fn is_break(c: char) -> bool {
    matches!(c, '\t'..='\r' | '\u{85}' | '\u{2028}' | '\u{2029}')
}

fn push(text: &mut String, c: char) {
    match c {
        c if is_printable(c) => text.push(c),
        c => text.extend(c.escape_unicode()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn plain_text_is_left_alone() {
        for text in ["", "a b", "äµ→✓ 中文 é\u{301} 👩\u{200d}🚀", r"C:\new"] {
            assert!(matches!(line(text), Cow::Borrowed(same) if same == text));
            assert!(matches!(lines(text), Cow::Borrowed(same) if same == text));
        }
        assert!(matches!(lines("a\n\tb"), Cow::Borrowed(_)));
    }

    #[test]
    fn what_does_something_to_a_terminal_is_escaped() {
        for (text, shown) in [
            ("\x1b[31mRED", r"\u{1b}[31mRED"),
            ("\x1b]0;title\x07", r"\u{1b}]0;title\u{7}"),
            ("a\0b\x7f", r"a\u{0}b\u{7f}"),
            ("\u{9b}2J", r"\u{9b}2J"),
            ("txt.\u{202e}exe", r"txt.\u{202e}exe"),
            ("\u{2066}x\u{2069}", r"\u{2066}x\u{2069}"),
            ("tag \u{e0041}", r"tag \u{e0041}"),
        ] {
            assert_eq!(line(text), shown);
            assert_eq!(lines(text), shown);
        }
    }

    #[test]
    fn a_line_is_one_line() {
        assert_eq!(line("a\r\n\t b\n"), "a b ");
        assert_eq!(line("a\u{2028}b\u{85}c"), "a b c");
        assert_eq!(lines("a\r\n\tb\rc\u{2028}"), "a\n\tb\\u{d}c\\u{2028}");
    }

    proptest! {
        #[test]
        fn every_text_comes_out_printable(text in any::<String>()) {
            let one = line(&text);
            prop_assert!(one.chars().all(is_printable));
            prop_assert_eq!(&line(&one), &one);
            let several = lines(&text);
            prop_assert!(several.chars().all(|c| is_printable(c) || matches!(c, '\n' | '\t')));
            prop_assert_eq!(&lines(&several), &several);
        }
    }
}
