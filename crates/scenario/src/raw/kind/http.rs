//! Requests: a method as the key with the path or URL, or `path` or `url` with any `method`.

use super::StepKeys;
use crate::{Text, raw::Step};

pub(super) const KEYS: StepKeys = StepKeys {
    asks: &[
        "get", "post", "put", "patch", "delete", "head", "options", "path", "url",
    ],
    words: "an HTTP request",
    short: "a request",
    own: &[
        ("method", |step| step.method.span()),
        ("query", |step| step.query.span()),
        ("headers", |step| step.headers.span()),
        ("basic", |step| step.basic.span()),
        ("content", |step| step.body.span()),
    ],
    expect: &[
        ("status", |expect| expect.status.span()),
        ("body", |expect| expect.body.span()),
        ("header", |expect| expect.header.span()),
        ("json", |expect| expect.json.span()),
        ("size", |expect| expect.size.span()),
        ("duration", |expect| expect.duration.span()),
    ],
};

impl Step {
    /// Returns true if it is a request, or may have been meant as one.
    pub fn is_request(&self) -> bool {
        self.request
            .value()
            .is_none_or(|(key, _)| KEYS.asks.contains(key))
    }

    /// Returns true if it is a request to the target: not to a whole URL, and not to one that is
    /// known only when it is filled in.
    pub fn needs_target(&self) -> bool {
        match self.request.value() {
            Some(("url", _)) => false,
            Some((_, text)) => self.is_request() && !text.is_url(),
            None => true,
        }
    }
}

impl Text {
    /// Returns true if it begins as a whole URL does.
    pub fn is_url(&self) -> bool {
        let value = self.value();
        value.starts_with("http://") || value.starts_with("https://")
    }
}
