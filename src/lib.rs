//! loadgen measures how HTTP services and SQL databases behave under load.
//!
//! The modules stand in the order in which data flows through them, each reading only those above it:
//! scenario file, validated plan, engine (when) with driver (what) and recorder (how long), gate, report.

pub mod printable;

pub mod human;
pub mod metric;
pub mod time;

pub mod data;
pub mod scenario;

pub mod plan;

pub mod driver;
pub mod tables;

pub mod record;

pub mod engine;

pub mod gate;

pub mod background;

pub mod observe;

pub mod report;

pub mod dashboard;
pub mod export;

pub mod bundled;

pub mod run;

pub mod cli;
pub use cli::{Program, Ran};
