//! `[[verify]]`: what is asked after the run.

use super::{
    call::Calls,
    context::{Context, or_default},
    expect,
    population::PopulationDraft,
    query,
    template::fixed,
};
use crate::{
    HttpStep,
    http::{Extract, ExtractSource},
    verify::{Parsed, Question, Subject, Verify, parse},
};
use loadgen_core::printable;
use loadgen_data::{Pattern, pattern::Rules};
use loadgen_scenario::{
    Problem, Span, Text,
    diag::did_you_mean,
    raw::{self, Field, Root, Spanned},
};
use std::time::Duration;

pub(super) fn compile(calls: &mut Calls<'_>, root: &Root) -> Option<Vec<Verify>> {
    let given = match &root.verify {
        Field::Absent => return Some(Vec::new()),
        Field::Bad(_) => return None,
        Field::Given(given) => &given.value,
    };
    // Not `collect` at once: that would stop at the first problem.
    let compiled: Vec<Option<Verify>> = given.iter().map(|raw| one(calls, raw)).collect();
    compiled.into_iter().collect()
}

fn one(calls: &mut Calls<'_>, raw: &raw::Verify) -> Option<Verify> {
    let context = calls.context;
    let name = match &raw.name {
        Field::Absent => Some(None),
        field => super::names::step(context, field).map(Some),
    };
    if raw.expect.is_absent() {
        let help = r#"such as expect = "value - before == ok('create order')""#;
        context.missing(raw.span, "expect", help);
    }
    let expect = raw.expect.value().and_then(|text| {
        let parsed = expectation(context, text)?;
        let subjects = subjects(calls, text, &parsed);
        Some((
            parsed.truth,
            subjects?,
            printable::line(text.written().trim()).into_owned(),
        ))
    });
    let within = or_default(&raw.within, Duration::ZERO);
    let question = question(calls, raw);
    let (truth, subjects, written) = expect?;
    Some(Verify {
        name: name?.unwrap_or_else(|| written.clone()),
        question: question?,
        expect: truth,
        written,
        subjects,
        within: within?,
    })
}

