//! Values that fill the holes of a scenario's templates: what they are, how they are drawn,
//! and how they are written into a request.
//!
//! Everything random comes from [`rng::Stream`], one per user or arrival index, so that a seed
//! means the same values whatever the number of workers is.

mod digits;
pub mod generator;
pub mod rng;
pub mod template;
mod value;

pub use digits::Written;
pub use generator::{Generator, Position, Refusal};
pub use template::{Escape, Template};
pub use value::{Value, hex, unhex};
