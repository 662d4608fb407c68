//! Value generators of the `[data]` table.
//!
//! A generator is checked when it is made, so that drawing cannot fail. Random ones draw from the
//! stream they are given; counted ones, which are sequences and rows in an order, are pure functions
//! of the number of the draw.

pub mod refusal;
mod rows;
#[cfg(test)]
mod tests;
mod text;

use super::{Value, rng::Stream};
use rand::{
    RngExt,
    distr::{Distribution, Uniform},
};
use rand_distr::{Normal, Zipf, weighted::WeightedAliasIndex};
pub use refusal::Refusal;
pub use rows::{Order, Rows, Take};
use std::{ops::RangeInclusive, sync::Arc};
pub use text::{Clock, Fake, LONGEST};

/// A checked generator; drawing cannot fail.
#[derive(Debug)]
pub struct Generator(GeneratorKind);

#[derive(Debug)]
enum GeneratorKind {
    Int(Uniform<i64>),
    Float(Uniform<f64>),
    Normal {
        bell: Normal<f64>,
        min: f64,
        max: f64,
    },
    Zipf {
        ranks: Zipf<f64>,
        from: i64,
        to: i64,
    },
    Weighted {
        texts: Box<[Arc<str>]>,
        choice: WeightedAliasIndex<f64>,
    },
    Sequence {
        from: i64,
        step: i64,
        /// Number of values before it starts again.
        length: u128,
    },
    Constant(Value),
    Rows(Rows),
    /// Rows that are loaded before the run.
    Loaded {
        counted: bool,
        unique: bool,
    },
    Uuid,
    Timestamp(Clock),
    Fake(Fake),
    Text {
        alphabet: Box<[char]>,
        length: RangeInclusive<usize>,
    },
}

/// The most values that `zipf` tells apart: beyond it a float no longer names every rank.
pub const MOST_RANKS: u64 = 1 << 53;

/// The greatest exponent of `zipf`; far below it nearly every value is the first one.
pub const GREATEST_EXPONENT: f64 = 100.0;

/// The greatest weight of a choice or a task; sums of them stay exact enough to compare shares.
pub const GREATEST_WEIGHT: f64 = 1e12;

/// Exponents this close to 1 are taken as 1: the closed form for others loses all its digits there.
const NEAR_ONE: f64 = 1e-9;

impl Generator {
    /// Whole numbers from `from` to `to`, both included, all alike.
    pub fn uniform_int(from: i64, to: i64) -> Result<Self, Refusal> {
        let range = Uniform::new_inclusive(from, to)
            .map_err(|_| Refusal::new("to", "`to` lies below `from`"))?;
        Ok(Self(GeneratorKind::Int(range)))
    }

    /// Numbers between `from` and `to`, all alike.
    pub fn uniform_float(from: f64, to: f64) -> Result<Self, Refusal> {
        refusal::finite("from", from)?;
        refusal::finite("to", to)?;
        if from > to {
            return Err(Refusal::new("to", "`to` lies below `from`"));
        }
        let range = Uniform::new_inclusive(from, to)
            .map_err(|_| Refusal::new("to", "the range is too wide for a floating point number"))?;
        Ok(Self(GeneratorKind::Float(range)))
    }

    /// Numbers of a bell curve, moved to the nearer bound where they lie outside `min` and `max`.
    pub fn normal(
        mean: f64,
        stddev: f64,
        min: Option<f64>,
        max: Option<f64>,
    ) -> Result<Self, Refusal> {
        refusal::finite("mean", mean)?;
        refusal::finite("stddev", stddev)?;
        if stddev < 0.0 {
            return Err(Refusal::new("stddev", "a deviation cannot be negative"));
        }
        // Past this a rare draw would overflow to infinity, which is not JSON.
        if mean.abs() > 1e300 || stddev > 1e300 {
            return Err(Refusal::new("mean", "the values would be too large"));
        }
        refusal::finite("min", min.unwrap_or(0.0))?;
        refusal::finite("max", max.unwrap_or(0.0))?;
        let (min, max) = (min.unwrap_or(f64::MIN), max.unwrap_or(f64::MAX));
        if min > max {
            return Err(Refusal::new("max", "`max` lies below `min`"));
        }
        let bell = Normal::new(mean, stddev)
            .map_err(|error| Refusal::new("stddev", format!("not a bell curve: {error}")))?;
        Ok(Self(GeneratorKind::Normal { bell, min, max }))
    }

    /// Whole numbers from `from` to `to`, the `k`-th of them in proportion to `1 / k^exponent`:
    /// a few are hot, most are cold. Exponent 0 is uniform.
    pub fn zipf(from: i64, to: i64, exponent: f64) -> Result<Self, Refusal> {
        refusal::of_exponent(exponent)?;
        if from > to {
            return Err(Refusal::new("to", "`to` lies below `from`"));
        }
        let count = to.abs_diff(from);
        if count >= MOST_RANKS {
            return Err(Refusal::new("to", "zipf tells at most 2^53 values apart"));
        }
        let exponent = if (exponent - 1.0).abs() < NEAR_ONE {
            1.0
        } else {
            exponent
        };
        let ranks = Zipf::new((count + 1) as f64, exponent)
            .map_err(|error| Refusal::new("exponent", error.to_string()))?;
        Ok(Self(GeneratorKind::Zipf { ranks, from, to }))
    }

