//! SQLite, over sqlx's connections.

pub mod bind;
mod cancel;
pub mod connect;
pub mod error;
pub mod exchange;
mod read;

pub use cancel::Interrupt;
