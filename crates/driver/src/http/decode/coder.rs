//! One encoding, undone step by step.

use brotli_decompressor::{BrotliDecompressStream, BrotliResult, BrotliState, StandardAlloc};
use flate2::{Decompress, FlushDecompress, Status};
use loadgen_plan::http::Encoding;
use std::{fmt, io};
use zstd::stream::raw::{DParameter, InBuffer, Operation, OutBuffer};

/// Binary logarithm of the largest zstd window (RFC 9659): what a server may make us keep.
const ZSTD_WINDOW: u32 = 23;

/// Binary logarithm of zlib's largest window.
const GZIP_WINDOW: u8 = 15;

/// The state of one encoding; boxed where it is large.
pub(super) enum Coder {
    /// RFC 1952: members, one after the other.
    Gzip(Gzip),
    /// RFC 1950, or RFC 1951, which many servers send under the same name.
    Deflate(Deflate),
    Brotli(Box<Brotli>),
    Zstd(Zstd),
}

impl fmt::Debug for Coder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Coder::Gzip(_) => "Gzip",
            Coder::Deflate(_) => "Deflate",
            Coder::Brotli(_) => "Brotli",
            Coder::Zstd(_) => "Zstd",
        })
    }
}

/// Bytes that were read, and bytes that were written.
type Progress = io::Result<(usize, usize)>;

impl Coder {
    pub(super) fn new(encoding: Encoding) -> io::Result<Self> {
        Ok(match encoding {
            Encoding::Gzip => Coder::Gzip(Gzip {
                member: Decompress::new_gzip(GZIP_WINDOW),
                whole: false,
            }),
            Encoding::Deflate => Coder::Deflate(Deflate::Unsure(None)),
            Encoding::Brotli => Coder::Brotli(Box::new(Brotli::new())),
            Encoding::Zstd => Coder::Zstd(Zstd::new()?),
        })
    }

    /// Goes on with `input` as far as `output` has room.
    pub(super) fn step(&mut self, input: &[u8], output: &mut [u8]) -> Progress {
        match self {
            Coder::Gzip(gzip) => gzip.step(input, output),
            Coder::Deflate(deflate) => deflate.step(input, output),
            Coder::Brotli(brotli) => brotli.step(input, output),
            Coder::Zstd(zstd) => zstd.step(input, output),
        }
    }

    /// Returns true where the encoding may end.
    pub(super) fn is_whole(&self) -> bool {
        match self {
            Coder::Gzip(gzip) => gzip.whole,
            Coder::Deflate(deflate) => matches!(deflate, Deflate::Whole),
            Coder::Brotli(brotli) => brotli.whole,
            Coder::Zstd(zstd) => zstd.whole,
        }
    }
}

fn inflate(
    decoder: &mut Decompress,
    input: &[u8],
    output: &mut [u8],
) -> io::Result<(usize, usize, bool)> {
    let (read, written) = (decoder.total_in(), decoder.total_out());
    let status = decoder.decompress(input, output, FlushDecompress::None)?;
    // Both are at most the lengths of what was handed over.
    let read = (decoder.total_in() - read) as usize;
    let written = (decoder.total_out() - written) as usize;
    Ok((read, written, status == Status::StreamEnd))
}

pub(super) struct Gzip {
    member: Decompress,
    /// At the end of a member.
    whole: bool,
}

impl Gzip {
    fn step(&mut self, input: &[u8], output: &mut [u8]) -> Progress {
        if self.whole {
            // Zeros after the last member are padding, as gzip has it.
            let padding = input.iter().take_while(|byte| **byte == 0).count();
            if padding == input.len() {
                return Ok((padding, 0));
            }
            if input[padding] != 0x1f {
                let words = "there is something after its end";
                return Err(io::Error::new(io::ErrorKind::InvalidData, words));
            }
            if padding == 0 {
                self.member = Decompress::new_gzip(GZIP_WINDOW);
                self.whole = false;
                return self.step(input, output);
            }
            // The member follows in the next step.
            return Ok((padding, 0));
        }
        let (read, written, whole) = inflate(&mut self.member, input, output)?;
        self.whole = whole;
        Ok((read, written))
    }
}

