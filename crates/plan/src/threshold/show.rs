//! The names by which thresholds are written.

use super::{Metric, Op, Statistic, parse::STATUS};
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
            Metric::Status(codes) | Metric::StatusShare(codes) => match codes.first == codes.last {
                true => write!(f, "{STATUS}{}", codes.first),
                false => write!(f, "{STATUS}{}xx", codes.first / 100),
            },
            Metric::Counter(counter) => counter.fmt(f),
        }
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
