//! `[[task.step]]`: one request, or one statement.

use super::{
    body,
    body::Sent,
    client,
    context::{Context, or_default},
    custom,
    database::Databases,
    expect, extract, headers,
    headers::Header,
    load::{NO_PAUSE, think},
    path, sql_step,
    template::Names,
};
use crate::{
    data::{Template, template::Part},
    plan::{
        HttpStep, StepKind, Think,
        http::{PartContent, Wanted},
        written,
    },
    scenario::{
        Place, Problem,
        raw::{self, Field, Spanned},
    },
};
use http::{HeaderName, HeaderValue, Method, header};
use std::{collections::BTreeSet, time::Duration};

/// A checked step that has no place in the plan yet.
#[derive(Debug)]
pub(super) struct Draft {
    pub name: String,
    pub think: Think,
    pub kind: StepKind,
    pub written: written::Step,
    /// The variables it uses.
    pub uses: BTreeSet<usize>,
}

impl Draft {
    /// Whether it sends content in parts.
    pub fn sends_parts(&self) -> bool {
        matches!(&self.kind, StepKind::Http(http) if !http.multipart.is_empty())
    }
}

/// What all steps of a population share.
pub(super) struct Shared<'a> {
    /// None when there is a problem with them.
    pub headers: Option<Vec<Header>>,
    /// Path of the target's URL.
    pub prefix: String,
    /// None when there is a problem with it.
    pub timeout: Option<Duration>,
    /// What SQL steps are done against.
    pub databases: &'a Databases,
    /// Where the fast client is asked for.
    pub fast: Option<Place>,
}

pub(super) fn compile(
    context: &Context<'_>,
    shared: &Shared<'_>,
    names: &Names<'_>,
    step: &raw::Step,
) -> Option<Draft> {
    if step.is_sql() {
        return sql_step::compile(context, shared.databases, names, step);
    }
    if step.is_custom() {
        return custom::compile(context, shared, names, step);
    }
    let name = match &step.name {
        Field::Absent => None,
        field => Some(super::names::step(context, field)),
    };
    let think_time = or_default(&step.think, NO_PAUSE).map(think);
    let timeout = match &step.timeout {
        Field::Absent => shared.timeout,
        field => context.some_time(field, "a timeout"),
    };
    not_of_sql(context, step);
    let own_headers = headers::compile(context, names, &step.headers);
    let content = match &step.body {
        Field::Absent => Some(None),
        Field::Bad(_) => None,
        Field::Given(given) => {
            if let (raw::Body::Multipart(_), Some(fast)) = (&given.value, shared.fast) {
                client::conflict(context, fast, given.place, "multipart content");
            }
            body::compile(context, names, given).map(Some)
        }
    };
    let request = request(context, step);
    let method = request.as_ref().map(|given| given.value.0);
    if let (Some(given), Some(method @ ("get" | "head"))) = (&request, method)
        && let Some(place) = step.body.place()
    {
        no_body(context, place, method, given.place);
    }
    let head = request.as_ref().filter(|given| given.value.0 == "head");
    let head = head.map(|given| given.place);
    let expect = expect::compile(context, names, &step.expect, head);
    let extract = extract::compile(context, names, &step.extract, head);
    let path = request.as_ref().and_then(|given| {
        let path = &given.value.1;
        path::compile(context, names, &shared.prefix, path, &step.query)
    });

    let (method, text) = &request?.value;
    let (path, shown_path) = path?;
    let (expect, checks) = expect?;
    let (extract, shown_extract) = extract?;
    let content = content?;
    let shared_headers = shared.headers.as_ref()?.iter();
    // One that waits for an answer is sent as soon as that is there.
    let there = shared_headers.filter(|header| names.fill(&header.value));
    let mut headers = headers::merge(there, own_headers?);
    if let Some(kind) = content.as_ref().and_then(|content| content.content_type) {
        label(&mut headers, header::CONTENT_TYPE, kind);
    }
    let default_name = || {
        let path = written::redact_query(text.written());
        format!("{} {path}", method.to_ascii_uppercase())
    };
    let (sent, shown_body) = content.map(|c| (c.sent, c.written)).unzip();
    let (body, multipart) = match sent {
        None => (None, Vec::new()),
        Some(Sent::Whole(template)) => (Some(template), Vec::new()),
        Some(Sent::Parts(parts)) => (None, parts),
    };
    let written = written::Step {
        path: shown_path,
        headers: headers
            .iter()
            .map(|header| (header.name.to_string(), header.written.clone()))
            .collect(),
        body: shown_body,
        checks,
        extract: shown_extract,
        ..written::Step::default()
    };
    let http = HttpStep {
        method: self::method(method),
        path,
        headers: headers.into_iter().map(|h| (h.name, h.value)).collect(),
        body,
        multipart,
        expect,
        extract,
        timeout: timeout?,
        trace: None,
    };
    Some(Draft {
        name: match name {
            Some(name) => name?,
            None => default_name(),
        },
        think: think_time?,
        uses: uses(&http),
        kind: StepKind::Http(http),
        written,
    })
}

