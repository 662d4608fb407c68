//! `thresholds`: conditions for exit code 0.

use super::{
    context::{Context, or_default},
    names,
};
use crate::{
    Threshold, USER_START,
    observe::is_of_observed,
    threshold::{Condition, Scope, parse},
};
use loadgen_core::printable;
use loadgen_scenario::{
    Problem, Span, Text,
    diag::did_you_mean,
    raw::{self, Field, Root},
};
use std::time::Duration;

/// Snapshots come once a second, so a shorter window sees nothing.
const SHORTEST_WINDOW: Duration = Duration::from_secs(1);

pub(super) fn compile(context: &Context<'_>, root: &Root) -> Option<Vec<Threshold>> {
    let given = match &root.thresholds {
        Field::Absent => return Some(vec![Threshold::implied()]),
        Field::Bad(_) => return None,
        Field::Given(given) if given.value.is_empty() => return Some(vec![Threshold::implied()]),
        Field::Given(given) => &given.value,
    };
    let name = names::file(&root.name, context.path);
    let candidates = Candidates::of(root, &name);
    let compiled: Vec<_> = given
        .iter()
        // Thresholds on observed metrics are judged elsewhere.
        .filter(|raw| {
            !raw.expr
                .value()
                .is_some_and(|text| is_of_observed(&text.value()))
        })
        .map(|raw| one(context, &candidates, raw))
        .collect();
    compiled.into_iter().collect()
}

fn one(
    context: &Context<'_>,
    candidates: &Candidates<'_>,
    raw: &raw::Threshold,
) -> Option<Threshold> {
    if raw.expr.is_absent() {
        context.missing(raw.span, "expr", r#"such as expr = "p95 < 300ms""#);
    }
    let expr = raw.expr.value().and_then(|text| condition(context, text));
    let scope = match &raw.task {
        Field::Absent => Some(Scope::Totals),
        Field::Bad(_) => None,
        Field::Given(name) => candidates.find(context, &name.value),
    };
    let window = match &raw.window {
        Field::Absent => Some(None),
        Field::Bad(_) => None,
        Field::Given(window) if window.value < SHORTEST_WINDOW => {
            let problem = Problem::new(window.span, "a window of less than a second");
            context.tell(problem.help("measures come once a second"));
            None
        }
        Field::Given(window) => Some(Some(window.value)),
    };
    let abort = or_default(&raw.abort, false);
    let after = or_default(&raw.after, Duration::ZERO);
    let (condition, text) = (expr?, raw.expr.value()?);
    Some(Threshold {
        expr: printable::line(text.written().trim()).into_owned(),
        scope: scope?,
        metric: condition.metric,
        op: condition.op,
        limit: condition.limit,
        unit: condition.unit,
        window: window?,
        abort: abort?,
        after: after?,
        implied: false,
    })
}

fn condition(context: &Context<'_>, text: &Text) -> Option<Condition> {
    match parse(&text.value()) {
        Ok(condition) => Some(condition),
        Err(error) => {
            let span = if text.is_from_environment() {
                text.span()
            } else {
                text.span_of(error.span)
            };
            // A message about what the environment holds would show it.
            let problem = if text.is_from_environment() {
                Problem::new(span, "not a threshold once the environment is filled in")
            } else {
                Problem::new(span, error.message).help(error.help)
            };
            context.tell(problem);
            None
        }
    }
}

/// Possible scopes of a threshold: the tasks and the named groups of all populations, each in the
/// order of the plan.
struct Candidates<'a> {
    all: Vec<Candidate<'a>>,
    /// True if all their names could be read.
    complete: bool,
}

struct Candidate<'a> {
    scope: Scope,
    /// Population, task and, for a group, its name.
    path: Vec<&'a str>,
    /// The place of the task's weight, when it is 0.
    idle: Option<Span>,
}

