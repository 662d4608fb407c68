//! A population: its target, load, variables and tasks together.

use super::{
    Error, Settings, app, basic, client, common, context::Context, data, data::Variables,
    database::Databases, headers, headers::Header, http_settings, lifecycle,
    lifecycle::LifecyclePrograms, load, names, program::Program, step::Shared, target,
    target_draft, task,
};
use crate::{Target, Variable, http::Settings as HttpSettings};
use http::header;
use loadgen_scenario::{
    Problem, Text,
    form::Words,
    raw::{self, Field, Http},
};
use rand_distr::weighted::WeightedAliasIndex;
use std::collections::HashMap;

/// A checked population that has no place in the plan yet.
#[derive(Debug)]
pub(super) struct PopulationDraft {
    pub name: String,
    /// Settings for calls in the background.
    pub common: common::Common,
    pub target: target_draft::TargetDraft,
    pub http: HttpSettings,
    pub files: HttpFiles,
    pub load: load::LoadDraft,
    pub variables: Vec<Variable>,
    pub generators: Vec<serde_json::Value>,
    pub extracted: Vec<String>,
    pub tasks: Vec<task::TaskDraft>,
    pub lifecycle: LifecyclePrograms,
    pub choice: Option<WeightedAliasIndex<f64>>,
}

/// All populations of the scenario; None when there is a problem with one.
pub(super) fn compile_all(
    context: &Context<'_>,
    root: &raw::Root,
    databases: &Databases,
    settings: &Settings,
) -> Result<Option<Vec<PopulationDraft>>, Error> {
    let flag = target::from_flag(settings)?;
    let flag = flag.as_ref();
    let compile = |population: &raw::Population| {
        compile(context, root, databases, population, settings, flag)
    };
    let several = match &root.populations {
        Field::Absent => return Ok(compile(&root.shared).map(|only| vec![only])),
        Field::Bad(_) => return Ok(None),
        Field::Given(given) => given,
    };
    for (key, span, header) in [
        ("load", root.shared.load.span(), "[population.load]"),
        ("task", root.shared.tasks.span(), "[[population.task]]"),
        ("setup", root.shared.setup.span(), "[population.setup]"),
        (
            "teardown",
            root.shared.teardown.span(),
            "[population.teardown]",
        ),
        (
            "user_start",
            root.shared.user_start.span(),
            "[population.user_start]",
        ),
    ] {
        if let Some(span) = span {
            let message = format!("`{key}` outside of the [[population]] tables");
            let problem = Problem::new(span, message);
            let help = format!("write {header} below its [[population]]");
            context.tell(problem.other(several.span, "the populations").help(help));
        }
    }
    if several.value.is_empty() {
        context.tell(Problem::new(several.span, "a list of no populations"));
    }
    let mut spans = HashMap::new();
    for population in &several.value {
        let Some(name) = population.name.given() else {
            if population.name.is_absent() && several.value.len() > 1 {
                let help = "results and thresholds tell populations apart by it";
                context.missing(population.span, "name", help);
            }
            continue;
        };
        if let Some(before) = spans.insert(name.value.written(), name.span) {
            names::twice(context, "populations", name.span, before);
        }
    }
    let compiled: Vec<Option<PopulationDraft>> = several.value.iter().map(compile).collect();
    let targets = several.value.iter().zip(&compiled);
    let targets = targets.filter_map(|(raw, draft)| {
        let target = first(&raw.target, &root.shared.target);
        Some((&draft.as_ref()?.target, target.span()))
    });
    app::agree(context, targets);
    Ok(compiled.into_iter().collect())
}

