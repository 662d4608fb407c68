//! `[[observe]]`, and thresholds on what is observed.

use super::{call::Calls, context::Context, query, verify::whole_page};
use crate::{
    HttpStep,
    http::Extract,
    observe::{Limit, ObservationSource, Observe, is_of_observed, parse},
    sql::Backend,
};
use loadgen_core::printable;
use loadgen_scenario::{
    Problem, Span, Text,
    diag::did_you_mean,
    raw::{self, Field, Root},
};
use std::{collections::HashMap, time::Duration};

/// Bound on asking for a page.
const PATIENCE: Duration = Duration::from_secs(2);

/// Compiles observations and the thresholds on them.
pub(super) fn compile(calls: &mut Calls<'_>, root: &Root) -> Option<(Vec<Observe>, Vec<Limit>)> {
    let given = match &root.observe {
        Field::Absent => &[][..],
        Field::Bad(_) => return None,
        Field::Given(given) => &given.value,
    };
    let mut places: HashMap<String, Span> = HashMap::new();
    // Not `collect` at once: that would stop at the first problem.
    let drafts: Vec<Draft> = given
        .iter()
        .map(|raw| {
            let draft = Draft::of(calls, raw);
            if let Some(name) = &draft.name {
                let place = raw.name.place().unwrap_or(raw.place);
                if let Some(before) = places.insert(name.clone(), place) {
                    super::names::twice(calls.context, "observations", place, before);
                }
            }
            draft
        })
        .collect();
    let thresholds = root.thresholds.value().into_iter().flatten();
    let limits: Vec<Option<Limit>> = thresholds
        .filter_map(|raw| {
            let text = raw
                .expr
                .value()
                .filter(|text| is_of_observed(&text.value()))?;
            Some(limit(calls.context, raw, text, &drafts))
        })
        .collect();
    let limits = limits.into_iter().collect::<Option<_>>()?;
    let observe = drafts.into_iter().map(|draft| {
        Some(Observe {
            name: draft.name?,
            source: draft.source?,
        })
    });
    Some((observe.collect::<Option<_>>()?, limits))
}

/// An observation, as far as it can be read.
struct Draft {
    /// Name, valid or not.
    name: Option<String>,
    /// None when there is a problem, which is told.
    source: Option<ObservationSource>,
}

impl Draft {
    fn of(calls: &mut Calls<'_>, raw: &raw::Observe) -> Self {
        let mut source = source(calls, raw);
        let name = match &raw.name {
            Field::Absent if raw.prometheus.place().is_some() => Some("app".to_owned()),
            Field::Absent if raw.database.place().is_some() => {
                raw.database.value().map(Text::value)
            }
            Field::Absent => raw.host.place().map(|_| "host".to_owned()),
            field => {
                let right = name(calls.context, field);
                source = source.filter(|_| right.is_some());
                right.or_else(|| field.value().map(|text| text.written().to_owned()))
            }
        };
        Self { name, source }
    }
}

fn source(calls: &mut Calls<'_>, raw: &raw::Observe) -> Option<ObservationSource> {
    let context = calls.context;
    let host = raw.host.value().copied().unwrap_or(false);
    let given = [
        raw.prometheus.place(),
        raw.database.place(),
        raw.host.place(),
    ];
    let mut given = given.into_iter().flatten();
    let (Some(first), second) = (given.next(), given.next()) else {
        let problem = Problem::new(raw.place, "an observation of nothing");
        let help = r#"write prometheus = "/metrics", database = "main" or host = true"#;
        context.tell(problem.help(help));
        return None;
    };
    if let Some(second) = second {
        let problem = Problem::new(second, "two sources in one observation");
        context.tell(problem.other(first, "the first").help("write two of them"));
        return None;
    }
    for (field, key) in [(raw.metrics.place(), "metrics"), (raw.by.place(), "by")] {
        if let (Some(place), true) = (field, raw.prometheus.is_absent()) {
            let problem = Problem::new(place, format!("`{key}` is for pages of metrics"));
            context.tell(problem.help("leave it out"));
        }
    }
    if !raw.prometheus.is_absent() {
        return page(calls, raw);
    }
    if let Some(place) = raw.database.place() {
        return database(calls, raw, place);
    }
    if !host && raw.host.value().is_some() {
        let problem = Problem::new(first, "an observation of nothing");
        context.tell(problem.help("write host = true, or leave it out"));
    }
    host.then_some(ObservationSource::Host)
}

