//! Why a run cannot begin.

use loadgen_scenario::Problem;

/// Errors that are found before the load.
#[derive(Debug)]
pub enum PrepareError {
    /// Something is not there, in words.
    Unreachable(String),
    /// It could not even be asked, in words.
    Setup(String),
    /// Mistakes in the scenario that only the other side knows of; all of them.
    Scenario(Vec<Problem>),
}
