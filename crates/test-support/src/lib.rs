//! Independent truth that tests hold loadgen against: servers with known behaviour, the exact
//! measurements of a perfect client, and the built binary as a process. None of it uses loadgen's
//! code.

pub mod answer;
pub mod browser;
pub mod loadgen;
pub mod otlp;
pub mod pgbouncer;
pub mod processes;
pub mod program;
pub mod prometheus;
pub mod proxies;
pub mod redis;
pub mod replay;
pub mod request;
pub mod servers;
pub mod socks;
pub mod stalls;
pub mod tls;
pub mod tmux;
pub mod tools;
pub mod truth;
pub mod turn;
