//! Values that a scenario takes from the environment, a file or a flag, hidden in whatever repeats them.
//!
//! Shown text is made from what a scenario says ([`Text::written`]), but servers, commands and
//! libraries repeat values in their messages. There each value is replaced by how the scenario
//! writes it: `${NAME}`. What a flag says is written nowhere else.

use super::{
    redact::{REDACTED, is_secret},
    text::{Piece, Text},
    tree::{Node, NodeKind, Table},
};
use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD},
};
use loadgen_core::printable;
use percent_encoding::{NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet},
};
use url::{Url, form_urlencoded::byte_serialize};

/// Shortest value that is hidden where it is surely a secret: its variable or its key is named like one,
/// it is a password in a URL, or it comes from a file. A shorter one is hidden by its place alone.
const SHORTEST_NAMED: usize = 4;
/// Shortest value of any other variable that is hidden.
const SHORTEST: usize = 8;
/// Values of at least this length are found within words, and when only their beginning is there;
/// shorter ones are found as words.
const LONG: usize = 12;
/// Shortest segment of a URL's path that is taken for a secret, such as the token of a webhook.
const SEGMENT: usize = 16;

/// Parts of the names of variables that hold secrets.
const NAMES: [&str; 7] = ["token", "secret", "pass", "pwd", "key", "cred", "auth"];

/// Values that are not to be shown, with what is shown instead. Knows no values when empty.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Secrets(Vec<Secret>);

#[derive(Clone, PartialEq, Eq)]
struct Secret {
    /// In lower case, as servers fold names.
    value: Vec<u8>,
    written: String,
}

/// Shows no value.
impl std::fmt::Debug for Secrets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let written: BTreeSet<_> = self.0.iter().map(|secret| &secret.written).collect();
        f.debug_set().entries(written).finish()
    }
}

impl Secrets {
    /// Finds the secrets in the values of a scenario, whose own text is `source`: a value that
    /// stands there too is no secret.
    pub(super) fn of(root: &Table, source: &str) -> Self {
        let mut found = BTreeMap::new();
        collect_table(root, false, source, &mut found);
        let secrets = found.into_iter();
        Self(
            secrets
                .map(|(value, written)| Secret { value, written })
                .collect(),
        )
    }

    /// The text with each value replaced by how the scenario writes it.
    pub fn hide<'t>(&self, text: &'t str) -> Cow<'t, str> {
        if self.0.is_empty() || text.is_empty() {
            return Cow::Borrowed(text);
        }
        let lower = text.to_ascii_lowercase();
        let mut hidden = String::new();
        let (mut at, mut kept) = (0, 0);
        while at < text.len() {
            let secrets = self.0.iter();
            let found = secrets.filter_map(|secret| Some((secret, secret.length_at(&lower, at)?)));
            // Of two that begin alike the one is meant of which more is there.
            let found = found.max_by_key(|(_, length)| *length);
            let Some((secret, length)) = found else {
                at = text.ceil_char_boundary(at + 1);
                continue;
            };
            hidden.push_str(&text[kept..at]);
            hidden.push_str(&secret.written);
            at = text.ceil_char_boundary(at + length);
            kept = at;
        }
        if kept == 0 {
            return Cow::Borrowed(text);
        }
        hidden.push_str(&text[kept..]);
        Cow::Owned(hidden)
    }
}

impl Secret {
    /// The length of what stands for the value at this index of a text in lower case, if it does.
    fn length_at(&self, text: &str, at: usize) -> Option<usize> {
        let rest = &text.as_bytes()[at..];
        if rest.first() != self.value.first() {
            return None;
        }
        let pairs = rest.iter().zip(&self.value);
        let common = pairs.take_while(|(a, b)| a == b).count();
        if self.value.len() >= LONG {
            // Messages are cut, names of databases too: the beginning tells as much as there is.
            let enough = common == self.value.len() || common >= LONG.max(self.value.len() / 4);
            return enough.then_some(common);
        }
        let is_word = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_alphanumeric);
        let before = at.checked_sub(1).and_then(|at| text.as_bytes().get(at));
        let alone = !is_word(before) && !is_word(rest.get(common));
        (common == self.value.len() && alone).then_some(common)
    }
}

/// Values to hide, with what is shown instead.
type Found = BTreeMap<Vec<u8>, String>;

/// Collects from a value whose key says that it is a secret, or does not (`named`).
fn collect(node: &Node, named: bool, source: &str, found: &mut Found) {
    match &node.kind {
        NodeKind::Text(text) => {
            of_credentials(text, source, found);
            of_text(text, named, source, found);
            of_flag(text, named, source, found);
        }
        NodeKind::Array(items) => {
            items
                .iter()
                .for_each(|item| collect(item, named, source, found));
        }
        NodeKind::Table(table) => collect_table(table, named, source, found),
        _ => {}
    }
}

