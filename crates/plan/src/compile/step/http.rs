//! Requests.

use super::{
    super::{
        body,
        body::Sent,
        context::Context,
        expect, extract, headers,
        headers::Header,
        path,
        template::{VariableNames, fixed},
    },
    Made, Shared, filled_by,
};
use crate::{
    HttpStep,
    http::{PartContent, Wanted, WrittenRequest},
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
    let path = request.as_ref().and_then(|given| {
        let path = &given.value.1;
        path::compile(context, names, &shared.prefix, path, &step.query)
    });

    let (method, (_, text)) = (method?, &request?.value);
    let (path, shown_path) = path?;
    let (expect, checks) = expect?;
    let (extract, shown_extract) = extract?;
    let content = content?;
    let shared_headers = shared.headers.as_ref()?.iter();
    // One that waits for a response is sent as soon as that is there.
    let there = shared_headers.filter(|header| names.fill(&header.value));
    let mut headers = headers::merge(there, own_headers?);
    if let Some(kind) = content.as_ref().and_then(|content| content.content_type) {
        label(&mut headers, header::CONTENT_TYPE, kind);
    }
    let short_path = written::redact_query(text.written());
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
        path: shown_path,
        headers: shown_headers.collect(),
        body: shown_body,
    };
    let http = HttpStep {
        method: method.clone(),
        path,
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
        name: format!("{method} {short_path}"),
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

/// The method that the key of a request is, or that stands beside a `path`.
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
        ("path", Field::Given(own)) => named(context, &own.value),
        (key, Field::Absent) => Method::from_bytes(key.to_ascii_uppercase().as_bytes()).ok(),
        (key, Field::Given(own)) => {
            let problem = Problem::new(own.span, format!("`method` conflicts with `{key}`"));
            let problem = problem.other(request.span, "the method of this is known");
            context.tell(problem.help(r#"write path = "/path" with `method`"#));
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
    let filled = templates.flat_map(|template| filled_by(template.parts()));
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
