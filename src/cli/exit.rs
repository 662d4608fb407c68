//! The one table of exit codes; k6's numbers where k6 has one.

use crate::{
    report::SuiteFile,
    run::{Cause, FinishedRun, RunError},
};

/// Exit code of the process. Where several apply, [`Exit::of`] chooses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// Ran, and every threshold held.
    Success,
    /// Something that should never happen.
    Internal,
    /// Wrong command line.
    Usage,
    /// Ran, but the generator itself was the bottleneck.
    Invalid,
    /// The target never answered before the run.
    Unreachable,
    /// Setup or the bundled target failed.
    Setup,
    /// A threshold failed.
    Threshold,
    /// The scenario is invalid.
    Scenario,
    /// Interrupted; what was measured is reported.
    Interrupted,
    /// Interrupted three times: ended at once.
    Killed,
}

/// In the order in which one is chosen where several apply.
const PRECEDENCE: [Exit; 7] = [
    Exit::Internal,
    Exit::Interrupted,
    Exit::Invalid,
    // These two end a run before there is anything else to tell, but not a suite.
    Exit::Scenario,
    Exit::Unreachable,
    Exit::Setup,
    Exit::Threshold,
];

impl Exit {
    /// The number the shell sees.
    pub const fn code(self) -> u8 {
        match self {
            Exit::Success => 0,
            Exit::Internal => 1,
            Exit::Usage => 2,
            Exit::Invalid => 96,
            Exit::Unreachable => 97,
            Exit::Setup => 98,
            Exit::Threshold => 99,
            Exit::Scenario => 104,
            Exit::Interrupted => 105,
            Exit::Killed => 130,
        }
    }

    /// The one to give after a run or a suite, of those that apply.
    pub fn of(results: &[(Exit, bool)]) -> Exit {
        PRECEDENCE
            .into_iter()
            .find(|exit| results.contains(&(*exit, true)))
            .unwrap_or(Exit::Success)
    }

    /// After a run with a result.
    pub(super) fn of_run(run: &FinishedRun) -> Exit {
        Exit::of(&[
            (Exit::Internal, !run.internal.is_empty()),
            (Exit::Interrupted, run.interrupted),
            (Exit::Invalid, !run.validity.is_valid()),
            (Exit::Setup, !run.failures.is_empty()),
            (Exit::Threshold, !run.held()),
        ])
    }

    /// After a run without a result.
    pub(super) fn of_error(error: &RunError) -> Exit {
        match error.cause {
            Cause::CommandNotAllowed(_) => Exit::Usage,
            Cause::Unreachable(_) => Exit::Unreachable,
            Cause::Failed(_) => Exit::Setup,
            Cause::Invalid(_) => Exit::Scenario,
            Cause::Interrupted => Exit::Interrupted,
            Cause::Abandoned => Exit::Killed,
            Cause::Internal(_) => Exit::Internal,
        }
    }

    /// After a suite: the gravest of its phases', or of what failed beside them.
    pub(super) fn of_suite(suite: &SuiteFile) -> Exit {
        let applies = |exit: Exit| {
            let mut phases = suite.phases.iter();
            phases.any(|phase| phase.exit_code == Some(exit.code()))
        };
        let mut results = PRECEDENCE.map(|exit| (exit, applies(exit))).to_vec();
        results.push((Exit::Setup, !suite.suite.failures.is_empty()));
        Exit::of(&results)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_gravest_of_several_is_given() {
        assert_eq!(Exit::of(&[]), Exit::Success);
        assert_eq!(Exit::of(&[(Exit::Threshold, false)]), Exit::Success);
        let all = PRECEDENCE.map(|exit| (exit, true));
        for first in 0..all.len() {
            assert_eq!(Exit::of(&all[first..]), PRECEDENCE[first]);
        }
        assert_eq!(PRECEDENCE.map(Exit::code), [1, 105, 96, 104, 97, 98, 99]);
    }
}
