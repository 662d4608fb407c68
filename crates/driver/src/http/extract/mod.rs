//! Takes values for later steps from a response.

mod form;

use super::{
    cookies::Cookies,
    expect::{Answer, headers, miss, not_json},
};
use crate::Failure;
use cookie::{
    Cookie,
    time::{Duration, OffsetDateTime},
};
use loadgen_data::Value;
use loadgen_plan::{
    HttpStep,
    http::{Extract, ExtractSource},
};

/// Fills in all that the step extracts; a cookie that the response does not set is looked for in the
/// user's jar.
///
/// # Errors
/// When something is not there: the first of it, in words.
pub(super) fn all(
    step: &HttpStep,
    answer: &Answer,
    jar: Option<Cookies<'_>>,
    values: &mut [Value],
) -> Result<(), Failure> {
    for extract in &step.extract {
        let found = find(extract, answer, jar)
            .map_err(|words| miss(format!("no {}: {words}", extract.name)))?;
        if let Some(place) = values.get_mut(extract.variable) {
            *place = found;
        }
    }
    Ok(())
}

fn find(extract: &Extract, answer: &Answer, jar: Option<Cookies<'_>>) -> Result<Value, String> {
    // The environment's part of a place is not shown.
    let nothing = |words: String| match &extract.written {
        Some(written) => format!("nothing at {written}"),
        None => words,
    };
    match &extract.source {
        ExtractSource::Json(path) => match answer.json() {
            None => Err(not_json(&answer.body)),
            Some(json) => path
                .first(json)
                .map_err(|exhausted| format!("{}: {exhausted}", nothing(path.to_string())))?
                .and_then(Value::of_json)
                .ok_or_else(|| nothing(format!("nothing at {path}"))),
        },
        ExtractSource::Header(name) => headers(&answer.head)
            .find(|(own, _)| name == own)
            .map(|(_, value)| text(value))
            .ok_or_else(|| nothing(format!("no header {name}"))),
        ExtractSource::Regex(pattern) => pattern
            .first(&answer.body)
            .map_err(|too_long| format!("{}: {too_long}", nothing(format!("/{pattern}/"))))?
            .map(text)
            .ok_or_else(|| nothing(format!("the body does not match /{pattern}/"))),
        ExtractSource::Cookie(name) => cookie(&answer.head, name)
            .map(|value| Value::Text(value.into()))
            .or_else(|| jar.and_then(|jar| jar.value(name)).map(text))
            .ok_or_else(|| nothing(format!("no cookie {name} is set"))),
        ExtractSource::Form(name) => form::field(&answer.body, name)
            .map(|value| Value::Text(value.into()))
            .ok_or_else(|| nothing(format!("no field {name} in a form"))),
    }
}

fn text(bytes: &[u8]) -> Value {
    Value::Text(String::from_utf8_lossy(bytes).into())
}

/// The value that a browser has of a cookie after a response: that of the last `Set-Cookie` of this
/// name, unless that one deletes it.
fn cookie(head: &[u8], name: &str) -> Option<String> {
    let sets = headers(head).filter(|(own, _)| own.eq_ignore_ascii_case("set-cookie"));
    let sets = sets.filter_map(|(_, set)| Cookie::parse(String::from_utf8_lossy(set)).ok());
    let last = sets.filter(|cookie| cookie.name() == name).last()?;
    (!is_expired(&last)).then(|| last.value().to_owned())
}

fn is_expired(cookie: &Cookie<'_>) -> bool {
    match (cookie.max_age(), cookie.expires_datetime()) {
        // It goes before the date.
        (Some(left), _) => left <= Duration::ZERO,
        (None, Some(end)) => end <= OffsetDateTime::now_utc(),
        (None, None) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_cookie_of_a_name_counts() {
        for (sets, expected) in [
            (&["sid=a=b; Path=/"][..], Some("a=b")),
            (&["xsid=1"], None),
            (&["sid"], None),
            (&["sid=; Max-Age=0", "sid=new; Path=/"], Some("new")),
            (&["sid=old", "sid=new; Secure"], Some("new")),
            (&["sid=new", "sid=x; Max-Age=0"], None),
            (&["sid=new", "sid=x; Max-Age=-1"], None),
            (
                &["sid=new", "sid=; Expires=Thu, 01 Jan 1970 00:00:00 GMT"],
                None,
            ),
            (
                &["sid=new; Max-Age=5; Expires=Thu, 01 Jan 1970 00:00:00 GMT"],
                Some("new"),
            ),
            (
                &["sid=new; Expires=Fri, 01 Jan 2100 00:00:00 GMT"],
                Some("new"),
            ),
            (&["sid=\"quoted\"", "other=1"], Some("\"quoted\"")),
        ] {
            let mut head = "HTTP/1.1 200 OK\r\n".to_owned();
            sets.iter()
                .for_each(|set| head += &format!("Set-Cookie: {set}\r\n"));
            assert_eq!(
                cookie(head.as_bytes(), "sid").as_deref(),
                expected,
                "{sets:?}"
            );
        }
    }
}