fn name(context: &Context<'_>, field: &Field<Text>) -> Option<String> {
    let name = super::names::step(context, field)?;
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
    if !name.chars().all(plain) {
        let problem = Problem::new(field.place()?, "not the name of an observation");
        let help = "write it in letters, digits, `_` and `-`: thresholds have it as observe.NAME";
        context.tell(problem.help(help));
        return None;
    }
    Some(name)
}

fn page(calls: &mut Calls<'_>, raw: &raw::Observe) -> Option<ObservationSource> {
    let texts = |field: &Field<Vec<Text>>| match field {
        Field::Absent => Some(Vec::new()),
        field => Some(field.value()?.iter().map(Text::value).collect()),
    };
    let page = whole_page()?;
    let call = calls.add(&raw.population, raw.page(), |step: &mut HttpStep| {
        step.timeout = PATIENCE;
        step.extract.push(Extract {
            variable: 0,
            name: "page".to_owned(),
            source: page,
            written: None,
        });
    });
    Some(ObservationSource::Prometheus {
        metrics: texts(&raw.metrics)?,
        by: texts(&raw.by)?,
        call: call?,
    })
}

fn database(calls: &Calls<'_>, raw: &raw::Observe, place: Span) -> Option<ObservationSource> {
    let asked = raw::Step {
        place: raw.place,
        database: raw.database.clone(),
        ..raw::Step::default()
    };
    let (source, backend, _) = query::source(calls, &raw.population, &asked)?;
    if backend == Backend::Sqlite {
        let problem = Problem::new(place, "SQLite keeps no statistics");
        calls.context.tell(problem.help("PostgreSQL and MySQL do"));
        return None;
    }
    Some(ObservationSource::Database(source, backend))
}

fn limit(
    context: &Context<'_>,
    raw: &raw::Threshold,
    text: &Text,
    drafts: &[Draft],
) -> Option<Limit> {
    let others = [
        raw.task.place(),
        raw.window.place(),
        raw.abort.place(),
        raw.after.place(),
    ];
    for place in others.into_iter().flatten() {
        let problem = Problem::new(place, "not of a threshold on what is observed");
        context.tell(problem.help("it is judged when the run is over, by all samples"));
    }
    let place = |span: std::ops::Range<usize>| match text.is_from_environment() {
        true => text.place(),
        false => text.place_of(span),
    };
    let value = text.value();
    let (name, condition) = match parse(&value) {
        Ok(read) => read,
        Err(error) => {
            let problem = match text.is_from_environment() {
                // A message about what the environment holds would show it.
                true => Problem::new(
                    text.place(),
                    "not a threshold once the environment is filled in",
                ),
                false => Problem::new(place(error.span), error.message).help(error.help),
            };
            context.tell(problem);
            return None;
        }
    };
    let named = |draft: &Draft| draft.name.as_deref() == Some(&value[name.clone()]);
    let Some(source) = drafts.iter().position(named) else {
        // One whose name cannot be read may be the one.
        if drafts.iter().all(|draft| draft.name.is_some()) {
            unknown(context, place(name.clone()), &value[name], drafts);
        }
        return None;
    };
    if let Some(known) = drafts[source]
        .source
        .as_ref()
        .and_then(ObservationSource::metrics)
        && !known.contains(&condition.metric.as_str())
    {
        let at = name.end + 1;
        let span = at..at + condition.metric.len();
        let problem = Problem::new(
            place(span),
            format!("`{}` is not observed there", condition.metric),
        );
        let help = did_you_mean(&condition.metric, known.iter().copied());
        let all = || format!("its metrics are {}", known.join(", "));
        context.tell(problem.help(help.unwrap_or_else(all)));
        return None;
    }
    Some(Limit {
        expr: printable::line(text.written().trim()).into_owned(),
        source,
        condition,
    })
}

fn unknown(context: &Context<'_>, place: Span, name: &str, drafts: &[Draft]) {
    let names = || drafts.iter().filter_map(|draft| draft.name.as_deref());
    let problem = Problem::new(place, "nothing that is observed has this name");
    let help = did_you_mean(name, names());
    context.tell(problem.help(help.unwrap_or_else(|| match names().count() {
        0 => r#"write [[observe]] with its name and prometheus = "/metrics""#.to_owned(),
        _ => format!("the names are {}", names().collect::<Vec<_>>().join(", ")),
    })));
}
