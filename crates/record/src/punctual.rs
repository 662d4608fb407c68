//! Measurements as they would have been without loadgen's own lag, kept where a threshold looks at
//! them: a verdict that they would not confirm may be of loadgen's making.

use super::{Hist, period::MeasuredPart};
use loadgen_core::{
    metric::{Timer, is_default},
    time::Nanos,
};
use loadgen_plan::{Plan, Threshold, threshold::Scope};
use serde::{Deserialize, Serialize};

/// Response times with each one's own lag taken off, by outcome.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Punctual {
    /// Successes.
    #[serde(skip_serializing_if = "is_default")]
    ok: Hist,
    /// Failures.
    #[serde(skip_serializing_if = "is_default")]
    failed: Hist,
    /// Cut off at the end of the run.
    #[serde(skip_serializing_if = "is_default")]
    cut: Hist,
    /// Ended after their load, and not by more than their lag.
    #[serde(skip_serializing_if = "is_default")]
    pub in_time: u64,
}

impl Punctual {
    /// Counts a response time of which the lag was taken off.
    pub fn record(&mut self, timer: Timer, latency: Nanos) {
        let times = match timer {
            Timer::Failed => &mut self.failed,
            Timer::Cut => &mut self.cut,
            _ => &mut self.ok,
        };
        times.record(latency);
    }

    /// Times of one outcome; None for a timer that lag does not lengthen.
    pub fn times(&self, timer: Timer) -> Option<&Hist> {
        match timer {
            Timer::Ok => Some(&self.ok),
            Timer::Failed => Some(&self.failed),
            Timer::Cut => Some(&self.cut),
            Timer::Service
            | Timer::Ttfb
            | Timer::Transfer
            | Timer::Connect
            | Timer::Dns
            | Timer::Tcp
            | Timer::Tls
            | Timer::PoolWait => None,
        }
    }

    /// Times of every outcome.
    pub fn all(&self) -> Hist {
        let mut all = self.ok.clone();
        all.add(&self.failed);
        all.add(&self.cut);
        all
    }

    /// Adds what `other` measured.
    pub fn add(&mut self, other: &Self) {
        self.ok.add(&other.ok);
        self.failed.add(&other.failed);
        self.cut.add(&other.cut);
        self.in_time = self.in_time.saturating_add(other.in_time);
    }

    /// Returns true if an interval can hold these times.
    pub(super) fn is_possible(&self) -> bool {
        let times = [&self.ok, &self.failed, &self.cut];
        times.into_iter().all(Hist::is_possible)
    }
}

/// Parts of a plan whose response times a threshold looks at.
#[derive(Debug)]
pub(super) struct ThresholdScopes {
    steps: bool,
    tasks: Box<[bool]>,
    groups: Box<[bool]>,
}

impl ThresholdScopes {
    /// None when no threshold looks at response times.
    pub fn of(plan: &Plan) -> Option<Box<Self>> {
        let mut watched = Self {
            steps: false,
            tasks: vec![false; plan.tasks.len()].into(),
            groups: vec![false; plan.groups.len()].into(),
        };
        let mut looking = plan
            .thresholds
            .iter()
            .filter(|own| own.is_lengthened())
            .peekable();
        looking.peek()?;
        for Threshold { scope, .. } in looking {
            match *scope {
                // Everything is the requests of all steps.
                Scope::Totals => watched.steps = true,
                Scope::Task(task) => watched.tasks[task] = true,
                Scope::Group(group) => watched.groups[group] = true,
            }
        }
        Some(Box::new(watched))
    }

    /// Returns true if a threshold looks at response times of the part.
    #[inline]
    pub fn has(&self, part: MeasuredPart) -> bool {
        match part {
            MeasuredPart::Step(_) => self.steps,
            MeasuredPart::Task(index) => self.tasks[index],
            MeasuredPart::Group(index) => self.groups[index],
        }
    }
}
