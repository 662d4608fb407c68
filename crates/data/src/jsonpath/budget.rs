//! Bound on the work of an evaluation.

use std::cell::Cell;

/// Values that may be visited whatever the document's length is.
const BASE: u64 = 100_000;

/// Further ones per byte of the document: enough for every path that looks at each value a few times.
const PER_BYTE: u64 = 4;

/// Most of all: some tens of milliseconds of a worker that has others to serve.
const MOST: u64 = 10_000_000;

/// Visits that an evaluation has left.
#[derive(Debug)]
pub struct Meter {
    limit: u64,
    left: Cell<u64>,
}

/// An evaluation that would take too long.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the path would visit more than {limit} values of this document")]
pub struct Exhausted {
    /// Most values it may visit.
    pub limit: u64,
}

impl Meter {
    /// For a document of so many bytes.
    pub fn new(bytes: usize) -> Self {
        let per_byte = (bytes as u64).saturating_mul(PER_BYTE);
        let limit = BASE.saturating_add(per_byte).min(MOST);
        Self {
            limit,
            left: Cell::new(limit),
        }
    }

    /// Takes some of what is left.
    #[inline]
    pub fn spend(&self, visits: u64) -> Result<(), Exhausted> {
        match self.left.get().checked_sub(visits) {
            Some(left) => {
                self.left.set(left);
                Ok(())
            }
            None => Err(Exhausted { limit: self.limit }),
        }
    }
}
