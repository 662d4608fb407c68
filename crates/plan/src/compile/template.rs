//! Texts with holes.

use super::context::Context;
use loadgen_data::{
    Escape, Template,
    template::{
        Part,
        holes::{self, PieceKind},
    },
};
use loadgen_scenario::{Problem, Text, diag::did_you_mean, raw::Variable, text::Piece};
use std::ops::Range;

/// Names that every scenario has.
pub(super) const RUN_ID: &str = "run.id";

/// The variables that a population's holes may name.
#[derive(Clone)]
pub(super) struct VariableNames<'a> {
    /// None when `[data]` itself could not be read: any name may be right then.
    variables: Option<&'a [Variable]>,
    /// The names of what they draw; one that ends in a point stands for all that begin so.
    drawn: Vec<String>,
    /// Variables that steps extract, each with whether the step at hand can use it. Their values
    /// come after the drawn ones.
    extracted: Vec<(&'a str, bool)>,
    /// True if there are task runs, which variables belong to.
    runs: bool,
}

impl<'a> VariableNames<'a> {
    /// Nothing of what is extracted is there yet.
    pub fn new(
        variables: Option<&'a [Variable]>,
        drawn: Vec<String>,
        extracted: Vec<&'a str>,
    ) -> Self {
        Self {
            variables,
            drawn,
            extracted: extracted.into_iter().map(|name| (name, false)).collect(),
            runs: true,
        }
    }

    /// Names for requests and statements in the background, which have no task run.
    pub fn background() -> Self {
        Self {
            runs: false,
            ..Self::new(Some(&[]), Vec::new(), Vec::new())
        }
    }

    /// From here on, what is extracted as `name` is there.
    pub fn learn(&mut self, name: &str) {
        for (own, known) in &mut self.extracted {
            *known |= *own == name;
        }
    }

    /// The place of the value that is extracted as `name`.
    pub fn extracted(&self, name: &str) -> Option<usize> {
        let index = self.extracted.iter().position(|(own, _)| *own == name)?;
        Some(self.drawn.len() + index)
    }

    /// The variable of `[data]` with this name.
    pub fn drawn(&self, name: &str) -> Option<&'a Variable> {
        let variables = self.variables.unwrap_or_default();
        variables.iter().find(|v| v.name.value == name)
    }

    /// Returns the extracted names, in the order of their indices.
    pub fn all_extracted(&self) -> Vec<String> {
        let names = self.extracted.iter();
        names.map(|(name, _)| (*name).to_owned()).collect()
    }

    /// Returns true if the step at hand can use all variables of the template.
    pub fn fill(&self, template: &Template) -> bool {
        template.variables().into_iter().all(|index| {
            let index = index.checked_sub(self.drawn.len());
            let extracted = index.and_then(|index| self.extracted.get(index));
            extracted.is_none_or(|(_, known)| *known)
        })
    }

    fn find(&self, name: &str) -> Option<usize> {
        let drawn = self.drawn.iter().position(|own| match own.ends_with('.') {
            true => name.starts_with(own.as_str()) || own.trim_end_matches('.') == name,
            false => own == name,
        });
        drawn.or_else(|| {
            let known = self.extracted.contains(&(name, true));
            known.then(|| self.extracted(name)).flatten()
        })
    }

    fn all(&self) -> impl Iterator<Item = &str> {
        let own = self.drawn.iter().map(String::as_str);
        let known = self.extracted.iter().filter(|(_, known)| *known);
        own.chain(known.map(|(name, _)| *name)).chain([RUN_ID])
    }
}

/// Escaping of a template in a request.
#[derive(Clone, Copy)]
pub(super) struct Style {
    /// Escaping of values.
    pub values: Escape,
    /// Escaping of the text between them.
    pub literals: fn(&str, &mut Vec<u8>),
}

impl Style {
    /// The scenario's own text is escaped like values are.
    pub const JSON_STRING: Self = Self {
        values: Escape::JsonString,
        literals: |text, out| Escape::JsonString.write_str(text, out),
    };
    pub const QUERY: Self = Self {
        values: Escape::Url,
        literals: |text, out| Escape::Url.write_str(text, out),
    };
    pub const FORM: Self = Self {
        values: Escape::Form,
        literals: |text, out| Escape::Form.write_str(text, out),
    };
    pub const HEADER: Self = Self {
        values: Escape::Header,
        literals: |text, out| Escape::None.write_str(text, out),
    };
    pub const RAW: Self = Self {
        values: Escape::None,
        literals: |text, out| Escape::None.write_str(text, out),
    };
}

