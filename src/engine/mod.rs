//! When: starts task runs at their intended times and records how they went.
//!
//! One worker thread per core, each with a runtime of its own, sharing nothing on the hot path:
//! users and arrivals are split by (index, stride). The engine decides when something is done and
//! never what: that is the driver's.

pub mod arrival;
mod dispatch;
mod errand;
mod pace;
mod run;
mod source;
mod stop;
mod users;
mod walk;
mod worker;

pub use errand::{Errand, run_errand};
pub use pace::Pacer;
pub use source::{Event, RunningLoad};
pub use worker::{Engine, WorkerEnd, worker_count};

#[cfg(test)]
mod tests;
