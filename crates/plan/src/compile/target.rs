//! `[target]`: what is driven.

use super::{Error, Settings, app, context::Context, headers::Header, target_draft::TargetDraft};
use crate::{
    Target, socket,
    written::{REDACTED, redact_user},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use http::header;
use loadgen_data::Template;
use loadgen_scenario::{
    Problem, Span, Text,
    raw::{self, Field},
};
use percent_encoding::percent_decode_str;
use std::path::Path;
use url::Url;

/// `--target`, if it is given.
pub(super) fn from_flag(settings: &Settings) -> Result<Option<TargetDraft>, Error> {
    let Some(text) = &settings.target else {
        return Ok(None);
    };
    let usage =
        |Wrong { message, help }: Wrong| Error::Usage(format!("--target: {message}; {help}"));
    let server = server(text, Path::new("")).map_err(usage)?;
    Ok(Some(TargetDraft {
        target: Target::Urls(vec![server.url]),
        prefix: server.prefix,
        authorization: server.authorization,
        written: vec![server.shown],
        settings: Vec::new(),
    }))
}

/// The target of a population whose table is at `parent`.
pub(super) fn compile(
    context: &Context<'_>,
    target: &Field<raw::Target>,
    flag: Option<&TargetDraft>,
    parent: Span,
) -> Option<TargetDraft> {
    let given = match (target, flag) {
        (Field::Absent, Some(flag)) => return Some(flag.clone()),
        (Field::Absent, None) => {
            let problem = Problem::new(parent, "no target: what is to be driven?");
            let help =
                r#"write [target] with app = "orders" or url = "http://...", or give --target"#;
            context.tell(problem.help(help));
            return None;
        }
        (Field::Bad(_), _) => return None,
        (Field::Given(given), _) => given,
    };
    let draft = match (&given.value.app, &given.value.url) {
        (Field::Absent, Field::Absent) => {
            let problem = Problem::new(given.span, "neither `app` nor `url`");
            context.tell(problem.help(r#"write app = "orders" or url = "http://...""#));
            None
        }
        (Field::Absent, Field::Given(urls)) => {
            let urls = several(context, &urls.value, urls.span);
            no_settings(context, &given.value).then_some(urls).flatten()
        }
        (Field::Given(name), Field::Absent) => app::compile(context, name, &given.value),
        (app, url) => {
            if let (Some(app), Some(url)) = (app.span(), url.span()) {
                let problem = Problem::new(url, "both `app` and `url`");
                context.tell(problem.other(app, "the other one").help("keep one"));
            }
            None
        }
    };
    // The flag wins, but a wrong table is told all the same.
    draft.map(|draft| flag.cloned().unwrap_or(draft))
}

/// Tells of keys that only a bundled service has.
fn no_settings(context: &Context<'_>, raw: &raw::Target) -> bool {
    let given = [
        ("instances", raw.instances.span()),
        ("database", raw.database.span()),
        ("cache", raw.cache.span()),
        ("pool", raw.pool.span()),
        ("flags", raw.flags.span()),
    ];
    let mut none = true;
    for (key, span) in given {
        if let Some(span) = span {
            let message = format!("`{key}` is for a bundled service");
            let help = "loadgen does not start what `url` names; write `app` to have it started";
            context.tell(Problem::new(span, message).help(help));
            none = false;
        }
    }
    none
}

fn several(context: &Context<'_>, texts: &[Text], span: Span) -> Option<TargetDraft> {
    if texts.is_empty() {
        context.tell(Problem::new(span, "a list of no servers"));
        return None;
    }
    let servers: Vec<Option<Server>> = texts
        .iter()
        .map(|text| match server(&text.value(), context.folder()) {
            Ok(server) => Some(Server {
                shown: if text.is_from_environment() {
                    redact_user(text.written())
                } else {
                    server.shown
                },
                ..server
            }),
            Err(wrong) => {
                let problem = Problem::new(text.span(), wrong.message);
                context.tell(problem.help(wrong.help));
                None
            }
        })
        .collect();
    let servers: Vec<Server> = servers.into_iter().collect::<Option<_>>()?;
    let first = servers.first()?;
    for (server, text) in servers.iter().zip(texts) {
        if server.prefix != first.prefix || server.authorization != first.authorization {
            let problem = Problem::new(
                text.span(),
                "servers of one target differ in more than host",
            );
            let problem = problem.other(texts[0].span(), "from this one");
            let help = "give them the same path and the same user, or write several [[population]]";
            context.tell(problem.help(help));
            return None;
        }
    }
    Some(TargetDraft {
        prefix: first.prefix.clone(),
        authorization: first.authorization.clone(),
        written: servers.iter().map(|server| server.shown.clone()).collect(),
        target: Target::Urls(servers.into_iter().map(|server| server.url).collect()),
        settings: Vec::new(),
    })
}

/// A server that is no target: its URL, and the header made of the user and password in it. An
/// error is what is wrong with it and what to write.
pub(super) fn origin(text: &str) -> Result<(Url, Option<Header>), (&'static str, &'static str)> {
    let server = server(text, Path::new("")).map_err(|wrong| (wrong.message, wrong.help))?;
    Ok((
        server.url,
        server.authorization.as_deref().map(authorization),
    ))
}

/// Credentials as a header.
pub(super) fn authorization(value: &str) -> Header {
    Header {
        name: header::AUTHORIZATION,
        value: Template::literal(value.as_bytes()),
        written: REDACTED.to_owned(),
    }
}

struct Server {
    url: Url,
    prefix: String,
    authorization: Option<String>,
    shown: String,
}

struct Wrong {
    message: &'static str,
    help: &'static str,
}

const HELP: &str = "write it as http://host:port or https://host";

fn socket_url(path: &Path) -> Result<Url, Wrong> {
    socket::url(path).map_err(|message| Wrong {
        message,
        help: "write it as unix:/run/app.sock",
    })
}

/// The server that a text names; paths of sockets begin in `folder`.
fn server(text: &str, folder: &Path) -> Result<Server, Wrong> {
    let wrong = |message| Wrong {
        message,
        help: HELP,
    };
    let text = text.trim();
    let named = text.strip_prefix("unix:");
    let named = named.map(|path| path.strip_prefix("//").unwrap_or(path));
    let mut url = match named {
        Some(path) => socket_url(Path::new(path))?,
        None => Url::parse(text).map_err(|_| wrong("not a URL"))?,
    };
    let socket = socket::path(&url);
    if socket.is_none() && !matches!(url.scheme(), "http" | "https") {
        return Err(wrong("a URL that is neither http nor https"));
    }
    if url.host_str().is_none_or(str::is_empty) {
        return Err(wrong("a URL without a host"));
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(Wrong {
            message: "a target with a query",
            help: "what follows the `?` belongs into the steps",
        });
    }
    let prefix = url.path().trim_end_matches('/').to_owned();
    let shown = match named {
        Some(path) => format!("unix:{path}"),
        None => redact_user(url.as_str().trim_end_matches('/')),
    };
    let user = (!url.username().is_empty() || url.password().is_some()).then(|| {
        let decode = |text| percent_decode_str(text).collect::<Vec<u8>>();
        let mut pair = decode(url.username());
        pair.push(b':');
        pair.extend(decode(url.password().unwrap_or_default()));
        format!("Basic {}", STANDARD.encode(pair))
    });
    // These setters fail only on URLs without a host.
    let _ = url.set_username("");
    let _ = url.set_password(None);
    url.set_path("/");
    if let Some(path) = socket {
        url = socket_url(&folder.join(path))?;
    }
    Ok(Server {
        url,
        prefix,
        authorization: user,
        shown,
    })
}
