//! Values that are there before the run: the rows of a file, or a list.

use super::{Refusal, refusal};
use crate::{Value, rng::Stream};
use rand::{RngExt, SeedableRng, seq::SliceRandom};
use std::{fmt, sync::Arc};

/// In which order values are taken. The row is a pure function of the draw's number, or of the
/// stream's state, so that the columns of one file stay together.
#[derive(Debug, Clone)]
pub enum Order {
    /// One after the other, then from the start again.
    Sequential,
    /// One after the other, in an order that the seed decides.
    Shuffled(Arc<[u32]>),
    /// Any, each time.
    Random,
    /// One after the other, none twice.
    Unique,
    /// Any, each time, some more often than others: the sums are those of the weights up to each
    /// row, its own included.
    Weighted(Arc<[f64]>),
}

/// Order of rows before their number is known.
#[derive(Debug, Clone, PartialEq)]
pub enum Take {
    /// See [`Order`].
    Sequential,
    /// See [`Order`].
    Shuffled,
    /// See [`Order`].
    Random,
    /// See [`Order`].
    Unique,
    /// The `k`-th row in proportion to `1 / k^exponent`.
    Zipf(f64),
    /// In proportion to what this column has.
    Weighted(String),
}

impl Take {
    /// The order of so many rows; `key` decides over a shuffle. `weights` has the column that it
    /// asks for.
    ///
    /// # Errors
    /// When the rows or the weights are not fit for it.
    pub fn order(
        &self,
        key: u64,
        count: usize,
        weights: Option<&[Value]>,
    ) -> Result<Order, Refusal> {
        Ok(match self {
            Take::Sequential => Order::Sequential,
            Take::Shuffled => Order::shuffled(count, key)?,
            Take::Random => Order::Random,
            Take::Unique => Order::Unique,
            Take::Zipf(exponent) => {
                refusal::of_exponent(*exponent)?;
                Order::weighted((1..=count).map(|rank| Ok((rank as f64).powf(-exponent))))?
            }
            Take::Weighted(column) => {
                let weights = weights.unwrap_or_default().iter().zip(1..);
                let weight = |(value, row): (&Value, u64)| {
                    let wrong = || format!("`{column}` of row {row} is no number");
                    let weight = value
                        .as_f64()
                        .ok_or_else(|| Refusal::new("order", wrong()))?;
                    match refusal::of_weight(weight) {
                        None => Ok(weight),
                        Some(words) => {
                            let words = format!("`{column}` of row {row}: {words}");
                            Err(Refusal::new("order", words))
                        }
                    }
                };
                Order::weighted(weights.map(weight))?
            }
        })
    }

    /// The column of weights that it asks for.
    pub fn weights(&self) -> Option<&str> {
        match self {
            Take::Weighted(column) => Some(column),
            _ => None,
        }
    }

    /// Returns true if no row is taken twice.
    pub fn is_unique(&self) -> bool {
        matches!(self, Take::Unique)
    }

    /// Returns true if rows are taken in an order.
    pub fn is_counted(&self) -> bool {
        matches!(self, Take::Sequential | Take::Shuffled | Take::Unique)
    }
}

impl fmt::Display for Take {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Take::Sequential => f.write_str("sequential"),
            Take::Shuffled => f.write_str("shuffled"),
            Take::Random => f.write_str("random"),
            Take::Unique => f.write_str("unique"),
            Take::Zipf(exponent) => write!(f, "zipf {exponent}"),
            Take::Weighted(column) => write!(f, "weighted by {column}"),
        }
    }
}

impl Order {
    fn weighted(weights: impl Iterator<Item = Result<f64, Refusal>>) -> Result<Self, Refusal> {
        let mut sum = 0.0;
        let sums = weights.map(|weight| {
            sum += weight?;
            Ok(sum)
        });
        let sums: Arc<[f64]> = sums.collect::<Result<_, Refusal>>()?;
        if sum == 0.0 {
            let words = "at least one weight must be above 0";
            return Err(Refusal::new("order", words));
        }
        Ok(Self::Weighted(sums))
    }

    /// The order of `count` rows that `key` decides.
    ///
    /// # Errors
    /// When there are more than 2^32 of them.
    pub fn shuffled(count: usize, key: u64) -> Result<Self, Refusal> {
        let count =
            u32::try_from(count).map_err(|_| Refusal::new("order", "too many rows to shuffle"))?;
        let mut indices: Vec<u32> = (0..count).collect();
        indices.shuffle(&mut Stream::seed_from_u64(key));
        Ok(Self::Shuffled(indices.into()))
    }
}

/// Values with the order in which they are taken; at least one.
#[derive(Debug, Clone)]
pub struct Rows {
    values: Arc<[Value]>,
    order: Order,
}

impl Rows {
    /// The values in an order that was made for as many.
    ///
    /// # Errors
    /// When there are none.
    pub fn new(values: Arc<[Value]>, order: Order) -> Result<Self, Refusal> {
        if values.is_empty() {
            return Err(Refusal::new("", "there is no value to take"));
        }
        Ok(Self { values, order })
    }

