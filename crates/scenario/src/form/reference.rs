//! Descriptions of keys, taken from docs/scenario-reference.md.

const REFERENCE: &str = include_str!("../../../../docs/scenario-reference.md");

/// A row of a table of keys.
#[derive(Debug, PartialEq, Eq)]
pub struct Row {
    /// The key.
    pub key: &'static str,
    /// Type of the value; may be empty.
    pub kind: &'static str,
    /// Default; may be empty.
    pub default: &'static str,
    /// Description.
    pub meaning: &'static str,
}

impl Row {
    /// Returns true if the table must have it.
    pub fn is_required(&self) -> bool {
        self.default == "required"
    }

    /// Returns everything on one line.
    pub fn words(&self) -> String {
        let default = match self.default {
            "" => String::new(),
            "required" => "; required".to_owned(),
            default => format!("; default: {default}"),
        };
        format!("{} ({}{default})", self.meaning, self.kind)
    }
}

/// The keys of the kind of table that messages call `table`, as they stand in its section; empty
/// where there is none.
pub fn rows(table: &str) -> Vec<Row> {
    section(table)
        .skip_while(|line| !line.starts_with("| key |"))
        .take_while(|line| line.starts_with('|'))
        .filter_map(row)
        .collect()
}

/// Returns the first paragraph of its section on one line; may be empty.
pub fn introduction(table: &str) -> String {
    let lines = section(table).skip_while(|line| line.is_empty());
    let lines = lines.take_while(|line| !line.is_empty() && !line.starts_with(['|', '`']));
    lines.collect::<Vec<_>>().join(" ")
}

/// The lines below its heading, up to the next one.
fn section(table: &str) -> impl Iterator<Item = &'static str> {
    let plain = |text: &str| text.replace('`', "").to_lowercase();
    let title = plain(table);
    let heading = move |line: &str| {
        line.starts_with('#') && plain(line.trim_start_matches('#').trim()) == title
    };
    let below = REFERENCE.lines().skip_while(move |line| !heading(line));
    below.skip(1).take_while(|line| !line.starts_with('#'))
}

fn row(line: &'static str) -> Option<Row> {
    let cells = line.strip_prefix("| `")?.strip_suffix('|')?;
    let (key, cells) = cells.split_once('`')?;
    let mut cells = cells.strip_prefix(" |")?.splitn(3, '|').map(str::trim);
    Some(Row {
        key,
        kind: cells.next()?,
        default: cells.next()?,
        meaning: cells.next()?,
    })
}
