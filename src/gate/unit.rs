//! The unit that a threshold was written in, so that what was observed is shown in the same.

use crate::{
    human,
    plan::{Threshold, threshold::Metric},
};

/// A unit: how it is written, and how much of the metric's own unit it is.
#[derive(Debug, Clone, PartialEq)]
pub struct Unit {
    /// As written after a number, such as `ms`, `%` or `/s`; empty for plain numbers.
    pub label: String,
    scale: f64,
}

impl Unit {
    /// Reads it off the end of the expression: `p95 < 300ms` is in `ms`.
    pub fn of(threshold: &Threshold) -> Self {
        let written = threshold
            .expr
            .rsplit(|c: char| c.is_ascii_digit() || c == '.')
            .next()
            .unwrap_or_default()
            .trim();
        let scale = scale(threshold.metric, written);
        let label = match scale {
            Some(_) => written,
            None => usual(threshold.metric),
        };
        Self {
            label: label.to_owned(),
            scale: scale
                .or_else(|| self::scale(threshold.metric, label))
                .unwrap_or(1.0),
        }
    }

    /// A number of the metric's own unit (ns, a fraction, per second) in this one.
    pub fn convert(&self, value: f64) -> f64 {
        value / self.scale
    }

    /// A number in this unit that is judged by a limit in the same.
    pub fn text(&self, number: f64, limit: f64) -> String {
        format!("{}{}", human::beside(number, limit), self.label)
    }
}

fn usual(metric: Metric) -> &'static str {
    match metric {
        Metric::Time(..) => "ms",
        Metric::Rate => "/s",
        _ => "",
    }
}

fn scale(metric: Metric, label: &str) -> Option<f64> {
    Some(match (metric, label) {
        (Metric::Time(..), "ns") => 1.0,
        (Metric::Time(..), "us" | "µs" | "μs") => 1e3,
        (Metric::Time(..), "ms") => 1e6,
        (Metric::Time(..), "s") => 1e9,
        (Metric::Time(..), "m" | "min") => 60e9,
        (Metric::Time(..), "h") => 3_600e9,
        (Metric::Time(..), _) => return None,
        (Metric::Rate, "/s") => 1.0,
        (Metric::Rate, "/m" | "/min") => 1.0 / 60.0,
        (Metric::Rate, "/h") => 1.0 / 3_600.0,
        (Metric::Rate, _) => return None,
        (Metric::ErrorRate | Metric::Checks, "%") => 0.01,
        (_, "") => 1.0,
        _ => return None,
    })
}
