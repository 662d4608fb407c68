//! Destination of a request: a path of the target, a whole URL, or a URL that is known only when it
//! is filled in.

use super::{
    context::Context,
    headers::Header,
    path, target,
    template::{RUN_ID, Style, VariableNames, hole_alone, parts},
};
use crate::written::{redact_query, redact_user};
use loadgen_data::{Template, template::Part};
use loadgen_scenario::{
    Problem, Text,
    raw::{Field, Pair},
};
use url::Url;

/// Message and help about a URL that no request can go to.
type Refusal = (&'static str, &'static str);

const NO_HTTP: Refusal = (
    "a URL that is neither http nor https",
    "write it as https://host/path; for a path of the target write `path`",
);

/// A checked destination.
pub(super) struct Destination {
    /// Path and query, or a URL to be filled in.
    pub path: Template,
    pub server: Server,
    /// Destination as it may be shown, without parameters of `query`.
    pub name: String,
    /// Destination as it may be shown.
    pub shown: String,
}

/// The server that a request goes to.
pub(super) enum Server {
    /// The population's target.
    Target,
    /// The one at this URL, which is sent these credentials.
    At(Url, Option<Header>),
    /// The one in the URL that is filled in.
    Filled,
}

/// The destination that stands behind `key`; None when there is a problem, which is told.
pub(super) fn compile(
    context: &Context<'_>,
    names: &VariableNames<'_>,
    prefix: &str,
    (key, text): (&str, &Text),
    query: &Field<Vec<Pair>>,
) -> Option<Destination> {
    let is_variable = hole_alone(text).is_some_and(|name| name != RUN_ID);
    let is_filled = is_variable || key == "url" && text.value().contains("{{");
    let name = redact_query(&redact_user(text.written()));
    if is_filled {
        return Some(Destination {
            path: filled(context, names, text, query)?,
            server: Server::Filled,
            shown: name.clone(),
            name,
        });
    }
    if text.is_url() {
        let end = end_of_host(&text.value());
        let server = server(context, text, end);
        let path = path::behind_host(context, names, &text.after(end), query);
        let ((url, authorization), (path, shown)) = (server?, path?);
        return Some(Destination {
            path,
            server: Server::At(url, authorization),
            name,
            shown,
        });
    }
    if key == "url" {
        let (message, help) = NO_HTTP;
        context.tell(Problem::new(text.span(), message).help(help));
        return None;
    }
    let (path, shown) = path::compile(context, names, prefix, text, query)?;
    Some(Destination {
        path,
        server: Server::Target,
        name,
        shown,
    })
}

/// Length of the scheme, the host and the port of a URL.
fn end_of_host(url: &str) -> usize {
    let start = url.find("://").map_or(0, |at| at + 3);
    let end = url[start..].find(['/', '?', '#', '\\']);
    end.map_or(url.len(), |end| start + end)
}

/// The server of a whole URL, and the header made of its user and password.
fn server(context: &Context<'_>, text: &Text, end: usize) -> Option<(Url, Option<Header>)> {
    let host = &text.value()[..end];
    if let Some(hole) = text.written().find("{{").filter(|_| host.contains("{{")) {
        let span = text.span_of(hole..hole + 2);
        let problem = Problem::new(span, "a hole in the host of a URL");
        let help = r#"write url = "..." beside `method`, for a URL that is known only when it is filled in"#;
        context.tell(problem.help(help));
        return None;
    }
    match target::origin(host) {
        Ok(origin) => Some(origin),
        Err((message, _)) => {
            let problem = Problem::new(text.span(), message);
            context.tell(problem.help("write it as http://host:port/path"));
            None
        }
    }
}

/// A URL with holes, whose values are put in as they are.
fn filled(
    context: &Context<'_>,
    names: &VariableNames<'_>,
    text: &Text,
    query: &Field<Vec<Pair>>,
) -> Option<Template> {
    if let Some(span) = query.span() {
        let problem = Problem::new(span, "`query` beside a URL that is filled in");
        context.tell(problem.help("write the parameters into the URL, after a `?`"));
        return None;
    }
    let url = Template::new(parts(context, names, text, Style::RAW)?);
    let start = match url.parts().first() {
        Some(Part::Literal(bytes)) => String::from_utf8_lossy(bytes),
        _ => "".into(),
    };
    match refusal(&start) {
        None => Some(url),
        Some((message, help)) => {
            context.tell(Problem::new(text.span(), message).help(help));
            None
        }
    }
}

/// Reason why no request can go to a URL that begins so.
fn refusal(start: &str) -> Option<Refusal> {
    let scheme_end = start.find([':', '/', '?', '#'])?;
    let scheme = start[..scheme_end].to_ascii_lowercase();
    if !start[scheme_end..].starts_with(':') {
        return None;
    }
    if !matches!(&*scheme, "http" | "https") {
        return Some(NO_HTTP);
    }
    start[..end_of_host(start)].contains('@').then_some((
        "a user in a URL that is filled in",
        r#"write basic = { user = "...", password = "..." } beside it"#,
    ))
}
