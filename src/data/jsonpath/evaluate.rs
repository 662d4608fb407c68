//! Evaluation of paths, depth first and on a budget.
//!
//! Nothing is collected on the way: each value that a segment selects goes through the segments after
//! it at once. Every one of them leads at least one level further down, so that recursion is bounded by
//! the document's depth, and the order of results is that of RFC 9535.

use super::{
    budget::{Exhausted, Meter},
    compare::{self, cost},
    pattern,
    query::{Operand, Pattern, Query, Segment, Selector, Test},
};
use serde_json::Value as Json;
use std::borrow::Cow;

/// Visits that compiling a regular expression of the document costs.
const COMPILING: u64 = 20_000;

/// Step from a value to one of its children.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Element<'j> {
    /// To a member.
    Name(&'j str),
    /// To an element.
    Index(usize),
}

/// A value, and the way to it.
pub struct Node<'t, 'j> {
    /// The value.
    pub value: &'j Json,
    parent: Option<(&'t Node<'t, 'j>, Element<'j>)>,
}

impl<'j> Node<'_, 'j> {
    /// Steps that lead from the start of the evaluation to it.
    pub fn location(&self) -> Box<[Element<'j>]> {
        let mut steps = Vec::new();
        let mut at = self;
        while let Some((parent, step)) = at.parent {
            steps.push(step);
            at = parent;
        }
        steps.reverse();
        steps.into()
    }
}

/// Reason to end an evaluation.
pub enum Stop {
    /// Whoever asked has enough.
    Enough,
    /// The budget is spent.
    Exhausted(Exhausted),
}

impl From<Exhausted> for Stop {
    fn from(exhausted: Exhausted) -> Self {
        Stop::Exhausted(exhausted)
    }
}

type Flow = Result<(), Stop>;

/// Receives values one by one.
type Found<'f, 'j> = &'f mut dyn FnMut(&Node<'_, 'j>) -> Flow;

/// Hands each value that `query` finds in a document to `found`.
pub fn evaluate<'j>(
    query: &Query,
    root: &'j Json,
    meter: &Meter,
    found: Found<'_, 'j>,
) -> Result<(), Exhausted> {
    match (Evaluation { root, meter }).run(query, root, found) {
        Ok(()) | Err(Stop::Enough) => Ok(()),
        Err(Stop::Exhausted(exhausted)) => Err(exhausted),
    }
}

struct Evaluation<'m, 'j> {
    root: &'j Json,
    meter: &'m Meter,
}

