//! Execution of steps: one at a time, each with its outcome measured where it happens.

pub mod custom;
mod drivers;
mod failed_request;
#[cfg(any(test, feature = "testing"))]
pub mod fake;
pub mod http;
mod kind;
mod outcome;
mod phases;
mod prepare;
mod shortage;
pub mod sql;
mod step_timeout;
mod timers;
mod trace;
mod trust;

pub use custom::{Call, Custom, NoCustom};
pub use drivers::{Drivers, Session, Setups};
pub use failed_request::{BODY_START, FailedRequest};
pub use kind::{Driven, KindDriver, Reach, Setup, Worker};
pub use outcome::{ByClass, Detail, ErrorClass, Failure, Outcome, Progress};
pub use phases::Phases;
pub use prepare::PrepareError;
pub use shortage::{Shortage, Shortages};
pub use timers::Timers;
pub use trace::{Trace, TraceId};

use loadgen_data::Value;
use loadgen_plan::{Plan, Step};

/// Does steps. One driver serves all users of a worker and is never shared between threads.
pub trait Driver {
    /// State of one user or slot between steps: its connections.
    type Session;

    /// True if its workers need timers of their runtime to drive this plan. Without, each wait for
    /// a response costs a worker less ([`Timers`]).
    fn wants_timers(_plan: &Plan) -> bool {
        true
    }

    /// A session for the user or slot number `index` (over all workers) of a population; connects nothing yet.
    fn session(&self, population: usize, index: u64) -> Self::Session;

    /// Somebody else goes on with the session: an arrival is a user of its own, whoever had the slot
    /// before. Forgets who that was; connections stay.
    fn renew(&self, _session: &mut Self::Session) {}

    /// Does one step to its end: a response, a failure or the step's timeout. Never panics on what
    /// the other side sends. `progress` must tell at any moment whether something was sent, because
    /// the future may be dropped when the run is cut off.
    fn execute(
        &self,
        session: &mut Self::Session,
        step: &Step,
        values: &mut [Value],
        progress: &Progress,
    ) -> impl Future<Output = Outcome>;

    /// Undoes what the session has begun and not finished: a step inside of a transaction failed.
    fn abandon(&self, session: &mut Self::Session) -> impl Future<Output = ()> {
        let _ = session;
        async {}
    }

    /// Ends, on the other side too, what was cut off since it was called last: each second, and
    /// when the run is over.
    fn tidy(&self) -> impl Future<Output = ()> {
        async {}
    }
}
