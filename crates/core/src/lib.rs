//! Core of loadgen: the clock of a run, counters and timers, and text and numbers as people read them.

pub mod human;
pub mod metric;
pub mod printable;
pub mod time;
