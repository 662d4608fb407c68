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
    let mut spans: HashMap<String, Span> = HashMap::new();
    // Not `collect` at once: that would stop at the first problem.
    let drafts: Vec<ObservationDraft> = given
        .iter()
        .map(|raw| {
            let draft = ObservationDraft::of(calls, raw);
            if let Some(name) = &draft.name {
                let span = raw.name.span().unwrap_or(raw.span);
                if let Some(before) = spans.insert(name.clone(), span) {
                    super::names::twice(calls.context, "observations", span, before);
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
struct ObservationDraft {
    /// Name, valid or not.
    name: Option<String>,
    /// None when there is a problem, which is told.
    source: Option<ObservationSource>,
}

impl ObservationDraft {
    fn of(calls: &mut Calls<'_>, raw: &raw::Observe) -> Self {
        let mut source = source(calls, raw);
        let name = match &raw.name {
            Field::Absent if raw.prometheus.span().is_some() => Some("app".to_owned()),
            Field::Absent if raw.database.span().is_some() => raw.database.value().map(Text::value),
            Field::Absent => raw.host.span().map(|_| "host".to_owned()),
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
    let given = [raw.prometheus.span(), raw.database.span(), raw.host.span()];
    let mut given = given.into_iter().flatten();
    let (Some(first), second) = (given.next(), given.next()) else {
        let problem = Problem::new(raw.span, "an observation of nothing");
        let help = r#"write prometheus = "/metrics", database = "main" or host = true"#;
        context.tell(problem.help(help));
        return None;
    };
    if let Some(second) = second {
        let problem = Problem::new(second, "two sources in one observation");
        context.tell(problem.other(first, "the first").help("write two of them"));
        return None;
    }
    for (field, key) in [(raw.metrics.span(), "metrics"), (raw.by.span(), "by")] {
        if let (Some(span), true) = (field, raw.prometheus.is_absent()) {
            let problem = Problem::new(span, format!("`{key}` is for pages of metrics"));
            context.tell(problem.help("leave it out"));
        }
    }
    if !raw.prometheus.is_absent() {
        return page(calls, raw);
    }
    if let Some(span) = raw.database.span() {
        return database(calls, raw, span);
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
        let problem = Problem::new(field.span()?, "not the name of an observation");
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

fn database(calls: &Calls<'_>, raw: &raw::Observe, span: Span) -> Option<ObservationSource> {
    let asked = raw::Step {
        span: raw.span,
        database: raw.database.clone(),
        ..raw::Step::default()
    };
    let (source, backend, _) = query::source(calls, &raw.population, &asked)?;
    if backend == Backend::Sqlite {
        let problem = Problem::new(span, "SQLite keeps no statistics");
        calls.context.tell(problem.help("PostgreSQL and MySQL do"));
        return None;
    }
    Some(ObservationSource::Database(source, backend))
}

fn limit(
    context: &Context<'_>,
    raw: &raw::Threshold,
    text: &Text,
    drafts: &[ObservationDraft],
) -> Option<Limit> {
    let others = [
        raw.task.span(),
        raw.window.span(),
        raw.abort.span(),
        raw.after.span(),
    ];
    for span in others.into_iter().flatten() {
        let problem = Problem::new(span, "not of a threshold on what is observed");
        context.tell(problem.help("it is judged when the run is over, by all samples"));
    }
    let span_of = |range: std::ops::Range<usize>| match text.is_from_environment() {
        true => text.span(),
        false => text.span_of(range),
    };
    let value = text.value();
    let (name, condition) = match parse(&value) {
        Ok(read) => read,
        Err(error) => {
            let problem = match text.is_from_environment() {
                // A message about what the environment holds would show it.
                true => Problem::new(
                    text.span(),
                    "not a threshold once the environment is filled in",
                ),
                false => Problem::new(span_of(error.span), error.message).help(error.help),
            };
            context.tell(problem);
            return None;
        }
    };
    let named = |draft: &ObservationDraft| draft.name.as_deref() == Some(&value[name.clone()]);
    let Some(source) = drafts.iter().position(named) else {
        // One whose name cannot be read may be the one.
        if drafts.iter().all(|draft| draft.name.is_some()) {
            unknown(context, span_of(name.clone()), &value[name], drafts);
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
        let problem = Problem::new(
            span_of(at..at + condition.metric.len()),
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

fn unknown(context: &Context<'_>, span: Span, name: &str, drafts: &[ObservationDraft]) {
    let names = || drafts.iter().filter_map(|draft| draft.name.as_deref());
    let problem = Problem::new(span, "nothing that is observed has this name");
    let help = did_you_mean(name, names());
    context.tell(problem.help(help.unwrap_or_else(|| match names().count() {
        0 => r#"write [[observe]] with its name and prometheus = "/metrics""#.to_owned(),
        _ => format!("the names are {}", names().collect::<Vec<_>>().join(", ")),
    })));
}
