//! Access control: only pages that were requested by the name of this very machine.
//!
//! The server listens on loopback alone, but a browser on this machine also runs other people's
//! pages. One of them could ask for ours under a name of its own that leads to 127.0.0.1 (DNS
//! rebinding), which the `Host` header gives away; or read it across origins, which `Origin` does.

use axum::{
    extract::Request,
    http::{HeaderMap, StatusCode, header, uri::Authority},
    middleware::Next,
    response::{IntoResponse, Response},
};
use std::net::IpAddr;

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

/// Answers 403 to strangers, and adds `HEADERS` to every answer.
pub async fn guard(request: Request, next: Next) -> Response {
    let mut response = match stranger(request.headers()) {
        Some(why) => (StatusCode::FORBIDDEN, format!("{why}\n")).into_response(),
        None => next.run(request).await,
    };
    for (name, value) in HEADERS {
        let value = header::HeaderValue::from_static(value);
        response.headers_mut().insert(name, value);
    }
    response
}

fn stranger(headers: &HeaderMap) -> Option<&'static str> {
    let text = |name| headers.get(name).map(|value| value.to_str().unwrap_or(""));
    let Some(host) = text(header::HOST).filter(|host| is_loopback(host)) else {
        return Some("this page is only for 127.0.0.1, [::1] and localhost");
    };
    match text(header::ORIGIN) {
        Some(origin) if origin.strip_prefix("http://") != Some(host) => {
            Some("this page is not for other pages")
        }
        _ => None,
    }
}

/// Whatever the port: through a tunnel it is another one.
fn is_loopback(host: &str) -> bool {
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
    name.eq_ignore_ascii_case("localhost")
        || name.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refuses(headers: &[(header::HeaderName, &str)]) -> bool {
        let headers = headers.iter().map(|(name, value)| {
            let value = header::HeaderValue::from_str(value).unwrap();
            (name.clone(), value)
        });
        stranger(&headers.collect()).is_some()
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
