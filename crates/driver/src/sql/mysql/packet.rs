//! Packets, and the forms of what is in them.

use super::{Error, ServerError};
use bytes::{BufMut, BytesMut};

/// Length of a packet's head: the length of its body, and its number.
pub const HEAD: usize = 4;

/// Length of a body that goes on in the next packet.
pub const WHOLE: usize = 0xff_ff_ff;

/// First byte of an error.
pub const ERR: u8 = 0xff;

/// Length of the body of the packet that begins `bytes`; None when too few came to tell.
pub fn length(bytes: &[u8]) -> Option<usize> {
    let [a, b, c, _number, ..] = *bytes else {
        return None;
    };
    Some(u32::from_le_bytes([a, b, c, 0]) as usize)
}

/// Appends a body in as many packets as it takes; the first has this number.
pub fn write(number: u8, out: &mut BytesMut, body: impl FnOnce(&mut BytesMut)) {
    let start = out.len();
    out.put_bytes(0, HEAD);
    body(out);
    let length = out.len() - start - HEAD;
    if length < WHOLE {
        let [a, b, c, _] = (length as u32).to_le_bytes();
        out[start..start + HEAD].copy_from_slice(&[a, b, c, number]);
    } else {
        split(number, out, start);
    }
}

/// Makes several packets of one that is too long.
#[cold]
fn split(number: u8, out: &mut BytesMut, start: usize) {
    let long = out.split_off(start);
    let body = &long[HEAD..];
    // The last one is shorter than a whole one, and may be empty.
    let pieces = (0..=body.len() / WHOLE).map(|index| {
        let from = index * WHOLE;
        &body[from..body.len().min(from + WHOLE)]
    });
    let mut number = number;
    for piece in pieces {
        let [a, b, c, _] = (piece.len() as u32).to_le_bytes();
        out.extend_from_slice(&[a, b, c, number]);
        out.extend_from_slice(piece);
        number = number.wrapping_add(1);
    }
}

/// Appends a number in as few bytes as it takes.
pub fn put_number(number: u64, out: &mut BytesMut) {
    match number {
        0..=250 => out.put_u8(number as u8),
        251..=0xff_ff => {
            out.put_u8(0xfc);
            out.put_u16_le(number as u16);
        }
        0x1_00_00..=0xff_ff_ff => {
            out.put_u8(0xfd);
            out.put_uint_le(number, 3);
        }
        _ => {
            out.put_u8(0xfe);
            out.put_u64_le(number);
        }
    }
}

/// Appends bytes behind their length.
pub fn put_bytes(bytes: &[u8], out: &mut BytesMut) {
    put_number(bytes.len() as u64, out);
    out.extend_from_slice(bytes);
}

/// The end of a statement that returns no rows.
#[derive(Debug, PartialEq, Eq)]
pub struct Done {
    /// Rows that it changed.
    pub changed: u64,
    /// Another result follows.
    pub more: bool,
}

/// Bit of a status: another result follows.
const MORE: u16 = 8;

impl Done {
    /// Reads an OK packet.
    pub fn read(body: &[u8]) -> Result<Self, Error> {
        let mut reader = Reader(body);
        let mut read = || {
            reader.skip(1)?;
            let changed = reader.number()?;
            let _last_id = reader.number()?;
            let more = reader.u16()? & MORE != 0;
            Some(Self { changed, more })
        };
        read().ok_or_else(Error::malformed)
    }
}

/// Returns true if a packet ends a list of rows or columns.
pub fn is_end(body: &[u8]) -> bool {
    body.first() == Some(&0xfe) && body.len() < 9
}

/// Reads the packet that ends a list: true if another result follows.
pub fn read_end(body: &[u8]) -> Result<bool, Error> {
    let mut reader = Reader(body);
    let status = reader.skip(3).and_then(|()| reader.u16());
    status
        .map(|status| status & MORE != 0)
        .ok_or_else(Error::malformed)
}

