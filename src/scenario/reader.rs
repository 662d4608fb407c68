//! Takes typed values out of a tree, collecting every mistake on the way.

use super::{
    asked::{Asked, Unit},
    diag::{Place, Problem, Source, did_you_mean},
    field::{Field, Spanned},
    text::Text,
    tree::{Node, NodeKind, Table},
    units,
};
use std::{cell::RefCell, sync::Arc, time::Duration};

/// The keys that a table may have.
#[derive(Debug, PartialEq, Eq)]
pub struct Keys {
    /// What the table is, as messages call it.
    pub table: &'static str,
    /// Its keys.
    pub names: &'static [&'static str],
}

/// Collects problems while values are read.
pub struct Reader {
    sources: Arc<[Source]>,
    problems: RefCell<Vec<Problem>>,
    /// What was asked of values, by their places; None: nobody wants to know.
    pub(super) asked: Option<RefCell<Vec<(Place, Asked)>>>,
}

/// Reads one kind of value; None when it told a problem.
pub type Read<T> = fn(&Reader, &Node) -> Option<T>;

impl Reader {
    pub fn new(sources: Arc<[Source]>, problems: Vec<Problem>) -> Self {
        Self {
            sources,
            problems: RefCell::new(problems),
            asked: None,
        }
    }

    /// One that writes down what is asked of values.
    pub fn watched() -> Self {
        Self {
            asked: Some(RefCell::default()),
            ..Self::new(Arc::new([]), Vec::new())
        }
    }

    pub fn into_problems(self) -> Vec<Problem> {
        self.problems.into_inner()
    }

    pub fn problem(&self, problem: Problem) {
        self.problems.borrow_mut().push(problem);
    }

