//! What is going on while a run goes on: on standard error, and in browsers.
//!
//! It reads merged snapshots only: [`State`] sums them up, and what draws (lines, the full screen,
//! the server for browsers) has a thread of its own, so that a terminal or a browser that does not
//! read cannot hold up the run.

pub mod course;
mod display;
mod history;
mod outline;
mod paint;
pub mod render;
pub mod spread;
mod state;
#[cfg(test)]
pub(crate) mod tests;
pub mod tui;
pub mod web;
mod world;

pub use display::{Display, Kind};
pub use history::{History, Point, Series};
pub use outline::{Outline, Stage};
pub use spread::Spread;
pub use state::State;
pub use web::Web;
pub use world::{Happening, Observed, Reading};
