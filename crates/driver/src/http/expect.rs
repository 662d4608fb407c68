//! Judges a response by what the step expects.

use super::search::{Needles, Search};
use crate::{Detail, ErrorClass, Failure};
use loadgen_core::time::{Nanos, nanos};
use loadgen_data::{
    Value, is_same,
    json::{Json, Parsed},
};
use loadgen_plan::{
    HttpStep,
    http::{JsonCheck, Wanted},
    written::is_secret,
};
use std::{cell::OnceCell, ops::ControlFlow};

/// Most bytes of the answer or of a missing text that a message shows.
const SHOWN: usize = 80;

/// A complete answer, as far as the step looks at it.
#[derive(Debug)]
pub(super) struct Answer {
    pub status: u16,
    /// First byte sent to last byte received.
    pub took: Nanos,
    /// Length of the body.
    pub body_bytes: u64,
    pub head: Vec<u8>,
    pub body: Vec<u8>,
    /// The body, once it was read as JSON; None when it is none.
    pub json: OnceCell<Option<Parsed>>,
}

impl Answer {
    /// The body as JSON, read when first asked for.
    pub(super) fn json(&self) -> Option<Json<'_>> {
        let read = self.json.get_or_init(|| Parsed::read(&self.body));
        Some(read.as_ref()?.root(&self.body))
    }
}

/// Judges a complete answer: which checks it missed, and why it is a failure, if it is one.
pub(super) fn judge(
    step: &HttpStep,
    answer: &Answer,
    needles: Option<&Needles>,
    search: &Search,
    values: &[Value],
) -> (u64, Result<(), Failure>) {
    let expect = &step.expect;
    let mut checks = Checks::default();
    let status = status_failure(step, answer.status);
    if expect.status.is_empty() {
        // A status that nobody named is no check, but may be a failure.
        checks.first = status;
    } else {
        checks.next(|| status);
    }
    if let Some(needles) = needles {
        for (place, text) in expect.body_contains.iter().enumerate() {
            checks.next(|| {
                let words = || format!("the body does not contain `{}`", start(&text.written));
                search.misses(needles, place).then(|| miss(words()))
            });
        }
    }
    for (name, text) in &expect.header_contains {
        checks.next(|| {
            let mut values = headers(&answer.head).filter(|(own, _)| name == own);
            let bytes = &text.bytes;
            let contains =
                |value: &[u8]| bytes.is_empty() || memchr::memmem::find(value, bytes).is_some();
            if values.any(|(_, value)| contains(value)) {
                return None;
            }
            Some(miss(match bytes.is_empty() {
                true => format!("no header {name}"),
                false => format!("no header {name} contains `{}`", start(&text.written)),
            }))
        });
    }
    for check in &expect.json {
        checks.next(|| json_failure(check, answer, values).map(miss));
    }
    if let Some((least, most)) = expect.size {
        checks.next(|| {
            let bytes = answer.body_bytes;
            let fits = (least..=most).contains(&bytes);
            (!fits).then(|| miss(format!("the body has {bytes} bytes")))
        });
    }
    if let Some(longest) = expect.duration {
        checks.next(|| {
            let words = || format!("it took {:.3} ms", answer.took as f64 / 1e6);
            (answer.took > nanos(longest)).then(|| miss(words()))
        });
    }
    (checks.missed, checks.first.map_or(Ok(()), Err))
}

/// A failure of the class `expectation`.
pub(super) fn miss(words: String) -> Failure {
    Failure::text(ErrorClass::Expectation, words)
}

/// The start of the scenario's text, as messages show it: never what the environment holds.
fn start(written: &str) -> String {
    let start: String = written.chars().take(SHOWN).collect();
    start.escape_debug().to_string()
}

/// The start of what the server sent, as messages show it.
pub(super) fn shown(text: &[u8]) -> std::slice::EscapeAscii<'_> {
    text[..text.len().min(SHOWN)].escape_ascii()
}

/// The fields of a head that was parsed before.
pub(super) fn headers(head: &[u8]) -> impl Iterator<Item = (&str, &[u8])> {
    // The first line is the status; a line that begins with a blank would have been refused.
    let lines = head.split(|byte| *byte == b'\n').skip(1);
    lines.filter_map(|line| {
        let colon = memchr::memchr(b':', line)?;
        let name = std::str::from_utf8(&line[..colon]).ok()?;
        Some((name, line[colon + 1..].trim_ascii()))
    })
}

/// The checks so far.
#[derive(Default)]
struct Checks {
    place: u32,
    missed: u64,
    first: Option<Failure>,
}

impl Checks {
    fn next(&mut self, check: impl FnOnce() -> Option<Failure>) {
        if let Some(failure) = check() {
            self.missed |= 1u64.checked_shl(self.place).unwrap_or(0);
            self.first.get_or_insert(failure);
        }
        self.place += 1;
    }
}

/// Why a status is a failure.
fn status_failure(step: &HttpStep, status: u16) -> Option<Failure> {
    if step.expect.names(status) {
        return None;
    }
    let class = match status {
        500.. => ErrorClass::Status5xx,
        400.. => ErrorClass::Status4xx,
        // None named: whatever is left is a success.
        _ if step.expect.status.is_empty() => return None,
        _ => ErrorClass::Expectation,
    };
    Some(Failure {
        class,
        detail: Detail::Status(status),
    })
}

/// Message for a body that was to be JSON.
pub(super) fn not_json(body: &[u8]) -> String {
    // The scenario itself asked for compression, by a header as browsers send it.
    for (magic, name) in [(&b"\x1f\x8b"[..], "gzip"), (b"\x28\xb5\x2f\xfd", "zstd")] {
        if body.starts_with(magic) {
            return format!("the body is compressed: compression = [{name:?}] of [http] undoes it");
        }
    }
    format!("the body is not JSON: `{}`", shown(body))
}

fn json_failure(check: &JsonCheck, answer: &Answer, values: &[Value]) -> Option<String> {
    let path = &check.path;
    let Some(json) = answer.json() else {
        return Some(not_json(&answer.body));
    };
    let wanted = match &check.wanted {
        Wanted::Fixed(wanted) => wanted,
        Wanted::Variable(place) => values.get(*place).unwrap_or(&Value::Unset),
    };
    let mut is_there = false;
    let mut other = None;
    let compared = path.each(json, |found| {
        is_there = true;
        if is_same(found, wanted) {
            return ControlFlow::Continue(());
        }
        other = Some(found);
        ControlFlow::Break(())
    });
    match (compared, other) {
        (Err(exhausted), _) => Some(format!("{path}: {exhausted}")),
        (Ok(()), Some(_)) if is_secret(&path.to_string()) => {
            Some(format!("{path} is another value"))
        }
        (Ok(()), Some(found)) => {
            let text = found.written();
            Some(format!("{path} is `{}`", shown(text.as_bytes())))
        }
        (Ok(()), None) => (!is_there).then(|| format!("nothing at {path}")),
    }
}
