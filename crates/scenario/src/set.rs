//! `--set path.in.file=value`: values given on the command line.

use super::{
    diag::{Problem, Span, did_you_mean},
    text::{Outside, Text},
    tree::{Converter, Entry, Node, NodeKind, Table},
};
use std::ops::Range;
use toml::de::DeValue;

/// The flag as text, which its problems point at.
pub(super) fn flag(path: &str, value: &str) -> String {
    format!("{PREFIX}{path}={value}")
}

const PREFIX: &str = "--set ";

const NO_PATH: &str = "not a path into a scenario";
const PATH_HELP: &str =
    r#"write keys with points between, such as load.users or task."a b".weight"#;

/// Puts `value` where `path` says, over what stands there. `source` is the flag's own text.
pub(super) fn apply(
    root: &mut Table,
    (path, value): (&str, &str),
    source: usize,
    outside: Outside<'_>,
    problems: &mut Vec<Problem>,
) {
    let steps = match split(path) {
        Ok(steps) => steps,
        Err(range) => {
            let span = after_prefix(source, range);
            problems.push(Problem::new(span, NO_PATH).help(PATH_HELP));
            return;
        }
    };
    // Space around a value has no meaning, as in a file; in quotes it is kept.
    let space = value.len() - value.trim_start().len();
    let start = PREFIX.len() + path.len() + 1 + space;
    let value = node(value.trim(), start, source, outside, problems);
    let steps: Vec<Step> = steps
        .into_iter()
        .map(|(key, range)| Step {
            key,
            span: after_prefix(source, range),
        })
        .collect();
    if let Err(problem) = put(root, &steps, value) {
        problems.push(*problem);
    }
}

/// Does the same for a value from a file, whose path has the span `place`.
pub(super) fn apply_node(
    root: &mut Table,
    path: &str,
    span: Span,
    value: Node,
    problems: &mut Vec<Problem>,
) {
    let Ok(steps) = split(path) else {
        problems.push(Problem::new(span, NO_PATH).help(PATH_HELP));
        return;
    };
    let steps: Vec<Step> = steps
        .into_iter()
        .map(|(key, _)| Step { key, span })
        .collect();
    if let Err(problem) = put(root, &steps, value) {
        problems.push(*problem);
    }
}

/// A TOML value, or else text that needs no quotes.
fn node(
    value: &str,
    start: usize,
    source: usize,
    outside: Outside<'_>,
    problems: &mut Vec<Problem>,
) -> Node {
    if let Ok(parsed) = DeValue::parse(value)
        && !matches!(parsed.get_ref(), DeValue::Datetime(_))
    {
        let mut converter = Converter {
            source,
            text: value,
            shift: start,
            outside,
            problems,
        };
        return converter.node(parsed.get_ref(), parsed.span());
    }
    let span = Span::new(source, start..start + value.len());
    let mut text = Text::new(span, value.to_owned(), start);
    let before = problems.len();
    text.fill(outside, problems);
    let kind = if problems.len() > before {
        NodeKind::Unreadable
    } else {
        NodeKind::Text(text)
    };
    Node { span, kind }
}

/// A key of a path, and where that stands.
struct Step {
    key: String,
    span: Span,
}

/// Splits at points, but not inside of quotes: keys, and where in the path they stand.
fn split(path: &str) -> Result<Vec<(String, Range<usize>)>, Range<usize>> {
    let mut steps = Vec::new();
    let mut at = 0;
    loop {
        let rest = &path[at..];
        let (key, length) = match rest.chars().next() {
            Some(quote @ ('"' | '\'')) => {
                let inner = rest[1..].find(quote).ok_or(at..path.len())?;
                (&rest[1..1 + inner], inner + 2)
            }
            _ => {
                let length = rest.find('.').unwrap_or(rest.len());
                (&rest[..length], length)
            }
        };
        let span = at..at + length;
        if key.is_empty() {
            return Err(span);
        }
        at = span.end;
        steps.push((key.to_owned(), span));
        match path[at..].chars().next() {
            None => return Ok(steps),
            Some('.') => at += 1,
            Some(_) => return Err(at..path.len()),
        }
    }
}

fn after_prefix(source: usize, range: Range<usize>) -> Span {
    Span::new(source, PREFIX.len() + range.start..PREFIX.len() + range.end)
}

/// Walks down from `table`, making tables on the way where there are none.
fn put(table: &mut Table, steps: &[Step], value: Node) -> Result<(), Box<Problem>> {
    let Some((step, rest)) = steps.split_first() else {
        return Ok(());
    };
    let here = step.span;
    let known = table.entries.iter().position(|e| e.key == step.key);
    let entry = match known {
        Some(index) => &mut table.entries[index],
        None => table.entries.push_mut(Entry {
            key: step.key.clone(),
            span: here,
            value: Node {
                span: here,
                kind: NodeKind::Table(Table::default()),
            },
        }),
    };
    if rest.is_empty() {
        entry.value = value;
        // A key that is unknown or out of place is the flag's mistake from now on.
        entry.span = here;
        return Ok(());
    }
    descend(&mut entry.value, here, rest, value)
}

fn descend(node: &mut Node, parent: Span, steps: &[Step], value: Node) -> Result<(), Box<Problem>> {
    match &mut node.kind {
        NodeKind::Table(table) => put(table, steps, value),
        NodeKind::Array(items) => {
            let Some((step, rest)) = steps.split_first() else {
                return Ok(());
            };
            let here = step.span;
            let index = find(items, &step.key).ok_or_else(|| missing(items, &step.key, here))?;
            if rest.is_empty() {
                items[index] = value;
                return Ok(());
            }
            descend(&mut items[index], here, rest, value)
        }
        NodeKind::Unreadable => Ok(()),
        other => {
            let message = format!("there is nothing inside of {}", other.describe());
            let problem = Problem::new(parent, message);
            Err(Box::new(problem.other(node.span, "this value")))
        }
    }
}

/// The item with this place or, among tables, with this `name`.
fn find(items: &[Node], key: &str) -> Option<usize> {
    let named = items.iter().position(|item| name(item) == Some(key));
    let index = || key.parse().ok().filter(|index| *index < items.len());
    named.or_else(index)
}

fn name(item: &Node) -> Option<&str> {
    match &item.kind {
        NodeKind::Table(table) => match &table.get("name")?.kind {
            NodeKind::Text(name) => Some(name.written()),
            _ => None,
        },
        _ => None,
    }
}

fn missing(items: &[Node], key: &str, here: Span) -> Box<Problem> {
    let message = format!("no item is called `{key}`");
    let help =
        did_you_mean(key, items.iter().filter_map(name)).unwrap_or_else(|| match items.len() {
            0 => "the list is empty".to_owned(),
            1 => "write its `name`, or 0: there is just one".to_owned(),
            count => format!("write a `name`, or a place from 0 to {}", count - 1),
        });
    Box::new(Problem::new(here, message).help(help))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_split_at_points_outside_of_quotes() {
        let keys = |path| {
            let steps = split(path).unwrap();
            steps.into_iter().map(|(key, _)| key).collect::<Vec<_>>()
        };
        assert_eq!(keys("load.users"), ["load", "users"]);
        assert_eq!(
            keys(r#"task."read. order".weight"#),
            ["task", "read. order", "weight"]
        );
        assert_eq!(
            keys("task.'a'.0.read order"),
            ["task", "a", "0", "read order"]
        );
        for path in ["", "a.", ".a", "a..b", "\"a", "\"a\"b", "''"] {
            assert!(split(path).is_err(), "{path}");
        }
    }
}
