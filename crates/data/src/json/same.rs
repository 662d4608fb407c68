//! Comparison of JSON values.

use super::super::Decimal;
use super::{Json, Kind};
use std::{cmp::Ordering, collections::HashMap};

/// Returns true if two values are the same: numbers by what they are with all their digits, so that 1 is
/// 1.0, objects whatever the order of their members. `visit` is called with the number of values before
/// they are looked at, and may end the comparison.
///
/// # Errors
/// What `visit` returned.
pub fn same<E>(
    left: Json<'_>,
    right: Json<'_>,
    mut visit: impl FnMut(usize) -> Result<(), E>,
) -> Result<bool, E> {
    let mut pairs = vec![(left, right)];
    while let Some((left, right)) = pairs.pop() {
        visit(1 + left.child_count())?;
        match (left.kind(), right.kind()) {
            (Kind::List, Kind::List) if left.child_count() == right.child_count() => {
                pairs.extend(left.children().zip(right.children()));
            }
            (Kind::Object, Kind::Object) => {
                let right: HashMap<_, _> = right.members().collect();
                let left: HashMap<_, _> = left.members().collect();
                if left.len() != right.len() {
                    return Ok(false);
                }
                for (name, left) in left {
                    match right.get(&name) {
                        Some(right) => pairs.push((left, *right)),
                        None => return Ok(false),
                    }
                }
            }
            (Kind::Number, Kind::Number) => {
                let equal = left.number().zip(right.number());
                if !equal.is_some_and(|(left, right)| is_same_number(left, right)) {
                    return Ok(false);
                }
            }
            (Kind::Text, Kind::Text) if left.text() == right.text() => {}
            (Kind::Bool(left), Kind::Bool(right)) if left == right => {}
            (Kind::Null, Kind::Null) => {}
            _ => return Ok(false),
        }
    }
    Ok(true)
}

/// Returns true if two numbers are equal with all their digits.
pub fn is_same_number(left: &str, right: &str) -> bool {
    number_order(left, right) == Some(Ordering::Equal)
}

/// Order of two numbers, exact; None for NaN and the like, unless both are written alike.
pub fn number_order(left: &str, right: &str) -> Option<Ordering> {
    if left == right {
        return Some(Ordering::Equal);
    }
    if let (Ok(left), Ok(right)) = (left.parse::<i64>(), right.parse::<i64>()) {
        return Some(left.cmp(&right));
    }
    Decimal::parse(left)?.partial_cmp(&Decimal::parse(right)?)
}
