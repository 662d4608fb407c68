//! Values that fill the holes of a scenario's templates: what they are, how they are drawn,
//! and how they are written into a request.
//!
//! Everything random comes from [`rng::Stream`], one per user, arrival or iteration, so that a seed
//! means the same values whatever the number of workers is.

mod decimal;
pub mod generator;
pub mod json;
pub mod jsonpath;
pub mod pattern;
pub mod rng;
mod same;
pub mod template;
mod value;

pub use decimal::Decimal;
pub use generator::{Generator, Refusal};
pub use pattern::Pattern;
pub use same::is_same;
pub use template::{Escape, Template};
pub use value::{Value, hex, unhex};
