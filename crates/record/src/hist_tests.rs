use super::*;
use flate2::{Compression, write::ZlibEncoder};
use hdrhistogram::serialization::Deserializer as Unpacker;
use proptest::prelude::*;
use std::io::Write as _;

/// From nothing to beyond the longest that is told apart, evenly over the magnitudes.
fn times() -> impl Strategy<Value = Nanos> {
    (0.0..43.0f64).prop_map(|exponent| exponent.exp2() as Nanos - 1)
}

fn hist(values: &[Nanos]) -> Hist {
    let mut hist = Hist::default();
    for value in values {
        hist.record(*value);
    }
    hist
}

/// Checks the reported value of a true value: the upper end of its bucket.
fn assert_reported(reported: Nanos, truth: Nanos) {
    let truth = truth.min(LONGEST);
    assert!(reported >= truth, "{reported} is below {truth}");
    let off = reported - truth;
    assert!(
        off <= 63 || off as f64 <= truth as f64 * 0.001,
        "{reported} is too far from {truth}"
    );
}

/// Buckets with their counts, read by the library from the exchange form.
fn decode(text: &str) -> Vec<(u64, u64)> {
    let bytes = STANDARD.decode(text).unwrap();
    let counts: Histogram<u64> = Unpacker::new().deserialize(&mut &bytes[..]).unwrap();
    buckets(&counts)
}

fn buckets(counts: &Histogram<u64>) -> Vec<(u64, u64)> {
    counts
        .iter_recorded()
        .map(|bucket| (bucket.value_iterated_to(), bucket.count_at_value()))
        .collect()
}

/// V2-deflate of any head and counts.
fn packed(length: u32, digits: u32, high: u64, counts: &[u8]) -> String {
    let mut plain = vec![0x1c, 0x84, 0x93, 0x13];
    plain.extend(length.to_be_bytes());
    plain.extend([0; 4]);
    plain.extend(digits.to_be_bytes());
    plain.extend(100u64.to_be_bytes());
    plain.extend(high.to_be_bytes());
    plain.extend(1f64.to_be_bytes());
    plain.extend(counts);
    let mut deflate = ZlibEncoder::new(Vec::new(), Compression::best());
    deflate.write_all(&plain).unwrap();
    let deflated = deflate.finish().unwrap();
    let head = [
        0x1c84_9314u32.to_be_bytes(),
        (deflated.len() as u32).to_be_bytes(),
    ]
    .concat();
    STANDARD.encode([head, deflated].concat())
}

#[test]
fn what_would_unpack_to_a_lot_is_refused() {
    assert!(Hist::from_base64(&packed(1, 3, 200, &[2]), 0).is_ok());
    let zeros = vec![0; 1 << 21];
    for text in [
        packed(1 << 21, 3, 200, &zeros),
        packed(u32::MAX, 3, 200, &[2]),
        packed(1, 5, u64::MAX, &[2]),
    ] {
        let problem = Hist::from_base64(&text, 0).unwrap_err();
        assert!(
            problem.starts_with("a histogram is not HDR V2-deflate"),
            "{problem}"
        );
    }
}

