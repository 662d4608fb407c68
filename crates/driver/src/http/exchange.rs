//! One request and its response on one connection.

use super::{
    buffers::Buffers,
    codec::{AtEnd, Decoder, Memo},
    deadline::Deadline,
    measurement::Figures,
    policy::Policy,
    proxy::Forward,
    request::{Fill, Request},
    response::{Looks, Reader, Response},
    stream::Stream,
};
use crate::{ErrorClass, Failure, Progress, step_timeout::StepTimeout};
use loadgen_core::time::{Clock, Nanos, SECOND};
use std::{
    cell::RefCell,
    io,
    task::{Context, Poll},
};

/// A request, and how its response is taken.
#[derive(Debug)]
pub(super) struct Sending<'a> {
    pub outgoing: Outgoing<'a>,
    pub looks: &'a Looks,
    pub policy: &'a Policy,
    /// Of earlier responses to the same request.
    pub memo: &'a RefCell<Memo>,
    /// The method is HEAD.
    pub head: bool,
    /// Doing it twice is the same as doing it once (RFC 9110, 9.2.2).
    pub idempotent: bool,
    /// The request itself asks for the connection to be closed.
    pub close: bool,
    /// Told when the first byte leaves; None when the step has sent something before.
    pub progress: Option<&'a Progress>,
}

/// The bytes of a request.
#[derive(Debug)]
pub(super) enum Outgoing<'a> {
    /// Rendered when they can be sent.
    Compiled(&'a Request, Fill<'a>),
    /// Rendered before.
    Written(&'a [u8]),
}

impl Outgoing<'_> {
    /// The bytes, when they need not be rendered.
    pub(super) fn fixed(&self) -> Option<&[u8]> {
        match self {
            Outgoing::Compiled(request, _) => request.fixed(),
            Outgoing::Written(bytes) => Some(bytes),
        }
    }

    pub(super) fn render<'b>(&'b self, buffer: &'b mut Vec<u8>) -> &'b [u8] {
        match self {
            Outgoing::Compiled(request, fill) => request.render(fill, buffer),
            Outgoing::Written(bytes) => bytes,
        }
    }
}

/// State that an exchange uses and does not own.
pub(super) struct ExchangeContext<'a> {
    /// Writes the request for a proxy that passes it on.
    pub forward: Option<&'a Forward>,
    pub clock: Clock,
    pub buffers: &'a Buffers,
    pub sending: &'a Sending<'a>,
    pub step_timeout: &'a mut StepTimeout,
    pub deadline: &'a mut Deadline,
}

impl<'a> ExchangeContext<'a> {
    /// The bytes of the request as they leave, when they need not be rendered.
    fn fixed(&self) -> Option<&'a [u8]> {
        match self.forward {
            None => self.sending.outgoing.fixed(),
            Some(_) => None,
        }
    }

    /// The bytes of the request as they leave.
    fn render<'b>(&self, buffer: &'b mut Vec<u8>) -> &'b [u8]
    where
        'a: 'b,
    {
        let outgoing = &self.sending.outgoing;
        let Some(forward) = self.forward else {
            return outgoing.render(buffer);
        };
        buffer.clear();
        let mut direct = self.buffers.lend();
        forward.write(outgoing.render(&mut direct), buffer);
        self.buffers.give_back(direct);
        buffer
    }
}

/// The end of an exchange.
#[derive(Debug)]
pub(super) enum End {
    /// With a complete answer.
    Answered(Exchanged),
    /// The connection ended before the first byte of an answer.
    Closed(Failure),
    /// The server says that it did not process the request.
    NotProcessed(Failure),
    /// Otherwise.
    Failed(Failure),
    /// Not in time.
    TimedOut,
}

/// A complete response.
#[derive(Debug)]
pub(super) struct Exchanged {
    pub status: u16,
    pub response: Response,
    /// Time of the last byte.
    pub received_at: Option<Nanos>,
}

/// The state of one exchange.
#[derive(Debug)]
pub(super) struct Exchange {
    pub stream: Stream,
    decoder: Decoder,
    response: Response,
    unsent: Unsent,
    /// Why the request could not be sent as a whole. The server may have answered all the same,
    /// and then closed its side.
    write_error: Option<io::Error>,
    /// Interim responses (1xx) so far.
    interim: u32,
    /// More came than the answer.
    surplus: bool,
    /// Time at which the first byte was handed over.
    sent_at: Option<Nanos>,
    /// Time of the first byte of the response, interim ones (1xx) aside.
    first_byte_at: Option<Nanos>,
    /// Time of the last byte that came so far.
    received_at: Option<Nanos>,
    bytes_sent: u64,
    bytes_received: u64,
}

