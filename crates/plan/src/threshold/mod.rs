//! Thresholds: what they are, and their grammar.
//!
//! ```text
//! threshold    = metric op number [ unit ]              blanks may stand between
//! metric       = [ distribution "." ] statistic | "count" | "errors" | counter
//!              | "rate" | "error_rate" | "checks" | "status." codes
//! codes        = digit digit digit | digit "xx"         status.404, status.5xx
//! distribution = a timer: "ok" | "failed" | "service" | "ttfb" | "connect" | "pool_wait"
//!                                                       default: latency of every outcome
//! statistic    = "min" | "mean" | "avg" | "med" | "max" | percentile
//! percentile   = "p" percent | "p(" percent ")"         p95, p99.9, p99_9, p(99.9)
//! percent      = digits [ ( "." | "_" ) digits ]        above 0, at most 100
//! counter      = "dropped" | "exhausted" | "interrupted" | "unknown" | "retries" | "reconnects"
//! op           = "<" | "<=" | ">" | ">=" | "==" | "!="
//! number       = digits [ "." digits ]
//! unit         = "ns" | "us" | "ms" | "s" | "m"         of a statistic, which must have one
//!              | "/s" | "/m"                            of rate, which must have one
//!              | "%"                                    of error_rate and checks; without it a fraction;
//!                                                       of status: share of the responses
//! ```

mod parse;
mod show;
#[cfg(test)]
mod tests;
mod unit;

use super::{Label, Plan, http::StatusRange};
pub use loadgen_core::metric::Distribution;
use loadgen_core::metric::{Counter, Timer, by_name};
pub(super) use parse::skip_blanks;
pub use parse::{ParseError, parse};
use serde::{Deserialize, Serialize};
use std::time::Duration;
pub use unit::Unit;

/// A condition that decides over exit code 99.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Threshold {
    /// Threshold as the scenario has it, e.g. `p95 < 300ms`.
    pub expr: String,
    /// Scope: what it is measured over.
    pub scope: Scope,
    /// The measured side.
    pub metric: Metric,
    /// The comparison.
    pub op: Op,
    /// The right side in the metric's own unit: nanoseconds for times, a fraction for
    /// `error_rate`, `checks` and shares of statuses, per second for `rate`, else a count.
    pub limit: f64,
    /// The unit that the right side was written in.
    pub unit: Unit,
    /// Only the last so many seconds count; None: the whole run.
    pub window: Option<Duration>,
    /// End the run as soon as it fails.
    pub abort: bool,
    /// Not judged during the run before this.
    pub after: Duration,
    /// Implied, not written: judged only after a request has ended, reported only when it fails.
    #[serde(default)]
    pub implied: bool,
}

impl Threshold {
    /// The threshold of scenarios that have none: a run in which nothing succeeded fails.
    pub fn implied() -> Self {
        Self {
            expr: "error_rate < 100%".to_owned(),
            scope: Scope::Totals,
            metric: Metric::ErrorRate,
            op: Op::Less,
            limit: 1.0,
            unit: Unit::Percent,
            window: None,
            abort: false,
            after: Duration::ZERO,
            implied: true,
        }
    }

    /// Returns true if it looks at times from the intended start, which lateness lengthens.
    pub fn is_lengthened(&self) -> bool {
        match self.metric {
            Metric::Time(Distribution::Latency, _) => true,
            Metric::Time(Distribution::Timer(timer), _) => {
                matches!(timer, Timer::Ok | Timer::Failed | Timer::Cut)
            }
            _ => false,
        }
    }

    /// The expression, with the name of what it is about: `p95 < 200ms (read order)`.
    pub fn title(&self, scopes: Scopes<'_>) -> String {
        match scopes.label(self.scope) {
            Some(label) => format!("{} ({})", self.expr, label.short()),
            None => self.expr.clone(),
        }
    }
}

/// The part of a threshold that its expression says: `metric op limit`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Condition {
    /// The measured side.
    pub metric: Metric,
    /// The comparison.
    pub op: Op,
    /// The right side, in the unit of [`Threshold::limit`].
    pub limit: f64,
    /// The unit that it was written in.
    pub unit: Unit,
}

/// Scope of a threshold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// Everything.
    Totals,
    /// The task at this index of the plan's tasks.
    Task(usize),
    /// The group at this index of the plan's groups.
    Group(usize),
}

/// Names of scopes.
#[derive(Debug, Clone, Copy)]
pub struct Scopes<'a> {
    /// The plan's tasks.
    pub tasks: &'a [Label],
    /// The plan's groups.
    pub groups: &'a [Label],
}

impl<'a> Scopes<'a> {
    /// Names of a plan's scopes.
    pub fn of(plan: &'a Plan) -> Self {
        Self {
            tasks: &plan.tasks,
            groups: &plan.groups,
        }
    }

    /// The label of a scope; None of everything.
    pub fn label(&self, scope: Scope) -> Option<&'a Label> {
        match scope {
            Scope::Totals => None,
            Scope::Task(index) => self.tasks.get(index),
            Scope::Group(index) => self.groups.get(index),
        }
    }

    /// The scope of the thing with this id.
    pub fn find(&self, id: &str) -> Option<Scope> {
        let index = |labels: &[Label]| labels.iter().position(|label| label.id == id);
        let task = index(self.tasks).map(Scope::Task);
        task.or_else(|| index(self.groups).map(Scope::Group))
    }
}

/// A measured figure.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Metric {
    /// A figure of a distribution, in ns.
    Time(Distribution, Statistic),
    /// Requests that ended.
    Count,
    /// Task runs per second.
    Rate,
    /// Requests that failed.
    Errors,
    /// Failed share of all that ended, 0 to 1.
    ErrorRate,
    /// Share of the checks that passed, 0 to 1.
    Checks,
    /// Responses with these status codes.
    Status(StatusRange),
    /// Share of the responses that have these status codes, 0 to 1.
    StatusShare(StatusRange),
    /// A counter.
    Counter(#[serde(with = "by_name")] Counter),
}

/// One number for a distribution.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Statistic {
    /// The least.
    Min,
    /// The arithmetic mean.
    Mean,
    /// The greatest.
    Max,
    /// A percentile, above 0 and at most 100.
    Percentile(f64),
}

/// A comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Op {
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterOrEqual,
    /// `==`
    Equal,
    /// `!=`
    NotEqual,
}

impl Op {
    /// Help where a comparison is missing.
    pub const HELP: &str = "write one of < <= > >= == !=";

    /// Longer ones first, so that `<=` is not read as `<`.
    const WRITTEN: [(&str, Op); 6] = [
        ("<=", Op::LessOrEqual),
        (">=", Op::GreaterOrEqual),
        ("==", Op::Equal),
        ("!=", Op::NotEqual),
        ("<", Op::Less),
        (">", Op::Greater),
    ];

    /// The comparison that a text begins with, and how many bytes of it that takes.
    pub fn at_start(text: &str) -> Option<(Op, usize)> {
        let found = Self::WRITTEN.iter().find(|(own, _)| text.starts_with(own));
        found.map(|(own, op)| (*op, own.len()))
    }

    /// Returns true if `observed op limit`; never for NaN.
    pub fn holds(self, observed: f64, limit: f64) -> bool {
        match self {
            Op::Less => observed < limit,
            Op::LessOrEqual => observed <= limit,
            Op::Greater => observed > limit,
            Op::GreaterOrEqual => observed >= limit,
            Op::Equal => observed == limit,
            Op::NotEqual => observed != limit && !observed.is_nan() && !limit.is_nan(),
        }
    }
}
