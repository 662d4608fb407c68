//! The unit that a threshold was written in, so that what was observed is shown in the same.

use super::Metric;
use loadgen_core::human;
use serde::{Deserialize, Serialize};

/// A unit of a metric.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the names say it")]
pub enum Unit {
    Plain,
    Nanoseconds,
    Microseconds,
    Milliseconds,
    Seconds,
    Minutes,
    PerSecond,
    PerMinute,
    Percent,
}

use Unit::{
    Microseconds, Milliseconds, Minutes, Nanoseconds, PerMinute, PerSecond, Percent, Plain, Seconds,
};

impl Unit {
    /// The one that is written so after a limit of this metric.
    pub(super) fn written(metric: Metric, label: &str) -> Option<Self> {
        let units: &[Unit] = match metric {
            Metric::Time(..) => &[Nanoseconds, Microseconds, Milliseconds, Seconds, Minutes],
            Metric::Rate => &[PerSecond, PerMinute],
            Metric::ErrorRate | Metric::Checks => &[Percent, Plain],
            Metric::Status(_) => &[Plain, Percent],
            Metric::StatusShare(_) => &[Percent],
            Metric::Count | Metric::Errors | Metric::Counter(_) => &[Plain],
        };
        units.iter().copied().find(|unit| unit.label() == label)
    }

    /// Returns the suffix after a number; empty for plain numbers.
    pub fn label(self) -> &'static str {
        self.table().0
    }

    /// Returns the factor to the metric's own unit (ns, a fraction, per second).
    pub(super) fn scale(self) -> f64 {
        self.table().1
    }

    fn table(self) -> (&'static str, f64) {
        match self {
            Plain => ("", 1.0),
            Nanoseconds => ("ns", 1.0),
            Microseconds => ("us", 1e3),
            Milliseconds => ("ms", 1e6),
            Seconds => ("s", 1e9),
            Minutes => ("m", 60e9),
            PerSecond => ("/s", 1.0),
            PerMinute => ("/m", 1.0 / 60.0),
            Percent => ("%", 0.01),
        }
    }

    /// A number of the metric's own unit in this one.
    pub fn convert(self, value: f64) -> f64 {
        value / self.scale()
    }

    /// A number in this unit that is judged by a limit in the same.
    pub fn text(self, number: f64, limit: f64) -> String {
        format!("{}{}", human::distinct(number, limit), self.label())
    }
}
