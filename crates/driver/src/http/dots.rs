//! Segments of a path that data could turn into `.` or `..`.
//!
//! Every other character is escaped, so that a value stays in its segment. A point is its own escape
//! (RFC 3986, 6.2.2.2), and `/orders/..` is `/` to clients and servers: no way of writing keeps such a
//! value in its place.

use crate::{ErrorClass, Failure};
use loadgen_data::{Template, Value, template::Part};
use std::mem;

/// Segments that consist of holes and points.
#[derive(Debug, Default)]
pub(super) struct DotSegments(Box<[Segment]>);

#[derive(Debug, Default)]
struct Segment {
    /// Points beside the holes.
    points: usize,
    /// Indices of the variables in the holes.
    variables: Vec<usize>,
    /// Something else is in it.
    safe: bool,
}

impl DotSegments {
    /// The dot segments of a path, which may have a query.
    pub(super) fn of(path: &Template) -> Self {
        let mut segments = Vec::new();
        let mut segment = Segment::default();
        'path: for part in path.parts() {
            let mut rest: &[u8] = match part {
                Part::Variable(index, _) => {
                    segment.variables.push(*index);
                    continue;
                }
                Part::Base64(_) => {
                    segment.safe = true;
                    continue;
                }
                Part::Literal(bytes) => bytes,
            };
            while let Some((byte, after)) = rest.split_first() {
                rest = after;
                match byte {
                    b'?' => break 'path,
                    b'/' => segments.push(mem::take(&mut segment)),
                    b'.' => segment.points += 1,
                    b'%' if after
                        .get(..2)
                        .is_some_and(|hex| hex.eq_ignore_ascii_case(b"2e")) =>
                    {
                        segment.points += 1;
                        rest = &after[2..];
                    }
                    _ => segment.safe = true,
                }
            }
        }
        segments.push(segment);
        segments.retain(|segment| !segment.safe && !segment.variables.is_empty());
        Self(segments.into())
    }

    /// Checks that no segment is `.` or `..` with these values.
    ///
    /// # Errors
    /// In words, when one is.
    pub(super) fn check(&self, values: &[Value]) -> Result<(), Failure> {
        let mut points = self.0.iter().map(|segment| segment.points(values));
        match points.find(|points| matches!(points, 1 | 2)) {
            None => Ok(()),
            Some(points) => Err(Failure::text(
                ErrorClass::Other,
                format!(
                    "not sent: with this value a segment of the path is `{}`, which means another path",
                    &".."[..points]
                ),
            )),
        }
    }
}

impl Segment {
    /// Number of points that it consists of; 0 if there is anything else in it.
    fn points(&self, values: &[Value]) -> usize {
        let mut points = self.points;
        for index in &self.variables {
            points += match values.get(*index) {
                None | Some(Value::Unset) => 0,
                Some(Value::Text(text)) if text.bytes().all(|byte| byte == b'.') => text.len(),
                // Numbers and the like have digits or letters.
                Some(_) => return 0,
            };
        }
        points
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use loadgen_data::Escape;
    use proptest::prelude::*;

    fn path() -> impl Strategy<Value = Vec<Part>> {
        let part = prop_oneof![
            "(/|\\.|%2e|%2E|a|%41){1,3}".prop_map(|text| Part::Literal(text.into_bytes().into())),
            (0..2_usize).prop_map(|index| Part::Variable(index, Escape::Url)),
        ];
        prop::collection::vec(part, 0..5)
    }

    fn value() -> impl Strategy<Value = Value> {
        prop_oneof![
            Just(Value::Unset),
            Just(Value::Number("1.0".into())),
            "\\.{0,3}|a|%2e|\\./\\.".prop_map(|text| Value::Text(text.into())),
        ]
    }

    /// Returns true if the URL standard leaves this path as it is.
    fn stays(path: &str) -> bool {
        let url = url::Url::parse(&format!("http://h{path}")).unwrap();
        url.path() == path
    }

    fn rendered(parts: &[Part], values: &[Value]) -> String {
        let mut path = Vec::new();
        Template::new(parts.to_vec()).render(values, &mut path);
        String::from_utf8(path).unwrap()
    }

    proptest! {
        #[test]
        fn values_that_move_a_path_are_refused_and_no_others(
            parts in path(), values in [value(), value()],
        ) {
            let mut parts = parts;
            parts.insert(0, Part::Literal(b"/".as_slice().into()));
            let sent = rendered(&parts, &values);
            // What moves a path whatever the values are is written in the scenario.
            let harmless = [Value::Text("x".into()), Value::Text("x".into())];
            let moved = !stays(&sent) && stays(&rendered(&parts, &harmless));
            let refused = DotSegments::of(&Template::new(parts)).check(&values).is_err();
            prop_assert!(refused || !moved, "{} is sent", sent);
            prop_assert!(!refused || !stays(&sent), "{} is refused", sent);
        }
    }

    #[test]
    fn a_query_may_have_points() {
        let template = Template::new([
            Part::Literal(b"/a?x=/".as_slice().into()),
            Part::Variable(0, Escape::Url),
        ]);
        let dots = DotSegments::of(&template);
        assert!(dots.check(&[Value::Text("..".into())]).is_ok());
    }
}
