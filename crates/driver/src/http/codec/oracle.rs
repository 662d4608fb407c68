//! Reads the same bytes with hyper's client and with our decoder, and says where they may differ.

use super::{AtEnd, Decoder, Limits, Memo, Violation};
use http_body_util::{BodyExt, Empty};
use hyper::{Method, Request, body::Bytes, client::conn::http1};
use hyper_util::rt::TokioIo;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};

/// Action of the server after its last byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Then {
    /// It closes the connection.
    Close,
    /// It keeps the connection open and says no more.
    Stay,
}

/// A client's reading of the bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// A complete answer.
    Answer {
        /// Its status.
        status: u16,
        /// Its body.
        body: Vec<u8>,
        /// True if the connection is good for another request; not told after [`Then::Close`].
        reusable: bool,
    },
    /// Not an answer, or not a whole one.
    Refused(Option<Violation>),
    /// More must come.
    Waiting,
}

/// Bounds that only absurd sizes reach.
const LIMITS: Limits = Limits {
    max_head: 400_000,
    max_body: u64::MAX - 2,
};

/// Our verdict on the answer to a request that was HEAD or not.
pub fn ours(head_request: bool, pieces: &[&[u8]], then: Then) -> Verdict {
    read(LIMITS, head_request, pieces, then)
}

/// Our verdict under other bounds.
pub fn read(limits: Limits, head_request: bool, pieces: &[&[u8]], then: Then) -> Verdict {
    // Filled by the same answer, and then by itself.
    let mut memo = Memo::default();
    let whole = pieces.concat();
    let _ = Decoder::new(limits, head_request).feed(&whole, &mut memo, |_: &[u8]| {});
    let mut decoder = Decoder::new(limits, head_request);
    let mut body = Vec::new();
    let mut pieces = pieces.iter();
    while let Some(piece) = pieces.next() {
        match decoder.feed(piece, &mut memo, |bytes: &[u8]| {
            body.extend_from_slice(bytes)
        }) {
            Ok(None) => {}
            Ok(Some(used)) => {
                let more = used < piece.len() || pieces.any(|piece| !piece.is_empty());
                return Verdict::Answer {
                    status: decoder.status().unwrap_or_default(),
                    body,
                    reusable: then == Then::Stay && decoder.keep_alive() && !more,
                };
            }
            Err(violation) => return Verdict::Refused(Some(violation)),
        }
    }
    match (then, decoder.end()) {
        (_, Err(violation)) => Verdict::Refused(Some(violation)),
        (Then::Stay, Ok(_)) => Verdict::Waiting,
        (Then::Close, Ok(AtEnd::Truncated)) => Verdict::Refused(None),
        (Then::Close, Ok(AtEnd::Complete)) => Verdict::Answer {
            status: decoder.status().unwrap_or_default(),
            body,
            reusable: false,
        },
    }
}

/// hyper's verdict.
pub fn hypers(head_request: bool, pieces: &[&[u8]], then: Then) -> Verdict {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .expect("a runtime without I/O");
    let pieces: Vec<Vec<u8>> = pieces.iter().map(|piece| piece.to_vec()).collect();
    runtime.block_on(async move {
        let (client, server) = tokio::io::duplex(1 << 20);
        let server = tokio::spawn(serve(server, pieces, then));
        // Time is paused and passes only when nobody has anything left to do, so an answer that
        // has not come by then never will.
        let asked = tokio::time::timeout(Duration::from_secs(1), ask(client, head_request, then));
        let verdict = asked.await.unwrap_or(Verdict::Waiting);
        server.abort();
        verdict
    })
}

async fn serve(mut stream: DuplexStream, pieces: Vec<Vec<u8>>, then: Then) {
    let mut request = Vec::new();
    while !request.ends_with(b"\r\n\r\n") {
        if stream.read_buf(&mut request).await.unwrap_or(0) == 0 {
            return;
        }
    }
    for piece in pieces {
        if stream.write_all(&piece).await.is_err() {
            return;
        }
        // So that the client sees the pieces one by one.
        for _ in 0..4 {
            tokio::task::yield_now().await;
        }
    }
    if then == Then::Stay {
        std::future::pending::<()>().await;
    }
}

async fn ask(stream: DuplexStream, head_request: bool, then: Then) -> Verdict {
    let refused = Verdict::Refused(None);
    let Ok((mut sender, connection)) = http1::handshake(TokioIo::new(stream)).await else {
        return refused;
    };
    tokio::spawn(connection);
    let method = if head_request {
        Method::HEAD
    } else {
        Method::GET
    };
    let request = Request::builder()
        .method(method)
        .uri("/")
        .header("host", "test")
        .body(Empty::<Bytes>::new())
        .expect("a valid request");
    let Ok(response) = sender.send_request(request).await else {
        return refused;
    };
    let status = response.status().as_u16();
    let Ok(body) = response.into_body().collect().await else {
        return refused;
    };
    if then == Then::Stay {
        // The connection must have seen all that came.
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    Verdict::Answer {
        status,
        body: body.to_bytes().to_vec(),
        reusable: then == Then::Stay && sender.is_ready(),
    }
}

/// Returns true if the two verdicts agree, but for deliberate differences.
pub fn agree(ours: &Verdict, hypers: &Verdict) -> bool {
    match (ours, hypers) {
        // hyper hands the connection over to whoever may want the new protocol; we never ask for one.
        (Verdict::Refused(Some(Violation::Upgrade)), Verdict::Answer { status: 101, .. }) => true,
        // A head that came in pieces is looked at by us whenever a line ends and at the
        // connection's end, by hyper only when it is complete.
        (Verdict::Refused(Some(Violation::Head(_))), Verdict::Waiting) => true,
        // hyper has no bound on bodies and waits for the rest of one that is too long for us.
        (Verdict::Refused(Some(Violation::BodyTooLong(_))), Verdict::Waiting) => true,
        (Verdict::Refused(_), Verdict::Refused(_)) => true,
        (ours, hypers) => ours == hypers,
    }
}
