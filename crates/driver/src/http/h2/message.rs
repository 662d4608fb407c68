//! Requests as HTTP/2 sends them, made of what HTTP/1.1 would send.

use crate::{ErrorClass, Failure};
use bytes::Bytes;
use http::{
    HeaderName, HeaderValue, Method, Request, Uri, Version,
    header::{self, HeaderMap},
    uri::{self, Authority, PathAndQuery, Scheme},
};

/// Most fields of one request.
const MOST_FIELDS: usize = 128;

/// The request that `bytes` are in HTTP/1.1, and its body.
///
/// # Errors
/// In words, when HTTP/2 cannot say it.
pub(super) fn of(bytes: &[u8], secure: bool) -> Result<(Request<()>, Bytes), Failure> {
    let mut fields = [httparse::EMPTY_HEADER; MOST_FIELDS];
    let mut parsed = httparse::Request::new(&mut fields);
    let head = match parsed.parse(bytes) {
        Ok(httparse::Status::Complete(head)) => head,
        Ok(httparse::Status::Partial) => return Err(cannot("a request without an end")),
        Err(error) => return Err(cannot(&error.to_string())),
    };
    let method = Method::from_bytes(parsed.method.unwrap_or_default().as_bytes());
    let mut request = Request::new(());
    *request.method_mut() = method.map_err(|error| cannot(&error.to_string()))?;
    *request.version_mut() = Version::HTTP_2;

    let mut authority = None;
    let mut headers = HeaderMap::with_capacity(parsed.headers.len());
    for field in parsed.headers.iter() {
        let name = HeaderName::from_bytes(field.name.as_bytes());
        let name = name.map_err(|error| cannot(&error.to_string()))?;
        if name == header::HOST {
            let host = Authority::try_from(field.value);
            authority = Some(host.map_err(|error| cannot(&format!("the host: {error}")))?);
        } else if travels(&name) {
            // The value may be a secret.
            let value = HeaderValue::from_bytes(field.value)
                .map_err(|_| cannot(&format!("a character in the header {name}")))?;
            headers.append(name, value);
        }
    }
    *request.headers_mut() = headers;

    let target = parsed.path.unwrap_or_default();
    let target = PathAndQuery::try_from(target);
    let mut parts = uri::Parts::default();
    parts.scheme = Some(match secure {
        true => Scheme::HTTPS,
        false => Scheme::HTTP,
    });
    parts.authority = authority;
    parts.path_and_query = Some(target.map_err(|error| cannot(&format!("the path: {error}")))?);
    let uri = Uri::from_parts(parts);
    *request.uri_mut() = uri.map_err(|error| cannot(&error.to_string()))?;
    Ok((request, Bytes::copy_from_slice(&bytes[head..])))
}

fn cannot(why: &str) -> Failure {
    Failure::text(
        ErrorClass::Other,
        format!("the request cannot be sent by HTTP/2: {why}"),
    )
}

/// Returns false for a header of a single connection, which HTTP/2 forbids (RFC 9113, 8.2.2).
fn travels(name: &HeaderName) -> bool {
    !matches!(
        name.as_str(),
        "connection" | "keep-alive" | "proxy-connection" | "te" | "transfer-encoding" | "upgrade"
    )
}
