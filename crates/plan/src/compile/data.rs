//! `[data]`: variables and their generators.

use super::{
    columns,
    context::{Context, optional, or_default},
    names, rows,
    template::VariableNames,
};
use crate::{Scope, Variable, written::unless_secret};
use loadgen_data::{Generator, Refusal, generator::refusal::of_weight};
use loadgen_scenario::{
    Problem, Span,
    form::Words,
    raw::{self, Field, Number},
    tree::NodeKind,
};
use serde_json::{Value as Json, json};
use std::sync::Arc;

/// Characters of random strings, unless the scenario says otherwise.
const LETTERS: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/// A population's variables, with how each generator was written.
pub(super) struct Variables {
    pub variables: Vec<Variable>,
    pub generators: Vec<Json>,
}

/// `open`: the load's place when it has no users.
pub(super) fn compile(
    context: &Context<'_>,
    data: &Field<Vec<raw::Variable>>,
    open: Option<Span>,
) -> Option<Variables> {
    let given = match data {
        Field::Absent => &[],
        Field::Bad(_) => return None,
        Field::Given(given) => given.value.as_slice(),
    };
    let compiled: Vec<_> = given
        .iter()
        .map(|variable| {
            names::check_variable(context, &variable.name);
            let scope = scope(context, variable, open);
            let source = context.source(variable);
            let drawn = drawn(context, variable, source);
            Some((scope?, source, drawn?))
        })
        .collect();
    let compiled: Vec<_> = compiled.into_iter().collect::<Option<_>>()?;
    let each = compiled.into_iter().flat_map(|(scope, source, drawn)| {
        drawn.into_iter().map(move |(name, generator, written)| {
            let variable = Variable {
                name,
                scope,
                source,
                generator,
            };
            (variable, written)
        })
    });
    let (variables, generators) = each.unzip();
    Some(Variables {
        variables,
        generators,
    })
}

/// Generators of a variable of `[data]`: one, or one for each column of a file.
fn drawn(
    context: &Context<'_>,
    variable: &raw::Variable,
    source: usize,
) -> Option<Vec<(String, Generator, Json)>> {
    let given = variable.generator.given()?;
    let name = variable.name.value.as_str();
    let (generator, written) = match &given.value {
        raw::Generator::Csv { file, order } => {
            not_unique_by_step(context, variable, order);
            let key = rows::key(context, &[source]);
            return rows::csv(context, key, name, file, order);
        }
        raw::Generator::List { values, order } => {
            not_unique_by_step(context, variable, order);
            let key = rows::key(context, &[source]);
            rows::of_list(context, key, values, order, given.span)?
        }
        raw::Generator::Loaded(loaded) => {
            not_unique_by_step(context, variable, &loaded.order);
            return columns::variables(context, name, loaded);
        }
        raw::Generator::Constant(node) => {
            let value = rows::value(context, node)?;
            let shown = match &node.kind {
                NodeKind::Text(text) => json!(unless_secret(name, text.written())),
                NodeKind::Int(number) => json!(number),
                NodeKind::Float(float) => json!(float.number),
                NodeKind::Bool(value) => json!(value),
                _ => Json::Null,
            };
            let written = json!({"constant": {"value": shown}});
            (Generator::constant(value), written)
        }
        _ => generator(context, given)?,
    };
    Some(vec![(name.to_owned(), generator, written)])
}

/// Between the steps of a run there is no telling that the rows are used up.
fn not_unique_by_step(context: &Context<'_>, variable: &raw::Variable, order: &Field<raw::Order>) {
    if let (Some(raw::Order::Unique), Some(Scope::Step), Some(span)) =
        (order.value(), variable.scope.value(), variable.scope.span())
    {
        let problem = Problem::new(span, "unique rows are taken by task runs, not by steps");
        context.tell(problem.help(r#"leave `scope` out, or write order = "shuffled""#));
    }
}

/// The names that templates may use, whether or not their generators are right.
pub(super) fn names<'a>(
    context: &Context<'_>,
    data: &'a Field<Vec<raw::Variable>>,
    population: &'a raw::Population,
) -> VariableNames<'a> {
    let variables = match data {
        Field::Absent => Some(&[][..]),
        Field::Bad(_) => None,
        Field::Given(given) => Some(given.value.as_slice()),
    };
    let steps = population.all_steps().into_iter();
    let mut extracted = Vec::new();
    for extract in steps.flat_map(|step| step.extract.value()).flatten() {
        let name = extract.name.value.as_str();
        if !extracted.contains(&name) {
            extracted.push(name);
        }
    }
    let mut drawn = Vec::new();
    for variable in variables.unwrap_or_default() {
        let name = variable.name.value.as_str();
        match variable.generator.value() {
            // Without the file any column may be right.
            Some(raw::Generator::Csv { file, .. }) => match context.table(file) {
                Some(table) => drawn.extend(table.variables(name).map(|(name, _)| name)),
                None => drawn.push(format!("{name}.")),
            },
            Some(raw::Generator::Loaded(own)) => match &own.columns {
                Field::Absent => drawn.push(name.to_owned()),
                Field::Bad(_) => drawn.push(format!("{name}.")),
                Field::Given(columns) => drawn.extend(columns::names(name, &columns.value)),
            },
            _ => drawn.push(name.to_owned()),
        }
    }
    VariableNames::new(variables, drawn, extracted)
}

