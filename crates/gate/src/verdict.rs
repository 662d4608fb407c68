//! Verdict on a threshold.

use super::evidence::{Observation, nothing_to_judge};
use loadgen_plan::{Threshold, threshold::Op};

/// The judgement of one threshold at one time.
#[derive(Debug, Clone, PartialEq)]
pub struct Verdict {
    /// True if it held.
    pub ok: bool,
    /// Observed value in the metric's own unit (ns, a fraction, per second, a count); None without
    /// samples, and then it did not hold, unless it is the default threshold.
    pub observed: Option<f64>,
    /// Times, requests or runs that it rests on.
    pub samples: u64,
    /// Additional note.
    pub note: Option<String>,
    /// Without loadgen's own lateness it would have come out otherwise, or might have.
    pub doubtful: bool,
}

impl Verdict {
    pub(super) fn of(threshold: &Threshold, observation: Observation) -> Self {
        Self {
            ok: match observation.value {
                Some(value) => threshold.op.holds(value, threshold.limit),
                None => threshold.implied,
            },
            observed: observation.value,
            samples: observation.samples,
            note: match observation.value {
                Some(_) => None,
                None => Some(nothing_to_judge(threshold.metric).to_owned()),
            },
            doubtful: false,
        }
    }

    /// Returns true if it is worse than `other` about the same threshold: the silence of a busy
    /// target before a failure, a failure before a success, then what lies further on the bad side.
    pub(super) fn is_worse_than(&self, other: &Verdict, threshold: &Threshold) -> bool {
        let badness = |verdict: &Verdict| match verdict.observed {
            None => f64::INFINITY,
            Some(value) => badness(threshold, value),
        };
        (self.ok, -badness(self)) < (other.ok, -badness(other))
    }
}

fn badness(threshold: &Threshold, value: f64) -> f64 {
    match threshold.op {
        Op::Less | Op::LessOrEqual => value,
        Op::Greater | Op::GreaterOrEqual => -value,
        Op::Equal => (value - threshold.limit).abs(),
        Op::NotEqual => -(value - threshold.limit).abs(),
    }
}
