//! Requests as a strict HTTP/1.1 server reads them: what RFC 9112 does not allow is a problem.

use std::io::{self, Read};

/// A request in full.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// Its number on the server, in the order in which heads were read; from 0.
    pub number: u64,
    /// The number of its connection; from 0.
    pub connection: u64,
    /// Its number on that connection; from 0.
    pub on_connection: u64,
    /// As sent, e.g. `GET`.
    pub method: String,
    /// As sent: path and query.
    pub path: String,
    /// As sent and in order.
    pub headers: Vec<(String, String)>,
    /// As long as Content-Length says.
    pub body: Vec<u8>,
}

impl Request {
    /// The value of a header that stands there once; None when it does not.
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut values = self
            .headers
            .iter()
            .filter(|(key, _)| key.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str());
        let first = values.next();
        assert_eq!(values.next(), None, "{name} stands there twice: {self:?}");
        first
    }

    /// The body as text.
    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.body).expect("the body is UTF-8")
    }
}

/// Method, target and headers.
pub struct Head {
    method: String,
    path: String,
    headers: Vec<(String, String)>,
}

impl Head {
    /// The request with this head.
    pub fn with(self, body: Vec<u8>, number: u64, connection: u64, on_connection: u64) -> Request {
        Request {
            number,
            connection,
            on_connection,
            method: self.method,
            path: self.path,
            headers: self.headers,
            body,
        }
    }

    /// Path and query.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The length of the body, by the only framing that this server takes.
    pub fn body_length(&self) -> Result<usize, String> {
        let mut length = None;
        for (name, value) in &self.headers {
            if name.eq_ignore_ascii_case("transfer-encoding") {
                return Err(format!("transfer-encoding {value} is not known here"));
            }
            if name.eq_ignore_ascii_case("content-length") {
                let digits = !value.is_empty() && value.bytes().all(|b| b.is_ascii_digit());
                match value.parse() {
                    Ok(n) if digits && length.is_none() => length = Some(n),
                    _ => return Err(format!("bad or second content-length {value:?}")),
                }
            }
        }
        Ok(length.unwrap_or(0))
    }

    fn parse(bytes: &[u8]) -> Result<Self, String> {
        let text = str::from_utf8(bytes).map_err(|_| "the head is not UTF-8".to_owned())?;
        let mut lines = text.split("\r\n");
        let line = lines.next().unwrap_or_default();
        let [method, path, "HTTP/1.1"] = line.split(' ').collect::<Vec<_>>()[..] else {
            return Err(format!("bad request line {line:?}"));
        };
        if method.is_empty() || !method.bytes().all(is_token) {
            return Err(format!("bad method {method:?}"));
        }
        if !path.starts_with('/') || !path.bytes().all(|b| b.is_ascii_graphic()) {
            return Err(format!("bad target {path:?}"));
        }
        let headers = lines.map(parse_header).collect::<Result<Vec<_>, _>>()?;
        let hosts = headers
            .iter()
            .filter(|(name, _)| name.eq_ignore_ascii_case("host"))
            .count();
        if hosts != 1 {
            return Err(format!("{hosts} Host headers"));
        }
        Ok(Self {
            method: method.to_owned(),
            path: path.to_owned(),
            headers,
        })
    }
}

fn parse_header(line: &str) -> Result<(String, String), String> {
    let bad = || format!("bad header {line:?}");
    let (name, value) = line.split_once(':').ok_or_else(bad)?;
    let value = value.trim_matches([' ', '\t']);
    let clean = !value.bytes().any(|b| b < b' ' && b != b'\t' || b == 0x7f);
    if name.is_empty() || !name.bytes().all(is_token) || !clean {
        return Err(bad());
    }
    Ok((name.to_owned(), value.to_owned()))
}

fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

/// Why no more request comes.
#[derive(Debug)]
pub enum Stop {
    /// The client closed or reset the connection between two requests.
    Gone,
    /// Received bytes are not a request, or only a part of one.
    Problem(String),
}

/// Reads requests from a connection; keeps what came early.
pub struct Reader<R> {
    from: R,
    early: Vec<u8>,
}

