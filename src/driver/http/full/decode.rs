//! Undoes the compression of a body, piece by piece, and no further than its bound.
//!
//! It is done here and not by reqwest, which would hide how many bytes came over the wire.

use super::super::codec::Violation;
use crate::{
    driver::{ErrorClass, Failure},
    plan::http::Encoding,
};
use brotli_decompressor::DecompressorWriter;
use flate2::{Decompress, FlushDecompress, Status, write::MultiGzDecoder};
use std::io::{self, Write};
use zstd::stream::raw::{InBuffer, Operation, OutBuffer};

/// Where unpacked bytes wait to be looked at; it refuses what is past the bound on a body.
#[derive(Debug)]
pub(super) struct Sink {
    bytes: Vec<u8>,
    room: u64,
}

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let left = self.room.checked_sub(bytes.len() as u64);
        self.room = left.ok_or_else(|| io::Error::other(Full))?;
        self.bytes.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// There is no room in the sink.
#[derive(Debug, thiserror::Error)]
#[error("too long")]
struct Full;

/// One body on its way.
pub(super) struct Body {
    way: Way,
    encoding: Option<Encoding>,
    limit: u64,
    /// Nothing came so far: an empty body is right in any encoding.
    empty: bool,
}

enum Way {
    Plain(Sink),
    Gzip(Box<MultiGzDecoder<Sink>>),
    Deflate(Box<Inflate>),
    /// Zlib or not: the first bytes tell.
    Unsure(Sink),
    Brotli(Box<DecompressorWriter<Sink>>),
    Zstd(Box<Zstd>),
}

/// RFC 1950 or 1951; flate2's own writers do not tell when the end is missing.
struct Inflate {
    decoder: Decompress,
    sink: Sink,
    whole: bool,
}

impl Inflate {
    fn feed(&mut self, mut piece: &[u8]) -> io::Result<()> {
        let mut buffer = [0; BUFFER];
        while !self.whole {
            let (read, written) = (self.decoder.total_in(), self.decoder.total_out());
            let none = FlushDecompress::None;
            let status = self.decoder.decompress(piece, &mut buffer, none)?;
            // Both are at most the lengths of what was handed over.
            let read = (self.decoder.total_in() - read) as usize;
            let written = (self.decoder.total_out() - written) as usize;
            self.sink.write_all(&buffer[..written])?;
            piece = &piece[read..];
            self.whole = matches!(status, Status::StreamEnd);
            if piece.is_empty() && written < BUFFER {
                break;
            }
        }
        Ok(())
    }
}

struct Zstd {
    decoder: zstd::stream::raw::Decoder<'static>,
    sink: Sink,
    /// At the end of a frame.
    whole: bool,
}

/// Size of the decoders' own buffers.
const BUFFER: usize = 32 * 1024;

impl Body {
    /// A body in this encoding, None for none, of at most `limit` bytes when unpacked.
    pub(super) fn new(encoding: Option<Encoding>, limit: u64) -> Result<Self, Failure> {
        let sink = Sink {
            bytes: Vec::new(),
            room: limit,
        };
        let way = match encoding {
            None => Way::Plain(sink),
            Some(Encoding::Gzip) => Way::Gzip(Box::new(MultiGzDecoder::new(sink))),
            Some(Encoding::Deflate) => Way::Unsure(sink),
            Some(Encoding::Brotli) => Way::Brotli(Box::new(DecompressorWriter::new(sink, BUFFER))),
            Some(Encoding::Zstd) => Way::Zstd(Box::new(Zstd {
                decoder: zstd::stream::raw::Decoder::new()
                    .map_err(|error| broken("zstd", &error))?,
                sink,
                whole: true,
            })),
        };
        Ok(Self {
            way,
            encoding,
            limit,
            empty: true,
        })
    }

