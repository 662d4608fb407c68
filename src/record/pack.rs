//! Histograms as HDR V2-deflate.

use flate2::{Compress, Compression, FlushCompress, Status};
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
        // A timeline packs many each second; what a higher level saves is a few bytes of each.
        deflate: Compress::new(Compression::fast(), true),
        serializer: V2Serializer::new(),
        plain: Vec::new(),
        packed: Vec::new(),
    });
}

/// What packing needs. It is kept by each thread, because making a compressor costs more than what
/// it then does for a histogram.
struct Packer {
    deflate: Compress,
    serializer: V2Serializer,
    plain: Vec<u8>,
    packed: Vec<u8>,
}

/// The histogram as HDR V2-deflate.
pub fn pack(counts: &Histogram<u64>) -> Box<[u8]> {
    PACKER.with_borrow_mut(|packer| packer.pack(counts))
}

impl Packer {
    fn pack(&mut self, counts: &Histogram<u64>) -> Box<[u8]> {
        let Self {
            deflate,
            serializer,
            plain,
            packed,
        } = self;
        plain.clear();
        // Writing to memory cannot fail, and no count comes near i64::MAX.
        serializer
            .serialize(counts, plain)
            .expect("the counts fit the format");
        packed.clear();
        packed.extend(COOKIE.to_be_bytes());
        packed.extend([0; 4]);
        let head = packed.len();
        deflate.reset();
        loop {
            packed.reserve(plain.len() / 2 + 64);
            let taken = deflate.total_in() as usize;
            // It was begun just now, and whatever is given to it can be compressed.
            let status = deflate
                .compress_vec(&plain[taken..], packed, FlushCompress::Finish)
                .expect("the compressor is sound");
            if status == Status::StreamEnd {
                break;
            }
        }
        let length = (packed.len() - head) as u32;
        packed[4..head].copy_from_slice(&length.to_be_bytes());
        packed.as_slice().into()
    }
}
