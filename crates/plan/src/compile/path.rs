//! Path and query of a request.

use super::{
    context::Context,
    template::{Style, VariableNames, check_plain_name, parts},
};
use crate::written::{redact_query, redact_user, unless_secret};
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

/// A path of the target, behind the `prefix` of its URL, with its query; and what may be shown of
/// them.
pub(super) fn compile(
    context: &Context<'_>,
    names: &VariableNames<'_>,
    prefix: &str,
    path: &Text,
    query: &Field<Vec<Pair>>,
) -> Option<(Template, String)> {
    let right = begins(context, path) && is_legal(context, path);
    let made = join(context, names, prefix, path, query);
    made.filter(|_| right)
}

/// The path and query behind the host of a whole URL, and what may be shown of the URL.
pub(super) fn behind_host(
    context: &Context<'_>,
    names: &VariableNames<'_>,
    rest: &Text,
    query: &Field<Vec<Pair>>,
) -> Option<(Template, String)> {
    let right = is_legal(context, rest);
    let prefix = match rest.value().starts_with('/') {
        true => "",
        false => "/",
    };
    let (path, shown) = join(context, names, prefix, rest, query).filter(|_| right)?;
    Some((path, redact_user(&shown)))
}

fn join(
    context: &Context<'_>,
    names: &VariableNames<'_>,
    prefix: &str,
    path: &Text,
    query: &Field<Vec<Pair>>,
) -> Option<(Template, String)> {
    let mut all = vec![Part::Literal(prefix.as_bytes().into())];
    let own = parts(context, names, path, PATH);
    let query = match query {
        Field::Absent => Some((Vec::new(), String::new())),
        Field::Bad(_) => None,
        Field::Given(given) => pairs(context, names, &given.value, Style::QUERY),
    };
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

/// Tells of a path that does not begin as one.
fn begins(context: &Context<'_>, path: &Text) -> bool {
    let value = path.value();
    if value.starts_with('/') {
        return true;
    }
    let help = if path.is_from_environment() {
        "put a `/` before it".to_owned()
    } else if value.starts_with("{{") {
        r#"put a `/` before it; for a whole URL write url = "..." beside `method`"#.to_owned()
    } else {
        format!(r#"write "/{value}""#)
    };
    let problem = Problem::new(path.span(), "a path that does not begin with `/`");
    context.tell(problem.help(help));
    false
}

/// Tells of the first character that has no place in a path or query.
fn is_legal(context: &Context<'_>, path: &Text) -> bool {
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