pub(super) enum Deflate {
    /// The first two bytes tell which it is; the first may be known.
    Unsure(Option<u8>),
    Known(Decompress),
    Whole,
}

impl Deflate {
    fn step(&mut self, input: &[u8], output: &mut [u8]) -> Progress {
        match self {
            Deflate::Unsure(first) => {
                let (start, used) = match (*first, input) {
                    (None, []) | (Some(_), []) => return Ok((0, 0)),
                    (None, [byte]) => {
                        *first = Some(*byte);
                        return Ok((1, 0));
                    }
                    (None, [first, second, ..]) => ([*first, *second], 2),
                    (Some(first), [second, ..]) => ([first, *second], 1),
                };
                let mut decoder = Decompress::new(is_zlib(start));
                // Two bytes unpack to less than any buffer has room for.
                let (_, written, whole) = inflate(&mut decoder, &start, output)?;
                *self = match whole {
                    true => Deflate::Whole,
                    false => Deflate::Known(decoder),
                };
                Ok((used, written))
            }
            Deflate::Known(decoder) => {
                let (read, written, whole) = inflate(decoder, input, output)?;
                if whole {
                    *self = Deflate::Whole;
                }
                Ok((read, written))
            }
            // Browsers ignore what follows.
            Deflate::Whole => Ok((input.len(), 0)),
        }
    }
}

/// Returns true for the beginning of RFC 1950.
fn is_zlib([first, second]: [u8; 2]) -> bool {
    first & 0x0f == 8 && (u16::from(first) << 8 | u16::from(second)) % 31 == 0
}

pub(super) struct Brotli {
    state: BrotliState<StandardAlloc, StandardAlloc, StandardAlloc>,
    whole: bool,
}

impl Brotli {
    fn new() -> Self {
        let allocate = StandardAlloc::default;
        Self {
            // Windows larger than RFC 7932 knows are refused.
            state: BrotliState::new_strict(allocate(), allocate(), allocate()),
            whole: false,
        }
    }

    fn step(&mut self, input: &[u8], output: &mut [u8]) -> Progress {
        if self.whole {
            return Ok((input.len(), 0));
        }
        let (mut left, mut read) = (input.len(), 0);
        let (mut room, mut written, mut total) = (output.len(), 0, 0);
        let result = BrotliDecompressStream(
            &mut left,
            &mut read,
            input,
            &mut room,
            &mut written,
            output,
            &mut total,
            &mut self.state,
        );
        match result {
            BrotliResult::ResultFailure => {
                let words = "invalid data";
                Err(io::Error::new(io::ErrorKind::InvalidData, words))
            }
            BrotliResult::ResultSuccess => {
                self.whole = true;
                Ok((read, written))
            }
            BrotliResult::NeedsMoreInput | BrotliResult::NeedsMoreOutput => Ok((read, written)),
        }
    }
}

pub(super) struct Zstd {
    decoder: zstd::stream::raw::Decoder<'static>,
    /// At the end of a frame.
    whole: bool,
}

impl Zstd {
    fn new() -> io::Result<Self> {
        let mut decoder = zstd::stream::raw::Decoder::new()?;
        decoder.set_parameter(DParameter::WindowLogMax(ZSTD_WINDOW))?;
        Ok(Self {
            decoder,
            whole: true,
        })
    }

    fn step(&mut self, input: &[u8], output: &mut [u8]) -> Progress {
        let mut from = InBuffer::around(input);
        let mut to = OutBuffer::around(output);
        let hint = self.decoder.run(&mut from, &mut to)?;
        self.whole = hint == 0;
        Ok((from.pos(), to.pos()))
    }
}
