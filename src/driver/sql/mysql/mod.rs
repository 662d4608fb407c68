//! MySQL and MariaDB, over sqlx's connections.

pub mod bind;
mod cancel;
pub mod connect;
pub mod error;
pub mod guard;
pub mod read;
mod roots;

pub use cancel::Killer;
