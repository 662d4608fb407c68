//! `[[event]]`: what is done to the world during the run.

use super::{call::Calls, level::Level, names, query, scale::Stretch, template::fixed};
use crate::{
    event::{Action, Command, Event, EventTime},
    query::Query,
    written::cut,
};
use loadgen_core::{human::duration as time, printable};
use loadgen_scenario::{
    Problem, Span, Text,
    raw::{self, Field, Root, Spanned},
};
use std::time::Duration;

/// Most times that an event is done.
const MOST_TIMES: u64 = 1_000_000;

/// The least between two times that an event is done.
const SHORTEST: Duration = Duration::from_millis(100);

/// The events, with times as the scenario has them.
pub(super) fn compile(calls: &mut Calls<'_>, root: &Root) -> Option<Vec<Event>> {
    let given = match &root.events {
        Field::Absent => return Some(Vec::new()),
        Field::Bad(_) => return None,
        Field::Given(given) => &given.value,
    };
    // Not `collect` at once: that would stop at the first problem.
    let compiled: Vec<Option<Event>> = given.iter().map(|raw| one(calls, raw)).collect();
    compiled.into_iter().collect()
}

/// Makes times those of a run whose length a flag changes.
pub(super) fn stretch(events: &mut [Event], stretch: Stretch) {
    for event in events {
        if let EventTime::At(at) = &mut event.when {
            *at = stretch.apply(*at);
        }
        event.every = event.every.map(|every| stretch.apply(every).max(SHORTEST));
    }
}

