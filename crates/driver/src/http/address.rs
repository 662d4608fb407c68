//! How requests name servers and what they ask of them.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use loadgen_plan::socket;
use std::ops::Range;
use url::Url;

/// Host of servers on Unix sockets.
pub(super) const SOCKET_HOST: &str = "localhost";

/// Returns true if both are of the same server: scheme, host and port.
pub(super) fn is_same_server(one: &Url, other: &Url) -> bool {
    let port = Url::port_or_known_default;
    (one.scheme(), one.host_str(), port(one)) == (other.scheme(), other.host_str(), port(other))
}

/// The value of Host: with the port when it is not the scheme's own.
pub(super) fn authority(url: &Url) -> String {
    if socket::path(url).is_some() {
        return SOCKET_HOST.to_owned();
    }
    let host = url.host_str().unwrap_or_default();
    match url.port() {
        Some(port) => format!("{host}:{port}"),
        None => host.to_owned(),
    }
}

/// Credentials that stand in the URL, as Basic authentication sends them.
pub(super) fn basic(url: &Url) -> Option<String> {
    if url.username().is_empty() && url.password().is_none() {
        return None;
    }
    let decode = |text: &str| percent_encoding::percent_decode_str(text).collect::<Vec<u8>>();
    let mut pair = decode(url.username());
    pair.push(b':');
    pair.extend(decode(url.password().unwrap_or_default()));
    Some(format!("Basic {}", STANDARD.encode(pair)))
}

/// A URL without its credentials, as it may be shown.
pub(super) fn without_user(url: &Url) -> Url {
    let mut shown = url.clone();
    // Refused only where there is no host, and then there is nothing to hide.
    let _ = shown.set_password(None);
    let _ = shown.set_username("");
    shown
}

/// Path and query of a URL, as a request names them.
pub(super) fn target_of(url: &Url) -> &str {
    &url[url::Position::BeforePath..url::Position::AfterQuery]
}

/// Where path and query stand in a request that was rendered.
pub(super) fn target(request: &[u8]) -> Range<usize> {
    let mut blanks = memchr::memchr_iter(b' ', request);
    match (blanks.next(), blanks.next()) {
        (Some(before), Some(after)) => before + 1..after,
        _ => 0..0,
    }
}
