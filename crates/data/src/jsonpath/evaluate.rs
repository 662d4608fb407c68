//! Evaluation of paths, depth first and on a budget.
//!
//! Nothing is collected on the way: each value that a segment selects goes through the segments after
//! it at once, which is the order of RFC 9535. Recursion is bounded by the path's length, whatever the
//! depth of the document is.

use super::super::json::{Json, Kind};
use super::{
    budget::{Exhausted, Meter},
    compare::{self, Compared, cost},
    pattern,
    query::{Operand, Pattern, Query, Segment, Selector, Test},
};

/// Steps of a simulated regular expression that cost a visit.
const STEPS_PER_VISIT: usize = 64;

/// Visits that compiling a regular expression of the document costs.
const COMPILING: u64 = 20_000;

/// Items or members that are passed by at the cost of one visit.
const PASSED_PER_VISIT: usize = 8;

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
type Found<'f, 'j> = &'f mut dyn FnMut(Json<'j>) -> Flow;

/// Hands each value that `query` finds in a document to `found`.
pub fn evaluate<'j>(
    query: &Query,
    root: Json<'j>,
    meter: &Meter,
    found: Found<'_, 'j>,
) -> Result<(), Exhausted> {
    match (Evaluation { root, meter }).run(query, root, found) {
        Ok(()) | Err(Stop::Enough) => Ok(()),
        Err(Stop::Exhausted(exhausted)) => Err(exhausted),
    }
}

struct Evaluation<'m, 'j> {
    root: Json<'j>,
    meter: &'m Meter,
}

impl<'j> Evaluation<'_, 'j> {
    fn run(&self, query: &Query, current: Json<'j>, found: Found<'_, 'j>) -> Flow {
        let start = match query.from_root {
            true => self.root,
            false => current,
        };
        self.follow(&query.segments, start, found)
    }

    fn follow(&self, segments: &[Segment], json: Json<'j>, found: Found<'_, 'j>) -> Flow {
        self.meter.spend(1)?;
        let Some((segment, rest)) = segments.split_first() else {
            return found(json);
        };
        let levels = match segment.descends {
            true => usize::MAX,
            false => 1,
        };
        for json in json.descendants().take(levels) {
            for selector in &segment.selectors {
                self.meter.spend(1)?;
                self.select(selector, json, &mut |child| self.follow(rest, child, found))?;
            }
        }
        Ok(())
    }

    fn select(&self, selector: &Selector, json: Json<'j>, next: Found<'_, 'j>) -> Flow {
        match (selector, json.kind()) {
            (Selector::Name(name), Kind::Object) => {
                self.pass(json.child_count())?;
                json.get(name).map_or(Ok(()), next)
            }
            (Selector::Wildcard, _) => json.children().try_for_each(next),
            (Selector::Index(index), Kind::List) => {
                let index = match usize::try_from(*index) {
                    Ok(index) => Some(index),
                    Err(_) => json
                        .child_count()
                        .checked_sub(index.unsigned_abs() as usize),
                };
                let Some(index) = index.filter(|index| *index < json.child_count()) else {
                    return Ok(());
                };
                self.pass(index)?;
                json.children().nth(index).map_or(Ok(()), next)
            }
            (Selector::Slice { start, end, step }, Kind::List) => {
                self.pass(json.child_count())?;
                let items: Vec<_> = json.children().collect();
                let indices = slice(items.len(), *start, *end, *step);
                let mut items = indices.filter_map(|index| items.get(index));
                items.try_for_each(|item| next(*item))
            }
            (Selector::Filter(test), _) => json.children().try_for_each(|child| {
                self.meter.spend(1)?;
                match self.holds(test, child)? {
                    true => next(child),
                    false => Ok(()),
                }
            }),
            _ => Ok(()),
        }
    }

    /// Spends what it takes to walk past so many items or members.
    fn pass(&self, count: usize) -> Result<(), Exhausted> {
        self.meter.spend((count / PASSED_PER_VISIT) as u64)
    }

    fn holds(&self, test: &Test, current: Json<'j>) -> Result<bool, Stop> {
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
                Ok(compare::holds(left, *comparison, right, self.meter)?)
            }
            Test::Matches {
                text,
                pattern,
                whole,
            } => {
                let text = self.operand(text, current)?;
                let Some(text) = text.and_then(Compared::text) else {
                    return Ok(false);
                };
                let is_match = |regex: &crate::Pattern| -> Result<bool, Stop> {
                    let steps = regex.steps(text.len()) / STEPS_PER_VISIT;
                    self.meter.spend((text.len() + steps) as u64)?;
                    Ok(regex.is_match(text.as_bytes()))
                };
                match pattern {
                    Pattern::Fixed(regex) => is_match(regex),
                    Pattern::Found(pattern) => {
                        let pattern = self.operand(pattern, current)?;
                        let Some(pattern) = pattern.and_then(Compared::text) else {
                            return Ok(false);
                        };
                        self.meter.spend(COMPILING)?;
                        match pattern::compile(&pattern, *whole) {
                            Some(regex) => is_match(&regex),
                            None => Ok(false),
                        }
                    }
                }
            }
        }
    }

    fn operand<'v>(
        &self,
        operand: &'v Operand,
        current: Json<'j>,
    ) -> Result<Option<Compared<'v>>, Stop>
    where
        'j: 'v,
    {
        Ok(match operand {
            Operand::Literal(literal) => Some(Compared::Json(literal.json())),
            Operand::Single(query) => {
                let found = self.at_most(query, current, 1)?;
                found.first().copied().map(Compared::Json)
            }
            Operand::Value(query) => match self.at_most(query, current, 2)?.as_slice() {
                [only] => Some(Compared::Json(*only)),
                _ => None,
            },
            Operand::Count(query) => {
                let mut count = 0;
                self.run(query, current, &mut |_| {
                    count += 1;
                    Ok(())
                })?;
                Some(Compared::Number(count))
            }
            Operand::Length(of) => {
                let Some(Compared::Json(of)) = self.operand(of, current)? else {
                    return Ok(None);
                };
                let length = match of.text() {
                    Some(text) => {
                        self.meter.spend(cost(&text))?;
                        Some(text.chars().count())
                    }
                    None => {
                        matches!(of.kind(), Kind::List | Kind::Object).then(|| of.child_count())
                    }
                };
                length.map(|length| Compared::Number(length as u64))
            }
        })
    }

    /// The first values that a query finds.
    fn at_most(
        &self,
        query: &Query,
        current: Json<'j>,
        most: usize,
    ) -> Result<Vec<Json<'j>>, Stop> {
        let mut values = Vec::new();
        let ended = self.run(query, current, &mut |json| {
            values.push(json);
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
