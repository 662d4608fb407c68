//! One request and its answer on one connection.

use super::{
    codec::{AtEnd, Decoder, Limits, Memo},
    request::Request,
    search::Search,
    stream::Stream,
};
use crate::{
    data::Value,
    driver::{ErrorClass, Failure, Progress, step_timeout::StepTimeout},
    time::{Clock, Nanos},
};
use std::{
    cell::RefCell,
    io,
    task::{Context, Poll},
};

/// Size of the buffer into which answers are read.
const READ_SIZE: usize = 64 * 1024;

/// Memory that all sessions of a worker share, each while it is polled and no longer.
#[derive(Debug)]
pub(super) struct Buffers {
    /// Where answers arrive.
    pub incoming: RefCell<Box<[u8]>>,
    /// Where requests are rendered.
    pub outgoing: RefCell<Vec<u8>>,
    /// Memory for answers that are needed as a whole, while no session has it.
    spare: RefCell<Vec<Vec<u8>>>,
}

/// Most buffers that are kept for answers to come, and the most bytes of one of them.
const SPARE_BUFFERS: usize = 64;
const SPARE_SIZE: usize = 256 * 1024;

impl Buffers {
    pub(super) fn new() -> Self {
        Self {
            incoming: RefCell::new(vec![0; READ_SIZE].into()),
            outgoing: RefCell::default(),
            spare: RefCell::default(),
        }
    }

    fn lend(&self) -> Vec<u8> {
        self.spare.borrow_mut().pop().unwrap_or_default()
    }

    /// Takes back what was lent.
    pub(super) fn give_back(&self, mut buffer: Vec<u8>) {
        let mut spare = self.spare.borrow_mut();
        if spare.len() < SPARE_BUFFERS && buffer.capacity() <= SPARE_SIZE {
            buffer.clear();
            spare.push(buffer);
        }
    }
}

/// What an exchange uses and does not own.
pub(super) struct Surroundings<'a> {
    pub clock: Clock,
    pub buffers: &'a Buffers,
    pub request: &'a Request,
    /// Of earlier answers to the same request.
    pub memo: &'a RefCell<Memo>,
    pub values: &'a [Value],
    pub progress: &'a Progress,
    pub step_timeout: &'a mut StepTimeout,
    /// Longest time from the beginning of the step to its end.
    pub timeout: Nanos,
    /// When the step must have ended; set by whatever comes first, connecting or sending.
    pub deadline: &'a mut Option<Nanos>,
}

impl Surroundings<'_> {
    fn deadline(&mut self) -> Nanos {
        let (clock, timeout) = (self.clock, self.timeout);
        *self
            .deadline
            .get_or_insert_with(|| clock.now().saturating_add(timeout))
    }
}

/// How an exchange ended.
#[derive(Debug)]
pub(super) enum End {
    /// With a complete answer.
    Answered,
    /// The connection ended before the first byte of an answer, perhaps with an error.
    Closed(Option<io::Error>),
    /// Otherwise.
    Failed(Failure),
    /// Not in time.
    TimedOut,
}

/// The state of one exchange.
#[derive(Debug)]
pub(super) struct Exchange {
    pub stream: Stream,
    pub decoder: Decoder,
    pub search: Search,
    /// The body so far, if it is needed as a whole.
    pub body: Vec<u8>,
    /// Length of the body so far, if the request watches it.
    pub body_bytes: u64,
    unsent: Unsent,
    /// Why the request could not be sent as a whole. The server may have answered all the same,
    /// and then closed its side.
    write_error: Option<io::Error>,
    /// Interim responses (1xx) so far.
    interim: u32,
    /// More came than the answer.
    surplus: bool,
    /// When the first byte was handed over.
    pub sent_at: Option<Nanos>,
    /// When the first byte of the response came, interim ones (1xx) aside.
    pub first_byte_at: Option<Nanos>,
    /// When the last of what came so far did.
    pub received_at: Option<Nanos>,
    pub bytes_sent: u64,
    pub bytes_received: u64,
}

/// What is still to be handed to the connection.
#[derive(Debug)]
enum Unsent {
    Everything,
    /// The request's fixed bytes, from this one on.
    FixedFrom(usize),
    /// The rest of a rendered request; kept only when the system did not take it at once.
    Rest(Vec<u8>),
    /// Nothing, but the TLS session still holds some of it.
    Flush,
    Nothing,
}

impl Exchange {
    pub(super) fn new(stream: Stream, limits: Limits, request: &Request) -> Self {
        Self {
            stream,
            decoder: Decoder::new(limits, request.head),
            search: Search::default(),
            body: Vec::new(),
            body_bytes: 0,
            unsent: Unsent::Everything,
            write_error: None,
            interim: 0,
            surplus: false,
            sent_at: None,
            first_byte_at: None,
            received_at: None,
            bytes_sent: 0,
            bytes_received: 0,
        }
    }

