//! Histograms as HDR V2-deflate.

use flate2::{Compression, write::ZlibEncoder};
use hdrhistogram::{
    Histogram,
    serialization::{Serializer, V2Serializer},
};
use std::cell::RefCell;

/// What the form begins with, before the length of what is compressed (`V2CompressedEncodingCookie`
/// of HdrHistogram, with its count of bytes per word).
const COOKIE: u32 = 0x1c84_9314;

thread_local! {
    static PACKER: RefCell<Packer> = RefCell::new(Packer {
        serializer: V2Serializer::new(),
        // A timeline packs many each second; what a higher level saves is a few bytes of each.
        deflate: ZlibEncoder::new(Vec::new(), Compression::fast()),
    });
}

/// What packing needs. It is kept by each thread, because making a compressor costs more than what
/// it then does for a histogram.
struct Packer {
    serializer: V2Serializer,
    deflate: ZlibEncoder<Vec<u8>>,
}

/// The histogram as HDR V2-deflate.
pub fn pack(counts: &Histogram<u64>) -> Box<[u8]> {
    PACKER.with_borrow_mut(|packer| packer.pack(counts))
}

impl Packer {
    fn pack(&mut self, counts: &Histogram<u64>) -> Box<[u8]> {
        // Writing to memory cannot fail, and no count comes near i64::MAX.
        self.serializer
            .serialize(counts, &mut self.deflate)
            .expect("the counts fit the format");
        // Nor can this.
        let packed = self.deflate.reset(Vec::new()).expect("memory takes it");
        let length = packed.len() as u32;
        let head = [COOKIE.to_be_bytes(), length.to_be_bytes()].concat();
        [head, packed].concat().into_boxed_slice()
    }
}
