//! Background of the load: events, verifications, and the requests and statements that they make.
//!
//! Everything here runs in the runtime of the run's caller, never on a worker, so that the load
//! goes on as if nothing were beside it.

mod activity;
mod caller;
mod command;
mod databases;
mod events;
mod group;
mod loaded;
mod question;

pub use activity::{Activities, Activity, StatementActivity};
pub use caller::{CallSession, Caller};
pub use databases::Databases;
pub use events::{EventOutcome, EventProgress, Events};
pub use loaded::{LoadError, load};
pub use question::Questions;
