//! Counts of few buckets, for the many steps of which little is known.

use super::varint;
use hdrhistogram::Histogram;
use loadgen_core::time::Nanos;

/// Bits of a value below the smallest bucket, which is 64 ns wide.
const UNIT: u32 = 6;
/// Buckets from one doubling of their width to the next, as three digits ask for.
const HALF: u32 = 1_024;

/// The bucket that a time falls into: those of a [`Histogram`] from 100 ns on at three digits.
fn bucket_of(time: Nanos) -> u32 {
    let first = u64::from(2 * HALF - 1) << UNIT;
    let doublings = first.leading_zeros() - (time | first).leading_zeros();
    // Below 2 * HALF, because the shift leaves eleven bits.
    doublings * HALF + (time >> (UNIT + doublings)) as u32
}

/// The least time of a bucket.
fn least(bucket: u32) -> Nanos {
    let doublings = (bucket / HALF).saturating_sub(1);
    u64::from(bucket - doublings * HALF) << (UNIT + doublings)
}

/// The greatest time of a bucket.
fn greatest(bucket: u32) -> Nanos {
    least(bucket + 1) - 1
}

/// Buckets in order, each with how many times fell into it; none is empty.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sparse(Vec<(u32, u32)>);

impl Sparse {
    /// Counts one time. False when it has to be counted elsewhere, because there would be more
    /// than `most` buckets or more than a bucket can count.
    #[inline]
    pub fn record(&mut self, time: Nanos, most: usize) -> bool {
        self.count(bucket_of(time), 1, most)
    }

    fn count(&mut self, bucket: u32, more: u32, most: usize) -> bool {
        match self.0.binary_search_by_key(&bucket, |(own, _)| *own) {
            Ok(index) => {
                let count = &mut self.0[index].1;
                count.checked_add(more).map(|sum| *count = sum).is_some()
            }
            Err(_) if self.0.len() >= most => false,
            Err(index) => {
                self.0.insert(index, (bucket, more));
                true
            }
        }
    }

    /// Returns true if [`Sparse::add`] keeps it within `most` buckets, and its total fits in `u32`.
    pub fn has_room_for(&self, other: &Sparse, most: usize) -> bool {
        let all = self.len() + other.len();
        self.0.len() + other.0.len() <= most && u32::try_from(all).is_ok()
    }

    /// Adds all of `other`, for which there is room.
    pub fn add(&mut self, other: &Sparse) {
        for (bucket, more) in &other.0 {
            self.count(*bucket, *more, usize::MAX);
        }
    }

    /// Takes out times that were added before; false when they were not.
    pub fn subtract(&mut self, other: &Sparse) -> bool {
        let taken = other.0.iter().all(|(bucket, less)| {
            let index = self.0.binary_search_by_key(bucket, |(own, _)| *own);
            let count = index.ok().map(|index| &mut self.0[index].1);
            count.is_some_and(|count| count.checked_sub(*less).map(|rest| *count = rest).is_some())
        });
        self.0.retain(|(_, count)| *count > 0);
        taken
    }

    /// Returns the number of buckets.
    pub fn buckets(&self) -> usize {
        self.0.len()
    }

    /// Returns the number of recorded times.
    pub fn len(&self) -> u64 {
        self.0.iter().map(|(_, count)| u64::from(*count)).sum()
    }

    /// Each bucket's least and greatest time, and its count, in order.
    pub fn iter(&self) -> impl Iterator<Item = (Nanos, Nanos, u64)> {
        let buckets = self.0.iter();
        buckets.map(|(bucket, count)| (least(*bucket), greatest(*bucket), u64::from(*count)))
    }

    /// Appends each bucket, as its distance to the one before it, and its count.
    pub fn write(&self, to: &mut Vec<u8>) {
        let mut before = 0;
        for (bucket, count) in &self.0 {
            varint::write(u64::from(bucket - before), to);
            varint::write(u64::from(*count), to);
            before = *bucket;
        }
    }

    /// Takes so many buckets off the front of what was written.
    pub fn read(bytes: &mut &[u8], buckets: usize) -> Self {
        let mut bucket = 0;
        let read = (0..buckets).map(|_| {
            bucket += varint::read(bytes) as u32;
            (bucket, varint::read(bytes) as u32)
        });
        Self(read.collect())
    }

