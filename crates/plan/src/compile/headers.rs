//! Headers of `[http]` and of steps.

use super::{
    context::Context,
    template::{Style, VariableNames, parts},
};
use crate::written::{is_secret, unless_secret};
use http::{HeaderName, header};
use loadgen_data::Template;
use loadgen_scenario::{
    Problem, Span, Text,
    raw::{Field, Pair},
    text::Piece,
};

/// A header with what may be shown of it.
#[derive(Debug, Clone)]
pub(super) struct Header {
    pub name: HeaderName,
    pub value: Template,
    pub written: String,
}

/// Names that the driver writes itself, because they say how the message is framed or whether it
/// is sent at all.
const OURS: [&str; 6] = [
    "content-length",
    "transfer-encoding",
    "expect",
    "upgrade",
    "trailer",
    "te",
];

/// The headers of a table; None when there is a problem with them.
pub(super) fn compile(
    context: &Context<'_>,
    names: &VariableNames<'_>,
    headers: &Field<Vec<Pair>>,
) -> Option<Vec<Header>> {
    let pairs = match headers {
        Field::Absent => return Some(Vec::new()),
        Field::Bad(_) => return None,
        Field::Given(given) => &given.value,
    };
    let mut seen: Vec<(HeaderName, Span)> = Vec::new();
    let mut right = true;
    let mut compiled = Vec::new();
    for pair in pairs {
        let name = name(context, pair);
        if let Some(name) = &name {
            if let Some((_, before)) = seen.iter().find(|(other, _)| other == name) {
                let message = format!("`{name}` is there twice");
                let problem = Problem::new(pair.span(), message);
                let help = "for several headers of one name write a list of values";
                context.tell(problem.other(*before, "the first").help(help));
                right = false;
            }
            seen.push((name.clone(), pair.span()));
        }
        right &= pair.values.is_some();
        for text in pair.values.iter().flatten() {
            let value = value(context, names, text);
            match (&name, value) {
                (Some(name), Some(value)) => compiled.push(Header {
                    written: unless_secret(name.as_str(), text.written()).to_owned(),
                    name: name.clone(),
                    value,
                }),
                _ => right = false,
            }
        }
    }
    right.then_some(compiled)
}

fn name(context: &Context<'_>, pair: &Pair) -> Option<HeaderName> {
    let Ok(name) = HeaderName::from_bytes(pair.name.value.as_bytes()) else {
        let problem = Problem::new(pair.span(), "not a header's name");
        context.tell(problem.help("names are letters, digits and `-`"));
        return None;
    };
    if OURS.contains(&name.as_str()) {
        let message = format!("`{name}` is written by loadgen itself");
        context.tell(Problem::new(pair.span(), message).help("leave it out"));
        return None;
    }
    Some(name)
}

fn value(context: &Context<'_>, names: &VariableNames<'_>, text: &Text) -> Option<Template> {
    for piece in text.pieces() {
        let (value, span) = match piece {
            Piece::Literal { at, text } => (text, *at..at + text.len()),
            Piece::Environment { value, span } => (value, span.clone()),
        };
        let bad = |c: char| c.is_ascii_control() && c != '\t';
        if value.contains(bad) {
            let span = text.span_of(span);
            let problem = Problem::new(span, "a header with a line break or control character");
            context.tell(problem.help("a header is one line; is there a line break at the end?"));
            return None;
        }
    }
    parts(context, names, text, Style::HEADER).map(Template::new)
}

impl Header {
    /// Returns true if it is for the target's own hosts: it names them, or may be a secret.
    pub fn is_confidential(&self) -> bool {
        self.name == header::HOST || is_secret(self.name.as_str())
    }

    /// Returns true if `own` has none of its name, so that it is sent beside them.
    pub fn is_kept_beside(&self, own: &[Header]) -> bool {
        own.iter().all(|own| own.name != self.name)
    }
}
