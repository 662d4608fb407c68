//! A latency histogram in nanoseconds.

use super::{Compact, measures::MOST_COUNTED, pack, sparse::Sparse};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use hdrhistogram::Histogram;
use loadgen_core::{
    metric::is_default,
    time::{Nanos, SECOND},
};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use std::borrow::Cow;

/// Longest time that is told apart: one hour. Longer ones count as this and as saturated.
pub const LONGEST: Nanos = 3600 * SECOND;

/// Most buckets that are kept by themselves while times are recorded: past that, a table is faster.
const FEW_RECORDED: usize = 64;
/// Most buckets that sums keep by themselves: past that, a table is smaller.
const FEW: usize = 1_024;

/// Times from 100 ns (the lowest discernible) to one hour at three significant digits. It takes
/// no memory before the first value, little for few different ones, and grows with the longest
/// time, never with their number.
#[derive(Debug, Clone, Default)]
pub struct Hist {
    counts: Counts,
    saturated: u64,
}

/// The serialized form.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Packed<'a> {
    hdr: Cow<'a, str>,
    #[serde(default, skip_serializing_if = "is_default")]
    saturated: u64,
}

impl Serialize for Hist {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let packed = Packed {
            hdr: self.to_base64().unwrap_or_default().into(),
            saturated: self.saturated,
        };
        packed.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Hist {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Packed { hdr, saturated } = Packed::deserialize(deserializer)?;
        if hdr.is_empty() {
            return Ok(Self::default());
        }
        Self::from_base64(&hdr, saturated).map_err(D::Error::custom)
    }
}

/// Equality of values as far as buckets tell them apart.
impl PartialEq for Hist {
    fn eq(&self, other: &Self) -> bool {
        (self.saturated, self.len()) == (other.saturated, other.len())
            && self.buckets() == other.buckets()
    }
}

/// Counts of a [`Hist`].
#[derive(Debug, Clone)]
pub(super) enum Counts {
    /// Few buckets, one by one.
    Few(Sparse),
    /// A table of all buckets up to the greatest.
    Many(Box<Histogram<u64>>),
}

impl Default for Counts {
    fn default() -> Self {
        Self::Few(Sparse::default())
    }
}

impl Counts {
    /// The table, which what was kept by itself moves to.
    fn many(&mut self) -> &mut Histogram<u64> {
        if let Self::Few(few) = self {
            *self = Self::Many(Box::new(table(few)));
        }
        match self {
            Self::Many(counts) => counts,
            // The variant was replaced above.
            Self::Few(_) => unreachable!("few became many"),
        }
    }
}

fn table(few: &Sparse) -> Histogram<u64> {
    let mut counts = empty();
    few.add_to(&mut counts);
    counts
}

fn empty() -> Histogram<u64> {
    // The bounds are constants that the library accepts: low >= 1, high >= 2 * low, digits <= 5.
    let mut counts = Histogram::new_with_bounds(100, 200, 3).expect("constant bounds are valid");
    counts.auto(true);
    counts
}

impl Hist {
    /// Counts one time.
    #[inline]
    pub fn record(&mut self, time: Nanos) {
        self.saturated += u64::from(time > LONGEST);
        let time = time.min(LONGEST);
        if let Counts::Few(few) = &mut self.counts
            && few.record(time, FEW_RECORDED)
        {
            return;
        }
        // Grows the range when needed (the saturating variant would clamp instead), and can fail
        // only where an hour's 27,000 buckets do not fit into memory's address range.
        self.counts
            .many()
            .record(time)
            .expect("the histogram grows");
    }

    /// Adds every value of `other`.
    pub fn add(&mut self, other: &Hist) {
        self.saturated += other.saturated;
        match (&mut self.counts, &other.counts) {
            (Counts::Few(few), Counts::Few(more)) if few.has_room_for(more, FEW) => few.add(more),
            (_, Counts::Few(more)) => more.add_to(self.counts.many()),
            // Only a histogram that may not grow can refuse.
            (_, Counts::Many(more)) => self
                .counts
                .many()
                .add(&**more)
                .expect("the histogram grows"),
        }
    }

