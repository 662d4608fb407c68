//! Requests: a method as the key with the path, or `path` beside any `method`.

use super::StepKeys;

pub(super) const KEYS: StepKeys = StepKeys {
    asks: &[
        "get", "post", "put", "patch", "delete", "head", "options", "path",
    ],
    words: "an HTTP request",
    short: "a request",
    own: &[
        ("method", |step| step.method.place()),
        ("query", |step| step.query.place()),
        ("headers", |step| step.headers.place()),
        ("content", |step| step.body.place()),
    ],
    expect: &[
        ("status", |expect| expect.status.place()),
        ("body", |expect| expect.body.place()),
        ("header", |expect| expect.header.place()),
        ("json", |expect| expect.json.place()),
        ("size", |expect| expect.size.place()),
        ("duration", |expect| expect.duration.place()),
    ],
    to_target: true,
};
