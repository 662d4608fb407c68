//! Variables of values that are loaded: one for each column that is kept.

use super::{context::Context, rows};
use crate::written::{cut, redact_query};
use loadgen_data::{Generator, template::holes::is_name};
use loadgen_scenario::{
    Problem, Text,
    raw::{self, Field},
};
use serde_json::{Value as Json, json};

/// The names of the variables for these columns.
pub(super) fn names(name: &str, columns: &[Text]) -> Vec<String> {
    let columns = columns.iter();
    columns
        .map(|column| format!("{name}.{}", column.value()))
        .collect()
}

/// The variables, without their values, and how they were written.
pub(super) fn variables(
    context: &Context<'_>,
    name: &str,
    loaded: &raw::Loaded,
) -> Option<Vec<(String, Generator, Json)>> {
    let columns = match &loaded.columns {
        Field::Absent => None,
        Field::Bad(_) => return None,
        Field::Given(given) if given.value.is_empty() => {
            let problem = Problem::new(given.span, "no column is kept");
            context.tell(problem.help("leave `columns` out where the values have none"));
            return None;
        }
        Field::Given(given) => Some(&given.value),
    };
    let mut right = true;
    for (index, column) in columns.into_iter().flatten().enumerate() {
        let own = column.value();
        let before = columns.into_iter().flatten().take(index);
        if !is_name(&format!("x{own}")) {
            let problem = Problem::new(column.span(), "not a name that a hole can have");
            context.tell(problem.help("give the column another one: SELECT ... AS name"));
            right = false;
        } else if before.into_iter().any(|before| before.value() == own) {
            context.tell(Problem::new(column.span(), "the same column once more"));
            right = false;
        }
    }
    let take = rows::take(&loaded.order)?;
    if let Err(refusal) = take.order(0, 1, Some(&[loadgen_data::Value::Int(1)])) {
        let span = loaded.order.span().unwrap_or_default();
        context.tell(Problem::new(span, refusal.message));
        right = false;
    }
    let mut written = json!({"from": asked(&loaded.request)?, "order": take.to_string()});
    if let Field::Given(path) = &loaded.json {
        written["at"] = path.value.written().into();
    }
    let written = json!({ "loaded": written });
    let names = match columns {
        None => vec![name.to_owned()],
        Some(columns) => names(name, columns),
    };
    let variables = names.into_iter();
    let variables = variables.map(|name| (name, Generator::loaded(&take), written.clone()));
    right.then(|| variables.collect())
}

/// Returns the request or statement, as it may be shown.
pub(super) fn asked(request: &raw::Step) -> Option<String> {
    let (method, text) = request.request.value()?;
    Some(match *method {
        "sql" => cut(text.written()),
        _ => format!("GET {}", redact_query(text.written())),
    })
}
