//! Values of `[data]` that come from the target or a database.

use super::{
    call::{self, Calls},
    context::Context,
    expect,
    population::first,
    query, rows,
    template::fixed,
    verify::whole_page,
};
use crate::{
    HttpStep, Population,
    background::Loaded,
    http::Extract,
    verify::Question,
    written::{cut, redact_query},
};
use loadgen_data::{Generator, jsonpath::JsonPath, template::holes::is_name};
use loadgen_scenario::{
    Problem, Text,
    raw::{self, Field, Root},
};
use serde_json::{Value as Json, json};

/// Default path of the values: the page is a list of them.
const ALL: &str = "$[*]";

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
            let problem = Problem::new(given.place, "no column is kept");
            context.tell(problem.help("leave `columns` out where the values have none"));
            return None;
        }
        Field::Given(given) => Some(&given.value),
    };
    let mut right = true;
    for (place, column) in columns.into_iter().flatten().enumerate() {
        let own = column.value();
        let before = columns.into_iter().flatten().take(place);
        if !is_name(&format!("x{own}")) {
            let problem = Problem::new(column.place(), "not a name that a hole can have");
            context.tell(problem.help("give the column another one: SELECT ... AS name"));
            right = false;
        } else if before.into_iter().any(|before| before.value() == own) {
            context.tell(Problem::new(column.place(), "the same column once more"));
            right = false;
        }
    }
    let take = rows::take(&loaded.order)?;
    if let Err(refusal) = take.order(0, 1, Some(&[loadgen_data::Value::Int(1)])) {
        let place = loaded.order.place().unwrap_or_default();
        context.tell(Problem::new(place, refusal.message));
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
fn asked(request: &raw::Step) -> Option<String> {
    let (method, text) = request.request.value()?;
    Some(match *method {
        "sql" => cut(text.written()),
        _ => format!("GET {}", redact_query(text.written())),
    })
}

/// Compiles what is to be loaded, once for all populations that may share it.
pub(super) fn compile(calls: &mut Calls<'_>, root: &Root) -> Option<Vec<Loaded>> {
    let populations = match &root.populations {
        Field::Absent => std::slice::from_ref(&root.shared),
        Field::Bad(_) => return None,
        Field::Given(given) => given.value.as_slice(),
    };
    let mut all: Vec<Loaded> = Vec::new();
    // For each of them: the variable in the file, and the population that it is loaded for.
    let mut owners: Vec<(&raw::Variable, usize)> = Vec::new();
    let mut right = true;
    for (place, population) in populations.iter().enumerate() {
        let data = first(&population.data, &root.shared.data);
        for variable in data.value().into_iter().flatten() {
            let Some(raw::Generator::Loaded(loaded)) = variable.generator.value() else {
                continue;
            };
            let fill = (place, variable_of(calls, place, &variable.name.value));
            let known = owners.iter().position(|(own, owner)| {
                std::ptr::eq(*own, variable) && shares(calls, root, populations, *owner, place)
            });
            match known {
                Some(known) => all[known].fills.push(fill),
                None => match one(calls, place, &population.name, variable, loaded) {
                    Some(mut loaded) => {
                        loaded.fills.push(fill);
                        all.push(loaded);
                        owners.push((variable, place));
                    }
                    None => right = false,
                },
            }
        }
    }
    right.then_some(all)
}

/// The place of the first of a population's variables that are called so.
fn variable_of(calls: &Calls<'_>, population: usize, name: &str) -> usize {
    let draft = calls.populations.and_then(|all| all.get(population));
    let mut variables = draft.into_iter().flat_map(|draft| &draft.variables);
    let found = variables.position(|variable| {
        let rest = variable.name.strip_prefix(name);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    });
    found.unwrap_or_default()
}

/// Gives what is loaded sources: populations share one only if they load the same. `next` is the
/// first that nothing has.
pub(super) fn number(loaded: &[Loaded], populations: &mut [Population], next: usize) {
    for (loaded, source) in loaded.iter().zip(next..) {
        for (population, first) in &loaded.fills {
            let variables = populations.get_mut(*population);
            let variables = variables.into_iter().flat_map(|own| &mut own.variables);
            let columns = loaded.columns.len().max(1);
            for variable in variables.skip(*first).take(columns) {
                variable.source = source;
            }
        }
    }
}

/// Returns true if two populations load the same.
fn shares(
    calls: &Calls<'_>,
    root: &Root,
    populations: &[raw::Population],
    one: usize,
    other: usize,
) -> bool {
    let http = |place: usize| first(&populations[place].http, &root.shared.http);
    let target = |place: usize| Some(&calls.populations?.get(place)?.target.target);
    target(one) == target(other) && std::ptr::eq(http(one), http(other))
}

fn one(
    calls: &mut Calls<'_>,
    place: usize,
    population: &Field<Text>,
    variable: &raw::Variable,
    loaded: &raw::Loaded,
) -> Option<Loaded> {
    let context = calls.context;
    let request = &loaded.request;
    let path = path(context, &loaded.json);
    let question = if request.is_sql() {
        query::compile(calls, population, request).map(Question::Sql)
    } else {
        has_target(calls, population, request)?;
        let take = |step: &mut HttpStep| {
            let extract = whole_page().map(|source| Extract {
                variable: 0,
                name: "page".to_owned(),
                source,
                written: None,
            });
            step.extract.extend(extract);
        };
        calls
            .add(population, request.clone(), take)
            .map(Question::Http)
    };
    let name = variable.name.value.clone();
    Some(Loaded {
        question: question?,
        written: asked(request)?,
        path: path?,
        columns: match &loaded.columns {
            Field::Absent => Vec::new(),
            field => field.value()?.iter().map(Text::value).collect(),
        },
        take: rows::take(&loaded.order)?,
        key: rows::key(context, &[context.source(variable), place]),
        fills: Vec::new(),
        name,
    })
}

fn path(context: &Context<'_>, json: &Field<Text>) -> Option<JsonPath> {
    match json {
        // The statement has one column.
        Field::Absent => JsonPath::parse(ALL).ok(),
        Field::Bad(_) => None,
        Field::Given(given) => {
            let own = fixed(context, &given.value)?;
            expect::json_path(context, &own, given.place)
        }
    }
}

/// Tells when a path is to be asked for, and of nobody.
fn has_target(calls: &Calls<'_>, population: &Field<Text>, request: &raw::Step) -> Option<()> {
    let Some(place) = calls.population(population) else {
        return Some(());
    };
    let (_, path) = request.request.value()?;
    let target = calls.populations?.get(place)?;
    if target.has_target() || call::is_url(path) {
        return Some(());
    }
    let problem = Problem::new(path.place(), "there is no target that could be asked");
    let help = r#"write a [target], a whole URL, or sql = "SELECT ...""#;
    calls.context.tell(problem.help(help));
    None
}