fn collect_table(table: &Table, named: bool, source: &str, found: &mut Found) {
    for entry in &table.entries {
        let named = named || is_secret(&entry.key);
        collect(&entry.value, named, source, found);
    }
}

/// User and password of a URL, as HTTP sends them (RFC 7617): in Base64, which servers repeat.
fn of_credentials(text: &Text, source: &str, found: &mut Found) {
    if !text.is_from_environment() && !is_flag(text) {
        return;
    }
    let value = text.value();
    let Ok(url) = Url::parse(value.trim()) else {
        return;
    };
    let Some(password) = url.password().filter(|_| !source.contains(&value)) else {
        return;
    };
    let both = format!("{}:{}", decoded(url.username()), decoded(password));
    let written = text.written();
    let end = written.find('@').unwrap_or(written.len());
    let start = written.find("://").map_or(0, |at| at + 3).min(end);
    let shown = match is_flag(text) {
        true => REDACTED,
        false => &written[start..end],
    };
    insert(base64_forms(&both), shown, found);
}

/// The password of a URL in a flag, and a value that its key calls a secret, with the words of it: of
/// `Bearer abc...` a server may repeat the latter alone.
fn of_flag(text: &Text, named: bool, source: &str, found: &mut Found) {
    if text.is_from_environment() || !is_flag(text) {
        return;
    }
    let value = text.value();
    let mut secrets = Vec::new();
    if let Ok(url) = Url::parse(value.trim()) {
        let password = url.password().into_iter();
        secrets.extend(password.flat_map(|password| [password.to_owned(), decoded(password)]));
    }
    if named {
        let words = value.split_whitespace().filter(|it| it.len() >= SHORTEST);
        secrets.extend(words.map(str::to_owned));
        secrets.push(value);
    }
    for secret in secrets {
        if secret.len() >= SHORTEST_NAMED && !source.contains(&secret) {
            insert(forms(&secret), REDACTED, found);
        }
    }
}

/// Returns true for what does not stand in the scenario, but in a flag or a suite that is put over it.
fn is_flag(text: &Text) -> bool {
    text.span().source != 0
}

/// A part of a URL as it was before it was put there.
fn decoded(part: &str) -> String {
    percent_decode_str(part).decode_utf8_lossy().into_owned()
}

fn insert(forms: impl IntoIterator<Item = String>, shown: &str, found: &mut Found) {
    for form in forms {
        found.insert(form.to_ascii_lowercase().into_bytes(), shown.to_owned());
    }
}

fn of_text(text: &Text, named: bool, source: &str, found: &mut Found) {
    let pieces = text.pieces();
    for (index, piece) in pieces.iter().enumerate() {
        let Piece::Environment { span, value } = piece else {
            continue;
        };
        let Some(written) = text.written().get(span.clone()) else {
            continue;
        };
        let before = index.checked_sub(1).and_then(|index| pieces.get(index));
        if is_host(before, pieces.get(index + 1)) || source.contains(value.as_str()) {
            continue;
        }
        let inside = written.trim_start_matches("${").trim_end_matches('}');
        let name = inside.split(":-").next().unwrap_or_default();
        let named = named || is_secret_name(name) || is_password(before, pieces.get(index + 1));
        for part in parts(value) {
            let shortest = if named { SHORTEST_NAMED } else { SHORTEST };
            if part.len() < shortest || (!named && is_plain(&part)) || source.contains(&part) {
                continue;
            }
            insert(forms(&part), written, found);
        }
    }
}

fn is_secret_name(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    lower.starts_with("file:") || NAMES.iter().any(|part| lower.contains(part))
}

/// Words and numbers that messages have for other reasons.
fn is_plain(value: &str) -> bool {
    let short = value.len() < LONG;
    let word = value.bytes().all(|byte| byte.is_ascii_lowercase())
        || value.bytes().all(|byte| byte.is_ascii_uppercase());
    let number = value
        .bytes()
        .all(|byte| byte.is_ascii_digit() || byte == b'.');
    short && (word || number)
}

/// Returns true for a value that stands where a URL has its host: that is told by every message
/// that a server cannot be reached.
fn is_host(before: Option<&Piece>, after: Option<&Piece>) -> bool {
    let begins = match before {
        Some(Piece::Literal { text, .. }) => text.ends_with("://") || text.ends_with('@'),
        _ => false,
    };
    let ends = match after {
        Some(Piece::Literal { text, .. }) => text.starts_with([':', '/', '?']),
        Some(Piece::Environment { .. }) => false,
        None => true,
    };
    begins && ends
}

