//! Compiles extractions: parts of a response that later steps use.

use super::{
    context::Context,
    expect,
    names::check_variable,
    template::{VariableNames, fixed},
};
use crate::http::{Extract, ExtractSource};
use loadgen_data::{Pattern, pattern::Rules};
use loadgen_scenario::{
    Problem, Span, Text,
    raw::{self, Field, Spanned},
};

/// Extractions, and what may be shown of each: the variable's name and where its value is.
type Extracts = (Vec<Extract>, Vec<(String, String)>);

/// The extractions, and what may be shown of each.
pub(super) fn compile(
    context: &Context<'_>,
    names: &VariableNames<'_>,
    extract: &Field<Vec<raw::Extract>>,
    head: Option<Span>,
) -> Option<Extracts> {
    let given = match extract {
        Field::Absent => return Some(Default::default()),
        Field::Bad(_) => return None,
        Field::Given(given) => &given.value,
    };
    // Not `collect` at once: that would stop at the first problem.
    let compiled: Vec<Option<_>> = given
        .iter()
        .map(|extract| one(context, names, extract, head))
        .collect();
    let compiled: Vec<_> = compiled.into_iter().collect::<Option<_>>()?;
    Some(compiled.into_iter().unzip())
}

/// Tells when a step cannot extract a variable of this name.
pub(super) fn check(context: &Context<'_>, names: &VariableNames<'_>, name: &Spanned<String>) {
    check_variable(context, name);
    if let Some(drawn) = names.drawn(&name.value) {
        let message = format!("`{}` is drawn in [data] already", name.value);
        let problem = Problem::new(name.span, message);
        let problem = problem.other(drawn.name.span, "here");
        context.tell(problem.help("give one of them another name"));
    }
}

fn one(
    context: &Context<'_>,
    names: &VariableNames<'_>,
    extract: &raw::Extract,
    head: Option<Span>,
) -> Option<(Extract, (String, String))> {
    let name = extract.name.value.as_str();
    check(context, names, &extract.name);
    let (kind, text) = &extract.source.given()?.value;
    let (source, shown) = source(context, *kind, text)?;
    if let (true, Some(head)) = (source.in_body(), head) {
        expect::no_body(context, text.span(), head);
        return None;
    }
    let extracted = Extract {
        variable: names.extracted(name)?,
        name: name.to_owned(),
        source,
        written: text.is_from_environment().then(|| shown.clone()),
    };
    Some((extracted, (name.to_owned(), shown)))
}

fn source(
    context: &Context<'_>,
    kind: raw::ExtractKind,
    text: &Text,
) -> Option<(ExtractSource, String)> {
    let span = text.span();
    let own = match kind {
        // Braces count something in a regular expression; there are no holes in it.
        raw::ExtractKind::Regex => text.value(),
        _ => fixed(context, text)?,
    };
    if own.is_empty() {
        context.tell(Problem::new(span, "an empty name of a place"));
        return None;
    }
    let written = text.written();
    Some(match kind {
        raw::ExtractKind::Plain | raw::ExtractKind::Json => (
            ExtractSource::Json(expect::json_path(context, &own, span)?),
            written.to_owned(),
        ),
        raw::ExtractKind::Header => {
            let name = expect::header_name(context, &own, span)?;
            (ExtractSource::Header(name), format!("the header {written}"))
        }
        raw::ExtractKind::Regex => match Pattern::new(&own, Rules::BODY) {
            Ok(regex) => (
                ExtractSource::Regex(regex),
                format!("the body by /{written}/"),
            ),
            Err(words) => {
                let problem = Problem::new(span, "not a regular expression");
                context.tell(problem.help(words));
                return None;
            }
        },
        raw::ExtractKind::Cookie => (ExtractSource::Cookie(own), format!("the cookie {written}")),
        raw::ExtractKind::Form => (
            ExtractSource::Form(own),
            format!("the form's field {written}"),
        ),
    })
}