impl<'j> Evaluation<'_, 'j> {
    fn run(&self, query: &Query, current: &'j Json, found: Found<'_, 'j>) -> Flow {
        let value = match query.from_root {
            true => self.root,
            false => current,
        };
        let start = Node {
            value,
            parent: None,
        };
        self.follow(&query.segments, &start, found)
    }

    fn follow(&self, segments: &[Segment], node: &Node<'_, 'j>, found: Found<'_, 'j>) -> Flow {
        self.meter.spend(1)?;
        match segments.split_first() {
            None => found(node),
            Some((segment, rest)) => self.apply(segment, rest, node, found),
        }
    }

    fn apply(
        &self,
        segment: &Segment,
        rest: &[Segment],
        node: &Node<'_, 'j>,
        found: Found<'_, 'j>,
    ) -> Flow {
        for selector in &segment.selectors {
            self.meter.spend(1)?;
            self.select(selector, node, &mut |child| self.follow(rest, child, found))?;
        }
        if segment.descends {
            children(node, &mut |child| {
                self.meter.spend(1)?;
                self.apply(segment, rest, child, found)
            })?;
        }
        Ok(())
    }

    fn select(&self, selector: &Selector, node: &Node<'_, 'j>, next: Found<'_, 'j>) -> Flow {
        match (selector, node.value) {
            (Selector::Name(name), Json::Object(members)) => match members.get_key_value(&**name) {
                Some((name, value)) => next(&Node {
                    value,
                    parent: Some((node, Element::Name(name))),
                }),
                None => Ok(()),
            },
            (Selector::Wildcard, _) => children(node, next),
            (Selector::Index(index), Json::Array(items)) => {
                let index = match usize::try_from(*index) {
                    Ok(index) => Some(index),
                    Err(_) => items.len().checked_sub(index.unsigned_abs() as usize),
                };
                index.map_or(Ok(()), |index| element(node, items, index, next))
            }
            (Selector::Slice { start, end, step }, Json::Array(items)) => {
                for index in slice(items.len(), *start, *end, *step) {
                    element(node, items, index, next)?;
                }
                Ok(())
            }
            (Selector::Filter(test), _) => children(node, &mut |child| {
                self.meter.spend(1)?;
                match self.holds(test, child.value)? {
                    true => next(child),
                    false => Ok(()),
                }
            }),
            _ => Ok(()),
        }
    }

    fn holds(&self, test: &Test, current: &'j Json) -> Result<bool, Stop> {
        self.meter.spend(1)?;
        match test {
            Test::Any(tests) => {
                for test in tests {
                    if self.holds(test, current)? {
                        return Ok(true);
                    }
                }
                Ok(false)
            }
            Test::All(tests) => {
                for test in tests {
                    if !self.holds(test, current)? {
                        return Ok(false);
                    }
                }
                Ok(true)
            }
            Test::Not(test) => Ok(!self.holds(test, current)?),
            Test::Exists(query) => Ok(!self.at_most(query, current, 1)?.is_empty()),
            Test::Compare(left, comparison, right) => {
                let left = self.operand(left, current)?;
                let right = self.operand(right, current)?;
                Ok(compare::holds(
                    left.as_deref(),
                    *comparison,
                    right.as_deref(),
                    self.meter,
                )?)
            }
            Test::Matches {
                text,
                pattern,
                whole,
            } => {
                let text = self.operand(text, current)?;
                let Some(Json::String(text)) = text.as_deref() else {
                    return Ok(false);
                };
                self.meter.spend(text.len() as u64)?;
                match pattern {
                    Pattern::Fixed(regex) => Ok(regex.is_match(text)),
                    Pattern::Found(pattern) => {
                        let pattern = self.operand(pattern, current)?;
                        let Some(Json::String(pattern)) = pattern.as_deref() else {
                            return Ok(false);
                        };
                        self.meter.spend(COMPILING)?;
                        let regex = pattern::compile(pattern, *whole);
                        Ok(regex.is_some_and(|regex| regex.is_match(text)))
                    }
                }
            }
        }
    }

    fn operand<'v>(
        &self,
        operand: &'v Operand,
        current: &'j Json,
    ) -> Result<Option<Cow<'v, Json>>, Stop>
    where
        'j: 'v,
    {
        Ok(match operand {
            Operand::Literal(value) => Some(Cow::Borrowed(value)),
            Operand::Single(query) => {
                let found = self.at_most(query, current, 1)?;
                found.first().copied().map(Cow::Borrowed)
            }
            Operand::Value(query) => match self.at_most(query, current, 2)?.as_slice() {
                [only] => Some(Cow::Borrowed(*only)),
                _ => None,
            },
            Operand::Count(query) => {
                let mut count = 0_u64;
                self.run(query, current, &mut |_| {
                    count += 1;
                    Ok(())
                })?;
                Some(Cow::Owned(count.into()))
            }
            Operand::Length(of) => {
                let of = self.operand(of, current)?;
                let length = match of.as_deref() {
                    Some(Json::String(text)) => {
                        self.meter.spend(cost(text))?;
                        Some(text.chars().count())
                    }
                    Some(Json::Array(items)) => Some(items.len()),
                    Some(Json::Object(members)) => Some(members.len()),
                    _ => None,
                };
                length.map(|length| Cow::Owned(length.into()))
            }
        })
    }

    /// The first values that a query finds.
    fn at_most(
        &self,
        query: &Query,
        current: &'j Json,
        most: usize,
    ) -> Result<Vec<&'j Json>, Stop> {
        let mut values = Vec::new();
        let ended = self.run(query, current, &mut |node| {
            values.push(node.value);
            match values.len() < most {
                true => Ok(()),
                false => Err(Stop::Enough),
            }
        });
        match ended {
            Ok(()) | Err(Stop::Enough) => Ok(values),
            Err(exhausted) => Err(exhausted),
        }
    }
}

fn children<'j>(node: &Node<'_, 'j>, next: Found<'_, 'j>) -> Flow {
    match node.value {
        Json::Array(items) => {
            (0..items.len()).try_for_each(|index| element(node, items, index, next))
        }
        Json::Object(members) => members.iter().try_for_each(|(name, value)| {
            next(&Node {
                value,
                parent: Some((node, Element::Name(name))),
            })
        }),
        _ => Ok(()),
    }
}

fn element<'j>(node: &Node<'_, 'j>, items: &'j [Json], index: usize, next: Found<'_, 'j>) -> Flow {
    match items.get(index) {
        Some(value) => next(&Node {
            value,
            parent: Some((node, Element::Index(index))),
        }),
        None => Ok(()),
    }
}

/// Indices of a slice (RFC 9535, 2.3.4.2.2).
fn slice(
    length: usize,
    start: Option<i64>,
    end: Option<i64>,
    step: i64,
) -> Box<dyn Iterator<Item = usize>> {
    let length = i64::try_from(length).unwrap_or(i64::MAX);
    let absolute = |index: i64| match index < 0 {
        true => length + index,
        false => index,
    };
    let as_index = |index: i64| usize::try_from(index).ok();
    let stride = usize::try_from(step.unsigned_abs()).unwrap_or(usize::MAX);
    match step {
        0 => Box::new(std::iter::empty()),
        1.. => {
            let lower = absolute(start.unwrap_or(0)).clamp(0, length);
            let upper = absolute(end.unwrap_or(length)).clamp(0, length);
            Box::new((lower..upper).step_by(stride).filter_map(as_index))
        }
        _ => {
            let upper = start.map_or(length - 1, absolute).clamp(-1, length - 1);
            let lower = end.map_or(-1, absolute).clamp(-1, length - 1);
            Box::new(
                (lower + 1..=upper)
                    .rev()
                    .step_by(stride)
                    .filter_map(as_index),
            )
        }
    }
}
