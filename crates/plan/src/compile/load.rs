//! `[load]`: users or arrivals.

use super::{
    MOST_USERS,
    context::{Context, or_default},
    level::Level,
    stages,
};
use crate::{Arrivals, Iterations, Think};
use loadgen_scenario::{
    Problem, Span,
    raw::{self, Field},
};
use std::time::Duration;

/// Default of `graceful_stop`: the time that runs may take to finish after the end.
const GRACEFUL_STOP: Duration = Duration::from_secs(30);

/// Most task runs at once of an open load, unless the scenario says otherwise.
pub(super) const MAX_IN_FLIGHT: u64 = 1_000;

/// Most that can be asked for.
const MOST_IN_FLIGHT: u64 = 1_000_000;

/// The pause of those that have none.
pub(super) const NO_PAUSE: raw::Think = raw::Think::Uniform(Duration::ZERO, Duration::ZERO);

/// A checked load, before flags change it.
#[derive(Debug, Clone)]
pub(super) struct LoadDraft {
    pub model: Model,
    pub level: Level,
    pub graceful_stop: Duration,
    /// Delay before the load begins.
    pub start: Duration,
    /// Length of the warm-up, which is not measured.
    pub warmup: Duration,
}

/// Unit of the level.
#[derive(Debug, Clone)]
pub(super) enum Model {
    /// Users.
    Closed {
        think: Think,
        pacing: Option<Duration>,
        iterations: Iterations,
        ramp_down: Option<Duration>,
    },
    /// Arrivals per second.
    Open {
        arrivals: Arrivals,
        max_in_flight: u64,
        /// None: a minute's worth of the peak rate.
        max_queue: Option<u64>,
    },
}

pub(super) fn compile(context: &Context<'_>, load: &raw::Load) -> Option<LoadDraft> {
    let graceful_stop = or_default(&load.graceful_stop, GRACEFUL_STOP);
    let start = or_default(&load.start, Duration::ZERO);
    let (model, level) = match which(context, load)? {
        Which::Closed(span) => closed(context, load, span),
        Which::Open(span) => open(context, load, span),
    };
    let warmup = warmup(context, load, level.as_ref());
    Some(LoadDraft {
        model: model?,
        level: level?,
        graceful_stop: graceful_stop?,
        start: start?,
        warmup: warmup?,
    })
}

/// Returns the length of the warm-up.
fn warmup(context: &Context<'_>, load: &raw::Load, level: Option<&Level>) -> Option<Duration> {
    let given = match &load.warmup {
        Field::Given(given) if !given.value.is_zero() => given,
        field => return or_default(field, Duration::ZERO),
    };
    if let Field::Given(start) = &load.start
        && !start.value.is_zero()
    {
        let spans = (given.span.max(start.span), given.span.min(start.span));
        let problem = Problem::new(spans.0, "both `warmup` and `start`");
        let help = "what is measured begins when the warm-up ends, for all populations: a load \
                    that begins later has none";
        context.tell(problem.other(spans.1, "the other one").help(help));
        return None;
    }
    if let (Some(level), Some(stages)) = (level, load.stages.span())
        && level.first() == 0.0
    {
        let problem = Problem::new(given.span, "a warm-up of nothing");
        let problem = problem.other(stages, "these stages begin at 0");
        let help = "the warm-up is at the level with which the load begins: give it a first stage \
                    of \"0s\", or leave the warm-up out";
        context.tell(problem.help(help));
        return None;
    }
    Some(given.value)
}

/// The model, with the key that says so.
enum Which {
    Closed(Span),
    Open(Span),
}

