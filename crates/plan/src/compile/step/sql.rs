//! `sql` and `sql_file`: a step that is one statement.

use super::{
    super::{
        context::Context,
        extract,
        template::{Refused, Style, VariableNames, only_hole, parts, traced},
    },
    Made, Shared, shortened,
};
use crate::{
    sql::{
        Action, Backend, Expect, Extract, Param, Rows, SqlStep, Statement, Text, WrittenStatement,
    },
    written::{self, MOST_CHECKS, cut},
};
use loadgen_core::human;
use loadgen_data::{Template, Value, template::Part, unhex};
use loadgen_scenario::{
    Problem, Span,
    raw::{self, Field, Spanned},
    tree::{Node, NodeKind},
};
use std::{collections::BTreeSet, num::NonZeroU32};

/// Most tries of a statement or a transaction.
pub(in super::super) const MOST_TRIES: u64 = 1_000_000;

pub(super) fn compile(
    context: &Context<'_>,
    shared: &Shared<'_>,
    names: &VariableNames<'_>,
    step: &raw::Step,
) -> Option<Made<SqlStep>> {
    let database = shared.databases.of(context, &step.database, step.span);
    let given = step.request.given()?;
    let found = find(context, given);
    let backend = database.map_or(Backend::Postgres, |(_, database)| database.backend);
    let statement = found.and_then(|found| parse(context, found, backend));
    let params = params(context, names, &step.params);
    if let (Some((text, _)), Some(params)) = (&statement, &params)
        && text.parameters() != params.len()
    {
        wrong_count(context, text.parameters(), params.len(), step, given.span);
        return None;
    }
    let expect = expect(context, names, &step.expect);
    let extract = columns(context, names, &step.extract);
    let timeout = match (&step.timeout, database) {
        (Field::Absent, database) => database.map(|(_, database)| database.statement_timeout),
        (field, database) => context.some_time(field, "a timeout").filter(|timeout| {
            let most = database.map(|(_, database)| database.statement_timeout);
            let exceeded = most.filter(|most| timeout > most);
            if let (Some(most), Some(span)) = (exceeded, field.span()) {
                let words = format!(
                    "longer than its database's `statement_timeout`, {}",
                    human::duration(most)
                );
                let problem = Problem::new(span, words);
                context.tell(problem.help("no statement takes longer; give both the longer time"));
            }
            exceeded.is_none()
        }),
    };
    let max_tries = match &step.max_tries {
        Field::Absent => Some(1),
        field => context.whole(field, 1, MOST_TRIES, "tries in all"),
    };

    let (text, traced) = statement?;
    let params = params?;
    let (expect, checks) = expect?;
    let (extract, extracted) = extract?;
    let (database, _) = database?;
    let (kind, own) = &given.value;
    let (name, shown) = match *kind {
        "sql_file" => (own.written().to_owned(), cut(text.source())),
        _ => (shortened(own.written()), cut(own.written())),
    };
    let written = WrittenStatement {
        text: shown,
        params: params.iter().map(|param| param.shown.clone()).collect(),
        span: own.span(),
        source: traced.source,
        offsets: traced.offsets,
        param_spans: params.iter().map(|param| param.span).collect(),
        value_spans: checks.iter().filter_map(|(_, span)| *span).collect(),
        extract_spans: extracted.iter().map(|(.., span)| *span).collect(),
    };
    let params: Vec<Param> = params.into_iter().map(|param| param.param).collect();
    let uses = uses(&params, &expect);
    Some(Made {
        name,
        uses,
        plan: SqlStep {
            database,
            action: Action::Statement(Statement {
                text,
                params,
                expect,
                extract,
                max_tries: NonZeroU32::new(u32::try_from(max_tries?).ok()?)?,
            }),
            timeout: timeout?,
            written,
        },
        written: written::Step {
            checks: checks.into_iter().map(|(name, _)| name).collect(),
            extract: extracted
                .into_iter()
                .map(|(name, column, _)| (name, format!("the column {column}")))
                .collect(),
        },
    })
}

/// A statement beside the load, and its values; None when there is a problem with it.
pub(in super::super) fn statement(
    context: &Context<'_>,
    names: &VariableNames<'_>,
    step: &raw::Step,
    backend: Backend,
) -> Option<(Text, Vec<Param>)> {
    let params = params(context, names, &step.params);
    let given = step.request.given()?;
    let (text, _) = parse(context, find(context, given)?, backend)?;
    let params = params?;
    if text.parameters() != params.len() {
        wrong_count(context, text.parameters(), params.len(), step, given.span);
        return None;
    }
    Some((text, params.into_iter().map(|given| given.param).collect()))
}

