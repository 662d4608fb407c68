//! Tables of CSV files, by columns.

use loadgen_data::{Value, template::holes::is_name};
use std::sync::Arc;

/// A file's columns, each with its name and its values.
#[derive(Debug)]
pub(super) struct Table {
    pub columns: Vec<(String, Arc<[Value]>)>,
}

impl Table {
    /// The name of the variable for each column, when the file's variable is called `name`: with
    /// several columns the column's name comes after a point. Columns whose names cannot stand in
    /// a hole have none.
    pub fn variables<'a>(
        &'a self,
        name: &'a str,
    ) -> impl Iterator<Item = (String, &'a Arc<[Value]>)> {
        let alone = self.columns.len() == 1;
        let named = self
            .columns
            .iter()
            .filter(move |(column, _)| alone || is_name(&format!("x{column}")));
        named.map(move |(column, values)| match alone {
            true => (name.to_owned(), values),
            false => (format!("{name}.{column}"), values),
        })
    }
}

pub(super) fn parse(bytes: &[u8]) -> Result<Table, String> {
    if bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff") {
        let words = "it is UTF-16, not UTF-8: save it as \"CSV UTF-8\", or convert it \
                     (iconv -f UTF-16 -t UTF-8)";
        return Err(words.to_owned());
    }
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let mut reader = csv::ReaderBuilder::new()
        .trim(csv::Trim::Headers)
        .from_reader(bytes);
    let headers = reader.headers().map_err(|error| error.to_string())?;
    let names: Vec<String> = headers.iter().map(str::to_owned).collect();
    check_names(&names)?;
    let mut texts: Vec<Vec<Arc<str>>> = vec![Vec::new(); names.len()];
    for record in reader.records() {
        let record = record.map_err(|error| error.to_string())?;
        for (column, text) in texts.iter_mut().zip(&record) {
            column.push(text.into());
        }
    }
    if texts.first().is_none_or(Vec::is_empty) {
        return Err("it has no rows below its line of names".to_owned());
    }
    let columns = texts.into_iter().map(typed);
    Ok(Table {
        columns: names.into_iter().zip(columns).collect(),
    })
}

/// Refuses names that leave it open which column is meant.
fn check_names(names: &[String]) -> Result<(), String> {
    for (index, name) in names.iter().enumerate() {
        let column = index + 1;
        if name.is_empty() {
            return Err(format!(
                "column {column} of line 1 has no name: name it there, or take the column out"
            ));
        }
        if let Some(first) = names[..index].iter().position(|before| before == name) {
            let first = first + 1;
            return Err(format!(
                "two columns of line 1 have the name `{name}`, {first} and {column}: rename one"
            ));
        }
    }
    Ok(())
}

/// Numbers when all of a column are, and are written as numbers are (`007` stays a text); likewise
/// `true` and `false`.
fn typed(texts: Vec<Arc<str>>) -> Arc<[Value]> {
    let boolean = |text: &Arc<str>| text.parse().ok().map(Value::Bool);
    let numbers: Option<Arc<[Value]>> = texts.iter().map(|text| Value::of_decimal(text)).collect();
    let typed = numbers.or_else(|| texts.iter().map(boolean).collect());
    typed.unwrap_or_else(|| texts.into_iter().map(Value::Text).collect())
}
