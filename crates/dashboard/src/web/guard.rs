//! Access control: only pages that were requested by a name that no stranger can own.
//!
//! A browser of this machine or network also runs other people's pages. One of them could ask for
//! ours under a name of its own that leads here (DNS rebinding), which the `Host` header gives away;
//! or read it across origins, which `Origin` does.

use axum::{
    extract::{Request, State},
    http::{HeaderMap, StatusCode, header, uri::Authority},
    middleware::Next,
    response::{IntoResponse, Response},
};
use std::{net::IpAddr, sync::Arc};

/// Security headers of every response.
const HEADERS: [(&str, &str); 5] = [
    (
        "content-security-policy",
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
         connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    ),
    ("x-content-type-options", "nosniff"),
    ("referrer-policy", "no-referrer"),
    ("cross-origin-resource-policy", "same-origin"),
    ("cache-control", "no-store"),
];

/// Names by which a page may be requested besides those of loopback.
#[derive(Debug, Clone, Default)]
pub struct Hosts {
    /// True of a page for the network: addresses, and names that cannot be registered, are allowed.
    pub network: bool,
    /// Names that the user allows.
    pub named: Arc<[String]>,
}

impl Hosts {
    /// Judges a `Host`, whatever its port: through a tunnel it is another one.
    fn allow(&self, host: &str) -> bool {
        let Ok(authority) = host.parse::<Authority>() else {
            return false;
        };
        if authority.as_str().contains('@') {
            return false;
        }
        let name = authority.host();
        let name = name
            .strip_prefix('[')
            .and_then(|inner| inner.strip_suffix(']'))
            .unwrap_or(name);
        if self.named.iter().any(|own| own.eq_ignore_ascii_case(name)) {
            return true;
        }
        match name.parse::<IpAddr>() {
            Ok(address) => self.network || address.is_loopback(),
            Err(_) => name.eq_ignore_ascii_case("localhost") || self.network && is_private(name),
        }
    }
}

/// True of names that are nobody's in the public DNS: of one label, and below `local` and `internal`.
fn is_private(name: &str) -> bool {
    let top = name.rsplit('.').next().unwrap_or(name);
    let mut private = ["local", "internal"].iter();
    !name.is_empty() && (top == name || private.any(|own| own.eq_ignore_ascii_case(top)))
}

/// Answers 403 to strangers, and adds `HEADERS` to every response.
pub async fn guard(State(hosts): State<Hosts>, request: Request, next: Next) -> Response {
    let mut response = match stranger(&hosts, request.headers()) {
        Some(why) => (StatusCode::FORBIDDEN, format!("{why}\n")).into_response(),
        None => next.run(request).await,
    };
    for (name, value) in HEADERS {
        let value = header::HeaderValue::from_static(value);
        response.headers_mut().insert(name, value);
    }
    response
}

fn stranger(hosts: &Hosts, headers: &HeaderMap) -> Option<&'static str> {
    let text = |name| headers.get(name).map(|value| value.to_str().unwrap_or(""));
    let Some(host) = text(header::HOST).filter(|host| hosts.allow(host)) else {
        return Some(match hosts.network {
            true => "this page is not for this host name: request it by an address",
            false => "this page is only for 127.0.0.1, [::1] and localhost",
        });
    };
    match text(header::ORIGIN) {
        Some(origin) if origin.strip_prefix("http://") != Some(host) => {
            Some("this page is not for other pages")
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refuses(headers: &[(header::HeaderName, &str)]) -> bool {
        strange(&Hosts::default(), headers)
    }

    fn strange(hosts: &Hosts, headers: &[(header::HeaderName, &str)]) -> bool {
        let headers = headers.iter().map(|(name, value)| {
            let value = header::HeaderValue::from_str(value).unwrap();
            (name.clone(), value)
        });
        stranger(hosts, &headers.collect()).is_some()
    }

    #[test]
    fn only_loopback_hosts_are_answered() {
        for host in [
            "127.0.0.1:8080",
            "127.0.0.2",
            "[::1]:80",
            "localhost:9",
            "LocalHost",
        ] {
            assert!(!refuses(&[(header::HOST, host)]), "{host}");
        }
        for host in [
            "",
            "evil.example:8080",
            "127.0.0.1.evil.example",
            "localhost.evil.example",
            "10.0.0.1:8080",
            "0.0.0.0",
            "me@127.0.0.1",
            "127.0.0.1/",
            "2130706433",
        ] {
            assert!(refuses(&[(header::HOST, host)]), "{host}");
        }
        assert!(refuses(&[]));
    }

    #[test]
    fn on_the_network_names_that_somebody_could_register_are_refused() {
        let network = Hosts {
            network: true,
            named: Arc::default(),
        };
        for host in [
            "127.0.0.1:9464",
            "10.0.0.1:9464",
            "[fd00::1]:9464",
            "localhost",
            "loadgen:9464",
            "loadgen.load.svc.cluster.local:9464",
            "runner.Internal",
        ] {
            assert!(!strange(&network, &[(header::HOST, host)]), "{host}");
        }
        for host in [
            "",
            "evil.example:9464",
            "local.evil.example",
            "evil.example.",
            "10.0.0.1.evil.example",
            "me@10.0.0.1",
        ] {
            assert!(strange(&network, &[(header::HOST, host)]), "{host}");
        }
    }

    #[test]
    fn names_that_the_user_allows_are_answered() {
        for network in [false, true] {
            let hosts = Hosts {
                network,
                named: ["runner.example.org".to_owned()].into(),
            };
            assert!(!strange(
                &hosts,
                &[(header::HOST, "Runner.example.org:9464")]
            ));
            assert!(strange(&hosts, &[(header::HOST, "other.example.org:9464")]));
        }
    }

    #[test]
    fn only_our_own_pages_may_ask_across() {
        let host = (header::HOST, "127.0.0.1:8080");
        let from = |origin| refuses(&[host.clone(), (header::ORIGIN, origin)]);
        assert!(!from("http://127.0.0.1:8080"));
        for origin in [
            "http://127.0.0.1:8081",
            "http://localhost:8080",
            "https://127.0.0.1:8080",
            "http://evil.example",
            "null",
            "",
        ] {
            assert!(from(origin), "{origin}");
        }
    }
}
