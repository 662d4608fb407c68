//! The path and query of a request.

use super::{
    context::Context,
    template::{Style, VariableNames, check_plain_name, parts},
};
use crate::written::{redact_query, unless_secret};
use loadgen_data::{Escape, Template, template::Part};
use loadgen_scenario::{
    Problem, Text,
    raw::{Field, Pair},
    text::Piece,
};
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};

/// Characters that must be escaped in a path or query (RFC 3986). `%` is checked apart.
const ILLEGAL: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'<')
    .add(b'>')
    .add(b'\\')
    .add(b'^')
    .add(b'`')
    .add(b'{')
    .add(b'|')
    .add(b'}');

const PATH: Style = Style {
    values: Escape::Url,
    literals: |text, out| {
        for chunk in utf8_percent_encode(text, ILLEGAL) {
            out.extend_from_slice(chunk.as_bytes());
        }
    },
};

/// The path with its query, and what may be shown of them.
pub(super) fn compile(
    context: &Context<'_>,
    names: &VariableNames<'_>,
    prefix: &str,
    path: &Text,
    query: &Field<Vec<Pair>>,
) -> Option<(Template, String)> {
    let right = check(context, path);
    let mut all = vec![Part::Literal(prefix.as_bytes().into())];
    let own = parts(context, names, path, PATH);
    let query = match query {
        Field::Absent => Some((Vec::new(), String::new())),
        Field::Bad(_) => None,
        Field::Given(given) => pairs(context, names, &given.value, Style::QUERY),
    };
    if !right {
        return None;
    }
    all.extend(own?);
    let (query, shown) = query?;
    let mut written = redact_query(path.written());
    if !query.is_empty() {
        let joint = if path.value().contains('?') { "&" } else { "?" };
        all.push(Part::Literal(joint.as_bytes().into()));
        all.extend(query);
        written.push_str(joint);
        written.push_str(&shown);
    }
    Some((Template::new(all), written))
}

/// Names and values joined by `=` and `&`, as they are sent and as they may be shown.
pub(super) fn pairs(
    context: &Context<'_>,
    names: &VariableNames<'_>,
    given: &[Pair],
    style: Style,
) -> Option<(Vec<Part>, String)> {
    let mut joined = Vec::new();
    let mut shown = Vec::new();
    let mut right = true;
    for pair in given {
        check_plain_name(context, &pair.name.value, pair.span());
        right &= pair.values.is_some();
        for text in pair.values.iter().flatten() {
            let mut name = Vec::new();
            if !joined.is_empty() {
                name.push(b'&');
            }
            (style.literals)(&pair.name.value, &mut name);
            name.push(b'=');
            joined.push(Part::Literal(name.into()));
            match parts(context, names, text, style) {
                Some(parts) => joined.extend(parts),
                None => right = false,
            }
            let name = &pair.name.value;
            shown.push(format!("{name}={}", unless_secret(name, text.written())));
        }
    }
    right.then(|| (joined, shown.join("&")))
}

fn check(context: &Context<'_>, path: &Text) -> bool {
    let value = path.value();
    let wrong = |message: &str, help: String| {
        context.tell(Problem::new(path.span(), message).help(help));
        false
    };
    if value.starts_with("http://") || value.starts_with("https://") {
        let help = "the host stands in [target]; write the path, from the `/` on".to_owned();
        return wrong("a URL where a path belongs", help);
    }
    if !value.starts_with('/') {
        let help = if path.is_from_environment() || value.starts_with("{{") {
            "put a `/` before it".to_owned()
        } else {
            format!(r#"write "/{value}""#)
        };
        return wrong("a path that does not begin with `/`", help);
    }
    for piece in path.pieces() {
        let (text, span) = match piece {
            Piece::Literal { at, text } => (text, *at..at + text.len()),
            Piece::Environment { value, span } => (value, span.clone()),
        };
        let literal = matches!(piece, Piece::Literal { .. });
        if let Some((at, message, help)) = illegal(text) {
            let span = if literal {
                span.start + at..span.start + at + 1
            } else {
                span
            };
            context.tell(Problem::new(path.span_of(span), message).help(help));
            return false;
        }
    }
    true
}

/// The first byte that has no place in a path.
fn illegal(text: &str) -> Option<(usize, &'static str, &'static str)> {
    let bytes = text.as_bytes();
    bytes.iter().enumerate().find_map(|(at, byte)| match byte {
        b'#' => Some((
            at,
            "a path with `#`",
            "what follows `#` is never sent to a server; write %23 for the character itself",
        )),
        b'%' => {
            let hex = bytes.get(at + 1..at + 3);
            let escape = hex.is_some_and(|hex| hex.iter().all(u8::is_ascii_hexdigit));
            let help = "write %25 for the character itself";
            (!escape).then_some((at, "`%` without two hexadecimal digits", help))
        }
        byte if byte.is_ascii_control() => Some((
            at,
            "a path with a line break or control character",
            "write it on one line",
        )),
        _ => None,
    })
}
