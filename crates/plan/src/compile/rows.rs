//! Values that are there before the run: files of them, and lists.

use super::{
    context::Context,
    csv_table::{Table, parse},
};
use loadgen_data::{
    Generator, Refusal, Value,
    generator::{Order, Take},
    rng::{self, Purpose},
};
use loadgen_scenario::{
    Problem, Span, Text,
    diag::did_you_mean,
    raw::{self, Field},
    tree::{Node, NodeKind},
};
use serde_json::{Value as Json, json};
use std::sync::Arc;

impl Context<'_> {
    /// The table in `file`, read once however often it is named; None when there is a problem with
    /// it, which is told once.
    pub fn table(&self, file: &Text) -> Option<Arc<Table>> {
        let name = file.value();
        if let Some(known) = self.tables.borrow().get(&name) {
            return known.clone();
        }
        let read = match self.files.get(&name) {
            Some(Ok(bytes)) => parse(bytes),
            Some(Err(error)) => Err(error.clone()),
            None => Err("it was not read".to_owned()),
        };
        let table = match read {
            Ok(table) => Some(Arc::new(table)),
            Err(words) => {
                let message = format!("{} cannot be used: {words}", file.written());
                self.tell(Problem::new(file.span(), message));
                None
            }
        };
        self.tables.borrow_mut().insert(name, table.clone());
        table
    }
}

/// Returns the values of a list; None when one of them cannot be drawn.
pub(super) fn list(context: &Context<'_>, values: &[Node]) -> Option<Arc<[Value]>> {
    let read: Vec<Option<Value>> = values.iter().map(|node| value(context, node)).collect();
    read.into_iter().collect()
}

/// A text, a number or a boolean.
pub(super) fn value(context: &Context<'_>, node: &Node) -> Option<Value> {
    match &node.kind {
        NodeKind::Int(number) => Some(Value::Int(*number)),
        NodeKind::Float(float) if float.is_finite() => Some(float.value()),
        NodeKind::Bool(value) => Some(Value::Bool(*value)),
        NodeKind::Text(text) => Some(Value::Text(super::template::fixed(context, text)?.into())),
        NodeKind::Unreadable => None,
        _ => {
            let problem = Problem::new(node.span, "expected a text, a number, true or false");
            context.tell(problem);
            None
        }
    }
}

/// Key of a shuffle: the seed, and whose rows they are.
pub(super) fn key(context: &Context<'_>, owner: &[usize]) -> u64 {
    let owner: Vec<u64> = owner.iter().map(|number| *number as u64).collect();
    rng::hash(&[context.seed.get(), Purpose::Rows as u64, rng::hash(&owner)])
}

/// Returns the order in which rows are taken.
pub(super) fn take(order: &Field<raw::Order>) -> Option<Take> {
    Some(match order {
        Field::Absent => Take::Sequential,
        Field::Bad(_) => return None,
        Field::Given(given) => match &given.value {
            raw::Order::Sequential => Take::Sequential,
            raw::Order::Shuffled => Take::Shuffled,
            raw::Order::Random => Take::Random,
            raw::Order::Unique => Take::Unique,
            raw::Order::Zipf(exponent) => Take::Zipf(*exponent),
            raw::Order::Weighted(column) => Take::Weighted(column.value()),
        },
    })
}

/// The order of so many rows, with the column of weights if it asks for one.
fn order(
    context: &Context<'_>,
    order: &Field<raw::Order>,
    key: u64,
    count: usize,
    weights: Option<&[Value]>,
) -> Option<(Order, String)> {
    let take = take(order)?;
    match take.order(key, count, weights) {
        Ok(order) => Some((order, take.to_string())),
        Err(refusal) => {
            let span = order.span().unwrap_or_default();
            context.tell(Problem::new(span, refusal.message));
            None
        }
    }
}

/// The column of a file that has the weights of its rows; Some(None) when none is asked for.
fn weights<'t>(
    context: &Context<'_>,
    table: &'t Table,
    order: &Field<raw::Order>,
) -> Option<Option<&'t [Value]>> {
    let Some(raw::Order::Weighted(column)) = order.value() else {
        return Some(None);
    };
    let wanted = column.value();
    let names = || table.columns.iter().map(|(name, _)| name.as_str());
    let found = names().position(|name| name == wanted);
    if found.is_none() {
        let problem = Problem::new(column.span(), "the file has no column of this name");
        let all = || format!("its columns are {}", names().collect::<Vec<_>>().join(", "));
        let help = did_you_mean(&wanted, names()).unwrap_or_else(all);
        context.tell(problem.help(help));
    }
    let (_, values) = table.columns.get(found?)?;
    Some(Some(values))
}

/// A variable for each column of a file.
pub(super) fn csv(
    context: &Context<'_>,
    key: u64,
    name: &str,
    file: &Text,
    order: &Field<raw::Order>,
) -> Option<Vec<(String, Generator, Json)>> {
    let table = context.table(file)?;
    let rows = table.columns.first().map_or(0, |(_, values)| values.len());
    let weights = weights(context, &table, order)?;
    let (order, shown) = self::order(context, order, key, rows, weights)?;
    let written = json!({"csv": {"file": file.written(), "order": shown, "rows": rows}});
    let columns = table.variables(name).map(|(name, values)| {
        let generator = Generator::rows(Arc::clone(values), order.clone()).ok()?;
        Some((name, generator, written.clone()))
    });
    let columns: Vec<_> = columns.collect::<Option<_>>()?;
    if columns.is_empty() {
        let problem = Problem::new(file.span(), "no column has a name that a hole can have");
        context.tell(problem.help("its first line names the columns, such as `id,name`"));
        return None;
    }
    Some(columns)
}

/// A generator that takes a list's values.
pub(super) fn of_list(
    context: &Context<'_>,
    key: u64,
    values: &[Node],
    order: &Field<raw::Order>,
    span: Span,
) -> Option<(Generator, Json)> {
    let values = list(context, values)?;
    if let Some(raw::Order::Weighted(column)) = order.value() {
        let problem = Problem::new(column.span(), "a list has no column of weights");
        let help = r#"write weighted = { "text" = weight } in place of the list"#;
        context.tell(problem.help(help));
        return None;
    }
    if values.is_empty() {
        context.tell(Problem::new(span, "there is no value to take"));
        return None;
    }
    let (order, shown) = self::order(context, order, key, values.len(), None)?;
    let written = json!({"list": {"order": shown, "values": values.len()}});
    match Generator::rows(values, order) {
        Ok(generator) => Some((generator, written)),
        Err(Refusal { message, .. }) => {
            context.tell(Problem::new(span, message));
            None
        }
    }
}
