//! Errors of runs that have no result.

use crate::{plan::Plan, scenario::Report};
use std::fmt;

/// Parts of a run, in their order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RunPhase {
    /// The plan is held against the options and the limits of the process.
    Admission,
    /// The bundled services start.
    Target,
    /// A suite waits before its next phase.
    Pause,
    /// Each target is connected to once.
    Preflight,
    /// Values of the target or a database are loaded.
    Data,
    /// Setup steps are done.
    Setup,
    /// The databases of the load are connected to, and its statements prepared.
    Statements,
    /// Verifications are asked for the first time, and observations begin.
    Background,
    /// Observers begin, and the load is started.
    Start,
    /// The load is driven.
    Load,
    /// Last events are done, and verifications asked again.
    Verification,
    /// Teardown steps are done.
    Teardown,
    /// The bundled services are stopped.
    TargetStop,
}

/// Reasons for which a run has no result; in words, where there is something to say.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Cause {
    /// The plan runs this command on this machine, and the options allow none.
    #[error("the options do not allow commands on this machine: `{0}`")]
    CommandNotAllowed(String),
    /// The target, or a database, does not answer.
    #[error("{0}")]
    Unreachable(String),
    /// Something that the run depends on cannot be had or done.
    #[error("{0}")]
    Failed(String),
    /// The scenario has mistakes that only its databases could find.
    #[error("{0}")]
    Invalid(Report),
    /// Interrupted before there was anything to measure.
    #[error("interrupted before the load began")]
    Interrupted,
    /// Interrupted a third time, with everything left as it was.
    #[error("interrupted a third time: left at once")]
    Abandoned,
    /// loadgen itself failed.
    #[error("{0}")]
    Internal(String),
}

/// A run that has no result.
#[derive(Debug)]
pub struct RunError {
    /// Phase that failed.
    pub phase: RunPhase,
    /// Reason of the failure.
    pub cause: Cause,
}

impl RunPhase {
    /// An error of this phase.
    pub(super) fn error(self, cause: Cause) -> RunError {
        RunError { phase: self, cause }
    }

    /// In words, that something this phase depends on failed.
    pub(super) fn failed(self, problem: impl fmt::Display) -> RunError {
        self.error(Cause::Failed(problem.to_string()))
    }
}

impl RunError {
    /// The error of a run of this plan, its words as they may be shown.
    pub(super) fn shown(&self, plan: &Plan) -> Self {
        let cause = match &self.cause {
            Cause::Unreachable(words) => Cause::Unreachable(plan.shown_lines(words)),
            Cause::Failed(words) => Cause::Failed(plan.shown_lines(words)),
            Cause::Internal(words) => Cause::Internal(plan.shown_lines(words)),
            Cause::CommandNotAllowed(command) => Cause::CommandNotAllowed(plan.shown_line(command)),
            other @ (Cause::Invalid(_) | Cause::Interrupted | Cause::Abandoned) => other.clone(),
        };
        Self {
            phase: self.phase,
            cause,
        }
    }

    /// True after a third interrupt: nothing may be waited for any more.
    pub fn is_abandoned(&self) -> bool {
        matches!(self.cause, Cause::Abandoned)
    }
}

// By hand, because the words for an interrupt depend on the phase.
impl fmt::Display for RunError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.phase, &self.cause) {
            (RunPhase::Pause, Cause::Interrupted) => {
                f.write_str("interrupted before the phase began")
            }
            (_, cause) => cause.fmt(f),
        }
    }
}

impl std::error::Error for RunError {}