fn which(context: &Context<'_>, load: &raw::Load) -> Option<Which> {
    if let (Some(users), Some(rate)) = (load.users.span(), load.rate.span()) {
        let message = "both `users` and `rate`";
        let help = "`users` wait for their responses (closed model), arrivals at a `rate` do not \
                    (open model): keep one";
        let problem = Problem::new(users.max(rate), message).help(help);
        context.tell(problem.other(users.min(rate), "the other one"));
        return None;
    }
    if let Some(span) = load.users.span() {
        return Some(Which::Closed(span));
    }
    if let Some(span) = load.rate.span() {
        return Some(Which::Open(span));
    }
    match &load.stages {
        Field::Absent => {
            let help = r#"write `users = 10`, `rate = "100/s"`, or `stages`"#;
            context.tell(Problem::new(load.span, "a load of nothing").help(help));
            None
        }
        Field::Bad(_) => None,
        Field::Given(stages) => {
            // The first stage that says anything decides; the others are held against it.
            let decided = stages.value.iter().find_map(|stage| {
                let users = stage.users.span().map(Which::Closed);
                users.or_else(|| stage.rate.span().map(Which::Open))
            });
            if decided.is_none() {
                let help = "each stage has a `duration` and `users` or a `rate` to reach";
                let problem = Problem::new(stages.span, "stages of nothing");
                context.tell(problem.help(help));
            }
            decided
        }
    }
}

fn closed(
    context: &Context<'_>,
    load: &raw::Load,
    because: Span,
) -> (Option<Model>, Option<Level>) {
    let strays = [
        ("arrivals", load.arrivals.span()),
        ("max_in_flight", load.max_in_flight.span()),
        ("max_queue", load.max_queue.span()),
    ];
    for (key, span) in strays {
        if let Some(span) = span {
            let message = format!("`{key}` belongs to arrivals at a `rate`");
            let problem = Problem::new(span, message);
            context.tell(problem.other(because, "but this load is users"));
        }
    }
    let think = or_default(&load.think, NO_PAUSE).map(think);
    if let (Some(think), Some(pacing)) = (load.think.span(), load.pacing.span()) {
        let problem = Problem::new(think.max(pacing), "both `think` and `pacing`");
        let problem = problem.other(think.min(pacing), "the other one");
        let help = "a pause is counted from the end of a run, pacing from its start: keep one";
        context.tell(problem.help(help));
    }
    let pacing = match &load.pacing {
        Field::Absent => Some(None),
        field => context.some_time(field, "an interval").map(Some),
    };
    let ramp_down = match &load.graceful_ramp_down {
        Field::Absent => Some(None),
        field => field.value().copied().map(Some),
    };
    let iterations = iterations(context, load);
    let users = context.whole(&load.users, 1, MOST_USERS, "a number of users");
    let spawn_rate = match load.spawn_rate.given() {
        Some(rate) if rate.value == 0.0 => {
            context.tell(Problem::new(rate.span, "no user would ever come"));
            None
        }
        _ => or_default(&load.spawn_rate, 0.0),
    };
    let level = match &load.stages {
        Field::Absent => flat(context, load).and_then(|duration| {
            let spawn_rate = spawn_rate?;
            Some(Level::Flat {
                level: users? as f64,
                spawn_rate: (spawn_rate > 0.0).then_some(spawn_rate),
                duration,
            })
        }),
        _ => {
            let strays = [
                ("users", load.users.span()),
                ("spawn_rate", load.spawn_rate.span()),
                ("duration", load.duration.span()),
            ];
            stages::not_beside(context, load, &strays);
            stages::compile(context, load, |stage| {
                if let Some(span) = stage.rate.span() {
                    stages::mixed(context, span, because);
                }
                match &stage.users {
                    Field::Absent => Err("users"),
                    field => Ok(context
                        .whole(field, 0, MOST_USERS, "a number of users")
                        .map(|users| users as f64)),
                }
            })
        }
    };
    let model = think.zip(pacing).zip(iterations.zip(ramp_down));
    let model = model.map(|((think, pacing), (iterations, ramp_down))| Model::Closed {
        think,
        pacing,
        iterations,
        ramp_down,
    });
    (model, level)
}

fn iterations(context: &Context<'_>, load: &raw::Load) -> Option<Iterations> {
    let most = u64::MAX;
    match (&load.iterations, &load.shared_iterations) {
        (Field::Absent, Field::Absent) => Some(Iterations::Unlimited),
        (each, Field::Absent) => context
            .whole(each, 1, most, "task runs of each user")
            .map(Iterations::PerUser),
        (Field::Absent, all) => context
            .whole(all, 1, most, "task runs of all users")
            .map(Iterations::Shared),
        (each, all) => {
            let (each, all) = (each.span()?, all.span()?);
            let message = "both `iterations` and `shared_iterations`";
            let help = "`iterations` are each user's own, `shared_iterations` are all users' \
                        together: keep one";
            let problem = Problem::new(each.max(all), message).help(help);
            context.tell(problem.other(each.min(all), "the other one"));
            None
        }
    }
}

