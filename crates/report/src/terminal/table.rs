//! Tables of figures that stay readable when the terminal is narrow.

use super::style::{TerminalStyle, Tone, shortened};
use comfy_table::{Attribute, Cell, CellAlignment, Color, Table, presets};

/// Longest name in a table.
const LONGEST_NAME: usize = 44;
/// Shortest to which names are cut to make a table fit.
const SHORTEST_NAME: usize = 12;

/// A table: a column of names, then figures.
#[derive(Debug, Default)]
pub struct Figures {
    columns: Vec<&'static str>,
    rows: Vec<Row>,
}

/// A line of a table.
#[derive(Debug)]
pub struct Row {
    /// Depth of its indentation.
    pub depth: usize,
    /// Name of the row.
    pub name: String,
    /// One for each column.
    pub cells: Vec<String>,
    /// A sum, set apart by a rule.
    pub sum: bool,
    /// A cell to be seen as bad news.
    pub bad: Option<usize>,
}

impl Row {
    fn indented(&self) -> String {
        format!("{:1$}{2}", "", 2 * self.depth, self.name)
    }
}

impl Figures {
    /// An empty one with these columns; the first is the one to look at.
    pub fn new(columns: &[&'static str]) -> Self {
        Self {
            columns: columns.to_vec(),
            rows: Vec::new(),
        }
    }

    /// Appends a line.
    pub fn push(&mut self, row: Row) {
        self.rows.push(row);
    }

    /// Its lines. `strong` is the column to look at first. Where the table is too wide, its
    /// columns move together, then names are cut, and at last each row becomes a paragraph.
    pub fn lines(&self, style: &TerminalStyle, strong: usize) -> Vec<String> {
        let width = |gap, longest| {
            let plain = TerminalStyle {
                colour: false,
                ..*style
            };
            let lines = self.table(&plain, strong, gap, longest);
            lines.iter().map(|line| line.chars().count()).max()
        };
        let mut gap = 2;
        let mut longest = LONGEST_NAME;
        let mut taken = width(gap, longest).unwrap_or_default();
        if taken > style.width {
            gap = 1;
            taken = width(gap, longest).unwrap_or_default();
        }
        if taken > style.width {
            let name = |row: &Row| row.indented().chars().count().min(LONGEST_NAME);
            let names = self.rows.iter().map(name).max().unwrap_or_default();
            longest = (names + style.width).saturating_sub(taken);
            if longest < SHORTEST_NAME {
                return self.paragraphs(style, strong);
            }
            taken = style.width;
        }
        let rule = style.paint(Tone::Faint, &"─".repeat(taken));
        let mut lines = self.table(style, strong, gap, longest);
        for (index, row) in self.rows.iter().enumerate().rev() {
            if row.sum {
                lines.insert(index + 1, rule.clone());
            }
        }
        lines.insert(1, rule);
        lines
    }

    fn table(&self, style: &TerminalStyle, strong: usize, gap: u16, longest: usize) -> Vec<String> {
        let mut table = Table::new();
        table.load_style(presets::NOTHING).force_no_tty();
        if style.colour {
            table.enforce_styling().style_text_only();
        }
        let mut header = vec![Cell::new("")];
        header.extend(self.columns.iter().map(|name| {
            Cell::new(name)
                .add_attribute(Attribute::Dim)
                .set_alignment(CellAlignment::Right)
        }));
        table.set_header(header);
        for row in &self.rows {
            let name = Cell::new(shortened(&row.indented(), longest));
            let mut cells = vec![if row.sum {
                name.add_attribute(Attribute::Bold)
            } else {
                name
            }];
            cells.extend(row.cells.iter().enumerate().map(|(index, text)| {
                let cell = Cell::new(text).set_alignment(CellAlignment::Right);
                match row.bad {
                    Some(bad) if bad == index => cell.fg(Color::DarkRed),
                    _ if index == strong => cell.add_attribute(Attribute::Bold),
                    _ => cell,
                }
            }));
            table.add_row(cells);
        }
        for (index, column) in table.column_iter_mut().enumerate() {
            column.set_padding((if index == 0 { 0 } else { gap }, 0));
        }
        table
            .lines()
            .map(|line| line.trim_end().to_owned())
            .collect()
    }

    fn paragraphs(&self, style: &TerminalStyle, strong: usize) -> Vec<String> {
        let mut lines = Vec::new();
        for row in &self.rows {
            let name = shortened(&row.name, style.width);
            lines.push(style.paint(Tone::Strong, &name));
            let mut figures: Vec<String> = self
                .columns
                .iter()
                .zip(&row.cells)
                .map(|(column, cell)| format!("{column} {cell}"))
                .collect();
            if strong < figures.len() {
                let first = figures.remove(strong);
                figures.insert(0, first);
            }
            let figures = figures.iter().map(String::as_str);
            let flowed = style.flow(figures, " · ", 2);
            lines.extend(flowed.iter().map(|line| format!("  {line}")));
        }
        lines
    }
}
