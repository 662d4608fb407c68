//! Reads HTTP/1.1 answers from bytes, without any I/O.
//!
//! A [`Decoder`] is fed what arrived, in pieces of any size, and finds the end of the answer by the
//! rules of RFC 9112. It keeps the status and counts the rest; whoever needs the body gets its pieces
//! as they pass by. hyper is its model: where the RFC leaves a choice (which malformed answers are
//! refused, when a connection may be used again) it decides as hyper's client does, and the tests
//! hold one against the other.
//!
//! It uses nothing else of this crate, so that the fuzz target compiles it alone.

mod chunked;
mod head;
mod memo;
#[cfg(test)]
pub(super) mod oracle;
#[cfg(test)]
mod tests;
mod violation;

pub use head::Fields;
pub use memo::Memo;
pub use violation::Violation;

use chunked::Chunked;
use head::{Framing, Head};

/// Bounds on an answer.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Most bytes of one head.
    pub max_head: usize,
    /// Most bytes of the body, its framing not counted.
    pub max_body: u64,
}

/// Meaning of the connection's end for the response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AtEnd {
    /// The answer ends where the connection does.
    Complete,
    /// More of the answer was to come.
    Truncated,
}

/// Reads one answer.
#[derive(Debug)]
pub struct Decoder {
    limits: Limits,
    head_request: bool,
    state: State,
    /// The beginning of a head, while its end has not come. Empty, without memory, for the usual
    /// answer, whose head comes in one piece.
    partial: Vec<u8>,
    /// Interim answers that were skipped.
    interim: u32,
    answer: Option<Answer>,
}

/// Takes what a decoder reads.
pub trait Sink {
    /// The final head, whole, with its status and which fields of interest it has.
    fn head(&mut self, status: u16, bytes: &[u8], fields: Fields);

    /// The next bytes of the body.
    fn body(&mut self, piece: &[u8]);
}

/// Takes the body alone.
impl<F: FnMut(&[u8])> Sink for F {
    fn head(&mut self, _: u16, _: &[u8], _: Fields) {}

    fn body(&mut self, piece: &[u8]) {
        self(piece);
    }
}

/// The final head, as far as it is needed later.
#[derive(Debug, Clone, Copy)]
struct Answer {
    status: u16,
    keep_alive: bool,
    idle_limit: Option<u32>,
}

#[derive(Debug)]
enum State {
    Head,
    /// Bytes still to come.
    Length(u64),
    Chunked(Chunked),
    /// Bytes that may still come.
    UntilClose(u64),
    Done,
}

impl Decoder {
    /// Reads the answer to a request; `head_request` tells whether its method was HEAD, the answer
    /// to which has no body whatever its head says.
    pub fn new(limits: Limits, head_request: bool) -> Self {
        Self {
            limits,
            head_request,
            state: State::Head,
            partial: Vec::new(),
            interim: 0,
            answer: None,
        }
    }

    /// The status, once the final head is complete. Interim answers (1xx) are skipped.
    pub fn status(&self) -> Option<u16> {
        self.answer.map(|answer| answer.status)
    }

    /// Number of interim responses that were skipped so far.
    pub fn interim(&self) -> u32 {
        self.interim
    }

    /// Returns true once a byte after the interim responses has come; it may belong to another one.
    pub fn has_begun(&self) -> bool {
        self.answer.is_some() || !self.partial.is_empty()
    }

    /// Returns true if the connection can carry another request, once the response is complete.
    pub fn keep_alive(&self) -> bool {
        self.answer.is_some_and(|answer| answer.keep_alive)
    }

    /// Returns the seconds after which the server ends the connection when nothing comes, if it says so.
    pub fn idle_limit(&self) -> Option<u32> {
        self.answer.and_then(|answer| answer.idle_limit)
    }

