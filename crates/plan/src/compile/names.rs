//! Names, which ids are made of.

use super::context::Context;
use loadgen_core::printable;
use loadgen_data::template::holes::is_name;
use loadgen_scenario::{
    Problem, Span, Text,
    raw::{Field, Spanned},
};
use std::path::Path;

/// The name that a file gives itself, or its stem.
pub(super) fn file(name: &Field<Text>, path: &Path) -> String {
    match name.value() {
        Some(name) => printable::line(name.written()).into_owned(),
        None => {
            let stem = path.file_stem().unwrap_or_default().to_string_lossy();
            printable::line(&stem).into_owned()
        }
    }
}

/// A population's or a task's name; told and None when it cannot be one.
pub(super) fn checked(context: &Context<'_>, field: &Field<Text>) -> Option<String> {
    let name = step(context, field)?;
    if name.contains('/') {
        let span = field.span().unwrap_or_default();
        let problem = Problem::new(span, "a name with `/`");
        context.tell(problem.help("`/` stands between the parts of `population/task/step`"));
        return None;
    }
    Some(name)
}

/// A step's name, the last part of an id; told and None when it cannot be one.
pub(super) fn step(context: &Context<'_>, field: &Field<Text>) -> Option<String> {
    let given = field.given()?;
    let name = given.value.written();
    let wrong = |message: &str, help: &'static str| {
        context.tell(Problem::new(given.span, message).help(help));
        None
    };
    if name.trim().is_empty() {
        return wrong(
            "an empty name",
            "results and thresholds use it, so give one",
        );
    }
    if name.contains(char::is_control) {
        return wrong("a name with a control character", "write it on one line");
    }
    if !name.chars().all(printable::is_printable) {
        let help = "leave out characters that cannot be seen or that turn the text around";
        return wrong("a name with a character that is not printable", help);
    }
    Some(name.to_owned())
}

/// Tells that two things have one name.
pub(super) fn twice(context: &Context<'_>, what: &str, span: Span, before: Span) {
    let problem = Problem::new(span, format!("two {what} have the same name"));
    context.tell(problem.other(before, "the first"));
}

/// Tells when a variable cannot have this name.
pub(super) fn check_variable(context: &Context<'_>, name: &Spanned<String>) {
    let Spanned { value: name, span } = name;
    if !is_name(name) || name.contains('.') {
        let message = format!("`{name}` is not a variable's name");
        let help = "names are letters, digits, `_` and `-`, and begin with a letter or `_`";
        context.tell(Problem::new(*span, message).help(help));
    }
}