    /// Takes the next bytes and hands what they unpack to to `body`.
    pub(super) fn feed(&mut self, piece: &[u8], body: impl FnMut(&[u8])) -> Result<(), Failure> {
        if piece.is_empty() {
            return Ok(());
        }
        self.empty = false;
        if let Way::Unsure(sink) = &mut self.way {
            let sink = Sink {
                bytes: Vec::new(),
                room: sink.room,
            };
            self.way = Way::Deflate(Box::new(Inflate {
                decoder: Decompress::new(is_zlib(piece)),
                sink,
                whole: false,
            }));
        }
        let written = match &mut self.way {
            Way::Plain(sink) | Way::Unsure(sink) => sink.write_all(piece),
            Way::Gzip(decoder) => decoder.write_all(piece),
            Way::Deflate(inflate) => inflate.feed(piece),
            Way::Brotli(decoder) => decoder.write_all(piece),
            Way::Zstd(zstd) => zstd.feed(piece),
        };
        written.map_err(|error| self.failure(&error))?;
        self.drain(body);
        Ok(())
    }

    /// The end of the body: whatever was still held back is handed to `body`.
    pub(super) fn finish(&mut self, body: impl FnMut(&[u8])) -> Result<(), Failure> {
        if self.empty {
            return Ok(());
        }
        let cut_off = || io::Error::from(io::ErrorKind::UnexpectedEof);
        let finished = match &mut self.way {
            Way::Plain(_) | Way::Unsure(_) => Ok(()),
            Way::Gzip(decoder) => decoder.try_finish(),
            Way::Deflate(inflate) => inflate.whole.then_some(()).ok_or_else(cut_off),
            Way::Brotli(decoder) => decoder.close(),
            Way::Zstd(zstd) => zstd.whole.then_some(()).ok_or_else(cut_off),
        };
        finished.map_err(|error| self.failure(&error))?;
        self.drain(body);
        Ok(())
    }

    fn drain(&mut self, mut body: impl FnMut(&[u8])) {
        let sink = match &mut self.way {
            Way::Plain(sink) | Way::Unsure(sink) => sink,
            Way::Gzip(decoder) => decoder.get_mut(),
            Way::Deflate(inflate) => &mut inflate.sink,
            Way::Brotli(decoder) => decoder.get_mut(),
            Way::Zstd(zstd) => &mut zstd.sink,
        };
        if !sink.bytes.is_empty() {
            body(&sink.bytes);
            sink.bytes.clear();
        }
    }

    fn failure(&self, error: &io::Error) -> Failure {
        if error.get_ref().is_some_and(|inner| inner.is::<Full>()) {
            return Failure::protocol(Violation::BodyTooLong(self.limit));
        }
        broken(self.encoding.map_or("whole", Encoding::name), error)
    }
}

fn broken(encoding: &str, error: &io::Error) -> Failure {
    let words = format!("the body is not {encoding}: {error}");
    Failure::text(ErrorClass::Protocol, words)
}

/// Whether a "deflate" body begins as RFC 1950 says; many servers send RFC 1951 under that name.
fn is_zlib(start: &[u8]) -> bool {
    match start {
        [first, second, ..] => {
            first & 0x0f == 8 && (u16::from(*first) << 8 | u16::from(*second)) % 31 == 0
        }
        _ => true,
    }
}

impl Zstd {
    fn feed(&mut self, piece: &[u8]) -> io::Result<()> {
        let mut buffer = [0; BUFFER];
        let mut input = InBuffer::around(piece);
        loop {
            let mut output = OutBuffer::around(&mut buffer[..]);
            let hint = self.decoder.run(&mut input, &mut output)?;
            let written = output.pos();
            self.whole = hint == 0;
            self.sink.write_all(&buffer[..written])?;
            // A full buffer may mean that there is more to come of the same input.
            if input.pos() == piece.len() && written < BUFFER {
                return Ok(());
            }
        }
    }
}

