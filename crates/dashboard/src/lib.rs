//! Live displays of a run: on standard error, and in browsers.
//!
//! It reads merged snapshots only: [`State`] sums them up, and what draws (lines, the full screen,
//! the server for browsers) has a thread of its own, so that a terminal or a browser that does not
//! read cannot hold up the run.

mod background;
pub mod details;
mod display;
mod history;
pub mod log_histogram;
mod outline;
pub mod render;
mod renderer;
mod state;
#[cfg(test)]
mod tests;
pub mod tui;
pub mod web;

pub use background::{LiveEvent, LiveSeries, Reading};
pub use display::{Display, DisplayMode};
pub use history::{History, Point, Series};
pub use log_histogram::LogHistogram;
pub use outline::{Outline, Stage};
pub use state::State;
pub use web::Web;