fn scope(context: &Context<'_>, variable: &raw::Variable, open: Option<Span>) -> Option<Scope> {
    let scope = or_default(&variable.scope, Scope::Task)?;
    if let Some(raw::Generator::Constant(_)) = variable.generator.value() {
        return Some(Scope::Run);
    }
    if let (Scope::User, Some(open), Some(span)) = (scope, open, variable.scope.span()) {
        let problem = Problem::new(span, "an open load has no users to keep a value for");
        let problem = problem.other(open, "arrivals at a rate are strangers to each other");
        context
            .tell(problem.help(r#"write scope = "task" or "run", or drive the load by `users`"#));
        return None;
    }
    Some(scope)
}

fn generator(
    context: &Context<'_>,
    given: &raw::Spanned<raw::Generator>,
) -> Option<(Generator, Json)> {
    let (made, written, spans) = match &given.value {
        raw::Generator::Uniform(raw::Uniform { from, to }) => {
            let (a, b) = (*from.value()?, *to.value()?);
            let made = match (a, b) {
                (Number::Int(a), Number::Int(b)) => Generator::uniform_int(a, b),
                (a, b) => Generator::uniform_float(a.as_f64(), b.as_f64()),
            };
            let written = json!({"uniform": {"from": number(a), "to": number(b)}});
            (
                made,
                written,
                vec![("from", from.span()), ("to", to.span())],
            )
        }
        raw::Generator::Normal(raw::Normal {
            mean,
            stddev,
            min,
            max,
        }) => {
            let (m, s) = (*mean.value()?, *stddev.value()?);
            let (least, most) = (optional(min)?, optional(max)?);
            let mut written = json!({"mean": m, "stddev": s});
            for (key, bound) in [("min", least), ("max", most)] {
                if let Some(bound) = bound {
                    written[key] = bound.into();
                }
            }
            let spans = vec![
                ("mean", mean.span()),
                ("stddev", stddev.span()),
                ("min", min.span()),
                ("max", max.span()),
            ];
            let made = Generator::normal(m, s, least, most);
            (made, json!({ "normal": written }), spans)
        }
        raw::Generator::Zipf(raw::Zipf { from, to, exponent }) => {
            let (a, b, e) = (*from.value()?, *to.value()?, *exponent.value()?);
            let spans = vec![
                ("from", from.span()),
                ("to", to.span()),
                ("exponent", exponent.span()),
            ];
            let written = json!({"zipf": {"from": a, "to": b, "exponent": e}});
            (Generator::zipf(a, b, e), written, spans)
        }
        raw::Generator::Uuid(_) => return Some((Generator::uuid(), json!({"uuid": {}}))),
        raw::Generator::Timestamp(clock) => {
            let written = json!({"timestamp": {"as": clock.word()}});
            return Some((Generator::timestamp(*clock), written));
        }
        raw::Generator::Fake(fake) => {
            let written = json!({"fake": {"of": fake.word()}});
            return Some((Generator::fake(*fake), written));
        }
        raw::Generator::Text(raw::Letters { length, alphabet }) => {
            let (least, most) = or_default(length, (16, 16))?;
            let characters = match alphabet {
                Field::Absent => LETTERS.to_owned(),
                Field::Bad(_) => return None,
                Field::Given(text) => text.value.value(),
            };
            let bound = |length| usize::try_from(length).unwrap_or(usize::MAX);
            let made = Generator::text(&characters, bound(least), bound(most));
            let shown = if least == most {
                json!(least)
            } else {
                json!(format!("{least}..{most}"))
            };
            let spans = vec![("length", length.span()), ("alphabet", alphabet.span())];
            (made, json!({"string": {"length": shown}}), spans)
        }
        // Columns have variables of their own.
        raw::Generator::Csv { .. }
        | raw::Generator::Loaded(_)
        | raw::Generator::List { .. }
        | raw::Generator::Constant(_) => return None,
        raw::Generator::Weighted(choices) => return weighted(context, choices, given.span),
        raw::Generator::Sequence(raw::Sequence { from, step, to }) => {
            let (a, s) = (or_default(from, 1)?, or_default(step, 1)?);
            let last = optional(to)?;
            let mut written = json!({"from": a, "step": s});
            if let Some(last) = last {
                written["to"] = last.into();
            }
            let spans = vec![
                ("from", from.span()),
                ("step", step.span()),
                ("to", to.span()),
            ];
            let made = Generator::sequence(a, s, last);
            (made, json!({ "sequence": written }), spans)
        }
    };
    match made {
        Ok(generator) => Some((generator, written)),
        Err(Refusal { argument, message }) => {
            let named = spans.iter().find(|(name, _)| *name == argument);
            let span = named.and_then(|(_, span)| *span).unwrap_or(given.span);
            context.tell(Problem::new(span, message));
            None
        }
    }
}

fn weighted(
    context: &Context<'_>,
    choices: &[(raw::Spanned<String>, Field<f64>)],
    span: Span,
) -> Option<(Generator, Json)> {
    let mut right = true;
    for (_, weight) in choices {
        let Some(given) = weight.given() else {
            right = false;
            continue;
        };
        if let Some(words) = of_weight(given.value) {
            context.tell(Problem::new(given.span, words));
            right = false;
        }
    }
    if !right {
        return None;
    }
    let pairs = || {
        choices.iter().filter_map(|(text, weight)| {
            weight.value().map(|weight| (text.value.as_str(), *weight))
        })
    };
    let written: serde_json::Map<String, Json> = pairs()
        .map(|(text, weight)| (text.to_owned(), weight.into()))
        .collect();
    let made = Generator::weighted(pairs().map(|(text, weight)| (Arc::from(text), weight)));
    match made {
        Ok(generator) => Some((generator, json!({ "weighted": written }))),
        Err(refusal) => {
            let help = r#"write { "text" = weight, "other text" = weight }"#;
            context.tell(Problem::new(span, refusal.message).help(help));
            None
        }
    }
}

fn number(number: Number) -> Json {
    match number {
        Number::Int(n) => n.into(),
        Number::Float(x) => x.into(),
    }
}
