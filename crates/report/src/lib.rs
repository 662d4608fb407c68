//! Reports of a run: the result file, the summary on the terminal, and forms for other tools.
//!
//! [`build`] makes the one [`ResultFile`] of a run, and every form of report is made of that, so
//! that a saved result can be shown again.

pub mod axis;
mod background;
mod build;
pub mod csv;
mod figure_set;
mod figures;
pub mod file;
#[cfg(any(test, feature = "testing"))]
#[allow(missing_docs, reason = "for tests alone")]
pub mod fixture;
#[cfg(test)]
mod formats_tests;
pub mod hdr;
pub mod html;
mod intervals;
pub mod journal;
pub mod json;
pub mod junit;
pub mod markdown;
pub mod model;
mod observations;
mod stats;
pub mod suite;
#[cfg(test)]
mod suite_tests;
pub mod terminal;
mod texts;
mod traced;
pub mod verdict;
pub mod warnings;
pub mod words;

pub use background::{BackgroundResults, Event, Observed, Verification};
pub use build::{PlanNames, Program, RunMetadata, build, limit};
pub use model::ResultFile;
pub use suite::SuiteFile;
pub use texts::{Text, Texts};
