//! Colours and symbols as the terminal can show them.

use loadgen_report::terminal::{TerminalStyle, Tone};
use ratatui::{
    buffer::Buffer,
    style::{Color, Modifier, Style as Attributes},
    symbols::Marker,
};

/// Style of the screen: what the terminal can show.
#[derive(Debug, Clone, Copy)]
pub(super) struct Style {
    pub terminal: TerminalStyle,
    /// More than the sixteen usual colours.
    pub shades: bool,
}

/// Lines of charts: colours, and what stands in for dots where colours cannot tell them apart.
const LINES: [(Color, char); 3] = [
    (Color::LightBlue, 'o'),
    (Color::Yellow, 'x'),
    (Color::LightRed, '*'),
];
/// From few to many, of the 256 colours: slate, blue, green, yellow; each lighter than the one before,
/// and all of them seen on dark and on light. Red is left to what is wrong.
const RAMP: [u8; 8] = [60, 61, 67, 73, 78, 114, 185, 227];
/// Shades without colours.
const SHADES: [char; 8] = ['░', '░', '░', '▒', '▒', '▓', '▓', '█'];

impl Style {
    /// Returns the style for a terminal with these abilities.
    pub(super) fn of(terminal: &TerminalStyle) -> Self {
        let set = |name: &str| std::env::var(name).unwrap_or_default();
        Self {
            terminal: *terminal,
            shades: terminal.colour
                && (set("TERM").contains("256color") || !set("COLORTERM").is_empty()),
        }
    }

    pub(super) fn tone(&self, tone: Tone) -> Attributes {
        let style = Attributes::new();
        let coloured = |colour| {
            if self.terminal.colour {
                style.fg(colour)
            } else {
                style
            }
        };
        match tone {
            Tone::Strong => style.add_modifier(Modifier::BOLD),
            Tone::Faint => coloured(Color::DarkGray),
            Tone::Good => coloured(Color::Green),
            Tone::Bad => coloured(Color::LightRed),
            Tone::Warning => coloured(Color::Yellow),
        }
    }

    /// The marker of a chart's line, and its colour.
    pub(super) fn line(&self, number: usize) -> (Marker, Attributes) {
        let (colour, letter) = LINES[number % LINES.len()];
        if self.terminal.colour && self.terminal.unicode {
            (Marker::Braille, Attributes::new().fg(colour))
        } else if self.terminal.colour {
            (Marker::Custom(letter), Attributes::new().fg(colour))
        } else {
            (Marker::Custom(letter), Attributes::new())
        }
    }

    /// Returns the label of a line: coloured, or with its letter as well.
    pub(super) fn legend(&self, number: usize, name: &str) -> (String, Attributes) {
        match self.line(number) {
            (Marker::Custom(letter), style) => (format!("{letter} {name}"), style),
            (_, style) => (name.to_owned(), style),
        }
    }

    /// A cell of a heatmap: `share` of the most, above 0 to 1.
    pub(super) fn heat(&self, share: f64) -> (char, Attributes) {
        // Between 0 and 7 by its bounds.
        let index = ((share * 8.0).ceil() as usize).clamp(1, 8) - 1;
        if self.shades {
            return (' ', Attributes::new().bg(Color::Indexed(RAMP[index])));
        }
        let style = Attributes::new();
        let coloured = if self.terminal.colour {
            style.fg(Color::LightBlue)
        } else {
            style
        };
        (SHADES[index], coloured)
    }

    /// Puts what was drawn in ASCII where nothing else can be shown.
    pub(super) fn spell(&self, buffer: &mut Buffer) {
        if self.terminal.unicode {
            return;
        }
        for cell in &mut buffer.content {
            if cell.symbol().is_ascii() {
                continue;
            }
            let plain = match cell.symbol() {
                "│" => "|",
                "─" => "-",
                "└" | "┘" | "┌" | "┐" | "├" | "┤" | "┬" | "┴" | "┼" => "+",
                "░" => ".",
                "▒" => ":",
                "▓" => "%",
                "█" => "#",
                "✓" => "+",
                "✗" => "X",
                "▶" => ">",
                "µ" => "u",
                "·" => "|",
                "…" => "~",
                "→" => ">",
                "▁" | "▂" | "▃" => "_",
                "▄" | "▅" => "=",
                "▆" | "▇" => "#",
                _ => "?",
            };
            cell.set_symbol(plain);
        }
    }
}
