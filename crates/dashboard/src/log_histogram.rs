//! Coarse histogram on a logarithmic scale, for charts, which need no three digits.

use loadgen_core::time::Nanos;
use loadgen_record::Hist;

/// Buckets per power of ten: each is 6 % wide.
pub const PER_DECADE: u16 = 40;
/// Upper end of the first bucket; shorter times are in it too.
pub const FIRST: f64 = 1e3;

/// Counts by the logarithm of the time. What was merged is exact, bucket by bucket.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LogHistogram {
    /// Bucket and count, by bucket; none is empty.
    counts: Vec<(u16, u64)>,
}

impl LogHistogram {
    /// Builds it from a distribution.
    pub fn of(times: &Hist) -> Self {
        let mut counts: Vec<(u16, u64)> = Vec::new();
        for (ns, count) in times.buckets() {
            let own = bucket(ns);
            match counts.last_mut() {
                Some((last, sum)) if *last == own => *sum += count,
                _ => counts.push((own, count)),
            }
        }
        Self { counts }
    }

    /// Adds what `other` counted.
    pub fn add(&mut self, other: &LogHistogram) {
        let mut merged = Vec::with_capacity(self.counts.len().max(other.counts.len()));
        let (mut mine, mut more) = (
            self.counts.iter().peekable(),
            other.counts.iter().peekable(),
        );
        loop {
            merged.push(match (mine.peek(), more.peek()) {
                (Some(&&(one, count)), Some(&&(two, added))) if one == two => {
                    mine.next();
                    more.next();
                    (one, count + added)
                }
                (Some(&&(one, count)), Some(&&(two, _))) if one < two => {
                    mine.next();
                    (one, count)
                }
                (Some(&&(one, count)), None) => {
                    mine.next();
                    (one, count)
                }
                (_, Some(&&(two, added))) => {
                    more.next();
                    (two, added)
                }
                (None, None) => break,
            });
        }
        self.counts = merged;
    }

    /// The time in ns at a percentile, as the upper end of its bucket; None when empty.
    pub fn percentile(&self, percent: f64) -> Option<f64> {
        let len: u64 = self.counts.iter().map(|(_, count)| count).sum();
        let rank = ((percent / 100.0 * len as f64).ceil() as u64).max(1);
        let mut below = 0;
        self.counts.iter().find_map(|(bucket, count)| {
            below += count;
            (below >= rank).then(|| end(*bucket))
        })
    }

    /// Buckets that are not empty, from the shortest times on.
    pub fn counts(&self) -> &[(u16, u64)] {
        &self.counts
    }
}

fn bucket(time: Nanos) -> u16 {
    let index = (time as f64 / FIRST).log10() * f64::from(PER_DECADE);
    // Not negative after the clamp, and far below the limit for any number of nanoseconds.
    index.max(0.0).ceil() as u16
}

/// The longest time of a bucket, in ns.
pub fn end(bucket: u16) -> f64 {
    FIRST * 10f64.powf(f64::from(bucket) / f64::from(PER_DECADE))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn hist(times: &[u64]) -> Hist {
        let mut hist = Hist::default();
        times.iter().for_each(|time| hist.record(*time));
        hist
    }

    proptest! {
        #[test]
        fn percentiles_are_at_most_a_bucket_too_high(times in prop::collection::vec(2_000..100_000_000_000u64, 1..200)) {
            let (exact, spread) = (hist(&times), LogHistogram::of(&hist(&times)));
            for percent in [0.0, 50.0, 95.0, 99.0, 100.0] {
                let ratio = spread.percentile(percent).unwrap() / exact.percentile(percent).unwrap() as f64;
                prop_assert!((0.999..1.06).contains(&ratio), "{percent}: {ratio}");
            }
        }

        #[test]
        fn merging_is_counting_together(one in prop::collection::vec(0..1u64 << 40, 0..50), two in prop::collection::vec(0..1u64 << 40, 0..50)) {
            let mut merged = LogHistogram::of(&hist(&one));
            merged.add(&LogHistogram::of(&hist(&two)));
            prop_assert_eq!(merged, LogHistogram::of(&hist(&[one, two].concat())));
        }
    }

    #[test]
    fn no_times_have_no_percentile() {
        assert_eq!(LogHistogram::default().percentile(50.0), None);
        assert_eq!(LogHistogram::of(&hist(&[0, 1])).counts(), [(0, 2)]);
    }
}
