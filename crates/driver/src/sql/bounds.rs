//! Bounds on a response, so that no server fills the memory or holds a session for ever.

use loadgen_plan::sql::Limits;

/// Size of a response so far, against its bounds.
#[derive(Debug, Clone, Copy, Default)]
pub struct Tally {
    limits: Limits,
    rows: u64,
    bytes: u64,
}

impl Tally {
    /// For a response that begins now.
    pub fn new(limits: Limits) -> Self {
        Self {
            limits,
            rows: 0,
            bytes: 0,
        }
    }

    /// Begins anew, for the next response.
    pub fn reset(&mut self) {
        *self = Self::new(self.limits);
    }

    /// Counts a row.
    ///
    /// # Errors
    /// In words, when it is one too many.
    pub fn row(&mut self) -> Result<(), String> {
        self.rows += 1;
        match self.rows <= self.limits.max_rows {
            true => Ok(()),
            false => Err(format!(
                "the response has more than {} rows (`max_rows`)",
                self.limits.max_rows
            )),
        }
    }

    /// Counts bytes.
    ///
    /// # Errors
    /// In words, when they are too many.
    pub fn add(&mut self, bytes: u64) -> Result<(), String> {
        self.bytes = self.bytes.saturating_add(bytes);
        match self.bytes <= self.limits.max_bytes {
            true => Ok(()),
            false => Err(format!(
                "the response has more than {} bytes (`max_bytes`)",
                self.limits.max_bytes
            )),
        }
    }

    /// Checks that so many further bytes would not be too many.
    ///
    /// # Errors
    /// In words, when they would.
    pub fn room(self, bytes: u64) -> Result<(), String> {
        let mut after = self;
        after.add(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_much_as_is_allowed_and_no_more() {
        let mut tally = Tally::new(Limits {
            max_rows: 2,
            max_bytes: 10,
        });
        for _ in 0..2 {
            assert!(tally.row().is_ok() && tally.add(5).is_ok());
        }
        assert!(tally.room(0).is_ok() && tally.room(1).is_err());
        let words = tally.row().unwrap_err();
        assert_eq!(words, "the response has more than 2 rows (`max_rows`)");
        let words = tally.add(u64::MAX).unwrap_err();
        assert_eq!(words, "the response has more than 10 bytes (`max_bytes`)");
        tally.reset();
        assert!(tally.row().is_ok() && tally.add(10).is_ok());
    }
}
