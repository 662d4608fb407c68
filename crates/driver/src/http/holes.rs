//! Values that no escaping could keep in their place: a request with one of them is not sent.

use super::dots::DotSegments;
use crate::{ErrorClass, Failure};
use http::HeaderName;
use loadgen_data::{Escape, Template, Value, template::Part};
use loadgen_plan::HttpStep;

/// A step's holes that must be looked at before it is sent.
#[derive(Debug)]
pub(super) struct Holes {
    path: DotSegments,
    /// Variables of headers, with the header of each.
    headers: Box<[(HeaderName, usize)]>,
    /// Variables of users of Basic authentication.
    users: Box<[usize]>,
}

/// The headers of a step, with those that only the target is sent.
fn headers(step: &HttpStep) -> impl Iterator<Item = &(HeaderName, Template)> {
    let confidential = step.elsewhere.iter().flat_map(|to| &to.confidential);
    step.headers.iter().chain(confidential)
}

/// The variables of users, who are encoded together with their passwords.
fn users(step: &HttpStep) -> impl Iterator<Item = usize> {
    let parts = headers(step).flat_map(|(_, value)| value.parts());
    let pairs = parts.filter_map(|part| match part {
        Part::Base64(pair) => Some(pair),
        Part::Literal(_) | Part::Variable(..) => None,
    });
    pairs.flat_map(|pair| {
        let of_user = |part: &&Part| !matches!(part, Part::Literal(text) if text.contains(&b':'));
        let user = pair.parts().iter().take_while(of_user);
        user.filter_map(|part| match part {
            Part::Variable(index, _) => Some(*index),
            Part::Literal(_) | Part::Base64(_) => None,
        })
    })
}

impl Holes {
    pub(super) fn of(step: &HttpStep) -> Self {
        let headers = headers(step).flat_map(|(name, value)| {
            value.parts().iter().filter_map(|part| match part {
                // What is encoded can end no header.
                Part::Literal(_) | Part::Base64(_) => None,
                Part::Variable(index, _) => Some((name.clone(), *index)),
            })
        });
        let is_path = step.elsewhere.as_ref().is_none_or(|to| to.server.is_some());
        let path = is_path.then(|| DotSegments::of(&step.path));
        Self {
            path: path.unwrap_or_default(),
            headers: headers.collect(),
            users: users(step).collect(),
        }
    }

    /// Checks that these values stay in their places.
    ///
    /// # Errors
    /// In words, when one does not.
    pub(super) fn check(&self, values: &[Value]) -> Result<(), Failure> {
        self.path.check(values)?;
        let mut users = self.users.iter().filter_map(|index| values.get(*index));
        if users.any(|user| matches!(user, Value::Text(text) if text.contains(':'))) {
            return Err(Failure::text(
                ErrorClass::Other,
                "not sent: the user of `basic` has a colon, which would end it",
            ));
        }
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

    #[test]
    fn a_user_has_no_colon_but_a_password_may() {
        let mut step = step(Method::GET, "/");
        let pair = [
            Part::Literal(b"user-".as_slice().into()),
            Part::Variable(0, Escape::None),
            Part::Literal(b":".as_slice().into()),
            Part::Variable(1, Escape::None),
        ];
        let value = Template::new([Part::Base64(Template::new(pair))]);
        step.headers = vec![(header::AUTHORIZATION, value)];
        let holes = Holes::of(&step);
        let check = |user: &str, password: &str| {
            holes.check(&[user, password].map(|text| Value::Text(text.into())))
        };
        assert!(check("ada", "a:b\n").is_ok());
        let refused = check("ada:", "x").unwrap_err().detail.to_string();
        assert!(
            refused.contains("the user of `basic` has a colon"),
            "{refused}"
        );
    }
}