/// The encoding that a `Content-Encoding` names, if it is one that was asked for.
pub(super) fn encoding(name: &[u8], asked: &[Encoding]) -> Option<Encoding> {
    let name = name.trim_ascii();
    let known = |encoding: &&Encoding| {
        name.eq_ignore_ascii_case(encoding.name().as_bytes())
            || (**encoding == Encoding::Gzip && name.eq_ignore_ascii_case(b"x-gzip"))
    };
    asked.iter().find(known).copied()
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::{Compression, write};

    const TEXT: &str = "one and one and one and two";

    fn packed(encoding: Encoding) -> Vec<u8> {
        match encoding {
            Encoding::Gzip => {
                let mut encoder = write::GzEncoder::new(Vec::new(), Compression::default());
                encoder.write_all(TEXT.as_bytes()).unwrap();
                encoder.finish().unwrap()
            }
            Encoding::Deflate => {
                let mut encoder = write::ZlibEncoder::new(Vec::new(), Compression::default());
                encoder.write_all(TEXT.as_bytes()).unwrap();
                encoder.finish().unwrap()
            }
            // `TEXT`, as `brotli -q 11` packs it.
            Encoding::Brotli => BROTLI.into(),
            Encoding::Zstd => zstd::bulk::compress(TEXT.as_bytes(), 3).unwrap(),
        }
    }

    const BROTLI: &[u8] = &[
        27, 26, 0, 248, 165, 222, 238, 186, 16, 67, 36, 9, 70, 58, 112, 143, 70, 20, 29, 15, 190, 0,
    ];

    fn unpacked(encoding: Encoding, pieces: &[&[u8]], limit: u64) -> Result<Vec<u8>, Failure> {
        let mut out = Vec::new();
        let mut body = Body::new(Some(encoding), limit)?;
        for piece in pieces {
            body.feed(piece, |bytes| out.extend_from_slice(bytes))?;
        }
        body.finish(|bytes| out.extend_from_slice(bytes))?;
        Ok(out)
    }

    #[test]
    fn every_encoding_in_pieces_of_any_size() {
        for encoding in Encoding::ALL {
            let packed = packed(encoding);
            for size in 2..=packed.len() {
                let pieces: Vec<&[u8]> = packed.chunks(size).collect();
                let out = unpacked(encoding, &pieces, 27).unwrap();
                assert_eq!(out, TEXT.as_bytes(), "{encoding:?} by {size}");
            }
            assert_eq!(unpacked(encoding, &[], 0).unwrap(), b"");
        }
    }

    #[test]
    fn what_is_called_deflate_may_be_without_a_frame() {
        let mut encoder = write::DeflateEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(TEXT.as_bytes()).unwrap();
        let packed = encoder.finish().unwrap();
        let out = unpacked(Encoding::Deflate, &[&packed], 100).unwrap();
        assert_eq!(out, TEXT.as_bytes());
    }

    #[test]
    fn a_body_that_unpacks_to_too_much_is_refused() {
        for encoding in Encoding::ALL {
            let failure = unpacked(encoding, &[&packed(encoding)], 26).unwrap_err();
            assert_eq!(failure.class, ErrorClass::Protocol);
            let words = failure.detail.to_string();
            assert!(words.contains("26"), "{encoding:?}: {words}");
        }
    }

    #[test]
    fn a_body_that_is_cut_off_or_is_none_is_refused() {
        for encoding in Encoding::ALL {
            let packed = packed(encoding);
            let cut = &packed[..packed.len() / 2];
            for body in [cut, b"\xff\xffthis is plain text"] {
                let failure = unpacked(encoding, &[body], 100);
                let failure = failure.expect_err(encoding.name());
                assert_eq!(failure.class, ErrorClass::Protocol, "{encoding:?}");
                let words = failure.detail.to_string();
                let start = format!("the body is not {}", encoding.name());
                assert!(words.starts_with(&start), "{words}");
            }
        }
    }
}
