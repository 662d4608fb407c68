//! Stages of a load.

use super::{context::Context, level::Level};
use loadgen_scenario::{Problem, Span, raw, units};
use std::time::Duration;

/// Tells of keys that say what the stages say.
pub(super) fn not_beside(
    context: &Context<'_>,
    load: &raw::Load,
    strays: &[(&'static str, Option<Span>)],
) {
    let Some(stages) = load.stages.span() else {
        return;
    };
    for (key, span) in strays {
        if let Some(span) = span {
            let message = format!("`{key}` conflicts with `stages`, which say it themselves");
            let problem = Problem::new(*span, message);
            context.tell(problem.other(stages, "the stages"));
        }
    }
}

/// Tells of a stage that counts something else.
pub(super) fn mixed(context: &Context<'_>, span: Span, because: Span) {
    let problem = Problem::new(span, "stages of both users and rates");
    let problem = problem.other(because, "this decides what the load counts");
    context.tell(problem.help("write all of them with `users`, or all with `rate`"));
}

/// The stages, each with the level that `level` reads; it names the key that is missing.
pub(super) fn compile(
    context: &Context<'_>,
    load: &raw::Load,
    level: impl Fn(&raw::Stage) -> Result<Option<f64>, &'static str>,
) -> Option<Level> {
    let given = load.stages.given()?;
    let read: Vec<Option<(Duration, f64)>> = given
        .value
        .iter()
        .map(|stage| {
            if stage.duration.is_absent() {
                let help = r#"write how long the stage takes, "0s" for a jump"#;
                context.missing(stage.span, "duration", help);
            }
            let level = level(stage).unwrap_or_else(|key| {
                let other = stage.users.span().or(stage.rate.span());
                // A level of the other kind was told already.
                if other.is_none() {
                    context.missing(stage.span, key, "write the level at the stage's end");
                }
                None
            });
            Some((*stage.duration.value()?, level?))
        })
        .collect();
    let stages: Vec<(Duration, f64)> = read.into_iter().collect::<Option<_>>()?;
    if stages.is_empty() {
        context.tell(Problem::new(given.span, "a load of nothing"));
        return None;
    }
    if stages.iter().all(|(_, level)| *level == 0.0) {
        let help = "stages begin at 0 and go to the level of each in turn";
        context.tell(Problem::new(given.span, "stages that never leave 0").help(help));
        return None;
    }
    let total: Duration = stages.iter().fold(Duration::ZERO, |sum, (length, _)| {
        sum.saturating_add(*length)
    });
    if total.is_zero() {
        context.tell(Problem::new(
            given.span,
            "the durations of all stages together must be greater than 0",
        ));
        return None;
    }
    if total > units::LONGEST {
        context.tell(Problem::new(given.span, "stages of more than 366d"));
        return None;
    }
    Some(Level::Stages(stages))
}
