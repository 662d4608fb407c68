//! The keys of `[http]` that are about connections.

use super::context::{Context, or_default};
use crate::{
    http::{ConnectEnd, ConnectTo, Connections},
    socket,
};
use loadgen_scenario::{
    Problem,
    raw::{self, Field, Http},
};
use url::Host;

/// Reads them; None when there is a problem.
pub(super) fn compile(context: &Context<'_>, http: &Http) -> Option<Connections> {
    let usual = Connections::default();
    let connect_to = match &http.connect_to {
        Field::Absent => Some(Vec::new()),
        field => field.value().and_then(|all| {
            let read: Vec<_> = all.iter().map(|one| connect_to(context, one)).collect();
            read.into_iter().collect()
        }),
    };
    Some(Connections {
        dns: or_default(&http.dns, usual.dns)?,
        connect_to: connect_to?,
        reuse: or_default(&http.reuse, usual.reuse)?,
        resumption: or_default(&http.tls_resumption, usual.resumption)?,
    })
}

fn connect_to(context: &Context<'_>, raw: &raw::ConnectTo) -> Option<ConnectTo> {
    const HELP: &str =
        r#"write it as "shop.example:443" = "127.0.0.1:8443", or = "unix:/run/app.sock""#;
    let wrong = |span, message| context.tell(Problem::new(span, message).help(HELP));
    let from = host_and_port(&raw.from.value);
    if from.is_none() {
        wrong(raw.from.span, "not a host, or a host and a port");
    }
    let text = raw.to.value();
    let end = match text.strip_prefix("unix:") {
        Some(path) => {
            let path = context.folder().join(path);
            socket::url(&path).map(|_| ConnectEnd::Socket(path))
        }
        None => host_and_port(&text)
            .map(|(host, port)| ConnectEnd::Host(host, port))
            .ok_or("not a host, or a host and a port"),
    };
    let end = end.map_err(|message| wrong(raw.to.span(), message)).ok();
    let (host, port) = from?;
    Some(ConnectTo {
        host,
        port,
        end: end?,
    })
}

/// A host as URLs have it, and a port.
fn host_and_port(text: &str) -> Option<(String, Option<u16>)> {
    let (host, port) = match text.rsplit_once(':') {
        // The colon is one of an address.
        Some((_, rest)) if rest.ends_with(']') => (text, None),
        Some((host, port)) => {
            let port: u16 = port.parse().ok()?;
            (host, Some(port).filter(|port| *port > 0)?.into())
        }
        None => (text, None),
    };
    let host = match Host::parse(host).ok()? {
        Host::Domain(name) => name,
        Host::Ipv4(ip) => ip.to_string(),
        Host::Ipv6(ip) => ip.to_string(),
    };
    Some((host, port))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_are_read_as_urls_have_them() {
        for (text, expected) in [
            ("Shop.Example:443", Some(("shop.example", Some(443)))),
            ("shop.example", Some(("shop.example", None))),
            ("127.0.0.1:1", Some(("127.0.0.1", Some(1)))),
            ("[::1]:8443", Some(("::1", Some(8443)))),
            ("[::1]", Some(("::1", None))),
            ("::1", None),
            ("shop.example:", None),
            ("shop.example:0", None),
            ("shop.example:65536", None),
            ("https://shop.example", None),
            (":443", None),
            ("", None),
            ("a b", None),
        ] {
            let expected = expected.map(|(host, port)| (host.to_owned(), port));
            assert_eq!(host_and_port(text), expected, "{text}");
        }
    }
}