    /// Takes the next bytes and hands what they are to `sink`. Gives how many bytes of `input`
    /// belonged to the answer if it ends there; until then all of them do. `memo` should be one that
    /// earlier answers of the same kind left.
    pub fn feed(
        &mut self,
        input: &[u8],
        memo: &mut Memo,
        mut sink: impl Sink,
    ) -> Result<Option<usize>, Violation> {
        let mut rest = input;
        loop {
            match &mut self.state {
                State::Done => return Ok(Some(input.len() - rest.len())),
                State::Head => match self.take_head(rest, memo, &mut sink)? {
                    Some(used) => rest = &rest[used..],
                    None => return Ok(None),
                },
                State::Length(left) => {
                    let (piece, after) = split_at_most(rest, *left);
                    *left -= piece.len() as u64;
                    let done = *left == 0;
                    if !piece.is_empty() {
                        sink.body(piece);
                    }
                    rest = after;
                    if !done {
                        return Ok(None);
                    }
                    self.state = State::Done;
                }
                State::Chunked(chunked) => {
                    let (used, done) = chunked.feed(rest, &mut |piece: &[u8]| sink.body(piece))?;
                    rest = &rest[used..];
                    if !done {
                        return Ok(None);
                    }
                    self.state = State::Done;
                }
                State::UntilClose(room) => {
                    *room = room
                        .checked_sub(rest.len() as u64)
                        .ok_or(Violation::BodyTooLong(self.limits.max_body))?;
                    if !rest.is_empty() {
                        sink.body(rest);
                    }
                    return Ok(None);
                }
            }
        }
    }

    /// Tells what it means that the connection ended here.
    pub fn end(&mut self) -> Result<AtEnd, Violation> {
        match self.state {
            State::Done => Ok(AtEnd::Complete),
            State::UntilClose(_) => {
                self.state = State::Done;
                Ok(AtEnd::Complete)
            }
            State::Head => {
                // An answer whose last line did not end was not looked at yet.
                head::parse(&self.partial, self.head_request)?;
                Ok(AtEnd::Truncated)
            }
            State::Length(_) | State::Chunked(_) => Ok(AtEnd::Truncated),
        }
    }

    /// Takes the next head; gives how many bytes of `rest` belonged to it.
    fn take_head(
        &mut self,
        rest: &[u8],
        memo: &mut Memo,
        sink: &mut impl Sink,
    ) -> Result<Option<usize>, Violation> {
        let before = self.partial.len();
        let head = if before == 0 {
            memo.parse(rest, self.head_request)?
        } else {
            self.partial.extend_from_slice(rest);
            // Looking at it again pays only when a line has ended; nothing else completes a head.
            if rest.contains(&b'\n') {
                head::parse(&self.partial, self.head_request)?
            } else {
                None
            }
        };
        let bytes = match &head {
            Some(head) => head.bytes,
            None => before + rest.len(),
        };
        if bytes > self.limits.max_head {
            return Err(Violation::HeadTooLong(self.limits.max_head));
        }
        let Some(head) = head else {
            if before == 0 {
                self.partial.extend_from_slice(rest);
            }
            return Ok(None);
        };
        let partial = std::mem::take(&mut self.partial);
        let whole = if before == 0 { rest } else { &partial };
        self.begin_body(head, &whole[..head.bytes], sink)?;
        Ok(Some(head.bytes - before))
    }

    fn begin_body(
        &mut self,
        head: Head,
        bytes: &[u8],
        sink: &mut impl Sink,
    ) -> Result<(), Violation> {
        match head.status {
            101 => return Err(Violation::Upgrade),
            100..200 => {
                self.interim = self.interim.wrapping_add(1);
                return Ok(());
            }
            _ => {}
        }
        self.answer = Some(Answer {
            status: head.status,
            keep_alive: head.keep_alive && !matches!(head.framing, Framing::UntilClose),
            idle_limit: head.idle_limit,
        });
        sink.head(head.status, bytes, head.fields);
        let max_body = self.limits.max_body;
        self.state = match head.framing {
            Framing::Length(length) if length > max_body => {
                return Err(Violation::BodyTooLong(max_body));
            }
            Framing::Length(length) => State::Length(length),
            Framing::Chunked => State::Chunked(Chunked::new(max_body)),
            Framing::UntilClose => State::UntilClose(max_body),
        };
        Ok(())
    }
}

/// Splits off at most `count` bytes.
fn split_at_most(bytes: &[u8], count: u64) -> (&[u8], &[u8]) {
    let count = usize::try_from(count).unwrap_or(usize::MAX);
    bytes.split_at(count.min(bytes.len()))
}