/// The parts of `text`; None when it has a problem, which is told.
pub(super) fn parts(
    context: &Context<'_>,
    names: &VariableNames<'_>,
    text: &Text,
    style: Style,
) -> Option<Vec<Part>> {
    let mut parts = Vec::new();
    let mut whole = true;
    let literal = |text: &str, parts: &mut Vec<Part>| {
        let mut bytes = Vec::with_capacity(text.len());
        (style.literals)(text, &mut bytes);
        parts.push(Part::Literal(bytes.into()));
    };
    for piece in text.pieces() {
        let (at, own) = match piece {
            // The environment's values are text, whatever braces are in them.
            Piece::Environment { value, .. } => {
                literal(value, &mut parts);
                continue;
            }
            Piece::Literal { at, text } => (*at, text),
        };
        for found in split(context, text, at, own)? {
            match found.kind {
                PieceKind::Literal(own) => literal(own, &mut parts),
                PieceKind::Hole(RUN_ID) => literal(&context.run_id, &mut parts),
                PieceKind::Hole(name) => match names.find(name) {
                    Some(index) => parts.push(Part::Variable(index, style.values)),
                    None => {
                        unknown(context, names, text, shifted(&found.span, at), name);
                        whole = false;
                    }
                },
            }
        }
    }
    whole.then_some(parts)
}

/// The variable, when `text` is exactly one hole.
pub(super) fn only_hole(names: &VariableNames<'_>, text: &Text) -> Option<usize> {
    names.find(hole_alone(text)?)
}

/// The name in the hole, when `text` is exactly one.
pub(super) fn hole_alone(text: &Text) -> Option<&str> {
    let [Piece::Literal { text: own, .. }] = text.pieces() else {
        return None;
    };
    match holes::split(own).ok()?.as_slice() {
        [piece] => match piece.kind {
            PieceKind::Hole(name) => Some(name),
            PieceKind::Literal(_) => None,
        },
        _ => None,
    }
}

/// A text that must be the same each time: only `{{run.id}}` is filled in.
pub(super) fn fixed(context: &Context<'_>, text: &Text) -> Option<String> {
    let refused = Refused {
        message: "a variable where text must be fixed",
        help: r#"only {{run.id}} can stand here; for two braces that are no hole write {{"{{"}}"#,
    };
    let (fixed, _) = traced(context, text, &refused)?;
    Some(fixed)
}

/// Message about a variable in a place where it cannot be used.
pub(super) struct Refused {
    pub message: &'static str,
    pub help: &'static str,
}

/// A fixed text, and where each byte of it, and its end, stands in the source.
pub(super) fn traced(
    context: &Context<'_>,
    text: &Text,
    refused: &Refused,
) -> Option<(String, Vec<usize>)> {
    let mut fixed = String::new();
    let mut offsets = Vec::new();
    // Byte by byte, the value of a hole or of the environment has the span of the hole's beginning.
    let mut push = |value: &str, span: Range<usize>, whole: bool| {
        fixed.push_str(value);
        offsets.extend((0..value.len()).map(|byte| match whole {
            true => text.span_of(span.clone()).start,
            false => text.span_of(span.start + byte..span.end).start,
        }));
    };
    for piece in text.pieces() {
        let (at, own) = match piece {
            Piece::Environment { value, span } => {
                push(value, span.clone(), true);
                continue;
            }
            Piece::Literal { at, text } => (*at, text),
        };
        for found in split(context, text, at, own)? {
            let span = shifted(&found.span, at);
            match found.kind {
                PieceKind::Literal(own) => push(own, span, false),
                PieceKind::Hole(RUN_ID) => push(&context.run_id, span, true),
                PieceKind::Hole(_) => {
                    let problem = Problem::new(text.span_of(span), refused.message);
                    context.tell(problem.help(refused.help));
                    return None;
                }
            }
        }
    }
    let end = text.written().len();
    offsets.push(text.span_of(end..end).start);
    Some((fixed, offsets))
}

/// Tells when a name that holes are not filled in looks as if it had one.
pub(super) fn check_plain_name(context: &Context<'_>, name: &str, span: loadgen_scenario::Span) {
    if name.contains("{{") {
        let problem = Problem::new(span, "holes are filled in values, not in names");
        context.tell(problem);
    }
}

fn split<'t>(
    context: &Context<'_>,
    text: &Text,
    at: usize,
    own: &'t str,
) -> Option<Vec<holes::Piece<'t>>> {
    match holes::split(own) {
        Ok(pieces) => Some(pieces),
        Err(error) => {
            let span = text.span_of(shifted(&error.span, at));
            context.tell(Problem::new(span, error.message).help(error.help));
            None
        }
    }
}

fn unknown(
    context: &Context<'_>,
    names: &VariableNames<'_>,
    text: &Text,
    span: Range<usize>,
    name: &str,
) {
    if names.variables.is_none() {
        return;
    }
    if !names.runs {
        let problem = Problem::new(text.span_of(span), "a variable outside of task runs");
        context.tell(problem.help("only {{run.id}} can stand here"));
        return;
    }
    if names.extracted(name).is_some() {
        let message = format!("`{name}` is not there yet");
        let help = "what a step extracts is there for the later steps of its task";
        let problem = Problem::new(text.span_of(span), message);
        context.tell(problem.help(help));
        return;
    }
    let message = format!("no variable is called `{name}`");
    let help = did_you_mean(name, names.all());
    let help = help.unwrap_or_else(|| format!("draw it in [data]: {name} = {{ ... }}"));
    context.tell(Problem::new(text.span_of(span), message).help(help));
}

fn shifted(span: &Range<usize>, by: usize) -> Range<usize> {
    span.start + by..span.end + by
}