    pub(super) fn are_unique(&self) -> bool {
        matches!(self.order, Order::Unique)
    }

    pub(super) fn are_counted(&self) -> bool {
        !matches!(self.order, Order::Random | Order::Weighted(_))
    }

    /// The value of the draw with this number, or of a random row; unset when all of a unique order
    /// were taken.
    pub fn draw(&self, rng: &mut Stream, number: u64) -> Value {
        let count = self.values.len();
        // The remainder is less than `count`, which is a usize.
        let index = (number % count as u64) as usize;
        let row = match &self.order {
            Order::Sequential => index,
            Order::Shuffled(indices) => indices[index] as usize,
            Order::Random => rng.random_range(0..count),
            Order::Weighted(sums) => {
                let total = sums.last().copied().unwrap_or_default();
                let share = rng.random::<f64>() * total;
                sums.partition_point(|sum| *sum <= share).min(count - 1)
            }
            Order::Unique if number < count as u64 => index,
            Order::Unique => return Value::Unset,
        };
        self.values[row].clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn rows(count: usize, order: Order) -> Rows {
        let values = (0..count as i64).map(Value::Int);
        Rows::new(values.collect(), order).unwrap()
    }

    /// Takes this many draws.
    fn taken(rows: &Rows, draws: u64) -> Vec<Value> {
        let mut rng = Stream::seed_from_u64(1);
        (0..draws)
            .map(|number| rows.draw(&mut rng, number))
            .collect()
    }

    fn sorted(values: Vec<Value>) -> Vec<i64> {
        let mut sorted: Vec<i64> = values
            .into_iter()
            .filter_map(|value| match value {
                Value::Int(n) => Some(n),
                _ => None,
            })
            .collect();
        sorted.sort_unstable();
        sorted
    }

    proptest! {
        #[test]
        fn each_order_keeps_its_promise(count in 1usize..50, more in 1u64..9, key: u64) {
            let draws = count as u64 + more;
            let shuffled = Order::shuffled(count, key).unwrap();
            for order in [Order::Sequential, shuffled] {
                let all = taken(&rows(count, order), draws);
                let mut first = sorted(all[..count].to_vec());
                first.dedup();
                prop_assert_eq!(first.len(), count, "every row before any row twice");
                prop_assert_eq!(&all[0], &all[count], "and then from the start");
            }
            let unique = taken(&rows(count, Order::Unique), draws);
            prop_assert_eq!(sorted(unique), (0..count as i64).collect::<Vec<_>>());
            let random = taken(&rows(count, Order::Random), draws);
            prop_assert_eq!(sorted(random).len() as u64, draws);
        }
    }

    /// Counts how often each row is taken in ten thousand draws.
    fn shares(rows: &Rows, count: usize) -> Vec<u32> {
        let mut counts = vec![0u32; count];
        for value in sorted(taken(rows, 10_000)) {
            counts[value as usize] += 1;
        }
        counts
    }

    #[test]
    fn rows_come_in_proportion_to_their_weights() {
        let zipf = Take::Zipf(1.0).order(7, 4, None).unwrap();
        // 1 + 1/2 + 1/3 + 1/4 = 25/12; the deviations are below 50.
        let expected = [4_800, 2_400, 1_600, 1_200];
        for (found, expected) in shares(&rows(4, zipf), 4).iter().zip(expected) {
            assert!(found.abs_diff(expected) < 250, "{found} for {expected}");
        }
        let weights = [
            Value::Int(0),
            Value::Float(2.5),
            Value::Int(7),
            Value::Float(0.5),
        ];
        let weighted = Take::Weighted("w".into());
        let order = weighted.order(7, 4, Some(&weights)).unwrap();
        let found = shares(&rows(4, order), 4);
        assert_eq!(found[0], 0);
        for (found, expected) in found.iter().zip([0, 2_500, 7_000, 500]) {
            assert!(found.abs_diff(expected) < 250, "{found} for {expected}");
        }
        for (weights, words) in [
            (
                vec![Value::Int(1), Value::Text("x".into())],
                "`w` of row 2 is no number",
            ),
            (
                vec![Value::Int(-1)],
                "`w` of row 1: a weight cannot be negative",
            ),
            (
                vec![Value::Int(0); 3],
                "at least one weight must be above 0",
            ),
        ] {
            let refused = weighted
                .order(7, weights.len(), Some(&weights))
                .unwrap_err();
            assert_eq!(refused.message, words);
        }
    }

    #[test]
    fn random_rows_are_all_alike() {
        let mut counts = [0u32; 10];
        for value in sorted(taken(&rows(10, Order::Random), 10_000)) {
            counts[value as usize] += 1;
        }
        // 1000 each, with a deviation of 30.
        assert!(
            counts.iter().all(|count| (850..1150).contains(count)),
            "{counts:?}"
        );
    }
}
