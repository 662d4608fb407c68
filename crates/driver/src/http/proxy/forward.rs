//! Requests that a proxy passes on.

use super::super::address::authority;
use url::Url;

/// Writes the requests to one server for a proxy that passes them on: in absolute form (RFC 9112,
/// 3.2.2), with the credentials that the proxy wants.
#[derive(Debug)]
pub(in crate::http) struct Forward {
    /// Scheme and authority of the server.
    origin: Box<str>,
    /// Header fields for the proxy.
    fields: Box<str>,
}

impl Forward {
    pub(super) fn new(base: &Url, credentials: Option<&str>) -> Self {
        let field = |value| format!("proxy-authorization: {value}\r\n");
        Self {
            origin: format!("{}://{}", base.scheme(), authority(base)).into(),
            fields: credentials.map(field).unwrap_or_default().into(),
        }
    }

    /// Appends to `out` the request that would be `sent` to the server itself.
    pub(in crate::http) fn write(&self, sent: &[u8], out: &mut Vec<u8>) {
        let after = |byte| memchr::memchr(byte, sent).map_or(0, |at| at + 1);
        let (method, rest) = sent.split_at(after(b' '));
        let (line, rest) = rest.split_at(after(b'\n') - method.len());
        let pieces = [
            method,
            self.origin.as_bytes(),
            line,
            self.fields.as_bytes(),
            rest,
        ];
        pieces.iter().for_each(|piece| out.extend_from_slice(piece));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_name_their_server_and_the_rest_stays() {
        let sent = "POST /a?b=http://x HTTP/1.1\r\nhost: own\r\n\r\nbody / \r\n\r\n";
        for (base, credentials, expected) in [
            (
                "http://h:81/",
                None,
                "POST http://h:81/a?b=http://x HTTP/1.1\r\nhost: own\r\n\r\nbody / \r\n\r\n",
            ),
            (
                "http://[::1]/",
                Some("Basic eDp5"),
                "POST http://[::1]/a?b=http://x HTTP/1.1\r\nproxy-authorization: Basic eDp5\r\n\
                 host: own\r\n\r\nbody / \r\n\r\n",
            ),
        ] {
            let forward = Forward::new(&base.parse().unwrap(), credentials);
            let mut out = Vec::new();
            forward.write(sent.as_bytes(), &mut out);
            assert_eq!(String::from_utf8(out).unwrap(), expected);
        }
    }
}
