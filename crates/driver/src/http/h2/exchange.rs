//! One request and its response on a stream.

use super::{
    super::{
        buffers::Buffers,
        codec::{Fields, Sink as _, Violation},
        exchange::{End, ExchangeContext, Exchanged, Sending},
        measurement::Figures,
        response::{Reader, Response},
    },
    connection::Connection,
    ending, message,
};
use crate::Failure;
use h2::{Reason, RecvStream};
use http::{HeaderMap, StatusCode, header, response::Parts};
use loadgen_core::time::Clock;
use std::pin::pin;

/// Sends a request and receives the response within the step's time; `secure`: over TLS.
pub(in crate::http) async fn exchange(
    connection: &mut Connection,
    context: ExchangeContext<'_>,
    secure: bool,
) -> (End, Figures) {
    let ExchangeContext {
        // HTTP/2 goes through tunnels.
        forward: _,
        clock,
        buffers,
        sending,
        step_timeout,
        deadline,
    } = context;
    let deadline = deadline.at(clock);
    let mut exchange = Exchange {
        clock,
        buffers,
        sending,
        figures: Figures::default(),
        response: Response::default(),
    };
    let end = {
        let mut work = pin!(exchange.run(connection, secure));
        let done = step_timeout.bound(clock, deadline, work.as_mut());
        done.await
    };
    let mut figures = exchange.figures;
    let end = end.unwrap_or_else(|| {
        // A connection on which nothing came since is taken for dead.
        if figures
            .sent_at
            .is_some_and(|sent_at| connection.meter.received_at() < sent_at)
        {
            connection.abandon();
        }
        End::TimedOut
    });
    figures.bytes_sent = connection.meter.take_sent();
    figures.bytes_received = connection.meter.take_received();
    (end, figures)
}

/// The state of one exchange.
struct Exchange<'a> {
    clock: Clock,
    buffers: &'a Buffers,
    sending: &'a Sending<'a>,
    figures: Figures,
    response: Response,
}

impl Exchange<'_> {
    async fn run(&mut self, connection: &mut Connection, secure: bool) -> End {
        let sending = self.sending;
        let max_head = sending.policy.limits.max_head;
        let made = match sending.outgoing.fixed() {
            Some(fixed) => message::of(fixed, secure),
            None => {
                let mut buffer = self.buffers.outgoing.borrow_mut();
                message::of(sending.outgoing.render(&mut buffer), secure)
            }
        };
        let (request, body) = match made {
            Ok(made) => made,
            Err(failure) => return End::Failed(failure),
        };
        let sent_at = self.clock.now();
        let response = match connection.send(request, body) {
            Ok(response) => response,
            Err(error) => return ending::before_response(error, connection, max_head),
        };
        self.figures.sent_at = Some(sent_at);
        if let Some(progress) = sending.progress {
            progress.sent(sent_at);
        }
        let (head, body) = match response.await {
            Ok(response) => response.into_parts(),
            Err(error) => return ending::before_response(error, connection, max_head),
        };
        let received_at = |connection: &Connection| connection.meter.received_at().max(sent_at);
        self.figures.first_byte_at = Some(received_at(connection));
        self.figures.answered = true;
        if let Err(failure) = self.receive(&head, body, connection).await {
            return End::Failed(failure);
        }
        End::Answered(Exchanged {
            status: head.status.as_u16(),
            response: std::mem::take(&mut self.response),
            received_at: Some(received_at(connection)),
        })
    }

    /// Takes the head, the body, and the trailers, which nothing looks at.
    async fn receive(
        &mut self,
        head: &Parts,
        mut body: RecvStream,
        connection: &Connection,
    ) -> Result<(), Failure> {
        let max_body = self.sending.policy.limits.max_body;
        let too_long = || Failure::protocol(Violation::BodyTooLong(max_body));
        // A body that will be too long need not be waited for.
        if !self.sending.head && announced(&head.headers).is_some_and(|length| length > max_body) {
            return Err(too_long());
        }
        self.take_head(head);
        let mut length = 0;
        while let Some(piece) = body.data().await {
            let piece = match piece {
                Ok(piece) => piece,
                Err(error) if is_complete(&error) => return self.response.finish(),
                Err(error) => return Err(ending::within_response(error, connection)),
            };
            length += piece.len() as u64;
            if length > max_body {
                return Err(too_long());
            }
            self.reader().body(&piece);
            if let Some(failure) = self.response.take_failure() {
                return Err(failure);
            }
            // Fails only when more is released than was received.
            let _ = body.flow_control().release_capacity(piece.len());
        }
        match body.trailers().await {
            Err(error) if !is_complete(&error) => Err(ending::within_response(error, connection)),
            _ => self.response.finish(),
        }
    }

    fn take_head(&mut self, head: &Parts) {
        let has = |name| head.headers.contains_key(name);
        let fields = Fields {
            cookies: has(header::SET_COOKIE),
            location: has(header::LOCATION),
            encoding: has(header::CONTENT_ENCODING),
        };
        let mut text = Vec::new();
        if self.sending.looks.keeps_head || fields != Fields::default() {
            text = self.buffers.lend();
            write_head(head.status, &head.headers, &mut text);
        }
        self.reader().head(head.status.as_u16(), &text, fields);
        self.buffers.give_back(text);
    }

    fn reader(&mut self) -> Reader<'_> {
        Reader {
            response: &mut self.response,
            looks: self.sending.looks,
            policy: self.sending.policy,
            buffers: self.buffers,
        }
    }
}

/// Returns true for the reset of a server that does not want the rest of the request, which it sends
/// after a complete response (RFC 9113, 8.1).
fn is_complete(error: &h2::Error) -> bool {
    error.is_remote() && error.is_reset() && error.reason() == Some(Reason::NO_ERROR)
}

/// The length of the body that the head promises.
fn announced(headers: &HeaderMap) -> Option<u64> {
    let length = headers.get(header::CONTENT_LENGTH)?;
    length.to_str().ok()?.parse().ok()
}

/// The head as HTTP/1.1 writes it, which is what checks and extractions read.
fn write_head(status: StatusCode, headers: &HeaderMap, head: &mut Vec<u8>) {
    head.extend_from_slice(b"HTTP/1.1 ");
    head.extend_from_slice(status.as_str().as_bytes());
    head.extend_from_slice(b"\r\n");
    for (name, value) in headers {
        head.extend_from_slice(name.as_str().as_bytes());
        head.extend_from_slice(b": ");
        head.extend_from_slice(value.as_bytes());
        head.extend_from_slice(b"\r\n");
    }
    head.extend_from_slice(b"\r\n");
}