fn question(calls: &mut Calls<'_>, raw: &raw::Verify) -> Option<Question> {
    let context = calls.context;
    if raw.request.is_absent() {
        let problem = Problem::new(raw.span, "a verification that asks nothing");
        context.tell(problem.help(r#"write get = "/path" or sql = "SELECT ...""#));
        return None;
    }
    let step = raw.step();
    if step.is_sql() {
        if let Some(span) = raw.json.span() {
            let problem = Problem::new(span, "`json` conflicts with `sql`");
            context.tell(problem.help("the value is the first column of the first row"));
        }
        return query::compile(calls, &raw.population, &step).map(Question::Sql);
    }
    let written = raw.json.value().filter(|path| path.is_from_environment());
    let written = written.map(|path| path.written().to_owned());
    let source = match &raw.json {
        Field::Absent => whole_page(),
        Field::Bad(_) => None,
        Field::Given(Spanned { value, span }) => {
            let own = fixed(context, value);
            own.and_then(|own| expect::json_path(context, &own, *span))
                .map(ExtractSource::Json)
        }
    };
    // The request is compiled in any case, so that its own problems are told as well.
    let take = |step: &mut HttpStep| {
        let extract = source.clone().map(|source| Extract {
            variable: 0,
            name: "value".to_owned(),
            source,
            written: written.clone(),
        });
        step.extract.extend(extract);
    };
    let call = calls.add(&raw.population, step, take);
    source?;
    Some(Question::Http(call?))
}

/// The page without the blanks around it.
pub(super) fn whole_page() -> Option<ExtractSource> {
    Pattern::new(r"(?s)^\s*(.*?)\s*$", Rules::BODY)
        .ok()
        .map(ExtractSource::Regex)
}

fn expectation(context: &Context<'_>, text: &Text) -> Option<Parsed> {
    match parse(&text.value()) {
        Ok(parsed) => Some(parsed),
        Err(error) => {
            // A message about what the environment holds would show it.
            let problem = if text.is_from_environment() {
                let message = "not an expectation once the environment is filled in";
                Problem::new(text.span(), message)
            } else {
                Problem::new(text.span_of(error.span), error.message).help(error.help)
            };
            context.tell(problem);
            None
        }
    }
}

/// Resolves the names of an expectation.
fn subjects(calls: &Calls<'_>, text: &Text, parsed: &Parsed) -> Option<Vec<(String, Subject)>> {
    let labels = Labels::of(calls.populations?);
    let span_of = |range: &std::ops::Range<usize>| match text.is_from_environment() {
        true => text.span(),
        false => text.span_of(range.clone()),
    };
    let found: Vec<Option<(String, Subject)>> = parsed
        .names
        .iter()
        .map(|(name, range)| {
            let subject = labels.find(calls.context, name, span_of(range))?;
            Some((name.clone(), subject))
        })
        .collect();
    found.into_iter().collect()
}

/// The tasks, steps and groups of all populations in the order of the plan.
struct Labels<'a> {
    /// Population and name.
    tasks: Vec<(&'a str, &'a str)>,
    /// Steps and groups: the index of the task, the name, and what is counted.
    parts: Vec<(usize, &'a str, Subject)>,
}

impl<'a> Labels<'a> {
    fn of(populations: &'a [PopulationDraft]) -> Self {
        let mut labels = Self {
            tasks: Vec::new(),
            parts: Vec::new(),
        };
        let (mut steps, mut groups) = (0.., 0..);
        for population in populations {
            for (task, program) in population.named_tasks() {
                let index = labels.tasks.len();
                labels.tasks.push((population.name.as_str(), task));
                let own = program.steps.iter().map(|step| step.name.as_str());
                let own = own.zip(steps.by_ref());
                let own = own.map(|(name, step)| (index, name, Subject::Step(step)));
                labels.parts.extend(own);
                let own = program
                    .groups
                    .iter()
                    .filter_map(|group| group.name.as_deref());
                let own = own.zip(groups.by_ref());
                let own = own.map(|(name, group)| (index, name, Subject::Group(group)));
                labels.parts.extend(own);
            }
        }
        labels
    }

    /// Finds what `name` counts: a task, or a step or group as `task/step`, with or without its
    /// population before it. None when a problem is reported.
    fn find(&self, context: &Context<'_>, name: &str, span: Span) -> Option<Subject> {
        let tell = |message: String, help: String| {
            context.tell(Problem::new(span, message).help(help));
            None
        };
        // The rest of the name after each task's own; empty for the task itself.
        let matching = self.tasks.iter().enumerate().flat_map(|(index, task)| {
            let (population, own) = task;
            let whole = format!("{population}/{own}");
            let rest = [own.to_string(), whole].into_iter().filter_map(|own| {
                let rest = name.strip_prefix(&own)?;
                (rest.is_empty() || rest.starts_with('/')).then_some(rest.trim_start_matches('/'))
            });
            rest.map(move |rest| (index, rest)).collect::<Vec<_>>()
        });
        let matching: Vec<(usize, &str)> = matching.collect();
        let mut found: Vec<Subject> = matching
            .iter()
            .filter_map(|(task, rest)| {
                if rest.is_empty() {
                    return Some(Subject::Task(*task));
                }
                let mut parts = self.parts.iter();
                let part = parts.find(|(own, name, _)| (own, name) == (task, rest));
                part.map(|(_, _, subject)| *subject)
            })
            .collect();
        found.dedup();
        match (found.as_slice(), matching.first()) {
            ([only], _) => Some(*only),
            ([..], Some(_)) if found.len() > 1 => {
                let (population, _) = self.tasks[matching[0].0];
                let help = format!(r"write the population before it: '{population}/{name}'");
                tell(format!("several tasks or steps are called `{name}`"), help)
            }
            (_, Some((task, step))) => {
                let steps = || {
                    let own = self.parts.iter().filter(|(own, ..)| own == task);
                    own.map(|(_, name, _)| *name)
                };
                let (_, task) = self.tasks[*task];
                let help = did_you_mean(step, steps());
                let all = || format!("its steps are {}", steps().collect::<Vec<_>>().join(", "));
                let message = format!("no step of `{task}` is called `{step}`");
                tell(message, help.unwrap_or_else(all))
            }
            (_, None) => {
                let names = || self.tasks.iter().map(|(_, name)| *name);
                let help = did_you_mean(name, names());
                let all = || format!("the tasks are {}", names().collect::<Vec<_>>().join(", "));
                tell("no task has this name".to_owned(), help.unwrap_or_else(all))
            }
        }
    }
}
