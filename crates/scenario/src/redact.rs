//! Secrets known by their place: credentials in URLs, and what is named like a secret.

use std::ops::Range;

/// Placeholder of a secret.
pub const REDACTED: &str = "(redacted)";

/// Returns true if a header, parameter or key of this name holds a secret.
pub fn is_secret(name: &str) -> bool {
    const NAMES: [&str; 4] = [
        "authorization",
        "proxy-authorization",
        "cookie",
        "set-cookie",
    ];
    const PARTS: [&str; 4] = ["token", "secret", "password", "key"];
    let name = name.to_ascii_lowercase();
    NAMES.contains(&name.as_str()) || PARTS.iter().any(|part| name.contains(part))
}

/// `text`, unless `name` says that it is a secret.
pub fn unless_secret<'a>(name: &str, text: &'a str) -> &'a str {
    if is_secret(name) { REDACTED } else { text }
}

/// A path whose query's secrets are redacted.
pub fn redact_query(path: &str) -> String {
    let Some((path, query)) = path.split_once('?') else {
        return path.to_owned();
    };
    let pairs: Vec<String> = query
        .split('&')
        .map(|pair| match pair.split_once('=') {
            Some((name, value)) => format!("{name}={}", unless_secret(name, value)),
            None => pair.to_owned(),
        })
        .collect();
    format!("{path}?{}", pairs.join("&"))
}

/// A URL whose user and password are redacted, whatever else it holds.
pub fn redact_user(url: &str) -> String {
    let Some(start) = url.find("://").map(|at| at + 3) else {
        return url.to_owned();
    };
    let length = url[start..].find(['/', '?', '#']);
    let end = length.map_or(url.len(), |length| start + length);
    match url[start..end].rfind('@') {
        Some(at) => format!("{}{REDACTED}{}", &url[..start], &url[start + at..]),
        None => url.to_owned(),
    }
}

/// A text, such as a message about a wrong URL, with the secrets of every URL in it redacted. The
/// URLs need not be right.
pub fn redact_urls(text: &str) -> String {
    let mut redacted = text.to_owned();
    for span in secrets(text).into_iter().rev() {
        redacted.replace_range(span, REDACTED);
    }
    redacted
}

/// The beginning of a response's body, in which values of JSON members and of parameters that are named
/// like secrets are redacted.
pub fn redact_body(body: &str) -> String {
    let mut redacted = String::new();
    let mut rest = body;
    while let Some(at) = rest.find([':', '=']) {
        let (before, after) = rest.split_at(at + 1);
        redacted.push_str(before);
        rest = after;
        let is_name = |c: char| c.is_ascii_alphanumeric() || "_-.".contains(c);
        let name = before[..at].trim_end().trim_end_matches(['"', '\'']);
        let name = &name[name.trim_end_matches(is_name).len()..];
        let Some(value) = value(after).filter(|_| is_secret(name)) else {
            continue;
        };
        redacted.push_str(&after[..value.start]);
        redacted.push_str(REDACTED);
        rest = &after[value.end..];
    }
    redacted + rest
}

/// Span of the value that `text` begins with, without its quotes; None where it is empty, or a list or an
/// object.
fn value(text: &str) -> Option<Range<usize>> {
    let start = text.len() - text.trim_start().len();
    let first = text[start..].chars().next()?;
    if let quote @ ('"' | '\'') = first {
        let start = start + 1;
        let mut escaped = false;
        let end = text[start..].find(|c| {
            let ends = c == quote && !escaped;
            escaped = c == '\\' && !escaped;
            ends
        });
        let end = end.map_or(text.len(), |length| start + length);
        return (end > start).then_some(start..end);
    }
    let ends = |c: char| "&,{}[]<>\"'\r\n".contains(c);
    let length = text[start..].find(ends).unwrap_or(text.len() - start);
    (length > 0).then_some(start..start + length)
}

/// Masks URLs with a star for each byte, so that offsets stay the same.
pub fn mask_urls(text: &str) -> String {
    let mut masked = text.to_owned();
    for span in secrets(text) {
        masked.replace_range(span.clone(), &"*".repeat(span.len()));
    }
    masked
}

