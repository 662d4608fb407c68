//! The way of bytes to a server and back, for protocols that are our own.

mod error;
mod input;
mod output;
pub mod socket;
pub mod tls;

pub use error::Error;
pub use input::Input;
pub use output::Output;
pub use socket::Socket;
