//! Measurements of many steps in some seconds, in few bytes each.

use super::{Compact, varint};
use loadgen_core::metric::{Key as _, Statuses};
use loadgen_driver::ByClass;
use std::iter::Peekable;

/// One step's or group's part of an entry of the timeline.
#[derive(Debug, Clone, Default)]
pub struct StepEntry {
    /// Requests that ended, or runs of a group.
    pub count: u64,
    /// Requests or runs that failed.
    pub errors: u64,
    /// Failures by class.
    pub by_class: ByClass,
    /// Responses by status code.
    pub statuses: Statuses,
    /// Response times of every outcome, those cut off at the end included.
    pub latency: Compact,
    /// Service times.
    pub service: Compact,
}

impl StepEntry {
    fn add(&mut self, more: &StepEntry) {
        self.count += more.count;
        self.errors += more.errors;
        self.by_class += more.by_class;
        self.statuses.add(&more.statuses);
        self.latency = self.latency.plus(&more.latency);
        self.service = self.service.plus(&more.service);
    }

    fn write(&self, to: &mut Vec<u8>) {
        varint::write(self.count, to);
        varint::write(self.errors, to);
        let classes = || self.by_class.iter().filter(|(_, count)| **count > 0);
        varint::write(classes().count() as u64, to);
        for (class, count) in classes() {
            varint::write(class.index() as u64, to);
            varint::write(*count, to);
        }
        varint::write(self.statuses.len() as u64, to);
        for (status, count) in self.statuses.iter() {
            varint::write(status.into(), to);
            varint::write(count, to);
        }
        self.latency.write(to);
        self.service.write(to);
    }

    fn read(bytes: &mut &[u8]) -> Self {
        let mut entry = Self {
            count: varint::read(bytes),
            errors: varint::read(bytes),
            ..Self::default()
        };
        for _ in 0..varint::read(bytes) {
            let class = varint::read(bytes) as usize;
            let count = varint::read(bytes);
            if let Some((_, own)) = entry.by_class.iter_mut().nth(class) {
                *own = count;
            }
        }
        for _ in 0..varint::read(bytes) {
            let status = varint::read(bytes) as u16;
            entry.statuses.increase(status, varint::read(bytes));
        }
        entry.latency = Compact::read(bytes);
        entry.service = Compact::read(bytes);
        entry
    }
}

/// The [`StepEntry`]s of some steps with their indexes, in order of these. All are in one piece of
/// memory, and each takes some twenty bytes while its histograms have a bucket or two.
#[derive(Debug, Clone, Default)]
pub struct StepEntries {
    len: usize,
    /// For each entry: the distance of its index to the one before, then the entry.
    bytes: Box<[u8]>,
}

/// From entries whose indexes rise.
impl FromIterator<(usize, StepEntry)> for StepEntries {
    fn from_iter<T: IntoIterator<Item = (usize, StepEntry)>>(entries: T) -> Self {
        let (mut len, mut bytes, mut before) = (0, Vec::new(), 0);
        for (index, entry) in entries {
            varint::write((index - before) as u64, &mut bytes);
            entry.write(&mut bytes);
            (len, before) = (len + 1, index);
        }
        Self {
            len,
            bytes: bytes.into(),
        }
    }
}

impl StepEntries {
    /// Number of steps.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Returns true if no step is in it.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Each step's index and entry, in order.
    pub fn iter(&self) -> impl Iterator<Item = (usize, StepEntry)> {
        let (mut bytes, mut index) = (&*self.bytes, 0);
        (0..self.len).map(move |_| {
            index += varint::read(&mut bytes) as usize;
            (index, StepEntry::read(&mut bytes))
        })
    }

    /// The sums of both, of every step that is in one of them.
    pub(super) fn plus(&self, other: &Self) -> Self {
        let sums = Sums {
            one: self.iter().peekable(),
            other: other.iter().peekable(),
        };
        sums.collect()
    }

    /// Bytes that it takes besides itself.
    #[cfg(test)]
    pub fn size(&self) -> usize {
        self.bytes.len()
    }
}

/// Two sequences of entries as one, in order.
struct Sums<I: Iterator> {
    one: Peekable<I>,
    other: Peekable<I>,
}

impl<I: Iterator<Item = (usize, StepEntry)>> Iterator for Sums<I> {
    type Item = (usize, StepEntry);

    fn next(&mut self) -> Option<Self::Item> {
        let index = |next: Option<&(usize, StepEntry)>| next.map_or(usize::MAX, |next| next.0);
        let (one, other) = (index(self.one.peek()), index(self.other.peek()));
        if other < one {
            return self.other.next();
        }
        let (index, mut sum) = self.one.next()?;
        if one == other
            && let Some((_, more)) = self.other.next()
        {
            sum.add(&more);
        }
        Some((index, sum))
    }
}
