//! The load as those see it who follow a run, wherever it is made.

use super::WorkerEnd;
use loadgen_core::time::Clock;
use loadgen_record::Snapshot;

/// Told by one of the senders of a load.
#[derive(Debug)]
pub enum Event {
    /// A second is over for this sender.
    Snapshot(usize, Box<Snapshot>),
    /// The last event of this sender.
    End(usize, Result<WorkerEnd, String>),
}

/// A load that is under way: the [`Engine`](super::Engine) of this process, or whoever else makes
/// one. Whatever collects, judges, shows or ends a run knows the load by this alone.
pub trait RunningLoad {
    /// Time of the load: its zero is the moment at which the load begins.
    fn clock(&self) -> Clock;

    /// Number of senders of events; they are numbered from 0.
    fn senders(&self) -> usize;

    /// Waits for the next event; None once no more can come. May be given up at any time.
    fn next(&mut self) -> impl Future<Output = Option<Event>>;

    /// Ends the load gracefully: no further task run starts.
    fn stop(&self);

    /// Ends the load at once: what is under way is cut off, where it is worked on too.
    fn cut(&self);
}
