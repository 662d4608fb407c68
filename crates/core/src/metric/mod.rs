//! Metrics, each declared once: the [`Counter`]s and [`Timer`]s, and [`Statuses`] of responses. Everything that adds them up,
//! writes, judges, exports or shows them goes through these tables, so that a new one takes one
//! entry here and the place where it is counted.

mod counter;
mod map;
mod statuses;
#[cfg(test)]
mod tests;
mod timer;

pub use counter::{Counter, CounterInfo, Counters, Unit};
pub use map::{EnumMap, Key, by_name, is_default};
pub use statuses::Statuses;
pub use timer::{Breakdown, Distribution, Timer, TimerInfo, Timers};

/// Owner of a counter or timer, for tasks and groups, which have runs and, within these, requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Of {
    /// Whatever is looked at: a task has that of its runs, everything that of all requests.
    Itself,
    /// Always task runs, or those of a group.
    Runs,
    /// Always requests.
    Requests,
}

/// A metric's name in an exporter, and its help.
pub type Exported = (&'static str, &'static str);
