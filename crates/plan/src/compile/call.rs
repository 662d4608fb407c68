//! Requests beside the load.

use super::{
    context::Context,
    database::Databases,
    headers::Header,
    population::PopulationDraft,
    step::{self, Made, Shared},
    target,
    template::{VariableNames, fixed},
};
use crate::{
    HttpStep,
    background::{Call, CallTarget},
    written::{self, redact_query, redact_user},
};
use loadgen_data::Template;
use loadgen_scenario::{
    Problem, Text,
    diag::did_you_mean,
    raw::{self, Field},
};
use std::time::Duration;
use url::Url;

/// Compiles calls, and keeps them in the order of their places.
pub(super) struct Calls<'a> {
    pub context: &'a Context<'a>,
    /// None when there is a problem with one of them.
    pub populations: Option<&'a [PopulationDraft]>,
    pub databases: &'a Databases,
    pub calls: Vec<Call>,
}

impl Calls<'_> {
    /// The call that `raw` asks for, for the population of this name; its place. `change` is made
    /// to the request before it is taken. None when there is a problem, which is told.
    pub fn add(
        &mut self,
        population: &Field<Text>,
        mut raw: raw::Step,
        change: impl FnOnce(&mut HttpStep),
    ) -> Option<usize> {
        let context = self.context;
        let population = self.population(population);
        let other = match &raw.request {
            Field::Given(given) if is_url(&given.value.1) => {
                let other = other(context, &given.value.1, &raw.query);
                // The part after the host is put in below; everything else is read as usual.
                let plain = Text::plain(given.value.1.span(), "/");
                let mut request = given.clone();
                request.value.1 = plain;
                raw.request = Field::Given(request);
                Some(other)
            }
            _ => None,
        };
        let common = population.and_then(|index| Some(&self.populations?.get(index)?.common));
        let mut headers = common.map_or_else(Vec::new, |common| common.headers.clone());
        if let Some(other) = &other {
            // Secrets of one server are not sent to another.
            headers.retain(|header| !written::is_secret(header.name.as_str()));
            headers.extend(other.iter().filter_map(|other| other.authorization.clone()));
        }
        let names = VariableNames::background();
        let shared = Shared {
            headers: Some(headers),
            prefix: match &other {
                Some(_) => String::new(),
                None => common.map_or_else(String::new, |common| common.prefix.clone()),
            },
            timeout: Some(common.map_or(Duration::from_secs(1), |common| common.timeout)),
            databases: self.databases,
        };
        step::misplaced(context, &raw);
        let Made {
            mut name,
            plan: mut http,
            ..
        } = step::http::compile(context, &shared, &names, &raw)?;
        let server = match other {
            None => CallTarget::Target(population?),
            Some(other) => {
                let Other {
                    url, path, shown, ..
                } = other?;
                http.written.path = shown;
                name = format!("{} {}", http.method, http.written.path);
                http.path = Template::literal(path.as_bytes());
                CallTarget::Other(population?, url)
            }
        };
        change(&mut http);
        self.calls.push(Call {
            server,
            name,
            request: http,
        });
        Some(self.calls.len() - 1)
    }

    /// The place of the population that is named, or of the first.
    pub fn population(&self, named: &Field<Text>) -> Option<usize> {
        let populations = self.populations?;
        let name = match named {
            Field::Absent => return Some(0),
            Field::Bad(_) => return None,
            Field::Given(name) => name,
        };
        let names = || {
            populations
                .iter()
                .map(|population| population.name.as_str())
        };
        let wanted = name.value.value();
        let found = names().position(|own| own == wanted);
        if found.is_none() {
            let problem = Problem::new(name.span, "no population has this name");
            let all = || {
                format!(
                    "the populations are {}",
                    names().collect::<Vec<_>>().join(", ")
                )
            };
            let help = did_you_mean(&wanted, names()).unwrap_or_else(all);
            self.context.tell(problem.help(help));
        }
        found
    }
}

/// A server that is no population's target.
struct Other {
    url: Url,
    /// With the query.
    path: String,
    /// The URL as it may be shown.
    shown: String,
    authorization: Option<Header>,
}

pub(super) fn is_url(text: &Text) -> bool {
    let value = text.value();
    value.starts_with("http://") || value.starts_with("https://")
}

fn other(context: &Context<'_>, text: &Text, query: &Field<Vec<raw::Pair>>) -> Option<Other> {
    if let Some(span) = query.span() {
        let problem = Problem::new(span, "`query` conflicts with a whole URL");
        context.tell(problem.help("write the parameters into the URL, after a `?`"));
    }
    let wrong = |message: &'static str, help: &'static str| {
        context.tell(Problem::new(text.span(), message).help(help));
        None
    };
    let Ok(mut url) = Url::parse(&fixed(context, text)?) else {
        return wrong("not a URL", "write it as http://host:port/path");
    };
    if url.fragment().is_some() {
        return wrong(
            "a URL with `#`",
            "what follows `#` is never sent to a server",
        );
    }
    let mut path = url.path().to_owned();
    if let Some(query) = url.query() {
        path.push('?');
        path.push_str(query);
    }
    url.set_query(None);
    url.set_path("/");
    let (url, authorization) = match target::origin(url.as_str()) {
        Ok(origin) => origin,
        Err((message, help)) => return wrong(message, help),
    };
    let shown = match text.is_from_environment() {
        true => redact_query(&redact_user(text.written())),
        false => format!(
            "{}{}",
            url.as_str().trim_end_matches('/'),
            redact_query(&path)
        ),
    };
    Some(Other {
        url,
        path,
        shown,
        authorization,
    })
}