/// Reads an error.
pub fn read_error(body: &[u8]) -> Error {
    let mut reader = Reader(body);
    let Some(number) = reader.skip(1).and_then(|()| reader.u16()) else {
        return Error::malformed();
    };
    // Before the login there is no SQLSTATE.
    let state = match reader.0.split_first_chunk() {
        Some((b"#", rest)) => {
            reader.0 = rest;
            reader.take(5).map(String::from_utf8_lossy)
        }
        _ => None,
    };
    Error::Server(ServerError {
        number,
        state: state.map_or_else(|| "HY000".to_owned(), |state| state.into_owned()),
        message: String::from_utf8_lossy(reader.0).into_owned(),
    })
}

/// Bytes that are read from front to back; None past their end.
pub struct Reader<'a>(pub &'a [u8]);

impl<'a> Reader<'a> {
    pub fn byte(&mut self) -> Option<u8> {
        self.array().map(|[byte]| byte)
    }

    pub fn u16(&mut self) -> Option<u16> {
        self.array().map(u16::from_le_bytes)
    }

    pub fn u32(&mut self) -> Option<u32> {
        self.array().map(u32::from_le_bytes)
    }

    /// A number of as few bytes as it takes.
    pub fn number(&mut self) -> Option<u64> {
        Some(match self.byte()? {
            short @ 0..=250 => short.into(),
            0xfc => self.u16()?.into(),
            0xfd => {
                let [a, b, c] = self.array()?;
                u32::from_le_bytes([a, b, c, 0]).into()
            }
            0xfe => u64::from_le_bytes(self.array()?),
            251 | 0xff => return None,
        })
    }

    /// Bytes behind their length.
    pub fn bytes(&mut self) -> Option<&'a [u8]> {
        let length = self.number()?;
        self.take(usize::try_from(length).ok()?)
    }

    /// A text that a zero or the end of the bytes ends.
    pub fn text(&mut self) -> &'a [u8] {
        match memchr::memchr(0, self.0) {
            Some(end) => {
                let text = &self.0[..end];
                self.0 = &self.0[end + 1..];
                text
            }
            None => std::mem::take(&mut self.0),
        }
    }

    pub fn skip(&mut self, count: usize) -> Option<()> {
        self.take(count).map(|_| ())
    }

    pub fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (taken, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(*taken)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn long_bodies_take_several_packets() {
        for (length, heads) in [
            (WHOLE - 1, vec![(0, WHOLE - 1)]),
            (WHOLE, vec![(0, WHOLE), (WHOLE + HEAD, 0)]),
            (WHOLE + 5, vec![(0, WHOLE), (WHOLE + HEAD, 5)]),
        ] {
            let mut out = BytesMut::new();
            write(7, &mut out, |out| out.put_bytes(b'a', length));
            assert_eq!(out.len(), length + heads.len() * HEAD);
            for (index, (at, expected)) in heads.into_iter().enumerate() {
                assert_eq!(super::length(&out[at..]), Some(expected));
                assert_eq!(usize::from(out[at + 3]), 7 + index);
            }
        }
    }

    #[test]
    fn an_error_has_a_number_and_mostly_a_state() {
        for (body, state) in [
            (&b"\xff\x15\x04#28000no"[..], "28000"),
            (b"\xff\x15\x04no", "HY000"),
        ] {
            match read_error(body) {
                Error::Server(error) => {
                    assert_eq!((error.number, error.state.as_str()), (1045, state));
                    assert_eq!(error.message, "no");
                }
                other => panic!("{other:?}"),
            }
        }
        assert!(matches!(read_error(b"\xff\x15"), Error::Protocol(_)));
    }

    proptest! {
        #[test]
        fn numbers_are_read_as_they_were_written(number: u64, shift in 0..64_u32) {
            let number = number >> shift;
            let mut out = BytesMut::new();
            put_number(number, &mut out);
            let mut reader = Reader(&out);
            assert_eq!(reader.number(), Some(number));
            assert!(reader.0.is_empty());
        }
    }
}