    /// Adds everything to a histogram that grows with what it holds.
    pub fn add_to(&self, counts: &mut Histogram<u64>) {
        for (least, _, count) in self.iter() {
            // Only a histogram that may not grow can refuse.
            counts.record_n(least, count).expect("the histogram grows");
        }
    }

    /// Takes over what a histogram of the same buckets holds; None when that is more than `most`
    /// buckets, or more than a bucket can count.
    pub fn of(counts: &Histogram<u64>, most: usize) -> Option<Self> {
        let mut sparse = Self::default();
        for bucket in counts.iter_recorded() {
            let count = u32::try_from(bucket.count_at_value()).ok()?;
            if sparse.0.len() >= most {
                return None;
            }
            sparse
                .0
                .push((bucket_of(bucket.value_iterated_to()), count));
        }
        Some(sparse)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn histogram() -> Histogram<u64> {
        let mut counts = Histogram::new_with_bounds(100, 200, 3).unwrap();
        counts.auto(true);
        counts
    }

    /// Each bucket and its count. Histograms themselves are not compared: their greatest time is
    /// told apart within the lowest bucket, where 0 counts as none and 1 as the bucket's end.
    fn buckets(counts: &Histogram<u64>) -> Vec<(u64, u64)> {
        let recorded = counts.iter_recorded();
        recorded
            .map(|bucket| (bucket.value_iterated_to(), bucket.count_at_value()))
            .collect()
    }

    fn times() -> impl Strategy<Value = Vec<u64>> {
        // Up to an hour, as many of each magnitude.
        prop::collection::vec((0u32..42, any::<u64>()), 0..60).prop_map(|drawn| {
            drawn
                .into_iter()
                .map(|(bits, n)| n >> (63 - bits))
                .collect()
        })
    }

    proptest! {
        #[test]
        fn buckets_are_those_of_the_histogram(time in 0u64..4_000_000_000_000) {
            let counts = histogram();
            let bucket = bucket_of(time);
            prop_assert!((least(bucket)..=greatest(bucket)).contains(&time));
            let (low, high) = (counts.lowest_equivalent(time), counts.highest_equivalent(time));
            prop_assert_eq!((least(bucket), greatest(bucket)), (low, high));
        }

        #[test]
        fn nothing_is_lost(one in times(), other in times()) {
            let (mut sum, mut expected) = (Sparse::default(), histogram());
            let mut more = Sparse::default();
            one.iter().for_each(|time| assert!(sum.record(*time, 100)));
            other.iter().for_each(|time| assert!(more.record(*time, 100)));
            let before = sum.clone();
            prop_assert!(sum.has_room_for(&more, 1_000));
            sum.add(&more);
            for time in one.iter().chain(&other) {
                expected.record(*time).unwrap();
            }
            let mut found = histogram();
            sum.add_to(&mut found);
            prop_assert_eq!(buckets(&found), buckets(&expected));
            prop_assert_eq!(Sparse::of(&expected, 1_000), Some(sum.clone()));
            prop_assert_eq!(sum.len(), expected.len());
            let mut written = Vec::new();
            sum.write(&mut written);
            let mut rest = &written[..];
            prop_assert_eq!(Sparse::read(&mut rest, sum.buckets()), sum.clone());
            prop_assert!(rest.is_empty());
            prop_assert!(sum.subtract(&more));
            prop_assert_eq!(sum, before);
        }
    }

    #[test]
    fn what_has_no_room_is_refused() {
        let mut few = Sparse::default();
        assert!(few.record(1_000, 2) && few.record(2_000, 2) && few.record(1_010, 2));
        assert!(!few.record(3_000, 2));
        assert_eq!((few.buckets(), few.len()), (2, 3));
        assert!(!few.clone().subtract(&Sparse(vec![(bucket_of(3_000), 1)])));
        assert!(few.has_room_for(&few, 4) && !few.has_room_for(&few, 3));
        let full = Sparse(vec![(0, u32::MAX)]);
        assert!(!full.has_room_for(&full, 2));
        let mut counts = histogram();
        full.add_to(&mut counts);
        assert_eq!(Sparse::of(&counts, 2), Some(full.clone()));
        full.add_to(&mut counts);
        assert_eq!(Sparse::of(&counts, 2), None);
    }
}
