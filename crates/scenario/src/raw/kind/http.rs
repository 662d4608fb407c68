//! Requests: a method as the key with the path, or `path` beside any `method`.

use super::StepKeys;

pub(super) const KEYS: StepKeys = StepKeys {
    asks: &[
        "get", "post", "put", "patch", "delete", "head", "options", "path",
    ],
    words: "an HTTP request",
    short: "a request",
    own: &[
        ("method", |step| step.method.span()),
        ("query", |step| step.query.span()),
        ("headers", |step| step.headers.span()),
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
    to_target: true,
};
