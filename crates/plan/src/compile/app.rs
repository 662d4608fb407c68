//! `[target] app`: a bundled service and how it is started.

use super::{context::Context, target_draft::TargetDraft};
use crate::{App, AppPool, AppSettings, Target, sql::Secret, written::redact_user};
use clap::{Args, Command};
use loadgen_core::human;
use loadgen_scenario::{
    Problem, Span, Text,
    diag::did_you_mean,
    raw::{self, Field, Pool, PoolBounds, Spanned},
};
use serde_json::Value as Json;
use std::str::FromStr;
use target_app::{CacheSetting, Location, Service};

/// More processes of a service would only fight for the machine.
const MOST_INSTANCES: u64 = 64;

/// The most connections that the target app's own flags take.
const MOST_CONNECTIONS: u64 = 10_000;

/// Flags that have a key of their own, or that are loadgen's business.
const TAKEN: [&str; 10] = [
    "--port",
    "--database",
    "--data-dir",
    "--cache",
    "--pool-min",
    "--pool-max",
    "--pool-timeout",
    "--no-pool",
    "--managed",
    "seed",
];

/// Names that a scenario may use: a service, or one of the several that it listens as.
fn names() -> impl Iterator<Item = (&'static str, Service)> {
    Service::ALL.into_iter().flat_map(|service| {
        let listeners = service.listeners().iter().skip(1);
        let others = listeners.map(move |(name, _)| (*name, service));
        [(service.name(), service)].into_iter().chain(others)
    })
}

pub(super) fn compile(
    context: &Context<'_>,
    name: &Spanned<Text>,
    raw: &raw::Target,
) -> Option<TargetDraft> {
    let service = service(context, &name.value);
    let mut shown = Vec::new();
    let instances = match &raw.instances {
        Field::Absent => Some(1),
        field => context.whole(field, 1, MOST_INSTANCES, "the number of instances"),
    };
    if let Some(instances) = instances.filter(|&instances| instances > 1) {
        shown.push(("instances", Json::from(instances)));
    }
    let database = setting::<Location>(context, &raw.database, |shown_as| {
        shown.push(("database", shown_as.into()));
    });
    let cache = setting::<CacheSetting>(context, &raw.cache, |shown_as| {
        shown.push(("cache", shown_as.into()));
    });
    let pool = match &raw.pool {
        Field::Absent => Some(None),
        Field::Bad(_) => None,
        Field::Given(given) => pool(context, &given.value, given.span),
    };
    if let Some(Some(pool)) = &pool {
        shown.push(("pool", pool_words(pool).into()));
    }
    let flags = flags(context, &raw.flags);
    if let Some(texts) = raw.flags.value().filter(|texts| !texts.is_empty()) {
        let texts = texts.iter().map(|text| redact_user(text.written()));
        shown.push(("flags", texts.collect::<Vec<_>>().join(" ").into()));
    }
    let (name, service) = service?;
    Some(TargetDraft {
        target: Target::App(App {
            name: name.to_owned(),
            service: service.name().to_owned(),
            settings: AppSettings {
                instances: instances? as usize,
                database: database?,
                cache: cache?,
                pool: pool?,
                flags: flags?,
            },
        }),
        prefix: String::new(),
        authorization: None,
        written: Vec::new(),
        settings: shown,
    })
}

/// Tells of populations that drive the same service, but want it to be started differently.
pub(super) fn agree<'d>(
    context: &Context<'_>,
    targets: impl Iterator<Item = (&'d TargetDraft, Option<Span>)>,
) {
    let mut seen: Vec<(&App, Option<Span>)> = Vec::new();
    for (draft, span) in targets {
        let Target::App(app) = &draft.target else {
            continue;
        };
        let same = |(other, _): &&(&App, _)| other.service == app.service;
        match seen.iter().find(same) {
            None => seen.push((app, span)),
            Some((first, first_span)) if first.settings != app.settings => {
                let Some(span) = span else { continue };
                let message = format!("`{}` is started once, but differently here", app.service);
                let mut problem = Problem::new(span, message);
                if let Some(first) = first_span {
                    problem = problem.other(*first, "from this");
                }
                let help = "give both the same instances, database, cache, pool and flags";
                context.tell(problem.help(help));
            }
            Some(_) => {}
        }
    }
}

