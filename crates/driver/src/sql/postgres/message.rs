//! The server's messages, looked at where they were received.

use super::Error;
use std::borrow::Cow;

/// One message.
pub struct Message<'a> {
    /// Its kind.
    pub tag: u8,
    /// The bytes behind its length.
    pub body: &'a [u8],
}

impl Message<'_> {
    /// Number of its bytes, the tag and the length included.
    pub fn length(&self) -> u64 {
        self.body.len() as u64 + 5
    }
}

/// Length of the message at the beginning of `bytes`, the tag and the length included;
/// None when too few came to tell.
///
/// # Errors
/// When no message is so short.
pub fn length(bytes: &[u8]) -> Result<Option<usize>, Error> {
    let mut reader = Reader(bytes);
    let (Some(_tag), Some(length)) = (reader.byte(), reader.u32()) else {
        return Ok(None);
    };
    match usize::try_from(length) {
        Ok(length @ 4..) => Ok(Some(1 + length)),
        _ => Err(Error::malformed()),
    }
}

/// A column, as the server describes it.
#[derive(Debug)]
pub struct Field {
    /// Its name.
    pub name: String,
    /// The number of its type.
    pub oid: u32,
}

/// Reads a description of rows.
///
/// # Errors
/// When it is malformed.
pub fn describe(body: &[u8]) -> Result<Vec<Field>, Error> {
    let mut reader = Reader(body);
    let count = reader.u16().ok_or_else(Error::malformed)?;
    let field = |_| {
        let name = reader.text()?.into_owned();
        // The number of the table and the column's in it.
        reader.skip(6)?;
        let oid = reader.u32()?;
        // The type's length, its modifier, the format.
        reader.skip(8)?;
        Some(Field { name, oid })
    };
    let fields: Option<Vec<_>> = (0..count).map(field).collect();
    fields.ok_or_else(Error::malformed)
}

/// Reads the numbers of the types of a statement's parameters.
///
/// # Errors
/// When they are malformed.
pub fn parameters(body: &[u8]) -> Result<Vec<u32>, Error> {
    let mut reader = Reader(body);
    let count = reader.u16().ok_or_else(Error::malformed)?;
    let oids: Option<Vec<_>> = (0..count).map(|_| reader.u32()).collect();
    oids.ok_or_else(Error::malformed)
}

/// The values of a row.
#[derive(Clone, Copy)]
pub struct Fields<'a> {
    count: u16,
    reader: Reader<'a>,
}

impl<'a> Fields<'a> {
    /// Reads the fields in the body of a row.
    ///
    /// # Errors
    /// When it is malformed, in a value that nobody takes too.
    pub fn of(body: &'a [u8]) -> Result<Self, Error> {
        let mut reader = Reader(body);
        let count = reader.u16().ok_or_else(Error::malformed)?;
        let mut rest = Self { count, reader };
        for _ in 0..count {
            rest.next().ok_or_else(Error::malformed)?;
        }
        match rest.reader.0 {
            [] => Ok(Self { count, reader }),
            [..] => Err(Error::malformed()),
        }
    }

    /// Number of fields.
    pub fn len(&self) -> usize {
        usize::from(self.count)
    }

    /// The value at a place; None for NULL.
    ///
    /// # Errors
    /// When there is none.
    pub fn get(mut self, index: usize) -> Result<Option<&'a [u8]>, Error> {
        for _ in 0..index {
            self.next().ok_or_else(Error::malformed)?;
        }
        self.next().ok_or_else(Error::malformed)
    }

    fn next(&mut self) -> Option<Option<&'a [u8]>> {
        match self.reader.u32()? {
            // -1.
            u32::MAX => Some(None),
            length => Some(Some(self.reader.take(usize::try_from(length).ok()?)?)),
        }
    }
}