    /// The table of `node`, after its unknown keys were told.
    pub fn table<'n>(&self, node: &'n Node, keys: &'static Keys) -> Option<Fields<'_, 'n>> {
        let table = match &node.kind {
            NodeKind::Table(table) => table,
            _ => return self.wrong_type(node, &format!("a table for {}", keys.table), None),
        };
        self.note(node.place, || Asked::Table(keys));
        for entry in &table.entries {
            if !keys.names.contains(&entry.key.as_str()) {
                let message = format!("unknown key `{}` in {}", entry.key, keys.table);
                let known = || format!("its keys are {}", keys.names.join(", "));
                let help = did_you_mean(&entry.key, keys.names.iter().copied());
                let help = help.unwrap_or_else(known);
                self.problem(Problem::new(entry.place, message).help(help));
            }
        }
        Some(Fields {
            reader: self,
            table,
            keys,
        })
    }

    /// The table of `node`, whose keys are the scenario's own; `help` shows how to write one.
    pub fn any_table<'n>(&self, node: &'n Node, help: &str) -> Option<&'n Table> {
        match &node.kind {
            NodeKind::Table(table) => {
                self.note(node.place, || Asked::OpenTable);
                Some(table)
            }
            _ => self.wrong_type(node, "a table", Some(help)),
        }
    }

    /// One value read by `read`.
    pub fn field<T>(&self, node: &Node, read: Read<T>) -> Field<T> {
        self.note(node.place, || Asked::Looked);
        match read(self, node) {
            Some(value) => Field::Given(Spanned {
                value,
                place: node.place,
            }),
            None => Field::Bad(node.place),
        }
    }

    /// The items of a list, those that could not be read left out; or one item without a list.
    pub fn one_or_more<T>(&self, node: &Node, read: Read<T>) -> Option<Vec<T>> {
        match &node.kind {
            NodeKind::Array(items) => self.all(items, read),
            _ => read(self, node).map(|item| vec![item]),
        }
    }

    /// The items of a list.
    pub fn list<T>(&self, node: &Node, read: Read<T>) -> Option<Vec<T>> {
        match &node.kind {
            NodeKind::Array(items) => self.all(items, read),
            NodeKind::Table(_) => {
                let help = "write its header with two brackets: [[...]]";
                self.wrong_type(node, "a list of tables", Some(help))
            }
            _ => self.wrong_type(node, "a list", Some("write it in [ ]")),
        }
    }

    /// None unless all of them could be read.
    fn all<T>(&self, items: &[Node], read: Read<T>) -> Option<Vec<T>> {
        // Not `map` into an Option: that would stop at the first mistake.
        let one = |item: &Node| {
            self.note(item.place, || Asked::Looked);
            read(self, item)
        };
        let read: Vec<Option<T>> = items.iter().map(one).collect();
        read.into_iter().collect()
    }

    pub fn text(&self, node: &Node) -> Option<Text> {
        match &node.kind {
            NodeKind::Text(text) => Some(self.any_text(text, node)),
            // A flag's value needs no quotes, so one that looks like a number may be text.
            NodeKind::Int(_) | NodeKind::Float(_) | NodeKind::Bool(_) if node.place.source > 0 => {
                Some(self.as_written(node))
            }
            _ => self.wrong_type(node, "text", Some(r#"write it in " ""#)),
        }
    }

    /// Text, or a number or boolean as the text that it is written as.
    pub fn scalar(&self, node: &Node) -> Option<Text> {
        match &node.kind {
            NodeKind::Text(text) => Some(self.any_text(text, node)),
            NodeKind::Int(_) | NodeKind::Float(_) | NodeKind::Bool(_) => {
                Some(self.as_written(node))
            }
            _ => self.wrong_type(node, "text or a number", None),
        }
    }

    fn any_text(&self, text: &Text, node: &Node) -> Text {
        self.note(node.place, || Asked::Text);
        text.clone()
    }

    /// One of a few words; `message` says what another one is not.
    pub fn one_of<T: Clone>(&self, node: &Node, known: &[(&str, T)], message: &str) -> Option<T> {
        let names = || known.iter().map(|(name, _)| *name);
        let NodeKind::Text(text) = &node.kind else {
            return self.text(node).and(None);
        };
        self.note(node.place, || {
            Asked::OneOf(names().map(str::to_owned).collect())
        });
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
        let source = self.sources.get(node.place.source);
        let written = source
            .and_then(|source| source.text.get(node.place.start..node.place.end))
            .unwrap_or_default();
        Text::new(node.place, written.to_owned(), node.place.start)
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
            NodeKind::Float(number) => Some(*number),
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
            NodeKind::Text(text) => self.unit(node, Unit::Duration, units::duration(&text.value())),
            NodeKind::Int(number) => {
                let help =
                    format!(r#"write "{number}s" for seconds, "{number}ms" for milliseconds"#);
                self.note(node.place, || Asked::Refused);
                self.wrong_value(node, "a duration needs a unit", Some(&help))
            }
            _ => self.wrong_type(node, "a duration", Some(r#"such as "30s" or "5m""#)),
        }
    }

    pub fn pause(&self, node: &Node) -> Option<(Duration, Duration)> {
        match &node.kind {
            NodeKind::Text(text) => self.unit(node, Unit::Pause, units::pause(&text.value())),
            NodeKind::Int(number) => {
                let help =
                    format!(r#"write "{number}s" for seconds, "{number}ms" for milliseconds"#);
                self.note(node.place, || Asked::Refused);
                self.wrong_value(node, "a pause needs a unit", Some(&help))
            }
            _ => self.wrong_type(node, "a pause", Some(r#"such as "2s" or "1s..3s""#)),
        }
    }

    pub fn rate(&self, node: &Node) -> Option<f64> {
        match &node.kind {
            NodeKind::Text(text) => self.unit(node, Unit::Rate, units::rate(&text.value())),
            NodeKind::Int(number) => self.checked(node, units::checked_rate(*number as f64)),
            NodeKind::Float(number) => self.checked(node, units::checked_rate(*number)),
            _ => self.wrong_type(node, "a rate", Some(r#"such as "200/s""#)),
        }
    }

    pub fn share(&self, node: &Node) -> Option<f64> {
        match &node.kind {
            NodeKind::Text(text) => self.unit(node, Unit::Share, units::share(&text.value())),
            NodeKind::Int(number) => self.checked(node, units::checked_share(*number as f64)),
            NodeKind::Float(number) => self.checked(node, units::checked_share(*number)),
            _ => self.wrong_type(node, "a share", Some(r#"such as "10%" or 0.1"#)),
        }
    }

    pub fn size(&self, node: &Node) -> Option<u64> {
        match &node.kind {
            NodeKind::Text(text) => self.unit(node, Unit::Size, units::size(&text.value())),
            NodeKind::Int(number) if *number >= 0 => Some(number.unsigned_abs()),
            _ => self.wrong_type(node, "a size", Some(r#"such as "64KiB""#)),
        }
    }

    fn unit<T>(&self, node: &Node, unit: Unit, read: Result<T, units::Invalid>) -> Option<T> {
        self.note(node.place, || Asked::Unit(unit));
        self.checked(node, read)
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
        self.note(node.place, || Asked::Refused);
        let label = format!("this is {}", node.kind.describe());
        let problem = Problem::new(node.place, format!("expected {expected}")).label(label);
        self.problem(match help {
            Some(help) => problem.help(help.to_owned()),
            None => problem,
        });
        None
    }

    /// Tells that the value of `node` means nothing.
    pub fn wrong_value<T>(&self, node: &Node, message: &str, help: Option<&str>) -> Option<T> {
        let mut problem = Problem::new(node.place, message);
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
    pub reader: &'r Reader,
    pub table: &'n Table,
    keys: &'static Keys,
}

impl<'n> Fields<'_, 'n> {
    /// The value of `key` as it stands.
    pub fn node(&self, key: &str) -> Option<&'n Node> {
        debug_assert!(self.keys.names.contains(&key), "{key} is not declared");
        self.table.get(key)
    }

    /// The value of `key`, read by `read`.
    pub fn field<T>(&self, key: &str, read: Read<T>) -> Field<T> {
        match self.node(key) {
            Some(node) => self.reader.field(node, read),
            None => Field::Absent,
        }
    }
}
