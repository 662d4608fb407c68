//! Values that no escaping could keep in their place: a request with one of them is not sent.

use super::dots::DotSegments;
use crate::{ErrorClass, Failure};
use http::HeaderName;
use loadgen_data::{Escape, Value, template::Part};
use loadgen_plan::HttpStep;

/// A step's holes that must be looked at before it is sent.
#[derive(Debug)]
pub(super) struct Holes {
    path: DotSegments,
    /// Variables of headers, with the header of each.
    headers: Box<[(HeaderName, usize)]>,
}

impl Holes {
    pub(super) fn of(step: &HttpStep) -> Self {
        let headers = step.headers.iter().flat_map(|(name, value)| {
            value.parts().iter().filter_map(|part| match part {
                Part::Literal(_) => None,
                Part::Variable(index, _) => Some((name.clone(), *index)),
            })
        });
        Self {
            path: DotSegments::of(&step.path),
            headers: headers.collect(),
        }
    }

    /// Checks that these values stay in their places.
    ///
    /// # Errors
    /// In words, when one does not.
    pub(super) fn check(&self, values: &[Value]) -> Result<(), Failure> {
        self.path.check(values)?;
        let mut headers = self.headers.iter();
        let wrong = headers.find_map(|(name, index)| match values.get(*index) {
            // Numbers and the like are printable.
            Some(Value::Text(text) | Value::Json(text)) => {
                let mut characters = text.chars();
                Some((name, characters.find(|c| Escape::ends_header(*c))?))
            }
            _ => None,
        });
        match wrong {
            None => Ok(()),
            Some((name, character)) => Err(Failure::text(
                ErrorClass::Other,
                format!(
                    "not sent: the value for the header {name} has the control character \
                     {character:?}, which no header may have"
                ),
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::tests::step;
    use http::{Method, header};
    use loadgen_data::Template;

    #[test]
    fn headers_have_no_control_characters() {
        let mut step = step(Method::GET, "/");
        let value = Template::new([
            Part::Literal(b"a ".as_slice().into()),
            Part::Variable(1, Escape::Header),
        ]);
        step.headers = vec![(header::ACCEPT, value)];
        let holes = Holes::of(&step);
        let check = |text: &str| holes.check(&[Value::Text("\n".into()), Value::Text(text.into())]);
        for text in ["", "plain", "a\tb", "é"] {
            assert!(check(text).is_ok(), "{text:?}");
        }
        for text in ["a\r\nx: y", "\n", "\0", "\u{7f}"] {
            let failure = check(text).unwrap_err();
            assert_eq!(failure.class, ErrorClass::Other);
            assert!(
                failure.detail.to_string().contains("header accept"),
                "{failure:?}"
            );
        }
        assert!(holes.check(&[]).is_ok());
    }
}
