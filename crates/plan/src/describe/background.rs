//! Description of what runs in the background of the load, for people and for the result file.

use super::{phrase::line, quantity::time, values::seconds};
use crate::{
    Event, Observe, Plan,
    event::{Action, EventTime},
    observe::ObservationSource,
    verify::{Question, Verify},
};
use serde_json::{Value as Json, json};

/// Prints it as `loadgen check` does.
pub(super) fn words(out: &mut String, plan: &Plan) {
    let mut heading = "events";
    for event in &plan.background.events {
        let when = match event.when {
            EventTime::At(at) => format!("at {}", time(at)),
            EventTime::End => "at the end".to_owned(),
        };
        let again = match (event.every, event.times) {
            (None, _) => String::new(),
            (Some(every), None) => format!(", again every {}", time(every)),
            (Some(every), Some(times)) => format!(", every {}, {times} times", time(every)),
        };
        line(out, heading, &format!("{when}{again}: {}", event.name));
        let done = done(plan, event);
        if done != event.name {
            line(out, "", &format!("  {done}"));
        }
        heading = "";
    }
    let mut heading = "observed";
    for observe in &plan.background.observe {
        let source = source(plan, observe);
        line(
            out,
            heading,
            &format!("{}: {source}, each second", observe.name),
        );
        heading = "";
    }
    for limit in &plan.background.limits {
        line(out, "", &format!("  {}", limit.expr));
    }
    let mut heading = "verified";
    for verify in &plan.background.verify {
        let within = match verify.within {
            within if within.is_zero() => String::new(),
            within => format!(", within {}", time(within)),
        };
        line(
            out,
            heading,
            &format!("{}: {}", verify.name, asked(plan, verify)),
        );
        line(out, "", &format!("  {}{within}", verify.written));
        heading = "";
    }
}

/// Events, as the result file has them.
pub(super) fn events(plan: &Plan) -> Json {
    let events = plan.background.events.iter().map(|event| {
        json!({
            "name": event.name,
            "at_s": match event.when {
                EventTime::At(at) => Some(seconds(at)),
                EventTime::End => None,
            },
            "every_s": event.every.map(seconds),
            "times": event.times,
            "does": done(plan, event),
        })
    });
    events.collect()
}

fn done<'a>(plan: &'a Plan, event: &'a Event) -> &'a str {
    match &event.action {
        Action::Http(call) => plan
            .background
            .calls
            .get(*call)
            .map_or("", |call| &call.name),
        Action::Sql(query) => &query.written,
        Action::Exec(command) => &command.written,
    }
}

/// Observations, as the result file has them.
pub(super) fn observe(plan: &Plan) -> Json {
    let observe = plan
        .background
        .observe
        .iter()
        .enumerate()
        .map(|(index, observe)| {
            let limits = plan.background.limits.iter();
            let own = limits.filter(|limit| limit.source == index);
            json!({
                "name": observe.name,
                "watches": source(plan, observe),
                "thresholds": own.map(|limit| &limit.expr).collect::<Vec<_>>(),
            })
        });
    observe.collect()
}

fn source(plan: &Plan, observe: &Observe) -> String {
    match &observe.source {
        ObservationSource::Prometheus { call, metrics, by } => {
            let page = plan
                .background
                .calls
                .get(*call)
                .map_or("", |call| &call.name);
            let mut text = page.to_owned();
            if !metrics.is_empty() {
                text.push_str(&format!(" of {}", metrics.join(", ")));
            }
            if !by.is_empty() {
                text.push_str(&format!(" by {}", by.join(", ")));
            }
            text
        }
        ObservationSource::Database(_, backend) => format!("statistics of {}", backend.name()),
        ObservationSource::Host => "this machine".to_owned(),
    }
}

/// Verifications, as the result file has them.
pub(super) fn verify(plan: &Plan) -> Json {
    let verify = plan.background.verify.iter().map(|verify| {
        json!({
            "name": verify.name,
            "asked": asked(plan, verify),
            "expect": verify.written,
            "within_s": seconds(verify.within),
        })
    });
    verify.collect()
}

fn asked<'a>(plan: &'a Plan, verify: &'a Verify) -> &'a str {
    match &verify.question {
        Question::Http(call) => plan
            .background
            .calls
            .get(*call)
            .map_or("", |call| &call.name),
        Question::Sql(query) => &query.written,
    }
}