    /// Texts, each in proportion to its weight.
    pub fn weighted(choices: impl IntoIterator<Item = (Arc<str>, f64)>) -> Result<Self, Refusal> {
        let (texts, weights): (Vec<_>, Vec<_>) = choices.into_iter().unzip();
        for (text, weight) in texts.iter().zip(&weights) {
            if let Some(words) = refusal::of_weight(*weight) {
                return Err(Refusal::new(text.to_string(), words));
            }
        }
        let choice = WeightedAliasIndex::new(weights)
            .map_err(|_| Refusal::new("weighted", "at least one weight must be above 0"))?;
        Ok(Self(GeneratorKind::Weighted {
            texts: texts.into(),
            choice,
        }))
    }

    /// `from`, `from + step` and so on up to `to`, then from the start again: the values of draws
    /// number 0, 1 and so on.
    pub fn sequence(from: i64, step: i64, to: Option<i64>) -> Result<Self, Refusal> {
        if step == 0 {
            return Err(Refusal::new("step", "a step of 0 never moves"));
        }
        let last = to.unwrap_or(if step > 0 { i64::MAX } else { i64::MIN });
        if (step > 0 && last < from) || (step < 0 && last > from) {
            let words = "`to` cannot be reached from `from` by this step";
            return Err(Refusal::new("to", words));
        }
        let length = u128::from(last.abs_diff(from) / step.unsigned_abs()) + 1;
        Ok(Self(GeneratorKind::Sequence { from, step, length }))
    }

    /// Always the same.
    pub fn constant(value: Value) -> Self {
        Self(GeneratorKind::Constant(value))
    }

    /// The values of a list or of a file's column, in some order. Columns that are to stay together
    /// have the same order, and are drawn by the same number from streams in the same state.
    pub fn rows(values: Arc<[Value]>, order: Order) -> Result<Self, Refusal> {
        Ok(Self(GeneratorKind::Rows(Rows::new(values, order)?)))
    }

    /// Stands for [`Rows`] that are loaded before the run and kept elsewhere.
    pub fn loaded(take: &Take) -> Self {
        Self(GeneratorKind::Loaded {
            counted: take.is_counted(),
            unique: take.is_unique(),
        })
    }

    /// Random UUIDs (version 4).
    pub fn uuid() -> Self {
        Self(GeneratorKind::Uuid)
    }

    /// The time of day. The only generator that a seed does not decide.
    pub fn timestamp(clock: Clock) -> Self {
        Self(GeneratorKind::Timestamp(clock))
    }

    /// Made-up names.
    pub fn fake(fake: Fake) -> Self {
        Self(GeneratorKind::Fake(fake))
    }

    /// Texts of random characters of `alphabet`, with lengths that are all alike.
    pub fn text(alphabet: &str, shortest: usize, longest: usize) -> Result<Self, Refusal> {
        if shortest > longest {
            return Err(Refusal::new("length", "the range ends before it begins"));
        }
        if longest > LONGEST {
            let words = format!("a random string has at most {LONGEST} characters");
            return Err(Refusal::new("length", words));
        }
        Ok(Self(GeneratorKind::Text {
            alphabet: text::alphabet(alphabet)?,
            length: shortest..=longest,
        }))
    }

    /// Returns true if no value may be taken twice.
    pub fn is_unique(&self) -> bool {
        match &self.0 {
            GeneratorKind::Rows(rows) => rows.are_unique(),
            GeneratorKind::Loaded { unique, .. } => *unique,
            _ => false,
        }
    }

    /// Returns true if the number of the draw decides over the value; else the stream does.
    pub fn is_counted(&self) -> bool {
        match &self.0 {
            GeneratorKind::Sequence { .. } => true,
            GeneratorKind::Rows(rows) => rows.are_counted(),
            GeneratorKind::Loaded { counted, .. } => *counted,
            _ => false,
        }
    }

    /// Draws one value. `number` is that of the draw among all draws, from 0, and means nothing
    /// where the generator is not counted. Unset when there is no value any more, which only rows
    /// of the order [`Order::Unique`] come to, or it is kept elsewhere.
    pub fn draw(&self, rng: &mut Stream, number: u64) -> Value {
        match &self.0 {
            GeneratorKind::Int(range) => Value::Int(range.sample(rng)),
            GeneratorKind::Float(range) => Value::Float(range.sample(rng)),
            GeneratorKind::Normal { bell, min, max } => {
                Value::Float(bell.sample(rng).clamp(*min, *max))
            }
            GeneratorKind::Zipf { ranks, from, to } => {
                // Ranks begin at 1; rounding may name one past the last.
                let offset = ranks.sample(rng) as u64 - 1;
                Value::Int(from.saturating_add_unsigned(offset).min(*to))
            }
            GeneratorKind::Weighted { texts, choice } => {
                Value::Text(texts[choice.sample(rng)].clone())
            }
            GeneratorKind::Sequence { from, step, length } => {
                let index = u128::from(number) % length;
                // `index < length` keeps the value between `from` and `to`.
                let value = i128::from(*from) + i128::from(*step) * index as i128;
                Value::Int(value as i64)
            }
            GeneratorKind::Constant(value) => value.clone(),
            GeneratorKind::Rows(rows) => rows.draw(rng, number),
            GeneratorKind::Loaded { .. } => Value::Unset,
            GeneratorKind::Uuid => text::uuid(rng),
            GeneratorKind::Timestamp(clock) => text::timestamp(*clock),
            GeneratorKind::Fake(fake) => text::fake(rng, *fake),
            GeneratorKind::Text { alphabet, length } => {
                let length = rng.random_range(length.clone());
                text::string(rng, alphabet, length)
            }
        }
    }
}