/// Returns true for a value that stands where a URL has its password.
fn is_password(before: Option<&Piece>, after: Option<&Piece>) -> bool {
    let begins = match before {
        Some(Piece::Literal { text, .. }) => text.ends_with(':'),
        _ => false,
    };
    let ends = matches!(after, Some(Piece::Literal { text, .. }) if text.starts_with('@'));
    begins && ends
}

/// Secret parts of a value. A URL's scheme, host and port are not: messages name what was asked.
fn parts(value: &str) -> Vec<String> {
    let url = value.contains("://").then(|| Url::parse(value.trim()).ok());
    let Some(url) = url.flatten().filter(Url::has_host) else {
        // A certificate or a key has many lines, and a message may have any of them.
        let lines = value.lines().filter(|line| line.len() >= LONG);
        let lines = lines.map(str::to_owned);
        let several = value.contains('\n');
        return lines
            .filter(|_| several)
            .chain([value.to_owned()])
            .collect();
    };
    let mut parts = Vec::new();
    if let Some(password) = url.password() {
        parts.extend([password.to_owned(), decoded(password)]);
    }
    parts.extend(url.query_pairs().map(|(_, value)| value.into_owned()));
    let segments = url.path().split('/').filter(|it| it.len() >= SEGMENT);
    parts.extend(segments.map(str::to_owned));
    parts
}

/// A text in Base64, in both alphabets and without the padding, which stands after it where it is.
fn base64_forms(text: &str) -> [String; 2] {
    [STANDARD_NO_PAD.encode(text), URL_SAFE_NO_PAD.encode(text)]
}

