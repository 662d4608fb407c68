//! The services as their clients meet them: over HTTP, and as a process.

mod backend;
mod cache;
mod docs;
mod faults;
mod harness;
mod hello;
mod managed;
mod metering;
mod metering_instances;
mod orders;
mod otlp;
mod page;
mod process;
mod seed;
mod shared;
mod shop;
mod shop_pool;
mod sns;
mod telemetry;
mod weather;