fn open(context: &Context<'_>, load: &raw::Load, because: Span) -> (Option<Model>, Option<Level>) {
    let strays = [
        (
            "spawn_rate",
            load.spawn_rate.span(),
            "for a rising rate write `stages`",
        ),
        (
            "think",
            load.think.span(),
            "arrivals come whether or not others are done; a step may have `think`",
        ),
    ];
    let counted = "an open load has as many task runs as its rate and duration say";
    let of_users = [
        ("pacing", load.pacing.span(), "a rate is paced by itself"),
        ("iterations", load.iterations.span(), counted),
        ("shared_iterations", load.shared_iterations.span(), counted),
        (
            "graceful_ramp_down",
            load.graceful_ramp_down.span(),
            "arrivals are not taken away again; `graceful_stop` bounds them at the end",
        ),
    ];
    for (key, span, help) in strays.into_iter().chain(of_users) {
        if let Some(span) = span {
            let problem = Problem::new(span, format!("`{key}` belongs to `users`"));
            let problem = problem.other(because, "but this load is arrivals at a rate");
            context.tell(problem.help(help));
        }
    }
    let most = MOST_IN_FLIGHT;
    let max_in_flight = match &load.max_in_flight {
        Field::Absent => Some(MAX_IN_FLIGHT),
        field => context.whole(field, 1, most, "task runs at once"),
    };
    let max_queue = match &load.max_queue {
        Field::Absent => Some(None),
        field => context
            .whole(field, 0, u64::MAX, "arrivals waiting")
            .map(Some),
    };
    let arrivals = or_default(&load.arrivals, Arrivals::Constant);
    let level = match &load.stages {
        Field::Absent => {
            let rate = load.rate.given().filter(|rate| {
                if rate.value == 0.0 {
                    context.tell(Problem::new(rate.span, "no arrival would ever come"));
                }
                rate.value > 0.0
            });
            flat(context, load).and_then(|duration| {
                Some(Level::Flat {
                    level: rate?.value,
                    spawn_rate: None,
                    duration,
                })
            })
        }
        _ => {
            let strays = [
                ("rate", load.rate.span()),
                ("duration", load.duration.span()),
            ];
            stages::not_beside(context, load, &strays);
            stages::compile(context, load, |stage| {
                if let Some(span) = stage.users.span() {
                    stages::mixed(context, span, because);
                }
                match &stage.rate {
                    Field::Absent => Err("rate"),
                    field => Ok(field.value().copied()),
                }
            })
        }
    };
    let model = arrivals.zip(max_in_flight).zip(max_queue);
    let model = model.map(|((arrivals, max_in_flight), max_queue)| Model::Open {
        arrivals,
        max_in_flight,
        max_queue,
    });
    (model, level)
}

/// The duration of a load without stages: Some(None) is until stopped.
fn flat(context: &Context<'_>, load: &raw::Load) -> Option<Option<Duration>> {
    match &load.duration {
        Field::Absent => Some(None),
        field => context.some_time(field, "a duration").map(Some),
    }
}

/// A pause as it will be drawn.
pub(super) fn think(pause: raw::Think) -> Think {
    let (from, to) = match pause {
        raw::Think::Uniform(from, to) => (from, to),
        raw::Think::Normal(mean, stddev) if stddev.is_zero() => (mean, mean),
        raw::Think::Normal(mean, stddev) => return Think::Normal(mean, stddev),
        raw::Think::Exponential(mean) if mean.is_zero() => (mean, mean),
        raw::Think::Exponential(mean) => return Think::Exponential(mean),
    };
    if to.is_zero() {
        Think::None
    } else if from == to {
        Think::Constant(from)
    } else {
        Think::Uniform(from, to)
    }
}
