//! The names by which thresholds are written.

use super::{Distribution, Metric, Op, Statistic};
use std::fmt;

impl fmt::Display for Op {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Op::Less => "<",
            Op::LessOrEqual => "<=",
            Op::Greater => ">",
            Op::GreaterOrEqual => ">=",
            Op::Equal => "==",
            Op::NotEqual => "!=",
        })
    }
}

impl fmt::Display for Metric {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Metric::Time(distribution, statistic) => write!(f, "{distribution}{statistic}"),
            Metric::Count => f.write_str("count"),
            Metric::Rate => f.write_str("rate"),
            Metric::Errors => f.write_str("errors"),
            Metric::ErrorRate => f.write_str("error_rate"),
            Metric::Checks => f.write_str("checks"),
            Metric::Dropped => f.write_str("dropped"),
            Metric::Interrupted => f.write_str("interrupted"),
            Metric::Unknown => f.write_str("unknown"),
            Metric::Retries => f.write_str("retries"),
            Metric::Reconnects => f.write_str("reconnects"),
        }
    }
}

/// As a prefix: `ok.`, or nothing for the latency of every outcome.
impl fmt::Display for Distribution {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Distribution::Latency => "",
            Distribution::Ok => "ok.",
            Distribution::Failed => "failed.",
            Distribution::Service => "service.",
            Distribution::Connect => "connect.",
            Distribution::PoolWait => "pool_wait.",
        })
    }
}

impl fmt::Display for Statistic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Statistic::Min => f.write_str("min"),
            Statistic::Mean => f.write_str("mean"),
            Statistic::Max => f.write_str("max"),
            Statistic::Percentile(percent) => write!(f, "p{percent}"),
        }
    }
}
