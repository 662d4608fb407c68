//! `[trace]` and `--trace`: requests that carry trace context.

use super::{Settings, context::Context, population::PopulationDraft};
use crate::{Plan, Trace, http::Sampling};
use loadgen_scenario::{
    Problem,
    raw::{self, Field},
};

/// Compiles the tracing settings; the flag beats the file.
///
/// # Errors
/// In words, when the flag means nothing for this scenario.
pub(super) fn compile(
    context: &Context<'_>,
    raw: &Field<raw::Trace>,
    populations: Option<&[PopulationDraft]>,
    settings: &Settings,
) -> Result<Option<Trace>, &'static str> {
    let requests = populations.is_none_or(|all| all.iter().any(PopulationDraft::has_requests));
    let written = match raw.given() {
        Some(given) => {
            if !requests {
                let problem = Problem::new(given.value.span, "no step is a request");
                context.tell(problem.help("only requests carry trace context: leave it out"));
            }
            // A problem with its value is reported already.
            Some(given.value.sample.value().copied().unwrap_or(1.0))
        }
        None => None,
    };
    if settings.trace.is_some() && !requests {
        return Err("--trace is for a scenario with HTTP steps, and this one has none");
    }
    let sample = settings.trace.or(written);
    Ok(sample.map(|sample| Trace {
        sample,
        spans: false,
    }))
}

/// Makes what is done under load carry it.
pub(super) fn apply(plan: &mut Plan) {
    let Some(trace) = plan.trace else {
        return;
    };
    let sampling = Sampling::share(trace.sample);
    let tasks = plan.populations.iter_mut().flat_map(|population| {
        population
            .user_start
            .iter_mut()
            .chain(&mut population.tasks)
    });
    for step in tasks.flat_map(|task| &mut task.steps) {
        step.kind.plan_mut().carry_trace(sampling);
    }
}
