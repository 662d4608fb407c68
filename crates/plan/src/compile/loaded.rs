//! Values of `[data]` that come from the target or a database.

use super::{
    call::Calls, columns, context::Context, expect, population::first, query, rows,
    template::fixed, verify::whole_page,
};
use crate::{HttpStep, Population, background::Loaded, http::Extract, verify::Question};
use loadgen_data::jsonpath::JsonPath;
use loadgen_scenario::{
    Problem, Text,
    raw::{self, Field, Root},
};

/// Default path of the values: the page is a list of them.
const ALL: &str = "$[*]";

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
    for (index, population) in populations.iter().enumerate() {
        let data = first(&population.data, &root.shared.data);
        for variable in data.value().into_iter().flatten() {
            let Some(raw::Generator::Loaded(loaded)) = variable.generator.value() else {
                continue;
            };
            let fill = (index, variable_of(calls, index, &variable.name.value));
            let known = owners.iter().position(|(own, owner)| {
                std::ptr::eq(*own, variable) && shares(calls, root, populations, *owner, index)
            });
            match known {
                Some(known) => all[known].fills.push(fill),
                None => match one(calls, index, &population.name, variable, loaded) {
                    Some(mut loaded) => {
                        loaded.fills.push(fill);
                        all.push(loaded);
                        owners.push((variable, index));
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
    let http = |index: usize| first(&populations[index].http, &root.shared.http);
    let target = |index: usize| Some(&calls.populations?.get(index)?.target.target);
    target(one) == target(other) && std::ptr::eq(http(one), http(other))
}

fn one(
    calls: &mut Calls<'_>,
    index: usize,
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
        written: columns::asked(request)?,
        path: path?,
        columns: match &loaded.columns {
            Field::Absent => Vec::new(),
            field => field.value()?.iter().map(Text::value).collect(),
        },
        take: rows::take(&loaded.order)?,
        key: rows::key(context, &[context.source(variable), index]),
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
            expect::json_path(context, &own, given.span)
        }
    }
}

/// Tells when a path is to be asked for, and of nobody.
fn has_target(calls: &Calls<'_>, population: &Field<Text>, request: &raw::Step) -> Option<()> {
    let Some(index) = calls.population(population) else {
        return Some(());
    };
    let (_, path) = request.request.value()?;
    let target = calls.populations?.get(index)?;
    if target.has_target() || path.is_url() {
        return Some(());
    }
    let problem = Problem::new(path.span(), "there is no target that could be asked");
    let help = r#"write a [target], a whole URL, or sql = "SELECT ...""#;
    calls.context.tell(problem.help(help));
    None
}
