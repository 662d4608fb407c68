//! loadgen measures how HTTP services and SQL databases behave under load.
//!
//! The modules stand in the order in which data flows through them, each reading only those above it:
//! scenario file, validated plan, engine (when) with driver (what) and recorder (how long), gate, report.

pub use loadgen_background as background;
pub use loadgen_core::{human, metric, printable, time};
pub use loadgen_dashboard as dashboard;
pub use loadgen_data as data;
pub use loadgen_driver as driver;
pub use loadgen_engine as engine;
pub use loadgen_export as export;
pub use loadgen_gate as gate;
pub use loadgen_observe as observe;
pub use loadgen_plan as plan;
pub use loadgen_record as record;
pub use loadgen_report as report;
pub use loadgen_scenario as scenario;

pub mod bundled;
pub mod cli;
pub mod run;
pub mod tables;
pub use cli::{Program, Ran};
