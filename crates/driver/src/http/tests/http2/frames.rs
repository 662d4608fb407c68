//! A server that sends frames as it is told, for what no library does.

use super::*;
use std::ops::ControlFlow;

pub(super) const DATA: u8 = 0;
pub(super) const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
pub(super) const PING: u8 = 6;
const GOAWAY: u8 = 7;

pub(super) const ACK: u8 = 1;
pub(super) const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;
const PADDED: u8 = 8;

pub(super) const NO_ERROR: u8 = 0;
pub(super) const REFUSED_STREAM: u8 = 7;
pub(super) const ENHANCE_YOUR_CALM: u8 = 11;

/// A frame that came.
pub(super) struct Frame {
    /// Number of its connection.
    pub connection: usize,
    pub kind: u8,
    pub flags: u8,
    pub stream: u8,
}

impl Frame {
    /// Returns true for the last one of a request.
    pub(super) fn ends_request(&self) -> bool {
        matches!(self.kind, HEADERS | DATA) && self.flags & END_STREAM != 0
    }
}

pub(super) fn frame(kind: u8, flags: u8, stream: u8, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    let mut frame = length[1..].to_vec();
    frame.extend([kind, flags, 0, 0, 0, stream]);
    frame.extend_from_slice(payload);
    frame
}

/// The head of a response; statuses are literals, so that no table of HPACK's is needed.
pub(super) fn head(stream: u8, status: &str, flags: u8) -> Vec<u8> {
    let mut block = vec![0x08, 3];
    block.extend_from_slice(status.as_bytes());
    frame(HEADERS, END_HEADERS | flags, stream, &block)
}

/// A trailer `x: y`.
pub(super) fn trailer(stream: u8) -> Vec<u8> {
    frame(HEADERS, END_HEADERS | END_STREAM, stream, b"\x00\x01x\x01y")
}

pub(super) fn padded(stream: u8, data: &[u8]) -> Vec<u8> {
    let mut payload = vec![5];
    payload.extend_from_slice(data);
    payload.extend([0; 5]);
    frame(DATA, PADDED, stream, &payload)
}

/// A whole response with the body `ok`.
pub(super) fn well(stream: u8) -> Vec<u8> {
    [
        head(stream, "200", 0),
        frame(DATA, END_STREAM, stream, b"ok"),
    ]
    .concat()
}

pub(super) fn reset(stream: u8, reason: u8) -> Vec<u8> {
    frame(RST_STREAM, 0, stream, &[0, 0, 0, reason])
}

/// Streams up to `last` are processed.
pub(super) fn go_away(last: u8, reason: u8) -> Vec<u8> {
    frame(GOAWAY, 0, 0, &[0, 0, 0, last, 0, 0, 0, reason])
}

/// What the server saw.
#[derive(Default)]
pub(super) struct Seen {
    pub connections: usize,
    pub bytes: u64,
}

/// A server that sends what `answer` gives for each frame; Break: and closes the connection then.
pub(super) async fn start(
    answer: impl FnMut(Frame) -> ControlFlow<Vec<u8>, Vec<u8>> + Send + 'static,
) -> (String, Arc<Mutex<Seen>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let seen = Arc::<Mutex<Seen>>::default();
    let kept = Arc::clone(&seen);
    let answer = Arc::new(Mutex::new(answer));
    tokio::spawn(async move {
        loop {
            let (tcp, _) = listener.accept().await.unwrap();
            let connection = {
                let mut seen = kept.lock().unwrap();
                seen.connections += 1;
                seen.connections - 1
            };
            let (kept, answer) = (Arc::clone(&kept), Arc::clone(&answer));
            tokio::spawn(async move {
                let answer = |frame| (*answer.lock().unwrap())(frame);
                // The client may leave at any time.
                let _ = serve(tcp, connection, &kept, answer).await;
            });
        }
    });
    (url, seen)
}

async fn serve(
    mut tcp: TcpStream,
    connection: usize,
    seen: &Mutex<Seen>,
    answer: impl Fn(Frame) -> ControlFlow<Vec<u8>, Vec<u8>>,
) -> std::io::Result<()> {
    let mut preface = [0; 24];
    tcp.read_exact(&mut preface).await?;
    assert_eq!(&preface, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
    seen.lock().unwrap().bytes += 24;
    tcp.write_all(&frame(SETTINGS, 0, 0, &[])).await?;
    loop {
        let mut header = [0; 9];
        tcp.read_exact(&mut header).await?;
        let [_, high, low, kind, flags, .., stream] = header;
        let mut payload = vec![0; usize::from(u16::from_be_bytes([high, low]))];
        tcp.read_exact(&mut payload).await?;
        seen.lock().unwrap().bytes += 9 + payload.len() as u64;
        if (kind, flags & ACK) == (SETTINGS, 0) {
            tcp.write_all(&frame(SETTINGS, ACK, 0, &[])).await?;
            continue;
        }
        let frame = Frame {
            connection,
            kind,
            flags,
            stream,
        };
        match answer(frame) {
            ControlFlow::Continue(bytes) => tcp.write_all(&bytes).await?,
            ControlFlow::Break(bytes) => {
                tcp.write_all(&bytes).await?;
                tcp.shutdown().await?;
                // What is left unread would make it a reset.
                tokio::io::copy(&mut tcp, &mut tokio::io::sink()).await?;
                return Ok(());
            }
        }
    }
}
