//! A latency histogram in nanoseconds.

use super::{measures::MOST_COUNTED, pack};
use crate::{
    metric::is_default,
    time::{Nanos, SECOND},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use hdrhistogram::Histogram;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use std::borrow::Cow;

/// Longest time that is told apart: one hour. Longer ones count as this and as saturated.
pub const LONGEST: Nanos = 3600 * SECOND;

/// Times from 100 ns (the lowest discernible) to one hour at three significant digits. It takes
/// no memory before the first value and grows with the longest time, never with their number.
#[derive(Debug, Clone, Default)]
pub struct Hist {
    counts: Option<Histogram<u64>>,
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

/// The same values, as far as buckets tell them apart.
impl PartialEq for Hist {
    fn eq(&self, other: &Self) -> bool {
        let buckets = |hist: &'_ Self| {
            let counts = hist.counts().into_iter();
            let recorded = counts.flat_map(Histogram::iter_recorded);
            let each = recorded.map(|it| (it.value_iterated_to(), it.count_at_value()));
            each.collect::<Vec<_>>()
        };
        (self.saturated, self.len()) == (other.saturated, other.len())
            && (self.is_empty() || buckets(self) == buckets(other))
    }
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
        let counts = self.counts.get_or_insert_with(empty);
        // Grows the range when needed (the saturating variant would clamp instead), and can fail
        // only where an hour's 27,000 buckets do not fit into memory's address range.
        counts
            .record(time.min(LONGEST))
            .expect("the histogram grows");
    }

    /// Adds every value of `other`.
    pub fn add(&mut self, other: &Hist) {
        self.saturated += other.saturated;
        if let Some(more) = &other.counts {
            let counts = self.counts.get_or_insert_with(empty);
            // Only a histogram that may not grow can refuse.
            counts.add(more).expect("the histogram grows");
        }
    }

    /// Takes out values that were added before.
    ///
    /// # Panics
    /// When `other` holds a value that this one does not.
    pub fn subtract(&mut self, other: &Hist) {
        self.saturated -= other.saturated;
        if let Some(less) = other.counts() {
            let counts = self.counts.get_or_insert_with(empty);
            // The caller's promise, as the documentation says.
            counts.subtract(less).expect("it was added before");
        }
    }

    /// How many times were recorded.
    pub fn len(&self) -> u64 {
        self.counts.as_ref().map_or(0, Histogram::len)
    }

    /// Whether nothing was recorded.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether so many times can be of one interval.
    pub(super) fn is_possible(&self) -> bool {
        self.len() <= MOST_COUNTED && self.saturated <= self.len()
    }

    /// Values past one hour.
    pub fn saturated(&self) -> u64 {
        self.saturated
    }

    /// The distribution, unless it is empty.
    pub fn counts(&self) -> Option<&Histogram<u64>> {
        self.counts.as_ref().filter(|counts| !counts.is_empty())
    }

    /// The least value in ns, as the lower end of its bucket; None when empty.
    pub fn min(&self) -> Option<Nanos> {
        self.counts().map(Histogram::min)
    }

    /// The greatest value in ns, as the upper end of its bucket; None when empty.
    pub fn max(&self) -> Option<Nanos> {
        // What was read back knows its greatest bucket only by the lower end.
        self.counts()
            .map(|counts| counts.highest_equivalent(counts.max()))
    }

    /// The arithmetic mean in ns, each value taken as the middle of its bucket; None when empty.
    pub fn mean(&self) -> Option<f64> {
        self.moments().map(|(mean, _)| mean)
    }

    /// [`Hist::mean`] and the standard deviation, both in ns; None when empty.
    pub fn moments(&self) -> Option<(f64, f64)> {
        let counts = self.counts()?;
        // Most buckets are empty, and walking past those is what takes time: once is enough.
        let buckets: Vec<(f64, f64)> = counts
            .iter_recorded()
            .map(|bucket| {
                let middle = counts.median_equivalent(bucket.value_iterated_to());
                (middle as f64, bucket.count_at_value() as f64)
            })
            .collect();
        let average = |figure: &dyn Fn(f64) -> f64| {
            let sum: f64 = buckets.iter().map(|(ns, count)| figure(*ns) * count).sum();
            sum / counts.len() as f64
        };
        let mean = average(&|ns| ns);
        Some((mean, average(&|ns| (ns - mean).powi(2)).sqrt()))
    }

    /// How many values are above `time`, as far as buckets tell.
    pub fn count_above(&self, time: Nanos) -> u64 {
        self.counts()
            .map_or(0, |counts| counts.len() - counts.count_between(0, time))
    }

    /// The value in ns at a percentile (0 to 100, to a millionth of a percent); None when empty.
    ///
    /// That is the value of rank `ceil(percent / 100 * len)`, the least being of rank 1, reported
    /// as the upper end of its bucket: never below the true value and at most 0.1 % (or 63 ns)
    /// above it.
    pub fn percentile(&self, percent: f64) -> Option<Nanos> {
        let counts = self.counts()?;
        let (rank, len) = (rank(percent, counts.len()), counts.len());
        // Half a rank lower, so that no rounding of the product in the library can reach the next.
        Some(counts.value_at_quantile((rank as f64 - 0.5) / len as f64))
    }

    /// The exchange form: HDR V2-deflate in base64, values in ns; None when empty.
    pub fn to_base64(&self) -> Option<String> {
        self.counts()
            .map(|counts| STANDARD.encode(pack::pack(counts)))
    }

    /// Reads the exchange form; `saturated` of the values are past one hour.
    ///
    /// # Errors
    /// In words, when the text is not a histogram in that form.
    pub fn from_base64(text: &str, saturated: u64) -> Result<Self, String> {
        let bytes = STANDARD
            .decode(text)
            .map_err(|error| format!("a histogram is not base64: {error}"))?;
        let mut counts = pack::unpack(&bytes)?;
        counts.auto(true);
        Ok(Self {
            counts: Some(counts),
            saturated,
        })
    }

    /// The same in little memory.
    pub fn compact(&self) -> Compact {
        Compact {
            bytes: self.counts().map(pack::pack).unwrap_or_default(),
            saturated: self.saturated,
            percentiles: PERCENTILES.map(|percent| self.percentile(percent).unwrap_or(0)),
        }
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

/// What [`Compact::percentiles`] tells.
const PERCENTILES: [f64; 3] = [50.0, 95.0, 99.0];

/// A [`Hist`] as HDR V2-deflate: some hundred bytes in place of up to 200 KB.
#[derive(Debug, Clone, Default)]
pub struct Compact {
    /// No bytes at all stand for no values.
    bytes: Box<[u8]>,
    saturated: u64,
    /// Taken when it is made: a long run has very many, and all are asked at its end.
    percentiles: [Nanos; PERCENTILES.len()],
}

impl Compact {
    /// The histogram that this was made of, count by count.
    pub fn expand(&self) -> Hist {
        let counts = (!self.bytes.is_empty()).then(|| {
            // Written by `compact` alone, in memory.
            let mut counts = pack::unpack(&self.bytes).expect("the bytes are our own");
            counts.auto(true);
            counts
        });
        Hist {
            counts,
            saturated: self.saturated,
        }
    }

    /// The values in ns at 50, 95 and 99 percent; None when empty.
    pub fn percentiles(&self) -> Option<[Nanos; 3]> {
        (!self.bytes.is_empty()).then_some(self.percentiles)
    }

    /// The values of both; as exact as adding the histograms.
    pub fn plus(&self, other: &Compact) -> Compact {
        if other.bytes.is_empty() {
            return self.clone();
        }
        if self.bytes.is_empty() {
            return other.clone();
        }
        let mut sum = self.expand();
        sum.add(&other.expand());
        sum.compact()
    }

    /// HDR V2-deflate in base64, values in ns; None when empty.
    pub fn to_base64(&self) -> Option<String> {
        (!self.bytes.is_empty()).then(|| STANDARD.encode(&self.bytes))
    }

    /// Bytes that it takes.
    pub fn size(&self) -> usize {
        self.bytes.len()
    }
}

#[cfg(test)]
#[path = "hist_tests.rs"]
mod tests;
