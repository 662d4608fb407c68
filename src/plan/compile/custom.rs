//! `custom`: a step that only a program of its own can do.

use super::{
    context::{Context, or_default},
    extract,
    load::{NO_PAUSE, think},
    names, sql_step,
    step::{Draft, Shared, misplaced},
    template::{Names, Style, fixed, parts},
};
use crate::{
    data::{Template, template::Part},
    plan::{
        StepKind,
        custom::{CustomStep, Extract},
        written,
    },
    scenario::{
        Problem,
        raw::{self, Field, Spanned},
    },
};

pub(super) fn compile(
    context: &Context<'_>,
    shared: &Shared<'_>,
    names: &Names<'_>,
    step: &raw::Step,
) -> Option<Draft> {
    let given = step.request.given()?;
    if !context.custom {
        let message = "a step that only a program of its own can do";
        let help = "docs/extending.md shows how loadgen is built into one";
        context.tell(Problem::new(given.place, message).help(help));
    }
    let name = match &step.name {
        Field::Absent => None,
        field => Some(names::step(context, field)),
    };
    let think_time = or_default(&step.think, NO_PAUSE).map(think);
    let timeout = match &step.timeout {
        Field::Absent => shared.timeout,
        field => context.some_time(field, "a timeout"),
    };
    let own = Some(given.place);
    let of_requests = [
        ("query", step.query.place()),
        ("headers", step.headers.place()),
        ("content", step.body.place()),
    ];
    misplaced(context, &of_requests, "an HTTP request", own);
    let of_statements = [
        ("database", step.database.place()),
        ("params", step.params.place()),
        ("max_tries", step.max_tries.place()),
    ];
    misplaced(context, &of_statements, "a statement", own);
    let of_both = [("expect", step.expect.place())];
    misplaced(context, &of_both, "a request or a statement", own);
    let text = &given.value.1;
    let parts = parts(context, names, text, Style::RAW);
    let (extract, shown) = extracts(context, names, &step.extract)?;
    let parts = parts?;
    let uses = parts.iter().filter_map(|part| match part {
        Part::Variable(index, _) => Some(*index),
        Part::Literal(_) => None,
    });
    Some(Draft {
        name: match name {
            Some(name) => name?,
            None => sql_step::shortened(text.written()),
        },
        think: think_time?,
        uses: uses.collect(),
        written: written::Step {
            custom: written::cut(text.written()),
            extract: shown,
            ..written::Step::default()
        },
        kind: StepKind::Custom(CustomStep {
            text: Template::new(parts),
            extract,
            timeout: timeout?,
        }),
    })
}

/// What is extracted, and what may be shown of each: the variable's name and where its value is.
type Extracts = (Vec<Extract>, Vec<(String, String)>);

fn extracts(
    context: &Context<'_>,
    names: &Names<'_>,
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
                place,
            } = raw.source.given()?;
            if *source != raw::Source::Plain {
                let problem = Problem::new(*place, "what its program finds is named by a text");
                context.tell(problem.help(r#"write { variable = "place in the answer" }"#));
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
