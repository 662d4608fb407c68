//! A plan for people ([`words`], printed by `loadgen check`) and for the result file ([`json`]).
//! Both show templates as the scenario wrote them, never what the environment holds.

mod background;
mod json;
mod load;
mod phrase;
mod quantity;
mod step;
mod suite;
#[cfg(test)]
mod tests;
mod values;
mod words;

pub use json::json;
pub(super) use phrase::status;
pub(super) use quantity::size;
pub use step::Describe;
pub use suite::suite;
pub use words::words;
