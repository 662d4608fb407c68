//! Tunnels through HTTP proxies (RFC 9110, 9.3.6).

use super::super::{connect::endpoint::Endpoint, stream::Stream};
use crate::{ErrorClass, Failure};
use http::StatusCode;
use std::{fmt::Write as _, io};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _};

/// Most bytes of the head of a proxy's response.
const MOST_HEAD: usize = 16 << 10;

/// Most fields in it.
const MOST_FIELDS: usize = 128;

/// The end of a head.
const END: &[u8] = b"\r\n\r\n";

/// Asks the proxy to which `stream` leads to make it a connection to `end`.
pub(super) async fn open(
    mut stream: Stream,
    end: &Endpoint,
    credentials: Option<&str>,
) -> Result<Stream, Failure> {
    let mut request = format!("CONNECT {end} HTTP/1.1\r\nhost: {end}\r\n");
    if let Some(credentials) = credentials {
        let _ = write!(request, "proxy-authorization: {credentials}\r\n");
    }
    request.push_str("\r\n");
    stream.write_all(request.as_bytes()).await?;
    stream.flush().await?;
    loop {
        let status = status(&read_head(&mut stream).await?)?;
        if status.is_informational() {
            continue;
        }
        if status.is_success() {
            return Ok(stream);
        }
        let words = format!("no connection to {end}: {status}");
        return Err(Failure::text(ErrorClass::Refused, words));
    }
}

/// Reads a head, and nothing of what follows, which is the server's.
async fn read_head(stream: &mut (impl AsyncRead + Unpin)) -> Result<Vec<u8>, Failure> {
    let mut head = Vec::new();
    loop {
        // At least so many bytes of the head are still to come.
        let missing = END.len() - begun(&head);
        if missing == 0 {
            return Ok(head);
        }
        let length = head.len();
        if length + missing > MOST_HEAD {
            return Err(no_http("a head of more than 16 KiB"));
        }
        head.resize(length + missing, 0);
        let count = stream.read(&mut head[length..]).await?;
        if count == 0 {
            let words = "the connection was closed without a response to CONNECT";
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, words).into());
        }
        head.truncate(length + count);
    }
}

/// Bytes of the end of a head that are there already.
fn begun(head: &[u8]) -> usize {
    let lengths = (0..=END.len()).rev();
    let mut lengths = lengths.filter(|length| head.ends_with(&END[..*length]));
    lengths.next().unwrap_or(0)
}

fn status(head: &[u8]) -> Result<StatusCode, Failure> {
    let mut fields = [httparse::EMPTY_HEADER; MOST_FIELDS];
    let mut response = httparse::Response::new(&mut fields);
    let parsed = response.parse(head);
    let parsed = parsed.map_err(|error| no_http(&error.to_string()))?;
    let code = response.code.filter(|_| parsed.is_complete());
    let status = code.and_then(|code| StatusCode::from_u16(code).ok());
    status.ok_or_else(|| no_http("no status"))
}

fn no_http(why: &str) -> Failure {
    let words = format!("the response to CONNECT is not HTTP: {why}");
    Failure::text(ErrorClass::Protocol, words)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{
        pin::Pin,
        task::{Context, Poll},
    };
    use tokio::io::ReadBuf;

    /// Bytes that come at most so many at a time.
    struct Pieces(Vec<u8>, usize);

    impl AsyncRead for Pieces {
        fn poll_read(
            mut self: Pin<&mut Self>,
            _: &mut Context<'_>,
            buffer: &mut ReadBuf<'_>,
        ) -> Poll<io::Result<()>> {
            let count = self.1.min(buffer.remaining()).min(self.0.len());
            buffer.put_slice(&self.0[..count]);
            self.0.drain(..count);
            Poll::Ready(Ok(()))
        }
    }

    #[tokio::test]
    async fn a_head_is_read_and_nothing_after_it() {
        for head in [
            "HTTP/1.1 200 OK\r\n\r\n",
            "HTTP/1.0 200\r\na: b\r\nc: \r d\r\n\r\n",
            "HTTP/1.1 200 OK\r\nx: \r\r\r\n\r\n",
        ] {
            for most in 1..8 {
                let all = format!("{head}\r\n\r\nfrom the server").into_bytes();
                let mut input = Pieces(all, most);
                let read = read_head(&mut input).await.unwrap();
                assert_eq!(read, head.as_bytes());
                assert_eq!(input.0, b"\r\n\r\nfrom the server");
            }
        }
    }

    #[tokio::test]
    async fn what_is_no_head_is_told_and_bounded() {
        let endless = format!("HTTP/1.1 200 OK\r\n{}", "a: b\r\n".repeat(1 << 20));
        let refused = read_head(&mut Pieces(endless.into(), 9)).await.unwrap_err();
        assert_eq!(refused.class, ErrorClass::Protocol);
        let mut cut_off = Pieces(b"HTTP/1.1 200 OK\r\n\r".to_vec(), 9);
        let refused = read_head(&mut cut_off).await.unwrap_err();
        assert_eq!(refused.class, ErrorClass::Reset);
        for head in ["SSH-2.0-x\r\n\r\n", "\r\n\r\n", "HTTP/1.1 99 x\r\n\r\n"] {
            let refused = status(head.as_bytes()).unwrap_err();
            assert_eq!(refused.class, ErrorClass::Protocol, "{head}");
        }
        assert_eq!(status(b"HTTP/1.1 407 \xff\r\n\r\n").unwrap(), 407);
    }
}