impl<R: Read> Reader<R> {
    /// A reader of a new connection.
    pub fn new(from: R) -> Self {
        Self {
            from,
            early: Vec::new(),
        }
    }

    /// The next head, as soon as its last byte was read.
    pub fn head(&mut self) -> Result<Head, Stop> {
        loop {
            if let Some(end) = find(&self.early, b"\r\n\r\n") {
                let head = Head::parse(&self.early[..end]).map_err(Stop::Problem)?;
                self.early.drain(..end + 4);
                return Ok(head);
            }
            if self.more().unwrap_or(0) == 0 {
                return Err(if self.early.is_empty() {
                    Stop::Gone
                } else {
                    Stop::Problem(format!(
                        "ended within a head: {:?}",
                        String::from_utf8_lossy(&self.early)
                    ))
                });
            }
        }
    }

    /// The body that follows the head.
    pub fn body(&mut self, length: usize) -> Result<Vec<u8>, Stop> {
        while self.early.len() < length {
            if self.more().unwrap_or(0) == 0 {
                let got = self.early.len();
                return Err(Stop::Problem(format!("{got} bytes of a body of {length}")));
            }
        }
        Ok(self.early.drain(..length).collect())
    }

    fn more(&mut self) -> io::Result<usize> {
        let mut chunk = [0; 4096];
        let read = self.from.read(&mut chunk)?;
        self.early.extend_from_slice(&chunk[..read]);
        Ok(read)
    }
}

fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes.windows(wanted.len()).position(|part| part == wanted)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8]) -> Result<Request, String> {
        let mut reader = Reader::new(bytes);
        let text = |stop| match stop {
            Stop::Gone => "gone".to_owned(),
            Stop::Problem(problem) => problem,
        };
        let head = reader.head().map_err(text)?;
        let body = reader.body(head.body_length()?).map_err(text)?;
        Ok(head.with(body, 0, 0, 0))
    }

    #[test]
    fn requests_follow_one_another() {
        let bytes = b"POST /a?b=c HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nhiGET / HTTP/1.1\r\nhost:y\r\n\r\n";
        let mut reader = Reader::new(&bytes[..]);
        let first = reader.head().map_err(|_| ()).unwrap();
        let body = reader.body(first.body_length().unwrap()).unwrap();
        let first = first.with(body, 0, 0, 0);
        assert_eq!(
            (&*first.method, &*first.path, first.text()),
            ("POST", "/a?b=c", "hi")
        );
        let second = reader
            .head()
            .map_err(|_| ())
            .unwrap()
            .with(Vec::new(), 1, 0, 1);
        assert_eq!(second.header("Host"), Some("y"));
        assert_eq!(second.header("accept"), None);
        assert!(matches!(reader.head(), Err(Stop::Gone)));
    }

    #[test]
    fn what_is_no_request_is_a_problem() {
        for (bytes, problem) in [
            (&b""[..], "gone"),
            (b"GET / HTTP/1.1\r\nHost: x\r\n", "ended within a head"),
            (b"GET  / HTTP/1.1\r\nHost: x\r\n\r\n", "bad request line"),
            (b"GET / HTTP/1.0\r\nHost: x\r\n\r\n", "bad request line"),
            (b"G@T / HTTP/1.1\r\nHost: x\r\n\r\n", "bad method"),
            (b"GET a HTTP/1.1\r\nHost: x\r\n\r\n", "bad target"),
            (b"GET / HTTP/1.1\r\n\r\n", "0 Host headers"),
            (
                b"GET / HTTP/1.1\r\nHost: x\r\nHost: x\r\n\r\n",
                "2 Host headers",
            ),
            (b"GET / HTTP/1.1\r\nHost : x\r\n\r\n", "bad header"),
            (
                b"GET / HTTP/1.1\r\nHost: x\r\nA: b\nc\r\n\r\n",
                "bad header",
            ),
            (
                b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: +1\r\n\r\na",
                "content-length",
            ),
            (
                b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\na",
                "1 bytes of a body of 3",
            ),
        ] {
            let found = read(bytes).unwrap_err();
            assert!(found.contains(problem), "{found} is not {problem}");
        }
    }
}
