//! Reading by forms: tables, their keys, and the values behind them.

use super::{Form, Key, Table, keys};
use crate::{
    diag::{Problem, did_you_mean},
    field::{Field, Spanned},
    reader::{Fields, Reader},
    tree::{Node, NodeKind},
};

impl Reader {
    /// The table of `node`.
    pub fn table<T: Table>(&self, node: &Node) -> Option<T> {
        let fields = self.fields(node, T::TITLE, &keys::<T>())?;
        Some(T::of(&fields))
    }

    /// The table of `node`, which messages call `title`, after its unknown keys were told.
    pub fn fields<'n>(&self, node: &'n Node, title: &str, keys: &[Key]) -> Option<Fields<'_, 'n>> {
        let table = match &node.kind {
            NodeKind::Table(table) => table,
            _ => return self.wrong_type(node, &format!("a table for {title}"), None),
        };
        let names = || keys.iter().map(|key| key.name);
        for entry in &table.entries {
            if !names().any(|name| name == entry.key) {
                let message = format!("unknown key `{}` in {title}", entry.key);
                let known = || format!("its keys are {}", names().collect::<Vec<_>>().join(", "));
                let help = did_you_mean(&entry.key, names());
                let help = help.unwrap_or_else(known);
                self.problem(Problem::new(entry.span, message).help(help));
            }
        }
        Some(Fields {
            reader: self,
            table,
            span: node.span,
        })
    }

    /// One value of form `F`.
    pub fn field<F: Form>(&self, node: &Node) -> Field<F::Value> {
        let span = node.span;
        match F::read(self, node) {
            Some(value) => Field::Given(Spanned { value, span }),
            None => Field::Bad(span),
        }
    }
}

impl Fields<'_, '_> {
    /// The value of `key`, of form `F`.
    pub fn read<F: Form>(&self, key: &str) -> Field<F::Value> {
        match self.table.get(key) {
            Some(node) => self.reader.field::<F>(node),
            None => Field::Absent,
        }
    }
}
