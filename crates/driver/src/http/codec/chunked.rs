//! The chunked transfer coding (RFC 9112, 7.1).

use super::{Violation, split_at_most};

/// Most bytes of the extensions of all chunks of one body: hyper's bound.
const MAX_EXTENSIONS: usize = 16 * 1024;

/// Most bytes of the fields after the last chunk: hyper's bound.
const MAX_TRAILERS: usize = 16 * 1024;

/// Most fields after the last chunk.
const MAX_TRAILER_FIELDS: usize = 100;

/// Reads a chunked body.
#[derive(Debug)]
pub(super) struct Chunked {
    at: At,
    /// The size that is being read; then what is left of the chunk.
    size: u64,
    /// Bytes that the body may still have.
    room: u64,
    max_body: u64,
    extensions: usize,
    trailers: Vec<u8>,
    trailer_fields: usize,
}

/// Meaning of the next byte.
#[derive(Debug, Clone, Copy)]
enum At {
    FirstDigit,
    Size,
    SpaceAfterSize,
    Extension,
    SizeLf,
    Data,
    DataCr,
    DataLf,
    /// The first of a field after the last chunk, or of the empty line.
    LineStart,
    Trailer,
    TrailerLf,
    LastLf,
}

impl Chunked {
    pub(super) fn new(max_body: u64) -> Self {
        Self {
            at: At::FirstDigit,
            size: 0,
            room: max_body,
            max_body,
            extensions: 0,
            trailers: Vec::new(),
            trailer_fields: 0,
        }
    }

    /// Takes bytes until the body's end; gives how many were taken and whether that was the end.
    pub(super) fn feed(
        &mut self,
        input: &[u8],
        body: &mut impl FnMut(&[u8]),
    ) -> Result<(usize, bool), Violation> {
        let mut rest = input;
        while let [byte, after @ ..] = rest {
            if let At::Data = self.at {
                let (piece, after) = split_at_most(rest, self.size);
                body(piece);
                self.size -= piece.len() as u64;
                if self.size == 0 {
                    self.at = At::DataCr;
                }
                rest = after;
                continue;
            }
            rest = after;
            match self.step(*byte)? {
                Some(next) => self.at = next,
                None => return Ok((input.len() - rest.len(), true)),
            }
        }
        Ok((input.len(), false))
    }

    /// The state after `byte`; None after the last of all.
    fn step(&mut self, byte: u8) -> Result<Option<At>, Violation> {
        let next = match (self.at, byte) {
            (At::FirstDigit | At::Size, b'0'..=b'9' | b'a'..=b'f' | b'A'..=b'F') => {
                self.size = hex_digit(self.size, byte).ok_or(Violation::Chunk)?;
                At::Size
            }
            (At::Size | At::SpaceAfterSize, b' ' | b'\t') => At::SpaceAfterSize,
            (At::Size | At::SpaceAfterSize, b';') => At::Extension,
            (At::Size | At::SpaceAfterSize | At::Extension, b'\r') => At::SizeLf,
            // Readers differ on whether a bare LF ends the line, so it is refused rather than guessed.
            (At::Extension, b'\n') => return Err(Violation::Chunk),
            (At::Extension, _) => {
                self.extensions += 1;
                if self.extensions >= MAX_EXTENSIONS {
                    return Err(Violation::ChunkExtensions);
                }
                At::Extension
            }
            (At::SizeLf, b'\n') if self.size == 0 => At::LineStart,
            (At::SizeLf, b'\n') => {
                self.room = self
                    .room
                    .checked_sub(self.size)
                    .ok_or(Violation::BodyTooLong(self.max_body))?;
                At::Data
            }
            (At::DataCr, b'\r') => At::DataLf,
            (At::DataLf, b'\n') => At::FirstDigit,
            (At::LineStart, b'\r') if self.trailers.is_empty() => At::LastLf,
            (At::LineStart | At::Trailer | At::TrailerLf, _) => self.trailer(byte)?,
            (At::LastLf, b'\n') => {
                self.check_trailers()?;
                return Ok(None);
            }
            _ => return Err(Violation::Chunk),
        };
        Ok(Some(next))
    }

    /// A byte of the fields after the last chunk. They are kept, because only whole they can be
    /// judged.
    fn trailer(&mut self, byte: u8) -> Result<At, Violation> {
        self.trailers.push(byte);
        if self.trailers.len() >= MAX_TRAILERS {
            return Err(Violation::Trailers);
        }
        match (self.at, byte) {
            (At::LineStart, b'\r') => Ok(At::LastLf),
            (At::TrailerLf, b'\n') if self.trailer_fields < MAX_TRAILER_FIELDS => {
                self.trailer_fields += 1;
                Ok(At::LineStart)
            }
            (At::TrailerLf, _) => Err(Violation::Trailers),
            (_, b'\r') => Ok(At::TrailerLf),
            _ => Ok(At::Trailer),
        }
    }

    fn check_trailers(&mut self) -> Result<(), Violation> {
        if self.trailers.is_empty() {
            return Ok(());
        }
        self.trailers.push(b'\n');
        if self.trailers.len() >= MAX_TRAILERS {
            return Err(Violation::Trailers);
        }
        let mut fields = [httparse::EMPTY_HEADER; MAX_TRAILER_FIELDS];
        let fields = &mut fields[..self.trailer_fields];
        match httparse::parse_headers(&self.trailers, fields) {
            Ok(httparse::Status::Complete(_)) => Ok(()),
            Ok(httparse::Status::Partial) | Err(_) => Err(Violation::Trailers),
        }
    }
}

/// `size` with one more digit; None when it leaves u64.
fn hex_digit(size: u64, digit: u8) -> Option<u64> {
    let digit = char::from(digit).to_digit(16)?;
    size.checked_mul(16)?.checked_add(u64::from(digit))
}