fn one(calls: &mut Calls<'_>, raw: &raw::Event) -> Option<Event> {
    let context = calls.context;
    let name = match &raw.name {
        Field::Absent => Some(None),
        field => names::step(context, field).map(Some),
    };
    let when = when(calls, raw);
    let every = match &raw.every {
        Field::Absent => Some(None),
        Field::Given(every) if every.value < SHORTEST => {
            let message = format!("more often than every {}", time(SHORTEST));
            context.tell(Problem::new(every.span, message));
            None
        }
        field => field.value().map(|every| Some(*every)),
    };
    let times = match (&raw.times, &raw.every) {
        (Field::Absent, _) => Some(None),
        (field, Field::Absent) => {
            if let Some(span) = field.span() {
                let problem = Problem::new(span, "`times` without `every`");
                context.tell(problem.help(r#"write every = "30s" as well"#));
            }
            None
        }
        (field, _) => context
            .whole(field, 1, MOST_TIMES, "times in all")
            .map(Some),
    };
    if let (Some(EventTime::End), Some(span)) = (when, raw.every.span()) {
        let problem = Problem::new(span, "`every` at the end");
        context.tell(problem.help("the end is but once"));
    }
    let (action, default) = action(calls, raw)?;
    Some(Event {
        name: name?.unwrap_or_else(|| printable::line(&default).into_owned()),
        when: when?,
        every: every?,
        times: times?,
        action,
    })
}

/// Returns the action, and its name.
fn action(calls: &mut Calls<'_>, raw: &raw::Event) -> Option<(Action, String)> {
    let context = calls.context;
    match (&raw.request, &raw.exec) {
        (Field::Absent, Field::Absent) => {
            let problem = Problem::new(raw.span, "an event that does nothing");
            let help =
                r#"write post = "/path" or another method, sql = "..." or exec = ["program"]"#;
            context.tell(problem.help(help));
            None
        }
        (Field::Absent, field) => {
            let Spanned { value, span } = field.given()?;
            let command = command(calls, value, *span)?;
            let name = command.written.clone();
            Some((Action::Exec(command), name))
        }
        (field, exec) => {
            if let (Some(first), Some(second)) = (field.span(), exec.span()) {
                let problem = Problem::new(second, "both a command and something else");
                let problem = problem.other(first, "the other");
                context.tell(problem.help("an event does one thing: write two of them"));
            }
            let step = raw.step();
            if step.is_sql() {
                if let Some(span) = step.expect.span() {
                    let problem = Problem::new(span, "`expect` conflicts with `sql`");
                    context.tell(problem.help("what the server refuses fails the event"));
                }
                let query: Query = query::compile(calls, &raw.population, &step)?;
                let name = query.written.lines().next().unwrap_or_default().to_owned();
                return Some((Action::Sql(query), name));
            }
            let call = calls.add(&raw.population, step, |_| {})?;
            let name = calls.calls.get(call).map(|call| call.name.clone());
            Some((Action::Http(call), name.unwrap_or_default()))
        }
    }
}

fn command(calls: &Calls<'_>, words: &[Text], span: Span) -> Option<Command> {
    let context = calls.context;
    let fixed: Vec<Option<String>> = words.iter().map(|word| fixed(context, word)).collect();
    let fixed: Vec<String> = fixed.into_iter().collect::<Option<_>>()?;
    if fixed.first().is_none_or(String::is_empty) {
        let problem = Problem::new(span, "a command without a program");
        context.tell(problem.help(r#"such as exec = ["stress-ng", "--cpu", "2"]"#));
        return None;
    }
    if fixed.iter().any(|word| word.contains('\0')) {
        context.tell(Problem::new(span, "a command with a zero byte"));
        return None;
    }
    let shown: Vec<&str> = words.iter().map(Text::written).collect();
    Some(Command {
        words: fixed,
        written: cut(&shown.join(" ")),
    })
}

fn when(calls: &Calls<'_>, raw: &raw::Event) -> Option<EventTime> {
    let context = calls.context;
    let (at, span) = match (&raw.at, &raw.stage) {
        (Field::Absent, Field::Absent) => {
            let help = r#"such as at = "2m", at = "stage 2" or at = "end""#;
            context.missing(raw.span, "at", help);
            return None;
        }
        (Field::Given(at), Field::Absent) => (at.value, at.span),
        (Field::Absent, Field::Given(stage)) => (raw::EventTime::Stage(stage.value), stage.span),
        (at, stage) => {
            if let (Some(first), Some(second)) = (at.span(), stage.span()) {
                let problem = Problem::new(second, "both `at` and `stage`");
                context.tell(problem.other(first, "the other one").help("keep one"));
            }
            return None;
        }
    };
    let at = match at {
        raw::EventTime::End => return Some(EventTime::End),
        raw::EventTime::At(at) => at,
        raw::EventTime::Stage(number) => stage(calls, &raw.population, number, span)?,
    };
    let populations = calls.populations?.iter();
    let ends: Option<Vec<Duration>> = populations.map(|p| p.load.length()).collect();
    if let Some(end) = ends.and_then(|ends| ends.into_iter().max())
        && at >= end
    {
        let problem = Problem::new(span, "the load is over by then");
        let help = format!(
            r#"it ends at {}; what comes after it is at = "end""#,
            time(end)
        );
        context.tell(problem.help(help));
        return None;
    }
    Some(EventTime::At(at))
}

/// Returns the start of a stage.
fn stage(calls: &Calls<'_>, population: &Field<Text>, number: i64, span: Span) -> Option<Duration> {
    let tell = |message: String, help: &'static str| {
        calls.context.tell(Problem::new(span, message).help(help));
        None
    };
    let load = &calls.populations?.get(calls.population(population)?)?.load;
    let Level::Stages(stages) = &load.level else {
        return tell(
            "this load has no stages".to_owned(),
            r#"write a time, such as at = "2m""#,
        );
    };
    let before = usize::try_from(number)
        .ok()
        .and_then(|number| number.checked_sub(1));
    match before.and_then(|before| stages.get(..before)) {
        Some(before) if before.len() < stages.len() => {
            Some(before.iter().map(|(length, _)| *length).sum::<Duration>() + load.start)
        }
        _ => tell(
            format!("no such stage: the load has {}", stages.len()),
            "stages are counted from 1",
        ),
    }
}
