//! `[[task.step]]`: what all kinds of steps have in common.

mod custom;
pub(super) mod http;
pub(super) mod sql;

use super::{
    context::{Context, or_default},
    database::Databases,
    headers::Header,
    load::{NO_PAUSE, think},
    names,
    template::VariableNames,
};
use crate::{StepKind, Think, written};
use loadgen_core::printable;
use loadgen_scenario::{
    Problem, Span,
    raw::{self, Field},
    step_kinds,
};
use std::{collections::BTreeSet, time::Duration};

/// A checked step that has no place in the plan yet.
#[derive(Debug)]
pub(super) struct StepDraft {
    pub name: String,
    pub think: Think,
    pub kind: StepKind,
    pub written: written::Step,
    /// The variables it uses.
    pub uses: BTreeSet<usize>,
}

/// A step as its kind compiles it; `T` is the kind's type in the plan.
pub(super) struct Made<T> {
    /// Name, unless the scenario gives one.
    pub name: String,
    pub plan: T,
    pub written: written::Step,
    /// The variables it uses.
    pub uses: BTreeSet<usize>,
}

/// Settings that all steps of a population share.
pub(super) struct Shared<'a> {
    /// None when there is a problem with them.
    pub headers: Option<Vec<Header>>,
    /// Path of the target's URL.
    pub prefix: String,
    /// None when there is a problem with it.
    pub timeout: Option<Duration>,
    /// Databases of SQL steps.
    pub databases: &'a Databases,
}

impl Shared<'_> {
    /// The step's own timeout, or else the one that all have.
    fn timeout(&self, context: &Context<'_>, step: &raw::Step) -> Option<Duration> {
        match &step.timeout {
            Field::Absent => self.timeout,
            field => context.some_time(field, "a timeout"),
        }
    }
}

pub(super) fn compile(
    context: &Context<'_>,
    shared: &Shared<'_>,
    names: &VariableNames<'_>,
    step: &raw::Step,
) -> Option<StepDraft> {
    let name = match &step.name {
        Field::Absent => Some(None),
        field => names::step(context, field).map(Some),
    };
    let think = or_default(&step.think, NO_PAUSE).map(think);
    misplaced(context, step);
    macro_rules! make {
        ($($(#[$doc:meta])* $module:ident: $name:ident($plan:ident),)*) => {
            match kind(step) {
                $(raw::StepKind::$name => {
                    $module::compile(context, shared, names, step).map(Made::of_any_kind)
                })*
            }
        };
    }
    let made = step_kinds!(make)?;
    Some(StepDraft {
        name: name?.unwrap_or_else(|| printable::line(&made.name).into_owned()),
        think: think?,
        kind: made.plan,
        written: made.written,
        uses: made.uses,
    })
}

impl<T: Into<StepKind>> Made<T> {
    fn of_any_kind(self) -> Made<StepKind> {
        Made {
            name: self.name,
            plan: self.plan.into(),
            written: self.written,
            uses: self.uses,
        }
    }
}

/// The kind of a step. What asks for nothing, or for several things, is taken for the usual one.
fn kind(step: &raw::Step) -> raw::StepKind {
    const USUAL: raw::StepKind = raw::StepKind::ALL[0];
    step.kind().unwrap_or(USUAL)
}

/// Tells of keys that belong to another kind of step.
pub(super) fn misplaced(context: &Context<'_>, step: &raw::Step) {
    let Some(own) = step.request.span() else {
        return;
    };
    let kind = kind(step);
    let tell = |key: &str, span: Option<Span>, owner: &str| {
        if let Some(span) = span {
            let problem = Problem::new(span, format!("`{key}` belongs to {owner}"));
            context.tell(problem.other(own, "this is none"));
        }
    };
    let all = raw::StepKind::ALL.iter();
    let others = all.clone().filter(|other| **other != kind);
    let others = others.map(|other| other.keys());
    for keys in others.clone() {
        for (key, span) in keys.own {
            tell(key, span(step), keys.words);
        }
    }
    if kind.keys().expect.is_empty() {
        let expecting = all
            .map(|kind| kind.keys())
            .filter(|keys| !keys.expect.is_empty());
        let owners: Vec<&str> = expecting.map(|keys| keys.short).collect();
        return tell("expect", step.expect.span(), &owners.join(" or "));
    }
    let Some(expect) = step.expect.value() else {
        return;
    };
    for keys in others {
        for (key, span) in keys.expect {
            tell(key, span(expect), keys.words);
        }
    }
}

/// Characters of a statement that a step's default name has.
const NAME_LENGTH: usize = 60;

/// A text on one line, its end left out when it is long.
fn shortened(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    let line = words.join(" ");
    match line.char_indices().nth(NAME_LENGTH) {
        Some((end, _)) => format!("{}…", line[..end].trim_end()),
        None => line,
    }
}