/// A statement's text, and where its bytes stand.
struct Traced {
    sql: String,
    source: usize,
    offsets: Vec<usize>,
    /// Span of the whole text.
    span: Span,
}

fn find(
    context: &Context<'_>,
    given: &Spanned<(raw::Method, loadgen_scenario::Text)>,
) -> Option<Traced> {
    let (kind, text) = &given.value;
    let span = text.span();
    if *kind == "sql" {
        let refused = Refused {
            message: "a variable inside of a statement",
            help: "write $1, $2... in the statement, and the variables into `params`",
        };
        let (sql, offsets) = traced(context, text, &refused)?;
        return Some(Traced {
            sql,
            source: span.source,
            offsets,
            span,
        });
    }
    let file = text.value();
    let bytes = match context.files.get(&file) {
        Some(Ok(bytes)) => bytes,
        Some(Err(error)) => {
            let problem = Problem::new(span, format!("the file cannot be read: {error}"));
            context.tell(problem.help("a path starts from the scenario's folder"));
            return None;
        }
        None => return None,
    };
    let (Ok(sql), Some(source)) = (std::str::from_utf8(bytes), context.statements.get(&file))
    else {
        context.tell(Problem::new(span, "the file is not text in UTF-8"));
        return None;
    };
    Some(Traced {
        sql: sql.to_owned(),
        source: *source,
        offsets: (0..=sql.len()).collect(),
        span,
    })
}

fn parse(context: &Context<'_>, traced: Traced, backend: Backend) -> Option<(Text, Traced)> {
    match Text::parse(&traced.sql, backend) {
        Ok(text) => Some((text, traced)),
        Err(error) => {
            let at = |byte: usize| traced.offsets.get(byte).copied();
            let span = match (at(error.at), at(error.at + 1)) {
                (Some(start), Some(end)) => Span::new(traced.source, start..end.max(start)),
                _ => traced.span,
            };
            context.tell(Problem::new(span, error.to_string()));
            None
        }
    }
}

fn wrong_count(context: &Context<'_>, wanted: usize, given: usize, step: &raw::Step, sql: Span) {
    let count = |count: usize| match count {
        0 => "no parameters".to_owned(),
        1 => "one parameter".to_owned(),
        _ => format!("{count} parameters"),
    };
    let (span, message) = match step.params.span() {
        Some(span) => (
            span,
            format!("{} for a statement with {}", count(given), count(wanted)),
        ),
        None => (
            sql,
            format!("a statement with {}, but no `params`", count(wanted)),
        ),
    };
    let problem = Problem::new(span, message);
    context.tell(problem.help("`params` is a list with a value for each of $1, $2..."));
}

/// A value as it is sent, as it is shown, and where it stands.
struct Given {
    param: Param,
    shown: String,
    from_environment: bool,
    span: Span,
}

fn params(
    context: &Context<'_>,
    names: &VariableNames<'_>,
    params: &Field<Vec<Node>>,
) -> Option<Vec<Given>> {
    let nodes = match params {
        Field::Absent => return Some(Vec::new()),
        Field::Bad(_) => return None,
        Field::Given(given) => &given.value,
    };
    // Not `collect` at once, here and below: that would stop at the first problem.
    let given: Vec<Option<Given>> = nodes
        .iter()
        .map(|node| param(context, names, node))
        .collect();
    given.into_iter().collect()
}

fn param(context: &Context<'_>, names: &VariableNames<'_>, node: &Node) -> Option<Given> {
    let given = |param: Param, shown: String| {
        Some(Given {
            param,
            shown,
            from_environment: matches!(&node.kind, NodeKind::Text(text) if text.is_from_environment()),
            span: node.span,
        })
    };
    let literal = |value: Value, shown: String| given(Param::Literal(value), shown);
    match &node.kind {
        NodeKind::Int(number) => literal(Value::Int(*number), number.to_string()),
        NodeKind::Float(float) if float.is_finite() => {
            literal(float.value(), float.digits.to_string())
        }
        NodeKind::Bool(value) => literal(Value::Bool(*value), value.to_string()),
        NodeKind::Datetime(text) => literal(Value::Text(text.as_str().into()), text.clone()),
        NodeKind::Text(text) => {
            let shown = format!("{:?}", text.written());
            if let Some(variable) = only_hole(names, text) {
                return given(Param::Variable(variable), text.written().to_owned());
            }
            let parts = parts(context, names, text, Style::RAW)?;
            let open = parts.iter().any(|part| matches!(part, Part::Variable(..)));
            let template = Template::new(parts);
            if open {
                return given(Param::Text(template), shown);
            }
            let mut bytes = Vec::new();
            template.render(&[], &mut bytes);
            let text = String::from_utf8_lossy(&bytes);
            literal(text_or_bytes(&text), shown)
        }
        NodeKind::Unreadable => None,
        _ => {
            let problem = Problem::new(node.span, "expected a text, a number, true or false");
            context.tell(problem);
            None
        }
    }
}

