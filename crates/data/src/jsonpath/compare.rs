//! Comparison of values in filters.

use super::super::json::{self, Json, Kind, number_order};
use super::{
    budget::{Exhausted, Meter},
    query::Comparison,
};
use std::{borrow::Cow, cmp::Ordering};

/// Bytes of two texts that are compared at the cost of one value.
const BYTES_PER_VISIT: usize = 64;

/// A value in a filter.
#[derive(Debug, Clone, Copy)]
pub enum Compared<'j> {
    /// Value of the document or of the path.
    Json(Json<'j>),
    /// Result of a function.
    Number(u64),
}

impl<'j> Compared<'j> {
    /// The text that it is; None for all else.
    pub fn text(self) -> Option<Cow<'j, str>> {
        match self {
            Compared::Json(json) => json.text(),
            Compared::Number(_) => None,
        }
    }

    fn number(self) -> Option<Cow<'j, str>> {
        match self {
            Compared::Json(json) => json.number().map(Cow::Borrowed),
            Compared::Number(number) => Some(number.to_string().into()),
        }
    }
}

/// Returns true if the two compare so; None is a value that is not there.
pub fn holds(
    left: Option<Compared<'_>>,
    comparison: Comparison,
    right: Option<Compared<'_>>,
    meter: &Meter,
) -> Result<bool, Exhausted> {
    let less = |left, right| order(left, right, meter).map(|order| order == Some(Ordering::Less));
    let same = || equal(left, right, meter);
    Ok(match comparison {
        Comparison::Equal => same()?,
        Comparison::NotEqual => !same()?,
        Comparison::Less => less(left, right)?,
        Comparison::Greater => less(right, left)?,
        Comparison::LessOrEqual => less(left, right)? || same()?,
        Comparison::GreaterOrEqual => less(right, left)? || same()?,
    })
}

/// Cost of looking at a text.
pub fn cost(text: &str) -> u64 {
    (text.len() / BYTES_PER_VISIT) as u64
}

fn equal(
    left: Option<Compared<'_>>,
    right: Option<Compared<'_>>,
    meter: &Meter,
) -> Result<bool, Exhausted> {
    match (left, right) {
        (None, None) => Ok(true),
        (Some(Compared::Json(left)), Some(Compared::Json(right))) => {
            if let (Kind::Text, Some(text)) = (right.kind(), left.text()) {
                meter.spend(cost(&text))?;
            }
            json::same(left, right, |visits| meter.spend(visits as u64))
        }
        (Some(left), Some(right)) => {
            meter.spend(1)?;
            let numbers = left.number().zip(right.number());
            Ok(numbers.is_some_and(|(left, right)| json::is_same_number(&left, &right)))
        }
        _ => Ok(false),
    }
}

/// Order of two numbers or two texts; None for all else.
fn order(
    left: Option<Compared<'_>>,
    right: Option<Compared<'_>>,
    meter: &Meter,
) -> Result<Option<Ordering>, Exhausted> {
    let Some((left, right)) = left.zip(right) else {
        return Ok(None);
    };
    if let Some((left, right)) = left.number().zip(right.number()) {
        return Ok(number_order(&left, &right));
    }
    let Some((left, right)) = left.text().zip(right.text()) else {
        return Ok(None);
    };
    meter.spend(cost(&left))?;
    Ok(Some(left.cmp(&right)))
}
