//! Frames: the groups that a task run is in.

use loadgen_core::time::Nanos;
use loadgen_record::Start;

/// A group that a run is in.
#[derive(Debug, Clone, Copy)]
pub struct Frame {
    /// Place in [`Task::groups`].
    pub group: usize,
    /// Repetitions after this one.
    pub left: u64,
    /// Intended start of the repetition's first step, once that is due.
    pub since: Option<Nanos>,
    /// Lag of the repetition's steps.
    pub lag: Nanos,
    /// Tries that a transaction has left.
    pub tries: u32,
}

impl Frame {
    /// Start of the repetition, once its first step is due.
    pub fn start(&self) -> Option<Start> {
        let lag = self.lag;
        self.since.map(|intended| Start { intended, lag })
    }
}
