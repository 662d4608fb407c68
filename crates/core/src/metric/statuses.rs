//! Responses by status code.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};
use std::{collections::BTreeMap, ops::RangeInclusive};

/// The codes that a response can have: three digits.
pub const CODES: RangeInclusive<u16> = 100..=999;

/// Number of responses of each status code that occurred, in the order of the codes. There are at most
/// 900, so that adding is exact in whatever order it is done.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Statuses(Vec<(u16, u64)>);

impl Statuses {
    /// Counts a response.
    #[inline]
    pub fn count(&mut self, status: u16) {
        self.increase(status, 1);
    }

    /// Adds what `other` counted.
    pub fn add(&mut self, other: &Self) {
        for (status, count) in other.iter() {
            self.increase(status, count);
        }
    }

    /// Counts several responses; counts saturate, because what was read from a file may be anything.
    #[inline]
    pub fn increase(&mut self, status: u16, more: u64) {
        // Few codes occur, so that looking at each is faster than a search.
        match self.0.iter_mut().find(|(own, _)| *own == status) {
            Some((_, count)) => *count = count.saturating_add(more),
            None => {
                let at = self.0.partition_point(|(own, _)| *own < status);
                self.0.insert(at, (status, more));
            }
        }
    }

    /// Each code that occurred, and how often.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = (u16, u64)> {
        self.0.iter().copied()
    }

    /// Number of different codes.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Returns true if no response was counted.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Responses whose codes are in a range.
    pub fn within(&self, codes: RangeInclusive<u16>) -> u64 {
        let within = self.iter().filter(|(status, _)| codes.contains(status));
        within.map(|(_, count)| count).sum()
    }

    /// All responses.
    pub fn total(&self) -> u64 {
        self.within(CODES)
    }
}

/// As a map from codes to counts.
impl Serialize for Statuses {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.iter())
    }
}

impl<'de> Deserialize<'de> for Statuses {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let counts = BTreeMap::<u16, u64>::deserialize(deserializer)?;
        match counts.keys().find(|status| !CODES.contains(status)) {
            Some(status) => Err(D::Error::custom(format_args!("{status} is no status code"))),
            None => Ok(Self(counts.into_iter().collect())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn parts_add_up_in_any_order(
            statuses in prop::collection::vec((CODES, 0..4_usize), 0..200),
            codes in (CODES, CODES),
        ) {
            let mut whole = BTreeMap::<u16, u64>::new();
            let mut parts = vec![Statuses::default(); 4];
            for (status, part) in &statuses {
                *whole.entry(*status).or_default() += 1;
                parts[*part].count(*status);
            }
            for _ in 0..2 {
                let mut sum = Statuses::default();
                parts.iter().for_each(|part| sum.add(part));
                prop_assert!(sum.iter().eq(whole.clone()));
                prop_assert_eq!(sum.total(), statuses.len() as u64);
                let range = codes.0..=codes.1;
                let expected = statuses.iter().filter(|(status, _)| range.contains(status)).count();
                prop_assert_eq!(sum.within(range), expected as u64);
                let text = serde_json::to_string(&sum).unwrap();
                prop_assert_eq!(serde_json::from_str::<Statuses>(&text).unwrap(), sum);
                parts.reverse();
            }
        }
    }

    #[test]
    fn other_numbers_are_no_codes() {
        for text in [r#"{"99": 1}"#, r#"{"1000": 1}"#, r#"{"x": 1}"#] {
            assert!(serde_json::from_str::<Statuses>(text).is_err(), "{text}");
        }
    }
}
