//! Reads an answer through reqwest, within the bounds on heads and bodies.

use super::{failure, message::Message, setup::FullSetup};
use crate::{
    Failure,
    http::{
        codec::Violation, decode::Decoding, expect::Answer, measurement::Measurement,
        search::Search,
    },
};
use http::{HeaderValue, header};
use hyper::ext::ReasonPhrase;
use loadgen_core::time::Clock;
use loadgen_plan::HttpStep;
use reqwest::Response;
use std::cell::OnceCell;

/// The answer to its last byte, as far as the step looks at it.
pub(super) async fn read(
    mut response: Response,
    setup: &FullSetup,
    message: &Message,
    measured: &mut Measurement,
    clock: Clock,
    http: &HttpStep,
) -> Result<(Answer, Search), Failure> {
    let looks = &message.looks;
    let status = response.status().as_u16();
    let length = head_length(&response);
    measured.bytes_received += length;
    if status == 101 {
        measured.answered = false;
        return Err(Failure::protocol(Violation::Upgrade));
    }
    if length > setup.settings.max_head as u64 {
        measured.answered = false;
        return Err(Failure::protocol(Violation::HeadTooLong(
            setup.settings.max_head,
        )));
    }
    let head = match looks.keeps_head {
        true => head(&response),
        false => Vec::new(),
    };
    let max_body = setup.settings.max_body;
    let packed = response.headers().get_all(header::CONTENT_ENCODING).iter();
    let packed = packed.map(HeaderValue::as_bytes);
    let mut decoding = Decoding::of(packed, &setup.settings.compression, max_body);
    // What will be too long need not be waited for.
    let announced = response.content_length().filter(|_| decoding.is_none());
    if announced.is_some_and(|length| length > max_body) && http.method != http::Method::HEAD {
        return Err(Failure::protocol(Violation::BodyTooLong(max_body)));
    }
    let mut search = Search::default();
    let mut kept = Vec::new();
    let mut body_bytes = 0;
    let mut look = |piece: &[u8]| {
        body_bytes += piece.len() as u64;
        if let Some(needles) = &looks.needles {
            search.feed(needles, piece);
        }
        if looks.keeps_body {
            kept.extend_from_slice(piece);
        }
    };
    let mut bytes = 0;
    loop {
        match response.chunk().await {
            Ok(Some(piece)) => {
                measured.bytes_received += piece.len() as u64;
                bytes += piece.len() as u64;
                match &mut decoding {
                    None if bytes > max_body => {
                        return Err(Failure::protocol(Violation::BodyTooLong(max_body)));
                    }
                    None => look(&piece),
                    Some(decoding) => {
                        decoding.feed(&piece, &mut look);
                        decoding.take_failure().map_or(Ok(()), Err)?;
                    }
                }
            }
            Ok(None) => break,
            Err(error) => {
                let connect = setup.settings.connect_timeout;
                return Err(failure::judge(&error, true, message.tls, connect).failure);
            }
        }
    }
    decoding.map_or(Ok(()), Decoding::finish)?;
    let took = match (http.expect.duration, measured.sent_at) {
        (Some(_), Some(sent_at)) => clock.now().saturating_sub(sent_at),
        _ => 0,
    };
    let answer = Answer {
        status,
        took,
        body_bytes,
        head,
        body: kept,
        json: OnceCell::new(),
    };
    Ok((answer, search))
}

/// The head as HTTP/1.1 writes it, which is what checks and extractions look at.
fn head(response: &Response) -> Vec<u8> {
    let mut head = format!("HTTP/1.1 {}\r\n", response.status().as_u16()).into_bytes();
    for (name, value) in response.headers() {
        head.extend_from_slice(name.as_str().as_bytes());
        head.extend_from_slice(b": ");
        head.extend_from_slice(value.as_bytes());
        head.extend_from_slice(b"\r\n");
    }
    head.extend_from_slice(b"\r\n");
    head
}

/// Its length, with the words after the status.
fn head_length(response: &Response) -> u64 {
    let reason = match response.extensions().get::<ReasonPhrase>() {
        Some(reason) => reason.as_bytes().len(),
        None => response.status().canonical_reason().map_or(0, str::len),
    };
    let fields = response.headers().iter();
    let fields = fields.map(|(name, value)| name.as_str().len() + value.len() + ": \r\n".len());
    let line = "HTTP/1.1 200 \r\n".len() + reason;
    (line + fields.sum::<usize>() + "\r\n".len()) as u64
}
