//! A histogram in few bytes, for the many seconds and steps that a run has.

use super::{Hist, hist::Counts, pack, sparse::Sparse, varint};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use loadgen_core::time::Nanos;

/// Most buckets that are kept one by one: more take less memory deflated.
const FEW: usize = 64;
/// First byte of a histogram that is deflated; of others it is the number of their buckets.
const DEFLATED: u8 = u8::MAX;

/// Percentiles that [`Compact::percentiles`] returns.
const PERCENTILES: [f64; 3] = [50.0, 95.0, 99.0];

/// A [`Hist`] in some bytes for each bucket, and in up to some hundred bytes in all in place of up to
/// 200 KB. It takes no memory when it is empty.
///
/// Its bytes begin with the number of buckets, then that of saturated values; each bucket has the
/// distance to the one before it and its count. A histogram of many buckets has its percentiles and
/// itself as HDR V2-deflate instead.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Compact(Box<[u8]>);

/// The parts of a [`Compact`].
enum Form<'a> {
    Few(Sparse),
    Deflated {
        /// Taken when it was made: a long run has very many, and all are asked at its end.
        percentiles: [Nanos; PERCENTILES.len()],
        /// HDR V2-deflate.
        bytes: &'a [u8],
    },
}

impl From<&Hist> for Compact {
    fn from(hist: &Hist) -> Self {
        if hist.is_empty() {
            return Self::default();
        }
        let counts = hist.as_counts();
        let few = match counts {
            Counts::Few(few) => (few.buckets() <= FEW).then(|| few.clone()),
            Counts::Many(counts) => Sparse::of(counts, FEW),
        };
        let mut bytes = Vec::new();
        if let Some(few) = few {
            // At most 64.
            bytes.push(few.buckets() as u8);
            varint::write(hist.saturated(), &mut bytes);
            few.write(&mut bytes);
        } else if let Some(counts) = hist.counts() {
            bytes.push(DEFLATED);
            varint::write(hist.saturated(), &mut bytes);
            for percent in PERCENTILES {
                varint::write(hist.percentile(percent).unwrap_or(0), &mut bytes);
            }
            let deflated = pack::pack(&counts);
            varint::write(deflated.len() as u64, &mut bytes);
            bytes.extend_from_slice(&deflated);
        }
        Self(bytes.into())
    }
}

impl Compact {
    /// Appends it to others, among which it has an end.
    pub(super) fn write(&self, to: &mut Vec<u8>) {
        match self.is_empty() {
            true => to.push(0),
            false => to.extend_from_slice(&self.0),
        }
    }

    /// Takes it off the front of what was written.
    pub(super) fn read(bytes: &mut &[u8]) -> Self {
        let whole = *bytes;
        if form(bytes).is_none() {
            return Self::default();
        }
        Self(whole[..whole.len() - bytes.len()].into())
    }

    /// The histogram that this was made of, count by count.
    pub fn expand(&self) -> Hist {
        match form(&mut &*self.0) {
            None => Hist::default(),
            Some((saturated, Form::Few(few))) => Hist::of_counts(Counts::Few(few), saturated),
            Some((saturated, Form::Deflated { bytes, .. })) => {
                // Written by `pack` alone, in memory.
                let counts = pack::unpack(bytes).expect("the bytes are our own");
                Hist::of(counts, saturated)
            }
        }
    }

    /// Returns true if there are no values.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The values in ns at 50, 95 and 99 percent; None when empty.
    pub fn percentiles(&self) -> Option<[Nanos; 3]> {
        match form(&mut &*self.0)? {
            (_, Form::Deflated { percentiles, .. }) => Some(percentiles),
            (saturated, Form::Few(few)) => {
                let hist = Hist::of_counts(Counts::Few(few), saturated);
                Some(PERCENTILES.map(|percent| hist.percentile(percent).unwrap_or(0)))
            }
        }
    }

    /// The values of both; as exact as adding the histograms.
    pub fn plus(&self, other: &Compact) -> Compact {
        if other.is_empty() {
            return self.clone();
        }
        if self.is_empty() {
            return other.clone();
        }
        let mut sum = self.expand();
        sum.add(&other.expand());
        sum.compact()
    }

    /// HDR V2-deflate in base64, values in ns; None when empty.
    pub fn to_base64(&self) -> Option<String> {
        match form(&mut &*self.0)? {
            (_, Form::Deflated { bytes, .. }) => Some(STANDARD.encode(bytes)),
            (_, Form::Few(_)) => self.expand().to_base64(),
        }
    }

    /// Bytes that it takes besides itself.
    pub fn size(&self) -> usize {
        self.0.len()
    }
}

/// Takes the number of saturated values and the rest off the front of what was written; None for an
/// empty one.
fn form<'a>(bytes: &mut &'a [u8]) -> Option<(u64, Form<'a>)> {
    let first;
    (first, *bytes) = bytes.split_first()?;
    if *first == 0 {
        return None;
    }
    let saturated = varint::read(bytes);
    if *first != DEFLATED {
        return Some((saturated, Form::Few(Sparse::read(bytes, (*first).into()))));
    }
    let percentiles = PERCENTILES.map(|_| varint::read(bytes));
    let length = varint::read(bytes) as usize;
    let deflated;
    (deflated, *bytes) = bytes.split_at_checked(length)?;
    let form = Form::Deflated {
        percentiles,
        bytes: deflated,
    };
    Some((saturated, form))
}