fn service(context: &Context<'_>, name: &Text) -> Option<(&'static str, Service)> {
    let wanted = name.value();
    // A service's own name stands for the first that it listens as.
    let first = |service: Service| service.listeners().first().map(|(name, _)| *name);
    let known = names().find(|(name, service)| *name == wanted || first(*service) == Some(&wanted));
    if known.is_none() {
        let problem = Problem::new(name.span(), "no bundled service has this name");
        let help = did_you_mean(name.written(), names().map(|(name, _)| name));
        let known = || {
            let names: Vec<&str> = names().map(|(name, _)| name).collect();
            format!("the services are {}", names.join(", "))
        };
        context.tell(problem.help(help.unwrap_or_else(known)));
    }
    known
}

/// A text that the target app understands as a `T`; empty: not given, which is what an unset
/// variable of the environment is.
fn setting<T: FromStr<Err = String>>(
    context: &Context<'_>,
    field: &Field<Text>,
    show: impl FnOnce(String),
) -> Option<Option<Secret>> {
    let text = match field {
        Field::Absent => return Some(None),
        Field::Bad(_) => return None,
        Field::Given(given) => &given.value,
    };
    let value = text.value();
    if value.is_empty() {
        return Some(None);
    }
    match value.parse::<T>() {
        Ok(_) => {
            show(redact_user(text.written()));
            Some(Some(Secret::new(value)))
        }
        Err(wrong) => {
            // The value may come from the environment.
            let hidden = text.is_from_environment();
            let (message, help) = match wrong.split_once(", ") {
                Some((found, help)) if found.starts_with("found ") && !hidden => (found, help),
                _ => ("not what is understood here", wrong.as_str()),
            };
            if hidden {
                context.tell(Problem::new(text.span(), message));
            } else {
                context.tell(Problem::new(text.span(), message).help(help.to_owned()));
            }
            None
        }
    }
}

fn pool(context: &Context<'_>, pool: &Pool, span: Span) -> Option<Option<AppPool>> {
    let PoolBounds { min, max, timeout } = match pool {
        Pool::Usual(true) => return Some(None),
        Pool::Usual(false) => return Some(Some(AppPool::Off)),
        Pool::Bounds(bounds) => bounds,
    };
    let bound = |field: &Field<i64>, least: u64| match field {
        Field::Absent => Some(None),
        field => {
            let connections = context.whole(field, least, MOST_CONNECTIONS, "connections");
            connections.map(|connections| Some(connections as u32))
        }
    };
    let (min, max) = (bound(min, 0), bound(max, 1));
    let timeout = match timeout {
        Field::Absent => Some(None),
        field => context.some_time(field, "a timeout").map(Some),
    };
    let (min, max) = (min?, max?);
    if let (Some(min), Some(max)) = (min, max)
        && min > max
    {
        let problem = Problem::new(span, format!("a pool of at least {min} and at most {max}"));
        context.tell(problem.help("write the smaller number as `min`"));
        return None;
    }
    Some(Some(AppPool::Bounds {
        min,
        max,
        timeout: timeout?,
    }))
}

fn pool_words(pool: &AppPool) -> String {
    let AppPool::Bounds { min, max, timeout } = pool else {
        return "none, a connection for every request".to_owned();
    };
    let mut words = Vec::new();
    words.extend(min.map(|min| format!("at least {min}")));
    words.extend(max.map(|max| format!("at most {max}")));
    words.extend(timeout.map(|limit| format!("{} to wait", human::duration(limit))));
    words.join(", ")
}

/// Further flags, each checked by the target app's own command line.
fn flags(context: &Context<'_>, field: &Field<Vec<Text>>) -> Option<Vec<String>> {
    let texts = match field {
        Field::Absent => return Some(Vec::new()),
        Field::Bad(_) => return None,
        Field::Given(given) => given,
    };
    let values: Vec<String> = texts.value.iter().map(Text::value).collect();
    for (value, text) in values.iter().zip(&texts.value) {
        let name = value
            .split_once('=')
            .map_or(value.as_str(), |(name, _)| name);
        if TAKEN.contains(&name) {
            let message = format!("`{name}` is not a flag for here");
            let problem = Problem::new(text.span(), message);
            let help =
                "instances, database, cache and pool are keys of [target]; the rest is loadgen's";
            context.tell(problem.help(help));
            return None;
        }
    }
    let command = target_app::Args::augment_args(Command::new("target"));
    let given = ["target".to_owned()]
        .into_iter()
        .chain(values.iter().cloned());
    match command.try_get_matches_from(given) {
        Ok(_) => Some(values),
        Err(error) => {
            let error = error.to_string();
            let line = error.lines().next().unwrap_or_default();
            let message = match texts.value.iter().any(Text::is_from_environment) {
                true => "the target app does not understand these flags",
                false => line.trim_start_matches("error: "),
            };
            let problem = Problem::new(texts.span, message);
            context.tell(problem.help("`loadgen target --help` lists them"));
            None
        }
    }
}
