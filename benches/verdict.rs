//! Verdict of a comparison of two builds, and when it has measured enough for one.

use super::ratio::Ratio;
use std::fmt;

/// Fewer pairs can agree by chance.
pub const LEAST_PAIRS: usize = 8;

/// Width of the interval at which measuring stops.
pub const WIDEST: f64 = 0.04;

/// The new build is slower if its interval lies wholly above this.
pub const MOST: f64 = 1.03;

/// Verdict of a comparison on the new build, from good to bad.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// The interval is narrow enough, and not wholly above [`MOST`].
    NotSlower,
    /// The interval is too wide, or comes from too few pairs.
    CouldNotTell,
    /// The interval lies wholly above [`MOST`], however wide it is.
    Slower,
}

impl Verdict {
    /// Judges the ratio of CPU per request, new to old, with its two-sided interval.
    pub fn of(cpu: &Ratio, pairs: usize) -> Self {
        if cpu.lower > MOST {
            Self::Slower
        } else if is_enough(cpu, pairs) {
            Self::NotSlower
        } else {
            Self::CouldNotTell
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotSlower => "not slower",
            Self::Slower => "SLOWER",
            Self::CouldNotTell => "could not tell",
        })
    }
}

/// Tells whether measuring may stop. It looks at the width alone: a rule that looked at where the
/// interval lies would stop at the first pairs that happen to please it.
pub fn is_enough(cpu: &Ratio, pairs: usize) -> bool {
    pairs >= LEAST_PAIRS && cpu.width() <= WIDEST
}