    /// Takes out values that were added before.
    ///
    /// # Panics
    /// When `other` holds a value that this one does not.
    pub fn subtract(&mut self, other: &Hist) {
        self.saturated -= other.saturated;
        if let (Counts::Few(few), Counts::Few(less)) = (&mut self.counts, &other.counts) {
            // The caller's promise, as the documentation says.
            assert!(few.subtract(less), "it was added before");
        } else if let Some(less) = other.counts() {
            // The caller's promise again.
            self.counts
                .many()
                .subtract(&*less)
                .expect("it was added before");
        }
    }

    /// Returns the number of recorded times.
    pub fn len(&self) -> u64 {
        match &self.counts {
            Counts::Few(few) => few.len(),
            Counts::Many(counts) => counts.len(),
        }
    }

    /// Returns true if nothing was recorded.
    pub fn is_empty(&self) -> bool {
        match &self.counts {
            Counts::Few(few) => few.buckets() == 0,
            Counts::Many(counts) => counts.is_empty(),
        }
    }

    /// Returns true if an interval can hold this many times.
    pub(super) fn is_possible(&self) -> bool {
        self.len() <= MOST_COUNTED && self.saturated <= self.len()
    }

    /// Values past one hour.
    pub fn saturated(&self) -> u64 {
        self.saturated
    }

