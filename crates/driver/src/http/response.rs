//! Gathers what a step looks at of a response, while it arrives.

use super::{
    buffers::Buffers,
    codec::{Fields, Sink},
    decode::Decoding,
    expect::headers,
    policy::Policy,
    search::{Needles, Search},
};
use crate::{BODY_START, Failure};
use loadgen_plan::{HttpStep, http::StatusRange};

/// Parts of a response that a step looks at.
#[derive(Debug)]
pub(super) struct Looks {
    /// Texts that the response's body must contain.
    pub needles: Option<Needles>,
    /// The body is looked at as it passes by, because of `needles` or for its size.
    pub watches_body: bool,
    /// The body is needed as a whole.
    pub keeps_body: bool,
    /// The head is.
    pub keeps_head: bool,
    /// Any response may be a failure for more than its status.
    may_fail: bool,
    /// Statuses of a success; empty: below 400.
    statuses: Box<[StatusRange]>,
}

impl Looks {
    pub(super) fn of(step: &HttpStep) -> Self {
        let contains = &step.expect.body_contains;
        Self {
            needles: (!contains.is_empty())
                .then(|| Needles::new(contains.iter().map(|text| &*text.bytes))),
            watches_body: !contains.is_empty() || step.expect.size.is_some() || step.keeps_body(),
            keeps_body: step.keeps_body(),
            keeps_head: step.keeps_head(),
            may_fail: !contains.is_empty()
                || step.expect.size.is_some()
                || step.expect.duration.is_some()
                || step.keeps_body()
                || step.keeps_head(),
            statuses: step.expect.status.as_slice().into(),
        }
    }

    /// Number of a body's first bytes that are kept of a response with this status: all of them, or
    /// what a sample of its failure shows.
    fn kept_bytes(&self, status: u16) -> usize {
        if self.keeps_body {
            return usize::MAX;
        }
        let expected = match &*self.statuses {
            [] => status < 400,
            statuses => statuses.iter().any(|range| range.has(status)),
        };
        match self.may_fail || !expected {
            true => BODY_START,
            false => 0,
        }
    }
}

/// A response so far. Takes no memory of its own unless its head or body is needed as a whole, or
/// compressed.
#[derive(Debug, Default)]
pub(super) struct Response {
    /// The head, if it is kept.
    pub head: Vec<u8>,
    pub fields: Fields,
    pub body: Body,
    /// Boxed, because every request of every user has a response, and most are not compressed.
    decoding: Option<Box<Decoding>>,
}

/// A body, as far as it was seen.
#[derive(Debug, Default)]
pub(super) struct Body {
    pub search: Search,
    /// The body, if it is needed as a whole, or its beginning, if the response may be a failure.
    pub kept: Vec<u8>,
    /// Most bytes of it that are kept.
    most_kept: usize,
    /// Its length, if it is watched.
    pub bytes: u64,
}

impl Body {
    fn take(&mut self, piece: &[u8], looks: &Looks, buffers: &Buffers) {
        let room = self.most_kept - self.kept.len();
        if room > 0 {
            if self.kept.capacity() == 0 {
                self.kept = buffers.lend();
            }
            self.kept.extend_from_slice(&piece[..piece.len().min(room)]);
        }
        if !looks.watches_body {
            return;
        }
        self.bytes += piece.len() as u64;
        if let Some(needles) = &looks.needles {
            self.search.feed(needles, piece);
        }
    }
}

impl Response {
    /// Why the body cannot be undone, once that is so.
    pub(super) fn take_failure(&mut self) -> Option<Failure> {
        self.decoding.as_mut()?.take_failure()
    }

    /// The response has ended.
    ///
    /// # Errors
    /// When what it was compressed to is not whole.
    pub(super) fn finish(&mut self) -> Result<(), Failure> {
        match self.decoding.take() {
            Some(decoding) => decoding.finish(),
            None => Ok(()),
        }
    }

    /// Gives its memory back.
    pub(super) fn give_back(self, buffers: &Buffers) {
        buffers.give_back(self.head);
        buffers.give_back(self.body.kept);
    }

    /// Appends the lines of the head that set cookies.
    pub(super) fn set_cookies(&self, lines: &mut Vec<u8>) {
        for (name, value) in headers(&self.head) {
            if name.eq_ignore_ascii_case("set-cookie") {
                lines.extend([name.as_bytes(), b": ", value, b"\r\n"].concat());
            }
        }
    }

    /// Puts lines before the head's own fields.
    pub(super) fn insert_fields(&mut self, lines: &[u8]) {
        if let Some(status) = memchr::memchr(b'\n', &self.head) {
            let after = status + 1;
            self.head.splice(after..after, lines.iter().copied());
        }
    }
}

/// Fills a response.
pub(super) struct Reader<'a> {
    pub response: &'a mut Response,
    pub looks: &'a Looks,
    pub policy: &'a Policy,
    pub buffers: &'a Buffers,
}

impl Sink for Reader<'_> {
    fn head(&mut self, status: u16, bytes: &[u8], fields: Fields) {
        let Reader {
            response, policy, ..
        } = self;
        response.fields = fields;
        response.body.most_kept = self.looks.kept_bytes(status);
        let keeps = self.looks.keeps_head
            || fields.cookies && policy.cookies
            || fields.location && policy.redirects > 0;
        if keeps {
            response.head = self.buffers.lend();
            response.head.extend_from_slice(bytes);
        }
        if fields.encoding && !policy.compression.is_empty() {
            let named = headers(bytes)
                .filter(|(name, _)| name.eq_ignore_ascii_case("content-encoding"))
                .map(|(_, value)| value);
            let limit = policy.limits.max_body;
            let decoding = Decoding::of(named, &policy.compression, limit);
            response.decoding = decoding.map(Box::new);
        }
    }

    fn body(&mut self, piece: &[u8]) {
        let (looks, buffers) = (self.looks, self.buffers);
        let Response { body, decoding, .. } = &mut *self.response;
        match decoding {
            None => body.take(piece, looks, buffers),
            Some(decoding) => decoding.feed(piece, |plain| body.take(plain, looks, buffers)),
        }
    }
}