/// A text, or the bytes that it writes down as `\x` and hexadecimal digits.
fn text_or_bytes(text: &str) -> Value {
    let digits = text.strip_prefix("\\x").filter(|digits| !digits.is_empty());
    match digits.and_then(unhex) {
        Some(bytes) => Value::Bytes(bytes.into()),
        None => Value::Text(text.into()),
    }
}

/// Expectations, and the name of each check with the span of its value.
type Expected = (Expect, Vec<(String, Option<Span>)>);

fn expect(
    context: &Context<'_>,
    names: &VariableNames<'_>,
    field: &Field<raw::Expect>,
) -> Option<Expected> {
    let given = match field {
        Field::Absent => return Some(Default::default()),
        Field::Bad(_) => return None,
        Field::Given(given) => given,
    };
    let rows = match &given.value.rows {
        Field::Absent => Some(None),
        field => field.value().map(|rows| Some(self::rows(*rows))),
    };
    let values = match &given.value.values {
        Field::Absent => Some(Vec::new()),
        Field::Bad(_) => None,
        Field::Given(values) => {
            let values: Vec<Option<_>> = values
                .value
                .iter()
                .map(|(column, node)| Some((column, param(context, names, node)?)))
                .collect();
            values.into_iter().collect()
        }
    };
    let (rows, values) = (rows?, values?);
    let mut checks = Vec::new();
    checks.extend(rows.map(|rows| (format!("rows: {rows}"), None)));
    let of_value = |(column, given): &(&Spanned<String>, Given)| {
        let name = written::unless_secret(&column.value, &given.shown);
        (format!("{} = {name}", column.value), Some(column.span))
    };
    checks.extend(values.iter().map(of_value));
    if checks.len() > MOST_CHECKS {
        let message = format!("more than {MOST_CHECKS} expectations of one step");
        context.tell(Problem::new(given.span, message));
        return None;
    }
    let written = values.iter().filter(|(_, given)| given.from_environment);
    let written = written.map(|(column, given)| (column.value.clone(), given.shown.clone()));
    let written = written.collect();
    let values = values.into_iter();
    let values = values.map(|(column, given)| (column.value.clone(), given.param));
    let expect = Expect {
        rows,
        values: values.collect(),
        written,
    };
    Some((expect, checks))
}

fn rows(raw: raw::Rows) -> Rows {
    match raw {
        raw::Rows::Exactly(rows) => Rows::Exactly(rows),
        raw::Rows::AtLeast(rows) => Rows::AtLeast(rows),
        raw::Rows::AtMost(rows) => Rows::AtMost(rows),
    }
}

/// Extractions, and of each the variable, the column and its span.
type Columns = (Vec<Extract>, Vec<(String, String, Span)>);

fn columns(
    context: &Context<'_>,
    names: &VariableNames<'_>,
    field: &Field<Vec<raw::Extract>>,
) -> Option<Columns> {
    let given = match field {
        Field::Absent => return Some(Default::default()),
        Field::Bad(_) => return None,
        Field::Given(given) => &given.value,
    };
    let columns: Vec<Option<_>> = given
        .iter()
        .map(|extract| {
            extract::check(context, names, &extract.name);
            let Spanned {
                value: (source, column),
                span,
            } = extract.source.given()?;
            let problem = match source {
                raw::ExtractKind::Plain if column.value().is_empty() => "a column without a name",
                raw::ExtractKind::Plain => {
                    let name = extract.name.value.clone();
                    let variable = names.extracted(&name)?;
                    let column = column.value();
                    let shown = (name, column.clone(), *span);
                    return Some((Extract { column, variable }, shown));
                }
                _ => "a statement's response has columns",
            };
            let problem = Problem::new(*span, problem);
            context.tell(problem.help(r#"write { variable = "column" }"#));
            None
        })
        .collect();
    let columns: Vec<_> = columns.into_iter().collect::<Option<_>>()?;
    Some(columns.into_iter().unzip())
}

fn uses(params: &[Param], expect: &Expect) -> BTreeSet<usize> {
    let values = expect.values.iter().map(|(_, value)| value);
    let mut uses = BTreeSet::new();
    for param in params.iter().chain(values) {
        match param {
            Param::Literal(_) => {}
            Param::Variable(index) => {
                uses.insert(*index);
            }
            Param::Text(template) => {
                uses.extend(template.variables());
            }
        }
    }
    uses
}
