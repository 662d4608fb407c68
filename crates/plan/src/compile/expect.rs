//! Compiles expectations about a response.

use super::{
    context::{Context, optional},
    template::{VariableNames, fixed, only_hole},
};
use crate::{
    describe::{size, status},
    http::{BodyText, Expect, JsonCheck, StatusRange, Wanted},
    threshold::Op,
    written::{MOST_CHECKS, unless_secret},
};
use http::HeaderName;
use loadgen_core::human::duration as time;
use loadgen_data::{Decimal, Value, jsonpath::JsonPath};
use loadgen_scenario::{
    Problem, Span,
    raw::{self, Field, Pair, Spanned},
    tree::{Node, NodeKind},
};

/// A list of one part of the expectation, each with the name of its check.
type Named<T> = Option<Vec<(T, String)>>;

/// The expectation, and a name for each thing that it checks.
pub(super) fn compile(
    context: &Context<'_>,
    names: &VariableNames<'_>,
    expect: &Field<raw::Expect>,
    head: Option<Span>,
) -> Option<(Expect, Vec<String>)> {
    let (expect, span) = match expect {
        Field::Absent => return Some(Default::default()),
        Field::Bad(_) => return None,
        Field::Given(given) => (&given.value, given.span),
    };
    let status = match &expect.status {
        Field::Absent => Some(Vec::new()),
        Field::Bad(_) => None,
        Field::Given(list) => statuses(context, list),
    };
    if let Some(head) = head {
        let of_body = [expect.body.span(), expect.json.span()];
        for span in of_body.into_iter().flatten() {
            no_body(context, span, head);
        }
    }
    let body = texts(context, expect);
    let header = headers(context, &expect.header);
    let json = json(context, names, &expect.json);
    let duration = match &expect.duration {
        Field::Absent => Some(None),
        field => context.some_time(field, "a duration").map(Some),
    };
    let bytes = optional(&expect.size);

    let (status, (body_contains, body_names)) = (status?, split(body?));
    let (header_contains, header_names) = split(header?);
    let (json, json_names) = split(json?);
    let (duration, bytes) = (duration?, bytes?);
    let mut checks = Vec::new();
    if !status.is_empty() {
        let statuses: Vec<String> = status.iter().map(self::status).collect();
        checks.push(format!("status {}", statuses.join(" or ")));
    }
    checks.extend(body_names);
    checks.extend(header_names);
    checks.extend(json_names);
    checks.extend(bytes.map(|(least, most)| match least {
        0 => format!("at most {}", size(most)),
        _ => format!("from {} to {}", size(least), size(most)),
    }));
    checks.extend(duration.map(|longest| format!("at most {}", time(longest))));
    if checks.len() > MOST_CHECKS {
        let message = format!("more than {MOST_CHECKS} expectations of one step");
        context.tell(Problem::new(span, message));
        return None;
    }
    let expect = Expect {
        status,
        body_contains,
        header_contains,
        json,
        size: bytes,
        duration,
    };
    Some((expect, checks))
}

/// Tells that there is no body to look at.
pub(super) fn no_body(context: &Context<'_>, span: Span, head: Span) {
    let problem = Problem::new(span, "a response to HEAD has no body");
    context.tell(problem.other(head, "this asks for the head alone"));
}

/// The path that `text` is; told and None when it is none.
pub(super) fn json_path(context: &Context<'_>, text: &str, span: Span) -> Option<JsonPath> {
    let hole = text.find("{{");
    if hole.is_some_and(|hole| text[hole..].contains("}}")) {
        let problem = Problem::new(span, "a variable in a JSONPath, which must be fixed");
        let help =
            r#"extract a list or an object that has it, or compare with it: "$.id" = "{{id}}""#;
        context.tell(problem.help(help));
        return None;
    }
    match JsonPath::parse(text) {
        Ok(path) => Some(path),
        Err(wrong) => {
            let at = text[..wrong.at].chars().count() + 1;
            let message = format!("not a JSONPath: {}, at character {at}", wrong.message);
            let help = r#"such as "$.order.id" or "$.items[0].price""#;
            context.tell(Problem::new(span, message).help(help));
            None
        }
    }
}

/// The header's name that `text` is; told and None when it is none.
pub(super) fn header_name(context: &Context<'_>, text: &str, span: Span) -> Option<HeaderName> {
    let name = HeaderName::from_bytes(text.as_bytes()).ok();
    if name.is_none() {
        context.tell(Problem::new(span, "not a header's name"));
    }
    name
}

fn split<T>(named: Vec<(T, String)>) -> (Vec<T>, Vec<String>) {
    named.into_iter().unzip()
}

