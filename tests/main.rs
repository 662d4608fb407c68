//! The tests that see loadgen from outside: as files, as a process and as a server sees it.

mod architecture;
mod benches;
mod formats;
mod live;
mod metrics;
mod page;
mod run;
mod schema;
mod tracing;
mod truth;