/// The rest of the request, not yet handed to the connection.
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
    pub(super) fn new(stream: Stream, sending: &Sending<'_>) -> Self {
        Self {
            stream,
            decoder: Decoder::new(sending.policy.limits, sending.head),
            response: Response::default(),
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
    pub(super) fn poll(
        &mut self,
        cx: &mut Context<'_>,
        with: &mut ExchangeContext<'_>,
    ) -> Poll<End> {
        if !matches!(self.unsent, Unsent::Nothing)
            && self.write_error.is_none()
            && let Err(error) = self.send(cx, with)
        {
            if self.sent_at.is_none() {
                return Poll::Ready(End::Closed(Failure::io(error)));
            }
            self.write_error = Some(error);
        }
        // Also while sending: a server may answer early, or send more than fits between us before
        // it reads on.
        if let Poll::Ready(end) = self.receive(cx, with) {
            return Poll::Ready(end);
        }
        let deadline = with.deadline.at(with.clock);
        let late = with.step_timeout.poll(cx, with.clock, deadline);
        late.map(|()| End::TimedOut)
    }

    pub(super) fn figures(&self) -> Figures {
        Figures {
            sent_at: self.sent_at,
            first_byte_at: self.first_byte_at,
            answered: self.decoder.status().is_some(),
            bytes_sent: self.bytes_sent,
            bytes_received: self.bytes_received,
        }
    }

    /// The end of an exchange whose response is complete.
    fn answered(&mut self) -> End {
        if let Err(failure) = self.response.finish() {
            return End::Failed(failure);
        }
        End::Answered(Exchanged {
            status: self.decoder.status().unwrap_or_default(),
            response: std::mem::take(&mut self.response),
            received_at: self.received_at,
        })
    }

    /// Returns the time until which the connection can carry another request, if it can. It is
    /// given up some time before the server would end it, so that no request crosses its end.
    pub(super) fn reusable_until(&self) -> Option<Nanos> {
        let reusable =
            self.decoder.keep_alive() && !self.surplus && matches!(self.unsent, Unsent::Nothing);
        reusable.then(|| match (self.decoder.idle_limit(), self.received_at) {
            (Some(seconds), Some(received_at)) => {
                let limit = Nanos::from(seconds) * SECOND;
                received_at + limit - SECOND.min(limit / 2)
            }
            _ => Nanos::MAX,
        })
    }

    /// Hands over what the connection takes.
    fn send(&mut self, cx: &mut Context<'_>, with: &mut ExchangeContext<'_>) -> io::Result<()> {
        loop {
            let mut rendered;
            let bytes = match &self.unsent {
                Unsent::Everything => match with.fixed() {
                    Some(fixed) => fixed,
                    None => {
                        rendered = with.buffers.outgoing.borrow_mut();
                        with.render(&mut rendered)
                    }
                },
                Unsent::FixedFrom(start) => &with.fixed().unwrap_or_default()[*start..],
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
                if let Some(progress) = with.sending.progress {
                    progress.sent(now);
                }
                with.deadline.begin(now);
            }
            let Poll::Ready(written) = written else {
                return Ok(());
            };
            let written = written?;
            self.bytes_sent += written as u64;
            let rest = &bytes[written..];
            self.unsent = if rest.is_empty() {
                match self.stream.is_tls() {
                    false => Unsent::Nothing,
                    true => Unsent::Flush,
                }
            } else {
                match &self.unsent {
                    Unsent::Everything if with.fixed().is_some() => Unsent::FixedFrom(written),
                    Unsent::FixedFrom(start) => Unsent::FixedFrom(start + written),
                    _ => Unsent::Rest(rest.to_vec()),
                }
            };
        }
    }

    /// Reads what there is of the answer.
    fn receive(&mut self, cx: &mut Context<'_>, with: &mut ExchangeContext<'_>) -> Poll<End> {
        let mut buffer = with.buffers.incoming.borrow_mut();
        let mut memo = with.sending.memo.borrow_mut();
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
            self.bytes_received += bytes.len() as u64;
            let awaited = self.decoder.status().is_none();
            let reader = Reader {
                response: &mut self.response,
                looks: with.sending.looks,
                policy: with.sending.policy,
                buffers: with.buffers,
            };
            let fed = self.decoder.feed(bytes, &mut memo, reader);
            if awaited {
                self.begins(now);
            }
            if let Some(failure) = self.response.take_failure() {
                return Poll::Ready(End::Failed(failure));
            }
            match fed {
                Ok(Some(used)) => {
                    self.surplus = used < bytes.len();
                    return Poll::Ready(self.answered());
                }
                Ok(None) => {
                    // A server that always has more to say would keep the timeout from being polled.
                    if now >= with.deadline.at(with.clock) {
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

    /// The end of an exchange on a connection from which nothing more can be read.
    fn ended(&mut self, error: Option<io::Error>) -> End {
        let error = self.write_error.take().or(error);
        if self.bytes_received == 0 {
            return End::Closed(match error {
                Some(error) => Failure::io(error),
                None => Failure::text(
                    ErrorClass::Reset,
                    "the server closed the connection without an answer",
                ),
            });
        }
        match (self.decoder.end(), error) {
            (Err(violation), _) => End::Failed(Failure::protocol(violation)),
            (Ok(_), Some(error)) => End::Failed(Failure::io(error)),
            (Ok(AtEnd::Complete), None) => self.answered(),
            (Ok(AtEnd::Truncated), None) => End::Failed(Failure::text(
                ErrorClass::Reset,
                "the server closed the connection within its answer",
            )),
        }
    }
}
