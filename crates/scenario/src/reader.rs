//! Takes typed values out of a tree, collecting every mistake on the way.

use super::{
    diag::{Problem, SourceText, Span, did_you_mean},
    field::{Field, Spanned},
    text::Text,
    tree::{self, Node, NodeKind},
    units,
};
use std::{cell::RefCell, sync::Arc, time::Duration};

/// Collects problems while values are read.
pub struct Reader {
    sources: Arc<[SourceText]>,
    problems: RefCell<Vec<Problem>>,
}

impl Reader {
    pub fn new(sources: Arc<[SourceText]>, problems: Vec<Problem>) -> Self {
        Self {
            sources,
            problems: RefCell::new(problems),
        }
    }

    pub fn into_problems(self) -> Vec<Problem> {
        self.problems.into_inner()
    }

    pub fn problem(&self, problem: Problem) {
        self.problems.borrow_mut().push(problem);
    }

    /// The table of `node`, whose keys are the scenario's own; `help` shows how to write one.
    pub fn any_table<'n>(&self, node: &'n Node, help: &str) -> Option<&'n tree::Table> {
        match &node.kind {
            NodeKind::Table(table) => Some(table),
            _ => self.wrong_type(node, "a table", Some(help)),
        }
    }

    pub fn text(&self, node: &Node) -> Option<Text> {
        match &node.kind {
            NodeKind::Text(text) => Some(text.clone()),
            // A flag's value needs no quotes, so one that looks like a number may be text.
            NodeKind::Int(_) | NodeKind::Float(_) | NodeKind::Bool(_) if node.span.source > 0 => {
                Some(self.as_written(node))
            }
            _ => self.wrong_type(node, "text", Some(r#"write it in " ""#)),
        }
    }

    /// Text, or a number or boolean as the text that it is written as; of a number without what only
    /// TOML has, such as the underscore of `1_000`.
    pub fn scalar(&self, node: &Node) -> Option<Text> {
        let plain = |digits: String| Some(Text::new(node.span, digits, node.span.start));
        match &node.kind {
            NodeKind::Text(text) => Some(text.clone()),
            NodeKind::Int(number) if node.span.source == 0 => plain(number.to_string()),
            NodeKind::Float(float) if node.span.source == 0 => plain(float.digits.to_string()),
            NodeKind::Int(_) | NodeKind::Float(_) | NodeKind::Bool(_) => {
                Some(self.as_written(node))
            }
            _ => self.wrong_type(node, "text or a number", None),
        }
    }

    /// One of a few words; `message` says what another one is not.
    pub fn one_of<T: Clone>(&self, node: &Node, known: &[(&str, T)], message: &str) -> Option<T> {
        let names = || known.iter().map(|(name, _)| *name);
        let NodeKind::Text(text) = &node.kind else {
            return self.text(node).and(None);
        };
        let text = text.value();
        if let Some((_, value)) = known.iter().find(|(name, _)| *name == text) {
            return Some(value.clone());
        }
        let help = did_you_mean(&text, names()).unwrap_or_else(|| {
            let quoted: Vec<String> = names().map(|name| format!("\"{name}\"")).collect();
            match quoted.split_last() {
                Some((last, others)) if !others.is_empty() => {
                    format!("write {} or {last}", others.join(", "))
                }
                _ => format!("write {}", quoted.concat()),
            }
        });
        self.wrong_value(node, message, Some(&help))
    }

    fn as_written(&self, node: &Node) -> Text {
        let source = self.sources.get(node.span.source);
        let written = source
            .and_then(|source| source.text.get(node.span.start..node.span.end))
            .unwrap_or_default();
        Text::new(node.span, written.to_owned(), node.span.start)
    }

    pub fn whole(&self, node: &Node) -> Option<i64> {
        match &node.kind {
            NodeKind::Int(number) => Some(*number),
            NodeKind::Text(text) if text.is_from_environment() => {
                let number = text.value().trim().parse().ok();
                number.or_else(|| self.wrong_value(node, "not a whole number", None))
            }
            _ => self.wrong_type(node, "a whole number", None),
        }
    }

    pub fn number(&self, node: &Node) -> Option<f64> {
        match &node.kind {
            NodeKind::Int(number) => Some(*number as f64),
            NodeKind::Float(float) => Some(float.number),
            NodeKind::Text(text) if text.is_from_environment() => {
                let number = text.value().trim().parse().ok();
                number.or_else(|| self.wrong_value(node, "not a number", None))
            }
            _ => self.wrong_type(node, "a number", None),
        }
    }

    pub fn boolean(&self, node: &Node) -> Option<bool> {
        match &node.kind {
            NodeKind::Bool(value) => Some(*value),
            NodeKind::Text(text) if text.is_from_environment() => {
                let value = text.value().trim().parse().ok();
                value.or_else(|| self.wrong_value(node, "neither true nor false", None))
            }
            _ => self.wrong_type(node, "true or false", None),
        }
    }

    pub fn duration(&self, node: &Node) -> Option<Duration> {
        match &node.kind {
            NodeKind::Text(text) => self.checked(node, units::duration(&text.value())),
            NodeKind::Int(number) => {
                let help =
                    format!(r#"write "{number}s" for seconds, "{number}ms" for milliseconds"#);
                self.wrong_value(node, "a duration needs a unit", Some(&help))
            }
            _ => self.wrong_type(node, "a duration", Some(r#"such as "30s" or "5m""#)),
        }
    }

    pub fn pause(&self, node: &Node) -> Option<(Duration, Duration)> {
        match &node.kind {
            NodeKind::Text(text) => self.checked(node, units::pause(&text.value())),
            NodeKind::Int(number) => {
                let help =
                    format!(r#"write "{number}s" for seconds, "{number}ms" for milliseconds"#);
                self.wrong_value(node, "a pause needs a unit", Some(&help))
            }
            _ => self.wrong_type(node, "a pause", Some(r#"such as "2s" or "1s..3s""#)),
        }
    }

    pub fn rate(&self, node: &Node) -> Option<f64> {
        match &node.kind {
            NodeKind::Text(text) => self.checked(node, units::rate(&text.value())),
            NodeKind::Int(number) => self.checked(node, units::checked_rate(*number as f64)),
            NodeKind::Float(float) => self.checked(node, units::checked_rate(float.number)),
            _ => self.wrong_type(node, "a rate", Some(r#"such as "200/s""#)),
        }
    }

    pub fn share(&self, node: &Node) -> Option<f64> {
        match &node.kind {
            NodeKind::Text(text) => self.checked(node, units::share(&text.value())),
            NodeKind::Int(number) => self.checked(node, units::checked_share(*number as f64)),
            NodeKind::Float(float) => self.checked(node, units::checked_share(float.number)),
            _ => self.wrong_type(node, "a share", Some(r#"such as "10%" or 0.1"#)),
        }
    }

    pub fn size(&self, node: &Node) -> Option<u64> {
        match &node.kind {
            NodeKind::Text(text) => self.checked(node, units::size(&text.value())),
            NodeKind::Int(number) if *number >= 0 => Some(number.unsigned_abs()),
            _ => self.wrong_type(node, "a size", Some(r#"such as "64KiB""#)),
        }
    }

    /// A whole number, or the least and the most: 12 or `"8..16"`. `what` says what it counts.
    pub fn range(&self, node: &Node, what: &str) -> Option<(u64, u64)> {
        const HELP: &str = r#"write 12, or "8..16""#;
        match &node.kind {
            NodeKind::Int(_) => match self.whole(node).map(u64::try_from)? {
                Ok(number) => Some((number, number)),
                Err(_) => {
                    let message = format!("{what} cannot be negative");
                    self.wrong_value(node, &message, Some(HELP))
                }
            },
            _ => {
                let text = self.text(node)?.value();
                let (least, most) = text.split_once("..").unwrap_or((&text, &text));
                match (least.trim().parse(), most.trim().parse()) {
                    (Ok(least), Ok(most)) => Some((least, most)),
                    _ => self.wrong_value(node, &format!("not {what}"), Some(HELP)),
                }
            }
        }
    }

    fn checked<T>(&self, node: &Node, read: Result<T, units::Invalid>) -> Option<T> {
        match read {
            Ok(value) => Some(value),
            Err(error) => self.wrong_value(node, &error.message, Some(&error.help)),
        }
    }

    /// Tells that `node` is of the wrong type, unless something was told of it already.
    pub fn wrong_type<T>(&self, node: &Node, expected: &str, help: Option<&str>) -> Option<T> {
        if node.kind == NodeKind::Unreadable {
            return None;
        }
        let label = format!("this is {}", node.kind.describe());
        let problem = Problem::new(node.span, format!("expected {expected}")).label(label);
        self.problem(match help {
            Some(help) => problem.help(help.to_owned()),
            None => problem,
        });
        None
    }

    /// Tells that the value of `node` means nothing.
    pub fn wrong_value<T>(&self, node: &Node, message: &str, help: Option<&str>) -> Option<T> {
        let mut problem = Problem::new(node.span, message);
        if let NodeKind::Text(text) = &node.kind
            && text.is_from_environment()
        {
            // The value itself may be secret.
            problem = problem.label("so says the environment");
        }
        self.problem(match help {
            Some(help) => problem.help(help.to_owned()),
            None => problem,
        });
        None
    }
}

/// A table whose values are being read.
pub struct Fields<'r, 'n> {
    /// Reader of the table.
    pub reader: &'r Reader,
    /// Its keys and values.
    pub table: &'n tree::Table,
    /// Span of the table.
    pub span: Span,
}

impl Fields<'_, '_> {
    /// The one of `keys` that is there, and where the key stands. More than one is a mistake, which
    /// is told where `rule` says why.
    pub fn only(&self, keys: &[&'static str], rule: Option<&str>) -> Field<&'static str> {
        let mut given = self.table.entries.iter().filter_map(|entry| {
            let key = keys.iter().find(|key| **key == entry.key)?;
            Some((*key, entry.span))
        });
        match (given.next(), given.next()) {
            (None, _) => Field::Absent,
            (Some((value, span)), None) => Field::Given(Spanned { value, span }),
            (Some((first, first_span)), Some((second, span))) => {
                if let Some(rule) = rule {
                    let message = format!("both `{first}` and `{second}`: {rule}");
                    let problem = Problem::new(span, message).label("the second");
                    self.reader.problem(problem.other(first_span, "the first"));
                }
                Field::Bad(span)
            }
        }
    }
}
