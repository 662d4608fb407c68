//! Content in parts, as a form with files sends it.

use super::{
    context::Context,
    template::{Style, VariableNames, check_plain_name, parts},
};
use crate::{
    http::{FormPart, PartContent},
    written::unless_secret,
};
use bytes::Bytes;
use loadgen_data::Template;
use loadgen_scenario::{
    Problem, Text,
    raw::{self, Field},
};
use std::path::Path;

/// The parts, and what may be shown of them; None when there is a problem with one.
pub(super) fn compile(
    context: &Context<'_>,
    names: &VariableNames<'_>,
    given: &[raw::FormPart],
) -> Option<(Vec<FormPart>, String)> {
    let compiled: Vec<_> = given.iter().map(|raw| part(context, names, raw)).collect();
    let compiled: Vec<_> = compiled.into_iter().collect::<Option<_>>()?;
    let (parts, shown): (Vec<_>, Vec<_>) = compiled.into_iter().unzip();
    Some((parts, shown.join("\n")))
}

fn part(
    context: &Context<'_>,
    names: &VariableNames<'_>,
    raw: &raw::FormPart,
) -> Option<(FormPart, String)> {
    let name = &raw.name.value;
    check_plain_name(context, name, raw.name.span);
    let kind = match &raw.kind {
        Field::Absent => Some(None),
        Field::Bad(_) => None,
        Field::Given(kind) => media_type(context, &kind.value).map(Some),
    };
    let filename = match &raw.filename {
        Field::Absent => Some(None),
        field => field.value().map(|name| Some(name.value())),
    };
    let (content, default_name, shown) = match (&raw.file, &raw.value) {
        (Field::Given(file), _) => {
            let bytes = self::file(context, &file.value)?;
            let path = file.value.value();
            let name = Path::new(&path).file_name().unwrap_or_default();
            let name = name.to_string_lossy().into_owned();
            let shown = format!("the file {}", file.value.written());
            let content = PartContent::File(Bytes::copy_from_slice(bytes));
            (content, Some(name), shown)
        }
        (_, Field::Given(value)) => {
            let text = Template::new(parts(context, names, &value.value, Style::RAW)?);
            let shown = unless_secret(name, value.value.written()).to_owned();
            (PartContent::Text(text), None, shown)
        }
        // Their problems have been told.
        _ => return None,
    };
    let part = FormPart {
        name: name.clone(),
        content,
        filename: filename?.or(default_name),
        kind: kind?,
    };
    Some((part, format!("{name}: {shown}")))
}

/// Content of a file.
pub(super) fn file<'f>(context: &Context<'f>, file: &Text) -> Option<&'f [u8]> {
    let problem = match context.files.get(&file.value()) {
        Some(Ok(bytes)) => return Some(bytes),
        Some(Err(words)) => words.as_str(),
        None => "it was not read",
    };
    let message = format!("{} cannot be used: {problem}", file.written());
    context.tell(Problem::new(file.span(), message));
    None
}

fn media_type(context: &Context<'_>, text: &Text) -> Option<String> {
    let value = text.value();
    let right = value.split_once('/').is_some_and(|(kind, sub)| {
        let name = |c: char| c.is_ascii_graphic() && !"()<>@,:\\\"/[]?".contains(c);
        let plain = sub.split(';').next().unwrap_or_default().trim();
        !kind.is_empty() && kind.chars().all(name) && !plain.is_empty() && plain.chars().all(name)
    });
    if !right || value.chars().any(char::is_control) {
        let problem = Problem::new(text.span(), "not a media type");
        context.tell(problem.help("write it as in \"image/png\""));
        return None;
    }
    Some(value)
}
