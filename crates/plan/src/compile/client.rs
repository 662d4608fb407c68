//! What a population asks of the HTTP client.

use super::context::{Context, or_default};
use crate::{
    http::{Encoding, Http2, Identity},
    written::redact_user,
};
use loadgen_scenario::{
    Problem, Text,
    raw::{Field, Http},
};
use std::path::PathBuf;
use url::Url;

/// Most redirects that may be followed.
const MOST_REDIRECTS: u64 = 100;

/// What a population asks of its client.
#[derive(Debug)]
pub(super) struct Asked {
    pub cookies: bool,
    pub redirects: usize,
    pub compression: Vec<Encoding>,
    pub proxy: Option<Url>,
    pub http2: Option<Http2>,
    pub identity: Option<Identity>,
}

/// Reads it; None when there is a problem.
pub(super) fn compile(context: &Context<'_>, http: &Http) -> Option<Asked> {
    let cookies = or_default(&http.cookies, false);
    let redirects = match &http.redirects {
        Field::Absent => Some(0),
        field => context.whole(field, 0, MOST_REDIRECTS, "redirects"),
    };
    let compression = match &http.compression {
        Field::Absent => Some(Vec::new()),
        field => field.value().cloned(),
    };
    let proxy = match &http.proxy {
        Field::Absent => Some(None),
        field => field
            .value()
            .and_then(|text| proxy(context, text))
            .map(Some),
    };
    let http2 = match &http.http2 {
        Field::Absent => Some(None),
        field => field.value().copied().map(Some),
    };
    let identity = identity(context, http);
    if let Field::Bad(_) = http.client {
        return None;
    }
    Some(Asked {
        cookies: cookies?,
        redirects: usize::try_from(redirects?).ok()?,
        compression: compression?,
        proxy: proxy?,
        http2: http2?,
        identity: identity?,
    })
}

fn proxy(context: &Context<'_>, text: &Text) -> Option<Url> {
    const HELP: &str = "write it as http://host:port, https://host:port or socks5://host:port";
    let wrong = |message: &str| {
        context.tell(Problem::new(text.span(), message).help(HELP));
        None
    };
    let Ok(url) = Url::parse(text.value().trim()) else {
        return wrong("not a URL");
    };
    if !matches!(url.scheme(), "http" | "https" | "socks5" | "socks5h") {
        return wrong("no kind of proxy that is known");
    }
    if url.host_str().is_none_or(str::is_empty) {
        return wrong("a URL without a host");
    }
    Some(url)
}

/// Returns the proxy as it may be shown.
pub(super) fn written_proxy(http: &Http) -> Option<String> {
    let proxy = http.proxy.value()?;
    Some(redact_user(proxy.written()))
}

fn identity(context: &Context<'_>, http: &Http) -> Option<Option<Identity>> {
    let file = |text: &Text| -> Option<PathBuf> {
        if text.value().is_empty() {
            context.tell(Problem::new(text.span(), "a file without a name"));
            return None;
        }
        Some(context.folder().join(text.value()))
    };
    match (&http.cert, &http.key) {
        (Field::Absent, Field::Absent) => Some(None),
        (Field::Given(cert), key) => {
            let path = file(&cert.value);
            let key = match key {
                Field::Absent => path.clone(),
                field => field.value().and_then(file),
            };
            let (cert, key) = (path?, key?);
            Some(Some(Identity { cert, key }))
        }
        (Field::Absent, key) => {
            let problem = Problem::new(key.span()?, "`key` without `cert`");
            context.tell(problem.help("write cert = \"client.pem\", the certificate of that key"));
            None
        }
        (Field::Bad(_), _) => None,
    }
}