proptest! {
    #[test]
    fn equal_counts_are_equal_bytes(
        values in prop::collection::vec(times(), 1..400), size in 1..400usize,
    ) {
        let expected = hist(&values).to_base64();
        let (mut sum, mut retold) = (Hist::default(), Hist::default());
        for part in values.chunks(size).rev() {
            let part = hist(part);
            sum.add(&part);
            retold.add(&Hist::from_base64(&part.to_base64().unwrap(), 0).unwrap());
        }
        prop_assert_eq!(&sum.to_base64(), &expected);
        prop_assert_eq!(&retold.to_base64(), &expected);
    }

    #[test]
    fn damage_is_refused_or_read(
        values in prop::collection::vec(times(), 1..100),
        at in any::<prop::sample::Index>(),
        byte in any::<u8>(),
        counts in prop::collection::vec(any::<u8>(), 0..100),
        high in any::<u64>(),
    ) {
        let mut bytes = STANDARD.decode(hist(&values).to_base64().unwrap()).unwrap();
        let at = at.index(bytes.len());
        bytes[at] = byte;
        let damaged = [STANDARD.encode(&bytes), STANDARD.encode(&bytes[..at]),
            packed(counts.len() as u32, 3, high, &counts)];
        for text in damaged {
            if let Ok(mut read) = Hist::from_base64(&text, 0) {
                read.record(5);
                read.percentile(50.0);
            }
        }
    }

    #[test]
    fn what_is_written_reads_back_the_same(values in prop::collection::vec(times(), 0..100)) {
        let hist = hist(&values);
        let text = serde_json::to_string(&hist).unwrap();
        prop_assert_eq!(serde_json::from_str::<Hist>(&text).unwrap(), hist);
    }

    #[test]
    fn percentiles_are_those_of_the_sorted_samples(
        mut values in prop::collection::vec(times(), 1..400),
        hundredths in 1u64..=10_000,
    ) {
        let hist = hist(&values);
        values.sort_unstable();
        let rank = (hundredths as usize * values.len()).div_ceil(10_000);
        let reported = hist.percentile(hundredths as f64 / 100.0).unwrap();
        assert_reported(reported, values[rank - 1]);
        assert_reported(hist.max().unwrap(), *values.last().unwrap());
        let least = hist.min().unwrap();
        prop_assert!(least <= values[0]);
        assert_reported(values[0].min(LONGEST), least);
    }

    #[test]
    fn mean_and_deviation_are_close(values in prop::collection::vec(1_000..1_000_000_000u64, 2..200)) {
        let hist = hist(&values);
        let len = values.len() as f64;
        let mean = values.iter().sum::<u64>() as f64 / len;
        let deviation = (values.iter().map(|v| (*v as f64 - mean).powi(2)).sum::<f64>() / len).sqrt();
        let (found, spread) = hist.moments().unwrap();
        prop_assert!((found - mean).abs() <= mean * 0.001 + 64.0);
        prop_assert!((spread - deviation).abs() <= mean * 0.001 + 64.0);
        // But for rounding they are the library's, which walks over the buckets for each.
        let counts = hist.counts().unwrap();
        prop_assert!((found - counts.mean()).abs() <= found * 1e-9);
        prop_assert!((spread - counts.stdev()).abs() <= found * 1e-9);
    }

    #[test]
    fn the_exchange_form_keeps_every_count(values in prop::collection::vec(times(), 1..300)) {
        let hist = hist(&values);
        let expected = hist.buckets();
        prop_assert_eq!(decode(&hist.to_base64().unwrap()), expected.clone());
        let again = hist.compact().expand();
        prop_assert_eq!(again.buckets(), expected);
        prop_assert_eq!(again.saturated(), hist.saturated());
        prop_assert_eq!(again.min(), hist.min());
        prop_assert_eq!(again.max(), hist.max());
    }

    #[test]
    fn what_is_packed_tells_its_percentiles(
        first in prop::collection::vec(times(), 0..100),
        second in prop::collection::vec(times(), 0..100),
    ) {
        let packed = hist(&first).compact().plus(&hist(&second).compact());
        let both = hist(&[first, second].concat());
        let expected = [50.0, 95.0, 99.0].map(|percent| both.percentile(percent));
        prop_assert_eq!(packed.percentiles(), expected[0].map(|_| expected.map(Option::unwrap)));
    }

    #[test]
    fn what_was_added_can_be_taken_out(
        kept in prop::collection::vec(times(), 0..100),
        gone in prop::collection::vec(times(), 0..100),
    ) {
        let mut sum = hist(&gone);
        sum.add(&hist(&kept).compact().expand());
        sum.subtract(&hist(&gone).compact().expand());
        let expected = hist(&kept);
        prop_assert_eq!(sum.len(), expected.len());
        prop_assert_eq!(sum.saturated(), expected.saturated());
        prop_assert_eq!(sum.buckets(), expected.buckets());
        prop_assert_eq!(sum.max(), expected.max());
        prop_assert_eq!(sum.min(), expected.min());
        // Recording goes on as before.
        sum.record(LONGEST);
        prop_assert_eq!(sum.len(), expected.len() + 1);
    }
}

#[test]
fn a_time_of_nothing_survives_the_exchange_form() {
    let nothing = hist(&[0, 0]);
    let again = nothing.compact().expand();
    assert_eq!((again.min(), again.max()), (nothing.min(), nothing.max()));
    assert_eq!(nothing.percentile(100.0), nothing.max());
}

#[test]
fn ranks_are_exact_where_floats_are_not() {
    for (percent, len, expected) in [
        (99.9, 1_000, 999),
        (99.9, 10_000_000, 9_990_000),
        (95.0, 20, 19),
        (99.0, 100, 99),
        (55.0, 100, 55),
        (0.07, 10_000, 7),
        (100.0, 3, 3),
        (0.0, 3, 1),
        (50.0, 1, 1),
        (
            99.99,
            u64::MAX,
            (u128::from(u64::MAX) * 9_999).div_ceil(10_000) as u64,
        ),
    ] {
        assert_eq!(rank(percent, len), expected, "p{percent} of {len}");
    }
}

#[test]
fn an_empty_one_says_nothing() {
    let empty = Hist::default();
    assert!(empty.is_empty());
    assert_eq!(empty.percentile(50.0), None);
    assert_eq!(empty.min(), None);
    assert_eq!(empty.max(), None);
    assert_eq!(empty.mean(), None);
    assert_eq!(empty.to_base64(), None);
    assert!(empty.compact().expand().is_empty());
    assert_eq!(empty.compact().size(), 0);
}

#[test]
fn more_than_an_hour_counts_as_an_hour_and_as_saturated() {
    let hist = hist(&[SECOND, LONGEST, LONGEST + 1, Nanos::MAX]);
    assert_eq!(hist.len(), 4);
    assert_eq!(hist.saturated(), 2);
    assert_reported(hist.max().unwrap(), LONGEST);
}
