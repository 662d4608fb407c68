//! Engine: starts task runs at their intended times and records how they went.
//!
//! One worker thread per core, each with a runtime of its own. Users and arrivals are dealt to them
//! by (index, stride); bounds are the run's and are shared (`share`, `slots`, `iterations`), and so
//! are the rows and numbers that it draws (`numbering`). The engine decides when something is done
//! and never what: that is the driver's.

pub mod arrival;
mod dispatch;
mod draws;
mod frame;
mod iterations;
mod lifecycle;
mod numbering;
mod pace;
mod run;
mod sample;
mod share;
mod slots;
mod source;
mod stop;
mod users;
mod walk;
mod worker;

pub use lifecycle::{LifecyclePhase, run_lifecycle};
pub use pace::Pacer;
pub use share::worker_count;
pub use source::{Event, RunningLoad};
pub use worker::{Engine, WorkerEnd};

#[cfg(test)]
mod tests;
