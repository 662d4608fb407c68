//! Reasons why a generator cannot be made.

use super::{GREATEST_EXPONENT, GREATEST_WEIGHT};
use std::borrow::Cow;

/// An argument that a generator refuses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The argument's name as the scenario writes it; for `weighted` the text whose weight it is.
    pub argument: Cow<'static, str>,
    /// Description of what is wrong.
    pub message: Cow<'static, str>,
}

impl Refusal {
    pub(super) fn new(
        argument: impl Into<Cow<'static, str>>,
        message: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self {
            argument: argument.into(),
            message: message.into(),
        }
    }
}

pub(super) fn finite(argument: &'static str, value: f64) -> Result<(), Refusal> {
    if value.is_finite() {
        Ok(())
    } else {
        Err(Refusal::new(argument, "not a finite number"))
    }
}

/// Checks the exponent of `zipf`.
pub(super) fn of_exponent(exponent: f64) -> Result<(), Refusal> {
    finite("exponent", exponent)?;
    if exponent < 0.0 {
        return Err(Refusal::new("exponent", "an exponent cannot be negative"));
    }
    if exponent > GREATEST_EXPONENT {
        let words = format!("an exponent is at most {GREATEST_EXPONENT}");
        return Err(Refusal::new("exponent", words));
    }
    Ok(())
}

/// Returns what is wrong with a weight, if anything.
pub fn of_weight(weight: f64) -> Option<Cow<'static, str>> {
    if !weight.is_finite() {
        Some("a weight is a finite number".into())
    } else if weight < 0.0 {
        Some("a weight cannot be negative".into())
    } else if weight > GREATEST_WEIGHT {
        Some(format!("a weight is at most {GREATEST_WEIGHT:e}").into())
    } else {
        None
    }
}