/// Number of rows that a command changed or gave, by its tag, such as `INSERT 0 5`.
///
/// # Errors
/// When there is no tag.
pub fn changed(body: &[u8]) -> Result<u64, Error> {
    let words = body.strip_suffix(&[0]).filter(|words| !words.is_empty());
    let words = words.ok_or_else(Error::malformed)?;
    let digits = words
        .rsplit(|byte| *byte == b' ')
        .next()
        .unwrap_or_default();
    let number = digits.iter().try_fold(0u64, |number, byte| {
        let digit = char::from(*byte).to_digit(10)?;
        number.checked_mul(10)?.checked_add(digit.into())
    });
    Ok(number.unwrap_or(0))
}

/// Reads that the server is ready: idle, in a transaction, or in one that failed.
///
/// # Errors
/// When it says neither.
pub fn ready(body: &[u8]) -> Result<(), Error> {
    match body {
        b"I" | b"T" | b"E" => Ok(()),
        _ => Err(Error::malformed()),
    }
}

/// Bytes that are still to be read.
#[derive(Clone, Copy)]
pub struct Reader<'a>(pub &'a [u8]);

impl<'a> Reader<'a> {
    pub fn byte(&mut self) -> Option<u8> {
        self.array().map(|[byte]| byte)
    }

    pub fn u16(&mut self) -> Option<u16> {
        self.array().map(u16::from_be_bytes)
    }

    pub fn u32(&mut self) -> Option<u32> {
        self.array().map(u32::from_be_bytes)
    }

    /// A text that a zero ends.
    pub fn text(&mut self) -> Option<Cow<'a, str>> {
        let end = memchr::memchr(0, self.0)?;
        let text = self.take(end)?;
        self.skip(1)?;
        Some(String::from_utf8_lossy(text))
    }

    pub fn skip(&mut self, count: usize) -> Option<()> {
        self.take(count).map(|_| ())
    }

    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
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
    fn a_tag_tells_how_many_rows() {
        for (tag, rows) in [
            (&b"INSERT 0 5\0"[..], 5),
            (b"UPDATE 0\0", 0),
            (b"SELECT 12\0", 12),
            (b"BEGIN\0", 0),
            (b"CREATE TABLE\0", 0),
        ] {
            assert_eq!(changed(tag).unwrap(), rows, "{tag:?}");
        }
        for none in [&b""[..], b"\0", b"SELECT 1"] {
            assert!(changed(none).is_err(), "{none:?}");
        }
    }

    #[test]
    fn a_message_has_a_length_once_it_can_be_told() {
        let length = |bytes| length(bytes).unwrap();
        assert_eq!(length(b""), None);
        assert_eq!(length(b"Z\0\0\0"), None);
        assert_eq!(length(b"Z\0\0\0\x05I"), Some(6));
        assert_eq!(length(b"Z\0\0\0\x04more"), Some(5));
        assert!(super::length(b"Z\0\0\0\x03").is_err());
    }

    proptest! {
        #[test]
        fn fields_are_found_at_their_indices(
            values in prop::collection::vec(prop::option::of(prop::collection::vec(any::<u8>(), 0..9)), 0..9)
        ) {
            let mut body = (values.len() as u16).to_be_bytes().to_vec();
            for value in &values {
                let length = value.as_ref().map_or(-1, |bytes| bytes.len() as i32);
                body.extend(length.to_be_bytes());
                body.extend(value.iter().flatten());
            }
            let fields = Fields::of(&body).unwrap();
            for (index, value) in values.iter().enumerate() {
                prop_assert_eq!(fields.get(index).unwrap(), value.as_deref());
            }
            prop_assert!(fields.get(values.len()).is_err());
            prop_assert_eq!(fields.len(), values.len());
            // One byte more or less makes no row.
            prop_assert!(Fields::of(&body[..body.len() - 1]).is_err());
            body.push(0);
            prop_assert!(Fields::of(&body).is_err());
        }

        #[test]
        fn whatever_comes_is_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
            let _ = length(&bytes);
            let _ = describe(&bytes);
            let _ = parameters(&bytes);
            let _ = Fields::of(&bytes).and_then(|fields| fields.get(3).map(|_| ()));
            let _ = super::super::ServerError::read(&bytes);
            let _ = (changed(&bytes), ready(&bytes));
        }
    }
}
