//! `[http]`: how requests are made.

use super::{
    Settings,
    client::Asked,
    connections,
    context::{Context, or_default},
};
use crate::http::Settings as HttpSettings;
use loadgen_scenario::{
    Problem,
    raw::{Field, Http},
};
use std::time::Duration;

/// Bound on a step, unless the scenario says otherwise.
const TIMEOUT: Duration = Duration::from_secs(30);
/// Bound on connecting, unless the scenario says otherwise.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// Most bytes of a response's head, unless the scenario says otherwise.
const MAX_HEAD: u64 = 64 << 10;
/// Most bytes of a response's body, unless the scenario says otherwise.
const MAX_BODY: u64 = 64 << 20;

/// The bound on a step that has none of its own.
pub(super) fn timeout(context: &Context<'_>, http: &Http) -> Option<Duration> {
    context.some_time_or(&http.timeout, TIMEOUT, "a timeout")
}

pub(super) fn compile(
    context: &Context<'_>,
    http: &Http,
    asked: Option<Asked>,
    settings: &Settings,
) -> Option<HttpSettings> {
    let connect = &http.connect_timeout;
    let connect_timeout = context.some_time_or(connect, CONNECT_TIMEOUT, "a timeout");
    let size = |field: &Field<u64>, default, least, most, what: &str| {
        let size = or_default(field, default)?;
        if (least..=most).contains(&size) {
            return Some(size);
        }
        let message = format!("{what}: from {least} to {most} bytes");
        context.tell(Problem::new(field.span().unwrap_or_default(), message));
        None
    };
    let max_head = size(&http.max_head, MAX_HEAD, 1 << 10, 16 << 20, "a head");
    let max_body = size(&http.max_body, MAX_BODY, 0, 1 << 40, "a body");
    let ca_file = match &http.ca {
        Field::Absent => Some(None),
        Field::Bad(_) => None,
        Field::Given(ca) if ca.value.value().is_empty() => {
            context.tell(Problem::new(ca.span, "a file without a name"));
            None
        }
        Field::Given(ca) => Some(Some(context.folder().join(ca.value.value()))),
    };
    let connections = connections::compile(context, http);
    let asked = asked?;
    Some(HttpSettings {
        connect_timeout: connect_timeout?,
        connections: connections?,
        ca_file: ca_file?,
        insecure: or_default(&http.insecure, false)?,
        user_agent: format!(
            "loadgen/{} (run {})",
            env!("CARGO_PKG_VERSION"),
            settings.run_id
        ),
        max_head: usize::try_from(max_head?).ok()?,
        max_body: max_body?,
        cookies: asked.cookies,
        redirects: asked.redirects,
        compression: asked.compression,
        proxy: asked.proxy,
        http2: asked.http2,
        identity: asked.identity,
    })
}
