//! Undoes the compression of a body while it arrives, and no further than its bound.

mod coder;
#[cfg(test)]
mod tests;

use self::coder::Coder;
use super::codec::Violation;
use crate::{ErrorClass, Failure};
use loadgen_plan::http::Encoding;
use std::io;

/// Most encodings of one body.
const MOST_STAGES: usize = 4;

/// Size of the buffers between stages.
const BUFFER: usize = 32 * 1024;

/// One body on its way.
#[derive(Debug)]
pub(super) struct Decoding {
    /// The one that was applied last is undone first.
    stages: Vec<Stage>,
    limit: u64,
    /// Bytes that may still come out.
    room: u64,
    /// Nothing came so far: an empty body is right in any encoding.
    empty: bool,
    /// Why nothing more is undone.
    failed: Option<Failure>,
}

#[derive(Debug)]
struct Stage {
    encoding: Encoding,
    coder: Coder,
    buffer: Box<[u8]>,
}

/// Why a body cannot be undone.
#[derive(Debug)]
enum Broken {
    TooLong,
    Stage(Encoding, io::Error),
}

impl Decoding {
    /// A body of at most `limit` bytes with these values of `Content-Encoding`. Only what was
    /// `asked` for is undone; None when that is nothing.
    pub(super) fn of<'v>(
        values: impl Iterator<Item = &'v [u8]>,
        asked: &[Encoding],
        limit: u64,
    ) -> Option<Self> {
        let mut names: Vec<&[u8]> = values
            .flat_map(|value| value.split(|byte| *byte == b','))
            .map(<[u8]>::trim_ascii)
            .filter(|name| !name.is_empty() && !name.eq_ignore_ascii_case(b"identity"))
            .collect();
        names.reverse();
        let found = names.iter().map_while(|name| encoding(name, asked));
        let found: Vec<Encoding> = found.collect();
        let failed = (found.len() > MOST_STAGES).then(|| {
            let words = format!("the body has more than {MOST_STAGES} encodings");
            Failure::text(ErrorClass::Protocol, words)
        });
        if found.is_empty() {
            return None;
        }
        let mut decoding = Self {
            stages: Vec::new(),
            limit,
            room: limit,
            empty: true,
            failed,
        };
        for encoding in found.into_iter().take(MOST_STAGES) {
            match Coder::new(encoding) {
                Ok(coder) => decoding.stages.push(Stage {
                    encoding,
                    coder,
                    buffer: vec![0; BUFFER].into(),
                }),
                Err(error) => decoding.fail(&Broken::Stage(encoding, error)),
            }
        }
        Some(decoding)
    }

    /// Takes the next bytes and hands what they unpack to to `body`.
    pub(super) fn feed(&mut self, piece: &[u8], mut body: impl FnMut(&[u8])) {
        if self.failed.is_some() {
            return;
        }
        self.empty &= piece.is_empty();
        let room = &mut self.room;
        let mut take = |bytes: &[u8]| {
            let left = room.checked_sub(bytes.len() as u64);
            *room = left.ok_or(Broken::TooLong)?;
            body(bytes);
            Ok(())
        };
        if let Err(broken) = push(&mut self.stages, piece, &mut take) {
            self.fail(&broken);
        }
    }

    /// Looks whether the body is whole now that it has ended.
    ///
    /// # Errors
    /// When it is not, or could not be undone.
    pub(super) fn finish(mut self) -> Result<(), Failure> {
        let cut = self.stages.iter().find(|stage| !stage.coder.is_whole());
        let cut = cut.map(|stage| stage.encoding).filter(|_| !self.empty);
        if let (None, Some(encoding)) = (&self.failed, cut) {
            let cut_off = io::Error::from(io::ErrorKind::UnexpectedEof);
            self.fail(&Broken::Stage(encoding, cut_off));
        }
        self.failed.map_or(Ok(()), Err)
    }

    /// Why the body could not be undone, once that is so.
    pub(super) fn take_failure(&mut self) -> Option<Failure> {
        self.failed.take()
    }

    fn fail(&mut self, broken: &Broken) {
        let failure = match broken {
            Broken::TooLong => Failure::protocol(Violation::BodyTooLong(self.limit)),
            Broken::Stage(encoding, error) => {
                let words = format!("the body is not {}: {error}", encoding.name());
                Failure::text(ErrorClass::Protocol, words)
            }
        };
        self.failed.get_or_insert(failure);
    }
}

/// Hands `piece` through the stages, a buffer at a time, so that what unpacks to much takes no more
/// memory than that.
fn push(
    stages: &mut [Stage],
    mut piece: &[u8],
    take: &mut dyn FnMut(&[u8]) -> Result<(), Broken>,
) -> Result<(), Broken> {
    let Some((stage, rest)) = stages.split_first_mut() else {
        return take(piece);
    };
    loop {
        let progress = stage.coder.step(piece, &mut stage.buffer);
        let (read, written) = progress.map_err(|error| Broken::Stage(stage.encoding, error))?;
        piece = &piece[read..];
        if written > 0 {
            push(rest, &stage.buffer[..written], take)?;
        }
        // A full buffer may mean that there is more to come of the same input.
        let held_back = written == stage.buffer.len();
        if piece.is_empty() && !held_back {
            return Ok(());
        }
        if read == 0 && written == 0 {
            let stuck = io::Error::from(io::ErrorKind::InvalidData);
            return Err(Broken::Stage(stage.encoding, stuck));
        }
    }
}

/// The encoding of this name, if it was asked for.
fn encoding(name: &[u8], asked: &[Encoding]) -> Option<Encoding> {
    let known = |encoding: &&Encoding| {
        name.eq_ignore_ascii_case(encoding.name().as_bytes())
            || (**encoding == Encoding::Gzip && name.eq_ignore_ascii_case(b"x-gzip"))
    };
    asked.iter().find(known).copied()
}
