//! Values that are asked for before anything else: what the load draws from then on.

use super::{Caller, Databases};
use loadgen_core::{human, time::Clock};
use loadgen_data::{
    Value,
    generator::Rows,
    json::{Kind, Parsed},
};
use loadgen_driver::{ErrorClass, http, sql::Row};
use loadgen_plan::{Plan, RunData, background::Loaded, sql::Secret, verify::Question};
use std::sync::Arc;
use url::Url;

/// Why there are no values.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// Nobody answered.
    #[error("{0}")]
    Unreachable(String),
    /// The response is of no use.
    #[error("{0}")]
    Useless(String),
}

/// Values by column, and the weights of the rows if they were asked for.
struct Columns {
    values: Vec<Vec<Value>>,
    weights: Option<Vec<Value>>,
}

/// Asks for all rows that a plan draws from answers; `urls` and `own` are as of [`Caller::new`] and
/// [`Databases::new`]. What there was is told in words, one by one.
///
/// # Errors
/// When there is something that cannot be had.
pub async fn load(
    plan: &Arc<Plan>,
    urls: &[Vec<Url>],
    own: &Arc<[Option<Secret>]>,
    mut tell: impl FnMut(&str),
) -> Result<RunData, LoadError> {
    let mut data = RunData::of(plan);
    if plan.background.loaded.is_empty() {
        return Ok(data);
    }
    let useless = |error: http::SetupError| LoadError::Useless(error.to_string());
    let caller = Caller::new(plan, urls, Clock::start()).map_err(useless)?;
    let mut databases = Databases::new(plan, own);
    for loaded in &plan.background.loaded {
        let said = |words: String| {
            let Loaded { name, written, .. } = loaded;
            format!("`{name}` cannot be loaded: {written}: {words}")
        };
        let asked = ask(loaded, &caller, &mut databases).await;
        let columns = asked.map_err(|error| match error {
            LoadError::Unreachable(words) => LoadError::Unreachable(said(words)),
            LoadError::Useless(words) => LoadError::Useless(said(words)),
        })?;
        let rows = columns.values.first().map_or(0, Vec::len);
        fill(&mut data, loaded, columns).map_err(|words| LoadError::Useless(said(words)))?;
        let rows = human::plural(rows as u64, "row");
        tell(&format!("{rows} of `{}` loaded", loaded.name));
    }
    Ok(data)
}

async fn ask(
    loaded: &Loaded,
    caller: &Caller,
    databases: &mut Databases,
) -> Result<Columns, LoadError> {
    let useless = LoadError::Useless;
    match &loaded.question {
        Question::Http(call) => {
            let answer = caller.ask(&mut caller.line(*call)).await;
            let answer = answer.map_err(|failure| {
                let words = failure.detail.to_string();
                match failure.class {
                    ErrorClass::Refused
                    | ErrorClass::Reset
                    | ErrorClass::Dns
                    | ErrorClass::Tls
                    | ErrorClass::Timeout => LoadError::Unreachable(words),
                    _ => LoadError::Useless(words),
                }
            })?;
            let mut page = Vec::new();
            if let Some(value) = answer.first() {
                value.write_text(&mut page);
            }
            of_page(loaded, &page).map_err(useless)
        }
        Question::Sql(query) => {
            let reached = databases.reach(query.database).await;
            reached.map_err(LoadError::Unreachable)?;
            let rows = databases.rows(query).await.map_err(useless)?;
            of_rows(loaded, rows).map_err(useless)
        }
    }
}

/// The values in a page.
fn of_page(loaded: &Loaded, page: &[u8]) -> Result<Columns, String> {
    let read = Parsed::read(page).ok_or_else(|| {
        let start = String::from_utf8_lossy(&page[..page.len().min(80)]);
        format!("the response is not JSON: `{}`", start.escape_debug())
    })?;
    let found = loaded.path.all(read.root(page));
    let found = found.map_err(|exhausted| format!("{}: {exhausted}", loaded.path))?;
    if found.is_empty() {
        return Err(format!("there is nothing at {}", loaded.path));
    }
    let column = |name: &str| {
        let rows = found.iter().zip(1u64..);
        let values = rows.map(|(row, number)| {
            let value = row.get(name).and_then(Value::of_json);
            value.ok_or_else(|| missing(number, name))
        });
        values.collect::<Result<Vec<Value>, String>>()
    };
    let weights = loaded.take.weights().map(column).transpose()?;
    if !loaded.columns.is_empty() {
        let values = loaded.columns.iter().map(|name| column(name));
        return Ok(Columns {
            values: values.collect::<Result<_, _>>()?,
            weights,
        });
    }
    let rows = found.iter().zip(1u64..);
    let values = rows.map(|(row, number)| match row.kind() {
        Kind::Object => Err(format!(
            "value {number} is an object: name those of its keys that are needed in `columns`"
        )),
        _ => Value::of_json(*row).ok_or_else(|| format!("value {number} is null")),
    });
    Ok(Columns {
        values: vec![values.collect::<Result<_, _>>()?],
        weights,
    })
}

/// The values of a statement's rows.
fn of_rows(loaded: &Loaded, rows: Vec<Row>) -> Result<Columns, String> {
    let Some(first) = rows.first() else {
        return Err("there are no rows".to_owned());
    };
    let names: Vec<String> = first.iter().map(|(name, _)| name.clone()).collect();
    let column = |wanted: &str| {
        let index = names.iter().position(|name| name == wanted);
        let index = index.ok_or_else(|| {
            let names = names.join(", ");
            format!("there is no column `{wanted}`, only {names}")
        })?;
        let rows = rows.iter().zip(1u64..);
        let values = rows.map(|(row, number)| match row.get(index) {
            Some((_, value)) if *value != Value::Unset => Ok(value.clone()),
            _ => Err(missing(number, wanted)),
        });
        values.collect::<Result<Vec<Value>, String>>()
    };
    let weights = loaded.take.weights().map(column).transpose()?;
    let wanted = match (loaded.columns.as_slice(), names.as_slice()) {
        ([], [only]) => std::slice::from_ref(only),
        ([], several) => {
            let names = several.join(", ");
            return Err(format!(
                "its columns are {names}: name those that are needed in `columns`"
            ));
        }
        (wanted, _) => wanted,
    };
    let values = wanted.iter().map(|name| column(name));
    Ok(Columns {
        values: values.collect::<Result<_, _>>()?,
        weights,
    })
}

fn missing(row: u64, column: &str) -> String {
    format!("row {row} has no `{column}`")
}

/// Brings the values to all who draw them.
fn fill(data: &mut RunData, loaded: &Loaded, columns: Columns) -> Result<(), String> {
    let rows = columns.values.first().map_or(0, Vec::len);
    let weights = columns.weights.as_deref();
    let order = loaded.take.order(loaded.key, rows, weights);
    let order = order.map_err(|refusal| refusal.message.into_owned())?;
    for (column, values) in columns.values.into_iter().enumerate() {
        let rows = Rows::new(values.into(), order.clone());
        let rows = rows.map_err(|refusal| refusal.message.into_owned())?;
        for (population, first) in &loaded.fills {
            data.load(*population, first + column, rows.clone());
        }
    }
    Ok(())
}
