//! Requests.

use super::{
    super::{
        basic, body,
        body::Sent,
        context::Context,
        destination::{self, Server},
        expect, extract, headers,
        headers::Header,
        template::{VariableNames, fixed},
    },
    Made, Shared,
};
use crate::{
    HttpStep,
    http::{Elsewhere, PartContent, Wanted, WrittenRequest},
    written,
};
use http::{HeaderName, HeaderValue, Method, header};
use loadgen_data::Template;
use loadgen_scenario::{
    Problem, Text,
    raw::{self, Field, Spanned},
};
use std::collections::BTreeSet;

pub(in super::super) fn compile(
    context: &Context<'_>,
    shared: &Shared<'_>,
    names: &VariableNames<'_>,
    step: &raw::Step,
) -> Option<Made<HttpStep>> {
    let timeout = shared.timeout(context, step);
    let own_headers = headers::compile(context, names, &step.headers);
    let own_headers = basic::add(context, names, &step.basic, own_headers);
    let content = match &step.body {
        Field::Absent => Some(None),
        Field::Bad(_) => None,
        Field::Given(given) => body::compile(context, names, given).map(Some),
    };
    let request = request(context, step);
    let method = request.and_then(|given| method(context, given, &step.method));
    let head = request.filter(|_| method == Some(Method::HEAD));
    let head = head.map(|given| given.span);
    if let (Some(head), Some(span)) = (head, step.body.span()) {
        let problem = Problem::new(span, "a HEAD request has no content");
        context.tell(
            problem
                .other(head, "the method")
                .help("write `query` for parameters"),
        );
    }
    let expect = expect::compile(context, names, &step.expect, head);
    let extract = extract::compile(context, names, &step.extract, head);
    let destination = request.as_ref().and_then(|given| {
        let (key, text) = &given.value;
        let request = (*key, text);
        destination::compile(context, names, &shared.prefix, request, &step.query)
    });

    let (method, destination) = (method?, destination?);
    let (expect, checks) = expect?;
    let (extract, shown_extract) = extract?;
    let content = content?;
    let mut own_headers = own_headers?;
    if let Server::At(_, Some(credentials)) = &destination.server
        && credentials.is_kept_beside(&own_headers)
    {
        own_headers.push(credentials.clone());
    }
    let shared_headers = shared.headers.as_ref()?.iter();
    // One that waits for a response is sent as soon as that is there.
    let shared_headers = shared_headers
        .filter(|header| names.fill(&header.value) && header.is_kept_beside(&own_headers));
    let mut headers: Vec<Header> = shared_headers.cloned().collect();
    let elsewhere = elsewhere(destination.server, &shared.prefix, &mut headers);
    headers.extend(own_headers);
    if let Some(kind) = content.as_ref().and_then(|content| content.content_type) {
        label(&mut headers, header::CONTENT_TYPE, kind);
    }
    let (sent, shown_body) = content.map(|c| (c.sent, c.written)).unzip();
    let (body, multipart) = match sent {
        None => (None, Vec::new()),
        Some(Sent::Whole(template)) => (Some(template), Vec::new()),
        Some(Sent::Parts(parts)) => (None, parts),
    };
    let shown_headers = headers.iter();
    let shown_headers =
        shown_headers.map(|header| (header.name.to_string(), header.written.clone()));
    let written = WrittenRequest {
        path: destination.shown,
        headers: shown_headers.collect(),
        body: shown_body,
    };
    let http = HttpStep {
        method: method.clone(),
        path: destination.path,
        elsewhere,
        headers: headers.into_iter().map(|h| (h.name, h.value)).collect(),
        body,
        multipart,
        expect,
        extract,
        timeout: timeout?,
        trace: None,
        written,
    };
    Some(Made {
        name: format!("{method} {}", destination.name),
        uses: uses(&http),
        plan: http,
        written: written::Step {
            checks,
            extract: shown_extract,
        },
    })
}

fn request<'s>(
    context: &Context<'_>,
    step: &'s raw::Step,
) -> Option<&'s Spanned<(raw::Method, Text)>> {
    if step.request.is_absent() {
        let problem = Problem::new(step.span, "a step that does nothing");
        context
            .tell(problem.help(r#"write get = "/path" or another method, or sql = "SELECT ...""#));
    }
    step.request.given()
}

/// Adds a header unless the scenario has it.
pub(in super::super) fn label(headers: &mut Vec<Header>, name: HeaderName, value: &'static str) {
    if headers.iter().all(|header| header.name != name) {
        headers.push(Header {
            name,
            value: Template::literal(HeaderValue::from_static(value).as_bytes()),
            written: value.to_owned(),
        });
    }
}

/// A destination that need not be the target, with what it is not sent of the headers that all
/// requests have.
fn elsewhere(server: Server, prefix: &str, shared: &mut Vec<Header>) -> Option<Box<Elsewhere>> {
    let server = match server {
        Server::Target => return None,
        Server::At(url, _) => Some(url),
        Server::Filled => None,
    };
    let confidential = shared.extract_if(.., |header| header.is_confidential());
    let confidential = confidential.map(|header| (header.name, header.value));
    Some(Box::new(Elsewhere {
        server,
        base: format!("{prefix}/"),
        confidential: confidential.collect(),
    }))
}

/// The method that the key of a request is, or that stands beside a `path` or `url`.
fn method(
    context: &Context<'_>,
    request: &Spanned<(raw::Method, Text)>,
    own: &Field<Text>,
) -> Option<Method> {
    let key = request.value.0;
    match (key, own) {
        (_, Field::Bad(_)) => None,
        ("path", Field::Absent) => {
            let problem = Problem::new(request.span, "a path without a method");
            context
                .tell(problem.help(r#"write get = "/path" or the like, or add method = "PURGE""#));
            None
        }
        ("url", Field::Absent) => Some(Method::GET),
        ("path" | "url", Field::Given(own)) => named(context, &own.value),
        (key, Field::Absent) => Method::from_bytes(key.to_ascii_uppercase().as_bytes()).ok(),
        (key, Field::Given(own)) => {
            let problem = Problem::new(own.span, format!("`method` conflicts with `{key}`"));
            let problem = problem.other(request.span, "the method of this is known");
            let help = r#"write path = "/path" or url = "https://..." with `method`"#;
            context.tell(problem.help(help));
            None
        }
    }
}

fn named(context: &Context<'_>, text: &Text) -> Option<Method> {
    let own = fixed(context, text)?;
    let method = Method::from_bytes(own.as_bytes()).ok();
    let method = method.filter(|method| *method != Method::CONNECT);
    if method.is_none() {
        let problem = Problem::new(text.span(), format!("{:?} is no method", text.written()));
        context.tell(problem.help("write a word such as \"PURGE\"; CONNECT is for proxies alone"));
    }
    method
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
    let confidential = step.elsewhere.iter().flat_map(|it| &it.confidential);
    let templates = templates.chain(confidential.map(|(_, value)| value));
    let filled = templates.flat_map(Template::variables);
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
