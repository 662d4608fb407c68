//! Samples of failures: what was requested, expected and found, as it may be shown.

use loadgen_data::Value;
use loadgen_driver::{BODY_START, ErrorClass, Outcome};
use loadgen_plan::{
    Plan, Population, Step,
    written::{is_secret, redact_body},
};
use loadgen_record::Sample;

/// Shortest value of a variable that is hidden.
const SHORTEST_SECRET: usize = 4;

/// Adds to a sample what is known of the request, which was made with these values.
pub fn describe(
    plan: &Plan,
    population: &Population,
    (step, values): (&Step, &[Value]),
    outcome: &Outcome,
    sample: &mut Sample,
) {
    let shown = |text: String| plan.shown_line(&without_secrets(population, values, text));
    sample.status = outcome.status.map(Into::into);
    sample.expected = expected(plan, step, outcome);
    if let Some(failed) = &outcome.failed {
        sample.request = Some(shown(failed.request.clone()));
        let body = (!failed.body.is_empty()).then(|| shown(start_of(&failed.body)));
        sample.body = body;
    }
}

/// What the request missed, as the scenario has it.
fn expected(plan: &Plan, step: &Step, outcome: &Outcome) -> Option<String> {
    let class = outcome.failure.as_ref()?.class;
    let is_status = matches!(class, ErrorClass::Status4xx | ErrorClass::Status5xx);
    if !is_status && class != ErrorClass::Expectation {
        return None;
    }
    let checks = plan.written.checks(step.index).iter().enumerate();
    let mut missed = checks.filter(|(index, _)| outcome.missed >> index & 1 == 1);
    match missed.next() {
        Some((_, check)) => Some(check.clone()),
        None => is_status.then(|| "any status below 400".to_owned()),
    }
}

/// The beginning of a body as text.
fn start_of(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(body);
    match body.len() < BODY_START {
        true => redact_body(&text),
        // The last character may be cut.
        false => redact_body(text.trim_end_matches('\u{fffd}')) + "…",
    }
}

/// A text without the values of variables that are named like secrets.
fn without_secrets(population: &Population, values: &[Value], mut text: String) -> String {
    let drawn = population.variables.iter().map(|variable| &variable.name);
    for (name, value) in drawn.chain(&population.extracted).zip(values) {
        if let Value::Text(value) = value
            && value.len() >= SHORTEST_SECRET
            && is_secret(name)
            && text.contains(&**value)
        {
            text = text.replace(&**value, &format!("{{{{{name}}}}}"));
        }
    }
    text
}