fn texts(context: &Context<'_>, expect: &raw::Expect) -> Named<BodyText> {
    let texts = match &expect.body {
        Field::Absent => return Some(Vec::new()),
        Field::Bad(_) => return None,
        Field::Given(texts) => texts.value.iter(),
    };
    // Not `collect` at once, here and below: that would stop at the first problem.
    let texts: Vec<Option<_>> = texts
        .map(|text| {
            let fixed = fixed(context, text)?;
            if fixed.is_empty() {
                context.tell(Problem::new(text.span(), "every body contains no text"));
                return None;
            }
            let name = format!("{:?} in the body", text.written());
            let text = BodyText {
                bytes: fixed.into_bytes().into(),
                written: text.written().to_owned(),
            };
            Some((text, name))
        })
        .collect();
    texts.into_iter().collect()
}

fn headers(context: &Context<'_>, field: &Field<Vec<Pair>>) -> Named<(HeaderName, BodyText)> {
    let pairs = match field {
        Field::Absent => return Some(Vec::new()),
        Field::Bad(_) => return None,
        Field::Given(pairs) => &pairs.value,
    };
    let mut checks: Vec<Option<_>> = Vec::new();
    for pair in pairs {
        let name = header_name(context, &pair.name.value, pair.span());
        let Some(texts) = &pair.values else {
            checks.push(None);
            continue;
        };
        for text in texts {
            let fixed = fixed(context, text);
            checks.push(name.clone().zip(fixed).map(|(name, fixed)| {
                let shown = unless_secret(name.as_str(), text.written());
                let words = match shown.is_empty() {
                    true => format!("header {name}"),
                    false => format!("{shown:?} in header {name}"),
                };
                let text = BodyText {
                    bytes: fixed.into_bytes().into(),
                    written: shown.to_owned(),
                };
                ((name, text), words)
            }));
        }
    }
    checks.into_iter().collect()
}

fn json(
    context: &Context<'_>,
    names: &VariableNames<'_>,
    field: &Field<Vec<(Spanned<String>, Node)>>,
) -> Named<JsonCheck> {
    let entries = match field {
        Field::Absent => return Some(Vec::new()),
        Field::Bad(_) => return None,
        Field::Given(entries) => &entries.value,
    };
    let checks: Vec<Option<_>> = entries
        .iter()
        .map(|(path, node)| {
            let compiled = json_path(context, &path.value, path.span);
            let (wanted, shown) = wanted(context, names, node)?;
            let path = compiled?;
            let shown = unless_secret(&path.to_string(), &shown).to_owned();
            let name = format!("{path} = {shown}");
            Some((JsonCheck { path, wanted }, name))
        })
        .collect();
    checks.into_iter().collect()
}

/// Returns the expected JSON value, and how it is shown.
fn wanted(
    context: &Context<'_>,
    names: &VariableNames<'_>,
    node: &Node,
) -> Option<(Wanted, String)> {
    let fixed_value = |value: Value, shown: String| Some((Wanted::Fixed(value), shown));
    match &node.kind {
        NodeKind::Int(number) => fixed_value(Value::Int(*number), number.to_string()),
        NodeKind::Float(float) if float.is_finite() => {
            fixed_value(float.value(), float.digits.to_string())
        }
        NodeKind::Bool(value) => fixed_value(Value::Bool(*value), value.to_string()),
        NodeKind::Text(text) => match only_hole(names, text) {
            Some(variable) => Some((Wanted::Variable(variable), text.written().to_owned())),
            None => {
                let own = fixed(context, text)?;
                if is_comparison(&own) {
                    let message = format!("{:?} is compared as a text", text.written());
                    let help = "write the number alone, without quotes: values can only be equal";
                    context.tell(Problem::new(text.span(), message).help(help));
                    return None;
                }
                fixed_value(Value::Text(own.into()), format!("{:?}", text.written()))
            }
        },
        NodeKind::Unreadable => None,
        _ => {
            let problem = Problem::new(node.span, "expected a text, a number, true or false");
            context.tell(problem.help("name the values within by paths of their own"));
            None
        }
    }
}

/// Returns true for a comparison with a number, such as `> 0`, which nobody expects as a text.
fn is_comparison(text: &str) -> bool {
    let compared = Op::at_start(text).map(|(_, length)| text[length..].trim());
    compared.is_some_and(|number| Decimal::parse(number).is_some())
}

fn statuses(
    context: &Context<'_>,
    list: &Spanned<Vec<raw::StatusRange>>,
) -> Option<Vec<StatusRange>> {
    if list.value.is_empty() {
        let problem = Problem::new(list.span, "a list of no statuses");
        context.tell(problem.help("leave it out to accept any status below 400"));
        return None;
    }
    let checked = |range: &raw::StatusRange| StatusRange {
        first: range.first,
        last: range.last,
    };
    Some(list.value.iter().map(checked).collect())
}