    /// The distribution, unless it is empty.
    pub fn counts(&self) -> Option<Cow<'_, Histogram<u64>>> {
        (!self.is_empty()).then(|| match &self.counts {
            Counts::Few(few) => Cow::Owned(table(few)),
            Counts::Many(counts) => Cow::Borrowed(&**counts),
        })
    }

    /// Each bucket that is not empty, in order: its greatest time in ns, and how many fell into it.
    pub fn buckets(&self) -> Vec<(Nanos, u64)> {
        match &self.counts {
            Counts::Few(few) => few
                .iter()
                .map(|(_, greatest, count)| (greatest, count))
                .collect(),
            Counts::Many(counts) => counts
                .iter_recorded()
                .map(|bucket| (bucket.value_iterated_to(), bucket.count_at_value()))
                .collect(),
        }
    }

    /// The least value in ns, as the lower end of its bucket; None when empty.
    pub fn min(&self) -> Option<Nanos> {
        match &self.counts {
            Counts::Few(few) => few.iter().next().map(|(least, ..)| least),
            Counts::Many(counts) => (!counts.is_empty()).then(|| counts.min()),
        }
    }

    /// The greatest value in ns, as the upper end of its bucket; None when empty.
    pub fn max(&self) -> Option<Nanos> {
        match &self.counts {
            Counts::Few(few) => few.iter().last().map(|(_, greatest, _)| greatest),
            // A deserialized histogram knows its maximum only as the lower end of a bucket.
            Counts::Many(counts) => {
                (!counts.is_empty()).then(|| counts.highest_equivalent(counts.max()))
            }
        }
    }

    /// The arithmetic mean in ns, each value taken as the middle of its bucket; None when empty.
    pub fn mean(&self) -> Option<f64> {
        self.moments().map(|(mean, _)| mean)
    }

    /// [`Hist::mean`] and the standard deviation, both in ns; None when empty.
    pub fn moments(&self) -> Option<(f64, f64)> {
        if self.is_empty() {
            return None;
        }
        // Most buckets are empty, and walking past those is what takes time: once is enough.
        let buckets: Vec<(f64, f64)> = match &self.counts {
            Counts::Few(few) => few
                .iter()
                .map(|(least, greatest, count)| {
                    (
                        (least + (greatest - least).div_ceil(2)) as f64,
                        count as f64,
                    )
                })
                .collect(),
            Counts::Many(counts) => counts
                .iter_recorded()
                .map(|bucket| {
                    let middle = counts.median_equivalent(bucket.value_iterated_to());
                    (middle as f64, bucket.count_at_value() as f64)
                })
                .collect(),
        };
        let all: f64 = buckets.iter().map(|(_, count)| count).sum();
        let average = |figure: &dyn Fn(f64) -> f64| {
            let sum: f64 = buckets.iter().map(|(ns, count)| figure(*ns) * count).sum();
            sum / all
        };
        let mean = average(&|ns| ns);
        Some((mean, average(&|ns| (ns - mean).powi(2)).sqrt()))
    }

    /// Returns the number of values above `time`, to the precision of the buckets.
    pub fn count_above(&self, time: Nanos) -> u64 {
        match &self.counts {
            Counts::Few(few) => {
                let above = few.iter().filter(|(least, ..)| *least > time);
                above.map(|(.., count)| count).sum()
            }
            Counts::Many(counts) => counts.len() - counts.count_between(0, time),
        }
    }

    /// The value in ns at a percentile (0 to 100, to a millionth of a percent); None when empty.
    ///
    /// Its rank is `ceil(percent / 100 * len)`, the least value being of rank 1; it is reported
    /// as the upper end of its bucket: never below the true value and at most 0.1 % (or 63 ns)
    /// above it.
    pub fn percentile(&self, percent: f64) -> Option<Nanos> {
        let len = self.len();
        if len == 0 {
            return None;
        }
        let mut rank = rank(percent, len);
        match &self.counts {
            Counts::Few(few) => {
                let mut buckets = few.iter();
                let found = buckets.find(|(.., count)| {
                    let here = rank <= *count;
                    rank = rank.saturating_sub(*count);
                    here
                });
                found.map(|(_, greatest, _)| greatest)
            }
            // Half a rank lower, so that no rounding of the product in the library can reach the next.
            Counts::Many(counts) => {
                Some(counts.value_at_quantile((rank as f64 - 0.5) / len as f64))
            }
        }
    }

    /// The exchange form: HDR V2-deflate in base64, values in ns; None when empty.
    pub fn to_base64(&self) -> Option<String> {
        self.counts()
            .map(|counts| STANDARD.encode(pack::pack(&counts)))
    }

    /// Reads the exchange form; `saturated` of the values are past one hour.
    ///
    /// # Errors
    /// In words, when the text is not a histogram in that form.
    pub fn from_base64(text: &str, saturated: u64) -> Result<Self, String> {
        let bytes = STANDARD
            .decode(text)
            .map_err(|error| format!("a histogram is not base64: {error}"))?;
        Ok(Self::of(pack::unpack(&bytes)?, saturated))
    }

    /// Builds it from unpacked counts.
    pub(super) fn of(mut counts: Histogram<u64>, saturated: u64) -> Self {
        counts.auto(true);
        let counts = match Sparse::of(&counts, FEW) {
            Some(few) => Counts::Few(few),
            None => Counts::Many(Box::new(counts)),
        };
        Self::of_counts(counts, saturated)
    }

    pub(super) fn of_counts(counts: Counts, saturated: u64) -> Self {
        Self { counts, saturated }
    }

    /// Returns the histogram in little memory.
    pub fn compact(&self) -> Compact {
        self.into()
    }

    pub(super) fn as_counts(&self) -> &Counts {
        &self.counts
    }
}

/// Rank of a percentile among `len` values in exact arithmetic: `99.9` is 999 of 1,000, which a
/// product of floats may miss by one.
fn rank(percent: f64, len: u64) -> u64 {
    const WHOLE: u128 = 100_000_000;
    let millionths = (percent.clamp(0.0, 100.0) * 1e6).round() as u128;
    // At most `len`, because the share is at most one.
    (millionths * u128::from(len)).div_ceil(WHOLE).max(1) as u64
}

#[cfg(test)]
#[path = "hist_tests.rs"]
mod tests;