impl Candidate<'_> {
    /// Returns true if it has this name, with the population or without.
    fn is(&self, wanted: &[&str]) -> bool {
        self.path == wanted || self.path[1..] == *wanted
    }
}

impl<'a> Candidates<'a> {
    fn of(root: &'a Root, default: &'a str) -> Self {
        let populations: &[raw::Population] = match &root.populations {
            Field::Absent => std::slice::from_ref(&root.shared),
            field => field.value().map_or(&[], Vec::as_slice),
        };
        let mut all = Vec::new();
        let mut complete = !matches!(root.populations, Field::Bad(_));
        let (mut tasks, mut groups) = (0.., 0..);
        for population in populations {
            let given = population.name.value().map(Text::written);
            complete &= !matches!(population.tasks, Field::Bad(_));
            let own = given.unwrap_or(default);
            let mut add = |name: &'a str, named: Vec<&'a str>, idle: Option<Span>| {
                let path = vec![own, name];
                let within = |group| path.iter().copied().chain([group]).collect();
                let named = named.into_iter().map(within);
                let named: Vec<_> = named
                    .map(|path| (groups.next().map(Scope::Group), path))
                    .collect();
                let task = [(tasks.next().map(Scope::Task), path)];
                let each = task.into_iter().chain(named);
                all.extend(each.filter_map(|(scope, path)| {
                    Some(Candidate {
                        scope: scope?,
                        path,
                        idle,
                    })
                }));
            };
            for task in population.tasks.value().into_iter().flatten() {
                complete &= task.name.given().is_some();
                let name = task.name.value().map_or("", Text::written);
                let idle = task.weight.given().filter(|weight| weight.value == 0.0);
                add(name, task.named_groups(), idle.map(|weight| weight.span));
            }
            if let Some(start) = population.user_start.value() {
                add(USER_START, start.named_groups(), None);
            }
        }
        Self { all, complete }
    }

    /// Finds `task`, `task/group` or one of these after `population/`; None when a problem is
    /// reported.
    fn find(&self, context: &Context<'_>, text: &Text) -> Option<Scope> {
        let wanted: Vec<&str> = text.written().split('/').collect();
        let mut found = self.all.iter().filter(|candidate| candidate.is(&wanted));
        match (found.next(), found.next()) {
            (Some(only), None) => {
                if let Some(span) = only.idle {
                    let message = "a threshold on a task that never runs";
                    let problem = Problem::new(text.span(), message);
                    context.tell(problem.other(span, "its weight"));
                    return None;
                }
                Some(only.scope)
            }
            // Told already as two of one name.
            (Some(first), Some(second)) if first.path == second.path => None,
            (Some(first), Some(second)) => {
                let message = match (first.scope, second.scope) {
                    (Scope::Task(_), Scope::Task(_)) => "several populations have such a task",
                    (Scope::Group(_), Scope::Group(_)) => "several populations have such a group",
                    _ => "both a task and a group are called so",
                };
                let problem = Problem::new(text.span(), message);
                context.tell(problem.help(format!(r#"write "{}""#, first.path.join("/"))));
                None
            }
            (None, _) => {
                if self.complete {
                    self.unknown(context, text, &wanted);
                }
                None
            }
        }
    }

    fn unknown(&self, context: &Context<'_>, text: &Text, wanted: &[&str]) {
        let problem = Problem::new(text.span(), "no task has this name");
        let names = || {
            self.all
                .iter()
                .map(|candidate| candidate.path[1..].join("/"))
        };
        let known: Vec<String> = names().collect();
        let own = match wanted {
            [_, rest @ ..] if self.all.iter().any(|c| c.path[0] == wanted[0]) => rest.join("/"),
            _ => wanted.join("/"),
        };
        let help = did_you_mean(&own, known.iter().map(String::as_str));
        let all = || format!("the tasks are {}", known.join(", "));
        context.tell(problem.help(help.unwrap_or_else(all)));
    }
}
