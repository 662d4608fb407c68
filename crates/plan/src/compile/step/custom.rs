//! `custom`: a step that only a program of its own can do.

use super::{
    super::{
        context::Context,
        extract,
        template::{Style, VariableNames, fixed, parts},
    },
    Made, Shared, shortened,
};
use crate::{
    custom::{CustomStep, Extract},
    written,
};
use loadgen_data::Template;
use loadgen_scenario::{
    Problem,
    raw::{self, Field, Spanned},
};

pub(super) fn compile(
    context: &Context<'_>,
    shared: &Shared<'_>,
    names: &VariableNames<'_>,
    step: &raw::Step,
) -> Option<Made<CustomStep>> {
    let given = step.request.given()?;
    if !context.custom {
        let message = "a step that only a program of its own can do";
        let help = "docs/extending.md shows how loadgen is built into one";
        context.tell(Problem::new(given.span, message).help(help));
    }
    let timeout = shared.timeout(context, step);
    let text = &given.value.1;
    let filled = parts(context, names, text, Style::RAW).map(Template::new);
    let (extract, shown) = extracts(context, names, &step.extract)?;
    let filled = filled?;
    Some(Made {
        name: shortened(text.written()),
        uses: filled.variables().into_iter().collect(),
        plan: CustomStep {
            text: filled,
            extract,
            timeout: timeout?,
            written: written::cut(text.written()),
        },
        written: written::Step {
            checks: Vec::new(),
            extract: shown,
        },
    })
}

/// Extractions, and what may be shown of each: the variable's name and where its value is.
type Extracts = (Vec<Extract>, Vec<(String, String)>);

fn extracts(
    context: &Context<'_>,
    names: &VariableNames<'_>,
    field: &Field<Vec<raw::Extract>>,
) -> Option<Extracts> {
    let given = match field {
        Field::Absent => return Some(Default::default()),
        Field::Bad(_) => return None,
        Field::Given(given) => &given.value,
    };
    // Not `collect` at once: that would stop at the first problem.
    let all: Vec<Option<_>> = given
        .iter()
        .map(|raw| {
            extract::check(context, names, &raw.name);
            let Spanned {
                value: (source, text),
                span,
            } = raw.source.given()?;
            if *source != raw::ExtractKind::Plain {
                let problem = Problem::new(*span, "what its program finds is named by a text");
                context.tell(problem.help(r#"write { variable = "place in the response" }"#));
                return None;
            }
            let name = raw.name.value.clone();
            let extract = Extract {
                source: fixed(context, text)?,
                variable: names.extracted(&name)?,
                name: name.clone(),
            };
            Some((extract, (name, text.written().to_owned())))
        })
        .collect();
    let all: Vec<_> = all.into_iter().collect::<Option<_>>()?;
    Some(all.into_iter().unzip())
}
