//! Rows, and the columns that the server describes before them.

use super::{Error, kind::MysqlType, packet::Reader};

/// The columns of a result, in memory that is used again for the next one.
#[derive(Debug, Default)]
pub struct Columns {
    names: String,
    columns: Vec<Column>,
}

#[derive(Debug)]
struct Column {
    /// End of its name in `names`.
    end: usize,
    kind: MysqlType,
}

/// Protocol of a row's values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    Text,
    /// After a prepared statement.
    Binary,
}

impl Columns {
    /// Forgets them.
    pub fn clear(&mut self) {
        self.names.clear();
        self.columns.clear();
    }

    /// Adds a column, of its definition.
    ///
    /// # Errors
    /// When that is malformed.
    pub fn push(&mut self, definition: &[u8]) -> Result<(), Error> {
        let mut reader = Reader(definition);
        let mut read = || {
            // The catalog, the schema, the table, and the table's own name.
            for _ in 0..4 {
                reader.bytes()?;
            }
            let name = reader.bytes()?;
            let _own_name = reader.bytes()?;
            // The length of what follows, the character set, the length of values.
            reader.skip(1 + 2 + 4)?;
            Some((name, MysqlType::of(reader.byte()?, reader.u16()?)))
        };
        let (name, kind) = read().ok_or_else(Error::malformed)?;
        self.names += &String::from_utf8_lossy(name);
        let end = self.names.len();
        self.columns.push(Column { end, kind });
        Ok(())
    }

    /// Their names.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        let starts = std::iter::once(0).chain(self.columns.iter().map(|column| column.end));
        let ends = self.columns.iter().map(|column| column.end);
        starts.zip(ends).map(|(start, end)| &self.names[start..end])
    }

    /// The values of a row, with their kinds; None is NULL.
    ///
    /// # Errors
    /// When the row is malformed.
    pub fn values<'a>(&'a self, row: &'a [u8], protocol: Protocol) -> Result<Values<'a>, Error> {
        let mut reader = Reader(row);
        let mut nulls: &[u8] = &[];
        if protocol == Protocol::Binary {
            let bitmap = reader.skip(1).and_then(|()| {
                // Two bits before the first column's are not used.
                reader.take((self.columns.len() + 2).div_ceil(8))
            });
            nulls = bitmap.ok_or_else(Error::malformed)?;
        }
        Ok(Values {
            columns: &self.columns,
            index: 0,
            reader,
            protocol,
            nulls,
        })
    }
}

/// Values of a row, from front to back.
pub struct Values<'a> {
    columns: &'a [Column],
    index: usize,
    reader: Reader<'a>,
    protocol: Protocol,
    nulls: &'a [u8],
}

impl<'a> Values<'a> {
    fn read(&mut self, kind: MysqlType) -> Option<Option<&'a [u8]>> {
        if self.protocol == Protocol::Text {
            if let Some((&0xfb, rest)) = self.reader.0.split_first() {
                self.reader.0 = rest;
                return Some(None);
            }
            return self.reader.bytes().map(Some);
        }
        let bit = self.index + 2;
        if self.nulls.get(bit / 8)? & (1 << (bit % 8)) != 0 {
            return Some(None);
        }
        let bytes = match kind {
            MysqlType::Int { width, .. } => self.reader.take(width),
            MysqlType::Float => self.reader.take(4),
            MysqlType::Double => self.reader.take(8),
            MysqlType::Decimal
            | MysqlType::Bit
            | MysqlType::Date
            | MysqlType::DateTime
            | MysqlType::Time
            | MysqlType::Other => self.reader.bytes(),
        };
        bytes.map(Some)
    }
}

impl<'a> Iterator for Values<'a> {
    type Item = Result<(MysqlType, Option<&'a [u8]>), Error>;

    fn next(&mut self) -> Option<Self::Item> {
        let kind = self.columns.get(self.index)?.kind;
        let value = self.read(kind).ok_or_else(Error::malformed);
        self.index += 1;
        Some(value.map(|value| (kind, value)))
    }
}
