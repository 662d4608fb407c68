//! MySQL and MariaDB, over sqlx's connections.

pub mod bind;
pub mod connect;
pub mod error;
pub mod read;
mod roots;