/// A value as it may come back: as it is, in a URL, in Base64, and as texts are quoted.
fn forms(value: &str) -> Vec<String> {
    let quoted = serde_json::Value::from(value).to_string();
    let quoted = quoted.get(1..quoted.len() - 1).unwrap_or_default();
    let mut forms = vec![
        value.to_owned(),
        utf8_percent_encode(value, NON_ALPHANUMERIC).to_string(),
        byte_serialize(value.as_bytes()).collect(),
        value.escape_debug().to_string(),
        value.as_bytes().escape_ascii().to_string(),
        quoted.to_owned(),
        value.replace('\'', "''"),
        printable::line(value).into_owned(),
    ];
    forms.extend(base64_forms(value));
    forms.sort();
    forms.dedup();
    forms
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Inputs, parse};
    use proptest::prelude::*;
    use std::path::Path;

    /// Secrets of a scenario that has these texts, with these variables.
    fn secrets(texts: &[&str], variables: &[(&str, &str)]) -> Secrets {
        let quoted = texts.iter().map(|text| format!("{text:?}"));
        let text = format!("thresholds = [{}]", quoted.collect::<Vec<_>>().join(", "));
        let environment = |name: &str| {
            let own = variables.iter().find(|(key, _)| *key == name);
            own.map(|(_, value)| (*value).to_owned())
        };
        let inputs = Inputs {
            environment: &environment,
            ..Inputs::none()
        };
        let scenario = parse(Path::new("s.toml"), text, &inputs).unwrap();
        scenario.secrets.as_ref().clone()
    }

    #[test]
    fn a_message_that_repeats_a_value_has_the_variable_instead() {
        let secrets = secrets(&["x ${SEC} y"], &[("SEC", "S3KRETvalue9")]);
        for (message, shown) in [
            ("plain", "plain"),
            (r#"integer: "S3KRETvalue9""#, r#"integer: "${SEC}""#),
            // As PostgreSQL folds names.
            ("column s3kretvalue9 is not", "column ${SEC} is not"),
            ("aS3KRETvalue9b S3KRETvalue9", "a${SEC}b ${SEC}"),
            ("S3KRETvalue", "S3KRETvalue"),
            ("é S3KRETvalue9é", "é ${SEC}é"),
        ] {
            assert_eq!(secrets.hide(message), shown);
        }
        assert_eq!(format!("{secrets:?}"), r#"{"${SEC}"}"#);
    }

    #[test]
    fn a_value_is_known_in_other_forms_and_by_its_beginning() {
        let value = "a b/c'd\"e+fghijklmnop";
        let secrets = secrets(&["${SEC}"], &[("SEC", value)]);
        for form in forms(value) {
            assert_eq!(secrets.hide(&format!("<{form}>")), "<${SEC}>", "{form}");
        }
        assert_eq!(secrets.hide("near 'a b/c'd\"e+fghi"), "near '${SEC}");
    }

    #[test]
    fn short_values_are_hidden_where_they_are_surely_secret() {
        let variables = [("A", "x7Q2"), ("B", "b0b"), ("C", "4711")];
        let text = r#"
            target.url = "http://ann:${A}@localhost:81/"
            http.headers = { authorization = "PIN ${C}", accept = "${B}" }
        "#;
        let environment = |name: &str| {
            let own = variables.iter().find(|(key, _)| *key == name);
            own.map(|(_, value)| (*value).to_owned())
        };
        let inputs = Inputs {
            environment: &environment,
            ..Inputs::none()
        };
        let scenario = parse(Path::new("s.toml"), text.to_owned(), &inputs).unwrap();
        for (message, shown) in [
            ("no user ann with x7Q2", "no user ann with ${A}"),
            // A URL's user and password as they are sent.
            ("got Basic YW5uOng3UTI=", "got Basic ann:${A}="),
            ("PIN 4711 is wrong, b0b", "PIN ${C} is wrong, b0b"),
        ] {
            assert_eq!(scenario.secrets.hide(message), shown);
        }
    }

    #[test]
    fn what_a_flag_says_is_hidden_where_it_is_surely_secret() {
        let set = [
            ("target.url", "http://ann:x7Q%32@localhost:81/"),
            ("http.headers.authorization", "Bearer 0123-abcd"),
            ("http.headers.accept", "text/html"),
        ];
        let set = set.map(|(path, value)| (path.to_owned(), value.to_owned()));
        let inputs = Inputs {
            set: &set,
            ..Inputs::none()
        };
        let text = "target.url = \"http://localhost:80/\"".to_owned();
        let scenario = parse(Path::new("s.toml"), text, &inputs).unwrap();
        for (message, shown) in [
            ("no user ann with x7Q2", "no user ann with (redacted)"),
            ("no user ann with x7Q%32", "no user ann with (redacted)"),
            ("got Basic YW5uOng3UTI=", "got Basic (redacted)="),
            ("0123-ABCD is wrong", "(redacted) is wrong"),
            (
                "no text/html at localhost:81",
                "no text/html at localhost:81",
            ),
        ] {
            assert_eq!(scenario.secrets.hide(message), shown);
        }
    }

    #[test]
    fn words_and_numbers_are_not_taken_for_secrets() {
        let variables = [
            ("USER_NAME", "postgres"),
            ("PORT", "15432"),
            ("PASSWORD", "hunter2"),
            ("MODE", "on"),
            ("HERE", "s.toml and more"),
        ];
        let texts = ["${USER_NAME} ${PORT} ${PASSWORD} ${MODE} ${HERE} s.toml and more"];
        let secrets = secrets(&texts, &variables);
        let message = "postgres on 15432: s.toml and more";
        assert_eq!(secrets.hide(message), message);
        // Short ones are found as words alone.
        assert_eq!(secrets.hide("`hunter2` hunter22"), "`${PASSWORD}` hunter22");
    }

    #[test]
    fn defaults_and_hosts_are_shown_and_credentials_are_not() {
        let variables = [
            (
                "TARGET",
                "http://us:pass-word-1@10.0.0.5:8080/v1?token=t0ken-of-mine",
            ),
            ("HOST", "db-7.internal.example"),
        ];
        let texts = [
            "${TARGET:-http://127.0.0.1:80}",
            "http://${HOST}:81/",
            "${NONE:-http://localhost:9999/default}",
        ];
        let secrets = secrets(&texts, &variables);
        let shown = secrets.hide(
            "http://us:pass-word-1@10.0.0.5:8080/v1?token=t0ken-of-mine, \
             db-7.internal.example:81, http://localhost:9999/default",
        );
        let own = "${TARGET:-http://127.0.0.1:80}";
        assert_eq!(
            shown,
            format!(
                "http://us:{own}@10.0.0.5:8080/v1?token={own}, db-7.internal.example:81, \
                 http://localhost:9999/default"
            )
        );
    }

    proptest! {
        #[test]
        fn no_value_is_left_whatever_is_around_it(
            before in "[ -~é]{0,12}",
            value in "[A-Za-z0-9+/=é-]{12,40}",
            after in "[ -~é]{0,12}",
        ) {
            let secrets = secrets(&["${SEC}"], &[("SEC", &value)]);
            let hidden = secrets.hide(&format!("{before}{value}{after}")).into_owned();
            prop_assert!(!hidden.to_lowercase().contains(&value.to_lowercase()), "{hidden}");
        }
    }
}
