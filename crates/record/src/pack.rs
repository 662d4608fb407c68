//! Histograms as HDR V2-deflate.

use flate2::{Compression, bufread::ZlibDecoder, write::ZlibEncoder};
use hdrhistogram::{
    Histogram,
    serialization::{Deserializer, Serializer, V2Serializer},
};
use std::{
    cell::RefCell,
    io::{Read as _, Write as _},
};

/// Magic number at the start, before the length of the compressed part
/// (`V2CompressedEncodingCookie` of HdrHistogram, with its count of bytes per word).
const COOKIE: u32 = 0x1c84_9314;

/// Most bytes of a form that is no longer compressed: more than an hour's buckets take at nine each.
const MOST_UNPACKED: u64 = 1 << 19;

/// Offsets of the length of the counts and of the number of digits, in the unpacked form.
const LENGTH_AT: usize = 4;
const DIGITS_AT: usize = 12;
/// Offset of the greatest value that its buckets are made for.
const BOUND_AT: usize = 24;
/// Length of the header before the counts.
const HEAD: usize = 40;

thread_local! {
    static PACKER: RefCell<Packer> = RefCell::new(Packer {
        serializer: V2Serializer::new(),
        plain: Vec::new(),
        // A timeline packs many each second; what a higher level saves is a few bytes of each.
        deflate: ZlibEncoder::new(Vec::new(), Compression::fast()),
    });
}

/// State of packing. It is kept by each thread, because making a compressor costs more than
/// compressing a histogram.
struct Packer {
    serializer: V2Serializer,
    /// The form before it is compressed.
    plain: Vec<u8>,
    deflate: ZlibEncoder<Vec<u8>>,
}

/// The histogram as HDR V2-deflate.
pub fn pack(counts: &Histogram<u64>) -> Box<[u8]> {
    PACKER.with_borrow_mut(|packer| packer.pack(counts))
}

/// The histogram that was packed, whoever did it: no memory is taken on its word.
///
/// # Errors
/// In words, when it is none, or one that is larger than any that [`pack`] is given.
pub fn unpack(packed: &[u8]) -> Result<Histogram<u64>, String> {
    let none = |why: &dyn std::fmt::Display| format!("a histogram is not HDR V2-deflate: {why}");
    let (cookie, rest) = packed
        .split_at_checked(8)
        .ok_or_else(|| none(&"it is too short"))?;
    if cookie[..4] != COOKIE.to_be_bytes() {
        return Err(none(&"it begins otherwise"));
    }
    let mut plain = Vec::new();
    ZlibDecoder::new(rest)
        .take(MOST_UNPACKED + 1)
        .read_to_end(&mut plain)
        .map_err(|error| none(&error))?;
    if plain.len() as u64 > MOST_UNPACKED {
        return Err(none(&"it is too large"));
    }
    let field = |at: usize| Some(u32::from_be_bytes(*plain.get(at..)?.first_chunk()?));
    let length = field(LENGTH_AT).and_then(|length| usize::try_from(length).ok());
    if length.is_none() || length != plain.len().checked_sub(HEAD) {
        return Err(none(&"it is cut off"));
    }
    if field(DIGITS_AT).is_none_or(|digits| digits > 3) {
        return Err(none(&"it has more than three digits"));
    }
    Deserializer::new()
        .deserialize(&mut &*plain)
        .map_err(|error| none(&error))
}

impl Packer {
    fn pack(&mut self, counts: &Histogram<u64>) -> Box<[u8]> {
        self.plain.clear();
        // Writing to memory cannot fail, and no count comes near i64::MAX.
        self.serializer
            .serialize(counts, &mut self.plain)
            .expect("the counts fit the format");
        // The library's own bound depends on the order in which counts were added; equal counts are
        // equal bytes.
        self.plain[BOUND_AT..][..8].copy_from_slice(&bound(counts).to_be_bytes());
        // Nor can this.
        self.deflate
            .write_all(&self.plain)
            .expect("memory takes it");
        // Nor can this.
        let packed = self.deflate.reset(Vec::new()).expect("memory takes it");
        let length = packed.len() as u32;
        let head = [COOKIE.to_be_bytes(), length.to_be_bytes()].concat();
        [head, packed].concat().into_boxed_slice()
    }
}

/// The bound of a histogram to which its values were recorded one by one.
fn bound(counts: &Histogram<u64>) -> u64 {
    /// The first value past the buckets that a new histogram has.
    const GROWS_AT: u64 = 2_048 << 6;
    match counts.max() {
        max if max < GROWS_AT => 2 * counts.low(),
        max => (max + 1).next_power_of_two() - 1,
    }
}
