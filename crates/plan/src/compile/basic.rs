//! `basic`: user and password of Basic authentication (RFC 7617), as a header.

use super::{
    context::Context,
    headers::Header,
    template::{Style, VariableNames, parts},
};
use crate::written::REDACTED;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use http::header;
use loadgen_data::{Template, template::Part};
use loadgen_scenario::{
    Problem,
    raw::{Basic, Field},
};

/// `headers` with the credentials; None when there is a problem with either, which is told.
pub(super) fn add(
    context: &Context<'_>,
    names: &VariableNames<'_>,
    basic: &Field<Basic>,
    headers: Option<Vec<Header>>,
) -> Option<Vec<Header>> {
    let given = match basic {
        Field::Absent => return headers,
        Field::Bad(_) => return None,
        Field::Given(given) => given,
    };
    let header = header(context, names, &given.value);
    let (mut headers, header) = (headers?, header?);
    if !header.is_kept_beside(&headers) {
        let problem = Problem::new(given.span, "`basic` beside a header `authorization`");
        context.tell(problem.help("keep one of them: `basic` writes that header"));
        return None;
    }
    headers.push(header);
    Some(headers)
}

fn header(context: &Context<'_>, names: &VariableNames<'_>, basic: &Basic) -> Option<Header> {
    let text = |field: &Field<_>| parts(context, names, field.value()?, Style::RAW);
    let (user, password) = (text(&basic.user), text(&basic.password));
    let mut pair = user?;
    let has_colon = |part: &Part| matches!(part, Part::Literal(bytes) if bytes.contains(&b':'));
    if pair.iter().any(has_colon) {
        let problem = Problem::new(basic.user.span()?, "a user with a colon");
        context.tell(problem.help("in Basic authentication the first colon ends the user"));
        return None;
    }
    pair.push(Part::Literal(b":".as_slice().into()));
    pair.extend(password?);
    let pair = Template::new(pair);
    let encoded = match pair.as_literal() {
        Some(pair) => Part::Literal(STANDARD.encode(pair).into_bytes().into()),
        None => Part::Base64(pair),
    };
    Some(Header {
        name: header::AUTHORIZATION,
        value: Template::new([Part::Literal(b"Basic ".as_slice().into()), encoded]),
        written: REDACTED.to_owned(),
    })
}
