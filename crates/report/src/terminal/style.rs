//! Style of texts on a terminal: colours, symbols, width.

use comfy_table::Table;
use std::{
    env,
    io::{IsTerminal, stderr, stdout},
};

/// Width of lines where there is no terminal to ask, such as a CI log.
const PLAIN_WIDTH: usize = 100;
/// Width of a terminal that does not tell.
const USUAL_WIDTH: usize = 80;
/// Narrower than this nothing can be laid out; lines then break where the terminal breaks them.
const LEAST_WIDTH: usize = 40;

/// Abilities of the reader's terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TerminalStyle {
    /// Escape codes for colours and bold text.
    pub colour: bool,
    /// Symbols beyond ASCII.
    pub unicode: bool,
    /// Columns of a line.
    pub width: usize,
}

/// Tone of a piece of text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    /// Important.
    Strong,
    /// Less important.
    Faint,
    /// Success.
    Good,
    /// Not as it should be.
    Bad,
    /// A caveat about the result.
    Warning,
}

impl TerminalStyle {
    /// Returns the style of standard output. Colours only on a terminal and without `NO_COLOR`;
    /// symbols where the locale is UTF-8.
    pub fn of_stdout() -> Self {
        // The table's own width is the terminal's, None without one.
        Self::detect(stdout().is_terminal(), Table::new().width(), |name| {
            env::var(name).ok()
        })
    }

    /// Returns the style of standard error.
    pub fn of_stderr() -> Self {
        let width = Table::new().use_stderr().width();
        Self::detect(stderr().is_terminal(), width, |name| env::var(name).ok())
    }

    fn detect(
        terminal: bool,
        width: Option<u16>,
        variable: impl Fn(&str) -> Option<String>,
    ) -> Self {
        let set = |name: &str| variable(name).filter(|value| !value.is_empty());
        let locale = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().find_map(set);
        let dumb = set("TERM").is_some_and(|term| term == "dumb");
        Self {
            colour: terminal && !dumb && set("NO_COLOR").is_none(),
            unicode: locale.is_some_and(|locale| {
                let locale = locale.to_ascii_lowercase();
                locale.contains("utf-8") || locale.contains("utf8")
            }),
            width: match width {
                None => PLAIN_WIDTH,
                Some(0) => USUAL_WIDTH,
                Some(width) => usize::from(width).max(LEAST_WIDTH),
            },
        }
    }

    /// `text` in the tone's colour.
    pub fn paint(&self, tone: Tone, text: &str) -> String {
        let code = match tone {
            Tone::Strong => 1,
            Tone::Faint => 2,
            Tone::Good => 32,
            Tone::Bad => 31,
            Tone::Warning => 33,
        };
        if self.colour {
            format!("\x1b[{code}m{text}\x1b[0m")
        } else {
            text.to_owned()
        }
    }

    /// A tick or a cross.
    pub fn mark(&self, ok: bool) -> String {
        match (ok, self.unicode) {
            (true, true) => self.paint(Tone::Good, "✓"),
            (true, false) => self.paint(Tone::Good, "ok  "),
            (false, true) => self.paint(Tone::Bad, "✗"),
            (false, false) => self.paint(Tone::Bad, "FAIL"),
        }
    }

    /// `text` with the symbols that this crate uses put in ASCII where they cannot be shown.
    pub fn spell(&self, text: &str) -> String {
        if self.unicode {
            return text.to_owned();
        }
        let mut spelled = String::with_capacity(text.len());
        for symbol in text.chars() {
            match symbol {
                'µ' => spelled.push('u'),
                '·' => spelled.push('|'),
                '─' => spelled.push('-'),
                '…' => spelled.push('~'),
                '×' => spelled.push('x'),
                '→' => spelled.push_str("->"),
                other => spelled.push(other),
            }
        }
        spelled
    }

    /// Breaks `text` at blanks into lines of the width less `indent`.
    pub fn wrap(&self, text: &str, indent: usize) -> Vec<String> {
        self.flow(text.split_whitespace(), " ", indent)
    }

    /// Puts `parts` into lines of the width less `indent`, none of them broken.
    pub fn flow<'a>(
        &self,
        parts: impl IntoIterator<Item = &'a str>,
        separator: &str,
        indent: usize,
    ) -> Vec<String> {
        let width = self.width.saturating_sub(indent).max(20);
        let mut lines: Vec<String> = Vec::new();
        for part in parts {
            match lines.last_mut() {
                Some(line) if wide(line) + wide(separator) + wide(part) <= width => {
                    line.push_str(separator);
                    line.push_str(part);
                }
                _ => lines.push(part.to_owned()),
            }
        }
        lines
    }
}

fn wide(text: &str) -> usize {
    text.chars().count()
}

/// `text` in at most so many characters, its middle left out if need be.
pub fn shortened(text: &str, most: usize) -> String {
    let length = text.chars().count();
    if length <= most {
        return text.to_owned();
    }
    let kept = most.saturating_sub(1);
    let head: String = text.chars().take(kept.div_ceil(2)).collect();
    let tail: String = text.chars().skip(length - kept / 2).collect();
    format!("{head}…{tail}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn detect(terminal: bool, variables: &[(&str, &str)]) -> TerminalStyle {
        let find = |name: &str| {
            let found = variables.iter().find(|(key, _)| *key == name);
            found.map(|(_, value)| (*value).to_owned())
        };
        TerminalStyle::detect(terminal, terminal.then_some(132), find)
    }

    #[test]
    fn colours_only_on_a_terminal_that_wants_them() {
        assert!(detect(true, &[("TERM", "xterm")]).colour);
        assert!(detect(true, &[("NO_COLOR", "")]).colour);
        assert!(!detect(true, &[("NO_COLOR", "1")]).colour);
        assert!(!detect(true, &[("TERM", "dumb")]).colour);
        assert!(!detect(false, &[]).colour);
    }

    #[test]
    fn symbols_follow_the_first_locale_that_is_set() {
        assert!(detect(false, &[("LANG", "en_GB.UTF-8")]).unicode);
        assert!(detect(false, &[("LC_ALL", ""), ("LANG", "C.utf8")]).unicode);
        assert!(!detect(false, &[("LC_ALL", "C"), ("LANG", "en_GB.UTF-8")]).unicode);
        assert!(!detect(false, &[]).unicode);
    }

    #[test]
    fn the_width_is_the_terminals() {
        assert_eq!(detect(true, &[]).width, 132);
        assert_eq!(detect(false, &[]).width, 100);
        assert_eq!(TerminalStyle::detect(true, Some(7), |_| None).width, 40);
        assert_eq!(TerminalStyle::detect(true, Some(0), |_| None).width, 80);
    }

    #[test]
    fn long_names_lose_their_middle() {
        assert_eq!(shortened("GET /api/order", 14), "GET /api/order");
        assert_eq!(shortened("GET /api/orders/42", 10), "GET /…s/42");
        assert_eq!(shortened("ääää", 3), "ä…ä");
    }

    #[test]
    fn lines_break_at_blanks() {
        let style = detect(false, &[]);
        let text = "word ".repeat(50);
        let lines = style.wrap(&text, 4);
        assert!(lines.iter().all(|line| line.len() <= 96));
        assert_eq!(lines.join(" "), text.trim());
    }
}
