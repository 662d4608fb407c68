//! Verdicts on a run: thresholds, during the run and after it, and whether its numbers may be
//! believed at all.
//!
//! Times are compared in ns as the histogram reports them: a percentile or maximum is the upper
//! end of its bucket, at most 0.1 % above the true value and never below it, a minimum the lower
//! end. So `p95 < 300ms` never passes when the true p95 is 300 ms or more, and may fail when it
//! is less than 0.1 % below. What is shown as observed is the number that was compared.

mod blame;
mod doubt;
mod evidence;
mod judge;
mod observed;
pub mod samples;
pub mod validity;
mod verdict;
mod verify;
mod window;

pub use judge::Judge;
pub use observed::observed;
pub use validity::Validity;
pub use verdict::Verdict;
pub use verify::{Verified, verify};
