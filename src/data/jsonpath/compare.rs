//! Comparison of values in filters.

use super::{
    budget::{Exhausted, Meter},
    query::Comparison,
};
use serde_json::{Number, Value as Json};
use std::cmp::Ordering;

/// Bytes of two texts that are compared at the cost of one value.
const BYTES_PER_VISIT: usize = 64;

/// Returns true if the two compare so; None is a value that is not there.
pub fn holds(
    left: Option<&Json>,
    comparison: Comparison,
    right: Option<&Json>,
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

fn equal(left: Option<&Json>, right: Option<&Json>, meter: &Meter) -> Result<bool, Exhausted> {
    match (left, right) {
        (None, None) => Ok(true),
        (Some(left), Some(right)) => same(left, right, meter),
        _ => Ok(false),
    }
}

fn same(left: &Json, right: &Json, meter: &Meter) -> Result<bool, Exhausted> {
    meter.spend(1)?;
    match (left, right) {
        (Json::Number(left), Json::Number(right)) => {
            Ok(of_numbers(left, right) == Some(Ordering::Equal))
        }
        (Json::String(left), Json::String(right)) => {
            meter.spend(cost(left))?;
            Ok(left == right)
        }
        (Json::Array(left), Json::Array(right)) => {
            if left.len() != right.len() {
                return Ok(false);
            }
            for (left, right) in left.iter().zip(right) {
                if !same(left, right, meter)? {
                    return Ok(false);
                }
            }
            Ok(true)
        }
        (Json::Object(left), Json::Object(right)) => {
            if left.len() != right.len() {
                return Ok(false);
            }
            for (name, left) in left {
                let alike = match right.get(name) {
                    Some(right) => same(left, right, meter)?,
                    None => false,
                };
                if !alike {
                    return Ok(false);
                }
            }
            Ok(true)
        }
        (left, right) => Ok(left == right),
    }
}

/// Order of two numbers or two texts; None for all else.
fn order(
    left: Option<&Json>,
    right: Option<&Json>,
    meter: &Meter,
) -> Result<Option<Ordering>, Exhausted> {
    Ok(match (left, right) {
        (Some(Json::Number(left)), Some(Json::Number(right))) => of_numbers(left, right),
        (Some(Json::String(left)), Some(Json::String(right))) => {
            meter.spend(cost(left))?;
            Some(left.cmp(right))
        }
        _ => None,
    })
}

fn of_numbers(left: &Number, right: &Number) -> Option<Ordering> {
    let whole = |number: &Number| {
        let signed = number.as_i64().map(i128::from);
        signed.or_else(|| number.as_u64().map(i128::from))
    };
    match (whole(left), whole(right)) {
        (Some(left), Some(right)) => Some(left.cmp(&right)),
        _ => left.as_f64()?.partial_cmp(&right.as_f64()?),
    }
}