fn compile(
    context: &Context<'_>,
    root: &raw::Root,
    databases: &Databases,
    raw: &raw::Population,
    settings: &Settings,
    flag: Option<&target_draft::TargetDraft>,
) -> Option<PopulationDraft> {
    let shared = &root.shared;
    let name = match (&raw.name, &root.name) {
        (Field::Absent, Field::Absent) => Some(None),
        (Field::Absent, field) | (field, _) => names::checked(context, field).map(Some),
    };
    let target = first(&raw.target, &shared.target);
    let target = match target {
        // A target that only the flag names is for relative URLs.
        Field::Absent if !raw.needs_target() && (flag.is_none() || !raw.has_requests()) => {
            Some(target_draft::TargetDraft::none())
        }
        target => target::compile(context, target, flag, raw.span),
    };
    let load = match &raw.load {
        Field::Absent => {
            let problem = Problem::new(raw.span, "no load: how much is to be done?");
            context.tell(problem.help(r#"write [load] with users = 10 or rate = "100/s""#));
            None
        }
        field => field.value().and_then(|load| load::compile(context, load)),
    };
    let data = first(&raw.data, &shared.data);
    let open = load.as_ref().and_then(|draft| match draft.model {
        load::Model::Closed { .. } => None,
        load::Model::Open { .. } => raw.load.span(),
    });
    let variables = data::compile(context, data, open);

    let none = Http::default();
    let http = first(&raw.http, &shared.http).value().unwrap_or(&none);
    let mut names = data::names(context, data, raw);
    let extracted = names.all_extracted();
    let lasting = lifecycle::lasting(&names, raw);
    let headers = headers::compile(context, &lasting, &http.headers);
    let mut headers = basic::add(context, &lasting, &http.basic, headers);
    if let (Some(headers), Some(target)) = (&mut headers, &target) {
        authorize(headers, target);
    }
    let shared = Shared {
        headers,
        prefix: target
            .as_ref()
            .map_or_else(String::new, |t| t.prefix.clone()),
        timeout: http_settings::timeout(context, http),
        databases,
    };
    let common = common::Common::of(&shared);
    let lifecycle = lifecycle::compile(context, &shared, &mut names, raw, open);
    let tasks = task::compile_all(context, &shared, &names, raw);
    let client = client::compile(context, http);
    if let (Some(target), Some(span)) = (&target, http.proxy.span())
        && target.has_socket()
    {
        let problem = Problem::new(
            span,
            "a proxy, which does not reach the target's Unix socket",
        );
        context.tell(problem.help("leave out one of the two"));
    }
    let settings = http_settings::compile(context, http, client, settings);

    let tasks = tasks?;
    let weights: Vec<f64> = tasks.iter().map(|task| task.weight).collect();
    // Weights were checked, so there is nothing left to refuse.
    let choice = match weights.len() {
        1 => None,
        _ => Some(WeightedAliasIndex::new(weights).ok()?),
    };
    let Variables {
        variables,
        generators,
    } = variables?;
    let lifecycle = lifecycle?;
    lifecycle::check(context, &lifecycle, raw)?;
    Some(PopulationDraft {
        name: name?.unwrap_or_else(|| names::file(&root.name, context.path)),
        common: common?,
        target: target?,
        http: settings?,
        files: http_files(http),
        load: load?,
        variables,
        generators,
        extracted,
        tasks,
        lifecycle,
        choice,
    })
}

/// Values of `[http]` that the plan has in another form, as they may be shown.
#[derive(Debug)]
pub(super) struct HttpFiles {
    pub ca: Option<String>,
    pub client: Option<&'static str>,
    pub connect_to: Vec<(String, String)>,
    pub proxy: Option<String>,
    pub cert: Option<String>,
}

fn http_files(http: &Http) -> HttpFiles {
    let written = |field: &Field<Text>| field.value().map(|text| text.written().to_owned());
    let ends = http.connect_to.value().into_iter().flatten();
    let ends = ends.map(|raw| (raw.from.value.clone(), raw.to.written().to_owned()));
    HttpFiles {
        ca: written(&http.ca),
        client: http.client.value().map(|client| client.word()),
        connect_to: ends.collect(),
        proxy: client::written_proxy(http),
        cert: written(&http.cert),
    }
}

/// A population's own table, or else the one that all share.
pub(super) fn first<'a, T>(own: &'a Field<T>, shared: &'a Field<T>) -> &'a Field<T> {
    if own.is_absent() { shared } else { own }
}

/// Credentials of the target's URL, unless the scenario has its own.
fn authorize(headers: &mut Vec<Header>, target: &target_draft::TargetDraft) {
    let given = |header: &Header| header.name == header::AUTHORIZATION;
    if let Some(value) = &target.authorization
        && !headers.iter().any(given)
    {
        headers.push(target::authorization(value));
    }
}

impl PopulationDraft {
    /// Its tasks with their names, in the order of the plan.
    pub fn named_tasks(&self) -> impl Iterator<Item = (&str, &Program)> {
        let tasks = self.tasks.iter();
        tasks.map(|task| (task.name.as_str(), &task.program))
    }
}

impl PopulationDraft {
    /// Returns true if a system is driven over HTTP.
    pub fn has_target(&self) -> bool {
        self.target.target != Target::None
    }

    /// Returns true if a step of its tasks is a request.
    pub fn has_requests(&self) -> bool {
        let mut steps = self.tasks.iter().flat_map(|task| &task.program.steps);
        steps.any(|step| step.kind.http().is_some())
    }
}