    /// Goes on as far as the connection allows.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>, with: &mut Surroundings<'_>) -> Poll<End> {
        if !matches!(self.unsent, Unsent::Nothing)
            && self.write_error.is_none()
            && let Err(error) = self.send(cx, with)
        {
            if self.sent_at.is_none() {
                return Poll::Ready(End::Closed(Some(error)));
            }
            self.write_error = Some(error);
        }
        // Also while sending: a server may answer early, or send more than fits between us before
        // it reads on.
        if let Poll::Ready(end) = self.receive(cx, with) {
            return Poll::Ready(end);
        }
        let deadline = with.deadline();
        let late = with.step_timeout.poll(cx, with.clock, deadline);
        late.map(|()| End::TimedOut)
    }

    /// From the first byte sent to the last that came.
    pub(super) fn took(&self) -> Nanos {
        let (sent, received) = (self.sent_at, self.received_at);
        sent.zip(received)
            .map_or(0, |(sent, received)| received.saturating_sub(sent))
    }

    /// Whether the connection is good for another request after the answer.
    pub(super) fn reusable(&self) -> bool {
        self.decoder.keep_alive() && !self.surplus && matches!(self.unsent, Unsent::Nothing)
    }

    /// Hands over what the connection takes.
    fn send(&mut self, cx: &mut Context<'_>, with: &mut Surroundings<'_>) -> io::Result<()> {
        let request = with.request;
        loop {
            let mut rendered;
            let bytes = match &self.unsent {
                Unsent::Everything => match request.fixed() {
                    Some(fixed) => fixed,
                    None => {
                        rendered = with.buffers.outgoing.borrow_mut();
                        let trace = with.progress.trace();
                        request.render(with.values, trace.as_ref(), &mut rendered)
                    }
                },
                Unsent::FixedFrom(start) => &request.fixed().unwrap_or_default()[*start..],
                Unsent::Rest(rest) => rest,
                Unsent::Flush => match self.stream.poll_flush(cx)? {
                    Poll::Ready(()) => {
                        self.unsent = Unsent::Nothing;
                        return Ok(());
                    }
                    Poll::Pending => return Ok(()),
                },
                Unsent::Nothing => return Ok(()),
            };
            let now = match self.sent_at {
                Some(sent_at) => sent_at,
                None => with.clock.now(),
            };
            let written = self.stream.poll_write(cx, bytes);
            // A TLS session may have sent a part of what it did not take as a whole.
            let begun = match &written {
                Poll::Ready(Ok(_)) => true,
                Poll::Ready(Err(_)) => self.stream.is_tls(),
                Poll::Pending => false,
            };
            if begun && self.sent_at.is_none() {
                self.sent_at = Some(now);
                with.progress.sent(now);
                with.deadline
                    .get_or_insert(now.saturating_add(with.timeout));
            }
            let Poll::Ready(written) = written else {
                return Ok(());
            };
            let written = written?;
            self.bytes_sent += written as u64;
            let rest = &bytes[written..];
            self.unsent = if rest.is_empty() {
                match self.stream {
                    Stream::Plain(_) => Unsent::Nothing,
                    Stream::Tls(_) => Unsent::Flush,
                }
            } else {
                match &self.unsent {
                    Unsent::Everything if request.fixed().is_some() => Unsent::FixedFrom(written),
                    Unsent::FixedFrom(start) => Unsent::FixedFrom(start + written),
                    _ => Unsent::Rest(rest.to_vec()),
                }
            };
        }
    }

    /// Reads what there is of the answer.
    fn receive(&mut self, cx: &mut Context<'_>, with: &mut Surroundings<'_>) -> Poll<End> {
        let mut buffer = with.buffers.incoming.borrow_mut();
        let mut memo = with.memo.borrow_mut();
        loop {
            let bytes = match self.stream.poll_read(cx, &mut buffer) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(Ok(0)) => {
                    self.received_at = Some(with.clock.now());
                    return Poll::Ready(self.ended(None));
                }
                Poll::Ready(Ok(count)) => &buffer[..count],
                Poll::Ready(Err(error)) => return Poll::Ready(self.ended(Some(error))),
            };
            let now = with.clock.now();
            self.received_at = Some(now);
            let request = with.request;
            if request.looks.keeps_head && self.bytes_received == 0 {
                self.decoder.keep_head(with.buffers.lend());
            }
            self.bytes_received += bytes.len() as u64;
            let awaited = self.decoder.status().is_none();
            let fed = if request.looks.watches_body {
                self.decoder.feed(bytes, &mut memo, |piece| {
                    self.body_bytes += piece.len() as u64;
                    if let Some(needles) = &request.looks.needles {
                        self.search.feed(needles, piece);
                    }
                    if request.looks.keeps_body {
                        if self.body.capacity() == 0 {
                            self.body = with.buffers.lend();
                        }
                        self.body.extend_from_slice(piece);
                    }
                })
            } else {
                self.decoder.feed(bytes, &mut memo, |_| {})
            };
            if awaited {
                self.begins(now);
            }
            match fed {
                Ok(Some(used)) => {
                    self.surplus = used < bytes.len();
                    return Poll::Ready(End::Answered);
                }
                Ok(None) => {
                    // A server that always has more to say would keep the timeout from being polled.
                    if now >= with.deadline() {
                        return Poll::Ready(End::TimedOut);
                    }
                }
                Err(violation) => return Poll::Ready(End::Failed(Failure::protocol(violation))),
            }
        }
    }

    /// Notes that bytes came at `now`, of which the final response may be one.
    fn begins(&mut self, now: Nanos) {
        let interim = self.decoder.interim();
        if interim != self.interim {
            self.interim = interim;
            self.first_byte_at = None;
        }
        if self.decoder.has_begun() {
            self.first_byte_at.get_or_insert(now);
        }
    }

    /// What it means that nothing more can be read.
    fn ended(&mut self, error: Option<io::Error>) -> End {
        let error = self.write_error.take().or(error);
        if self.bytes_received == 0 {
            return End::Closed(error);
        }
        match (self.decoder.end(), error) {
            (Err(violation), _) => End::Failed(Failure::protocol(violation)),
            (Ok(_), Some(error)) => End::Failed(Failure::io(error)),
            (Ok(AtEnd::Complete), None) => End::Answered,
            (Ok(AtEnd::Truncated), None) => End::Failed(Failure::text(
                ErrorClass::Reset,
                "the server closed the connection within its answer",
            )),
        }
    }
}