/// The places of credentials, and of the values of parameters that are named like secrets.
fn secrets(text: &str) -> Vec<Range<usize>> {
    let mut found: Vec<Range<usize>> = Vec::new();
    for (at, scheme) in text.match_indices("://") {
        let start = at + scheme.len();
        let ends = |c: char| c.is_whitespace() || c.is_control() || "'\"`<>".contains(c);
        let end = text[start..].find(ends).map_or(text.len(), |at| start + at);
        let url = &text[start..end];
        let authority = url.find(['/', '?', '#']).unwrap_or(url.len());
        let user = url[..authority].rfind('@').or_else(|| {
            // A password with a `/` ends no authority, as long as no port does.
            let (_, port) = url[..authority].split_once(':')?;
            let is_port = port.bytes().all(|byte| byte.is_ascii_digit());
            url.rfind('@').filter(|_| !is_port)
        });
        if let Some(user) = user.filter(|user| *user > 0) {
            found.push(start..start + user);
        }
        let from = user.unwrap_or(0);
        let Some(query) = url[from..].find('?').map(|at| from + at + 1) else {
            continue;
        };
        let mut at = start + query;
        for pair in url[query..].split('&') {
            if let Some((name, value)) = pair.split_once('=')
                && is_secret(name)
                && !value.is_empty()
            {
                let value_at = at + name.len() + 1;
                found.push(value_at..value_at + value.len());
            }
            at += pair.len() + 1;
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn secrets_are_known_by_name() {
        for name in [
            "Authorization",
            "COOKIE",
            "x-api-key",
            "access_token",
            "clientSecret",
        ] {
            assert!(is_secret(name), "{name}");
        }
        assert!(!is_secret("accept"));
        assert_eq!(
            redact_query("/a?q=1&api_key=x=y&z"),
            "/a?q=1&api_key=(redacted)&z"
        );
        assert_eq!(redact_query("/a"), "/a");
        assert_eq!(
            redact_user("http://u:p@h:1/x@y"),
            "http://(redacted)@h:1/x@y"
        );
        assert_eq!(redact_user("${A:-http://u@h}"), "${A:-http://(redacted)@h}");
        assert_eq!(redact_user("http://h/@"), "http://h/@");
    }

    #[test]
    fn urls_in_messages_lose_their_secrets() {
        for (text, shown) in [
            ("no URL: user@host", "no URL: user@host"),
            ("'htp://u:p@h' is wrong", "'htp://(redacted)@h' is wrong"),
            ("http://h:80/p@th?q=1", "http://h:80/p@th?q=1"),
            ("http://u:p/w@h/x", "http://(redacted)@h/x"),
            (
                "a://u@h/w?token=t&q=1, b://v:w@i?x_key=k",
                "a://(redacted)@h/w?token=(redacted)&q=1, b://(redacted)@i?x_key=(redacted)",
            ),
        ] {
            assert_eq!(redact_urls(text), shown);
        }
        assert_eq!(
            mask_urls("--set target.url=htp://u:pä@h?token=t"),
            "--set target.url=htp://*****@h?token=*"
        );
    }

    #[test]
    fn bodies_lose_what_is_named_like_a_secret() {
        for (body, shown) in [
            (
                r#"{"access_token": "a\"b", "n":1,"api_key":17,"ok":"x"}"#,
                r#"{"access_token": "(redacted)", "n":1,"api_key":(redacted),"ok":"x"}"#,
            ),
            (
                "user=ada&password=p%20w&x=1",
                "user=ada&password=(redacted)&x=1",
            ),
            (r#"{"token":"cut off"#, r#"{"token":"(redacted)"#),
            (
                r#"{"tokens":["a"],"token":"","#,
                r#"{"tokens":["a"],"token":"","#,
            ),
            ("invalid password: hunter2", "invalid password: (redacted)"),
            ("{'secret': 'a'}", "{'secret': '(redacted)'}"),
            (
                "Authorization: Bearer x\nhost: h",
                "Authorization: (redacted)\nhost: h",
            ),
            ("plain text = x, a:b", "plain text = x, a:b"),
            ("", ""),
        ] {
            assert_eq!(redact_body(body), shown);
        }
    }

    proptest! {
        #[test]
        fn any_body_can_be_redacted(body in "(token|[ -~\"':=é\\\\]){0,30}") {
            let _ = redact_body(&body);
        }

        #[test]
        fn masks_move_nothing(text in "[a-z:/?@&=é' ]{0,40}") {
            prop_assert_eq!(mask_urls(&text).len(), text.len());
            let _ = redact_urls(&text);
        }
    }
}