fn request<'s>(
    context: &Context<'_>,
    step: &'s raw::Step,
) -> Option<&'s Spanned<(raw::Method, crate::scenario::Text)>> {
    if step.request.is_absent() {
        let problem = Problem::new(step.place, "a step that does nothing");
        context
            .tell(problem.help(r#"write get = "/path" or another method, or sql = "SELECT ...""#));
    }
    step.request.given()
}

/// Tells of keys that only a statement has.
fn not_of_sql(context: &Context<'_>, step: &raw::Step) {
    let expect = step.expect.value();
    let keys = [
        ("database", step.database.place()),
        ("params", step.params.place()),
        ("max_tries", step.max_tries.place()),
        ("rows", expect.and_then(|expect| expect.rows.place())),
        ("values", expect.and_then(|expect| expect.values.place())),
    ];
    misplaced(context, &keys, "a statement", step.request.place());
}

/// Tells of keys that belong to another kind of step than the one at hand.
pub(super) fn misplaced(
    context: &Context<'_>,
    keys: &[(&str, Option<Place>)],
    owner: &str,
    own: Option<Place>,
) {
    for (key, place) in keys {
        let (Some(place), Some(own)) = (place, own) else {
            continue;
        };
        let problem = Problem::new(*place, format!("`{key}` belongs to {owner}"));
        context.tell(problem.other(own, "this is none"));
    }
}

fn no_body(context: &Context<'_>, body: Place, method: &str, place: Place) {
    let message = format!("a {} request has no content", method.to_ascii_uppercase());
    let problem = Problem::new(body, message).other(place, "the method");
    context.tell(problem.help("write `query` for parameters, or use `post`"));
}

/// Adds a header unless the scenario has it.
pub(super) fn label(headers: &mut Vec<Header>, name: HeaderName, value: &'static str) {
    if headers.iter().all(|header| header.name != name) {
        headers.push(Header {
            name,
            value: Template::literal(HeaderValue::from_static(value).as_bytes()),
            written: value.to_owned(),
        });
    }
}

fn method(key: &str) -> Method {
    match key {
        "post" => Method::POST,
        "put" => Method::PUT,
        "patch" => Method::PATCH,
        "delete" => Method::DELETE,
        "head" => Method::HEAD,
        "options" => Method::OPTIONS,
        _ => Method::GET,
    }
}

fn uses(step: &HttpStep) -> BTreeSet<usize> {
    let headers = step.headers.iter().map(|(_, value)| value);
    let parts = step
        .multipart
        .iter()
        .filter_map(|part| match &part.content {
            PartContent::Text(text) => Some(text),
            PartContent::File(_) => None,
        });
    let templates = [&step.path].into_iter().chain(headers).chain(&step.body);
    let templates = templates.chain(parts);
    let filled = templates
        .flat_map(Template::parts)
        .filter_map(|part| match part {
            Part::Variable(index, _) => Some(*index),
            Part::Literal(_) => None,
        });
    let compared = step
        .expect
        .json
        .iter()
        .filter_map(|check| match check.wanted {
            Wanted::Variable(index) => Some(index),
            Wanted::Fixed(_) => None,
        });
    filled.chain(compared).collect()
}
