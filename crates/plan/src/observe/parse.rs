//! Reads a threshold on what was observed.
//!
//! ```text
//! limit     = "observe." name "." metric statistic op number [ unit ]    blanks stand between
//! name      = what the [[observe]] is called
//! metric    = its metric, with the labels by which series are told apart: requests{status="500"}
//! statistic = "min" | "mean" | "avg" | "max" | "last" | "delta" | "share"
//! op        = "<" | "<=" | ">" | ">=" | "==" | "!="
//! number    = digits [ "." digits ]
//! unit      = "%"                                           of shares, which are from 0 to 1
//!           | "ns" | "us" | "ms" | "s" | "m"                of times, which are in seconds
//!           | "B" | "kB" | "MB" | "GB" | "KiB" | "MiB" | "GiB", also with "/s"
//!           | "/s" | "/m"                                   of what counters rise by
//! ```

use super::Statistic;
use crate::threshold::{Op, ParseError, skip_blanks};
use serde::{Deserialize, Serialize};
use std::ops::Range;

/// Condition on a metric.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Condition {
    /// The metric.
    pub metric: String,
    /// Statistic to compare.
    pub statistic: Statistic,
    /// The comparison.
    pub op: Op,
    /// The right side, in the metric's own unit.
    pub limit: f64,
    /// The unit as it was written.
    pub unit: String,
    /// Factor from the limit's unit to the metric's own.
    pub factor: f64,
}

const PREFIX: &str = "observe.";

const UNITS: [(&str, f64); 16] = [
    ("", 1.0),
    ("%", 0.01),
    ("ns", 1e-9),
    ("us", 1e-6),
    ("ms", 1e-3),
    ("s", 1.0),
    ("m", 60.0),
    ("/s", 1.0),
    ("/m", 1.0 / 60.0),
    ("B", 1.0),
    ("kB", 1e3),
    ("MB", 1e6),
    ("GB", 1e9),
    ("KiB", 1024.0),
    ("MiB", 1_048_576.0),
    ("GiB", 1_073_741_824.0),
];

/// Returns true if a threshold is on an observed metric.
pub fn is_of_observed(expr: &str) -> bool {
    expr.trim_start().starts_with(PREFIX)
}

/// Reads `observe.app.pool_in_use max < 95`. The name comes with its place.
///
/// # Errors
/// What is wrong, and where.
pub fn parse(expr: &str) -> Result<(Range<usize>, Condition), ParseError> {
    if !is_of_observed(expr) {
        let help = "write it as `observe.app.pool_in_use max < 95`";
        return Err(ParseError::new(
            0..expr.len(),
            "not of what is observed",
            help,
        ));
    }
    let expr = expr.trim_end();
    let start = expr.len() - expr.trim_start().len() + PREFIX.len();
    let end = |at: usize| word_end(expr, at);
    let whole = start.min(expr.len())..end(start.min(expr.len()));
    let Some(point) = expr[whole.clone()].find('.') else {
        let help = "write it as `observe.app.pool_in_use max < 95`";
        return Err(ParseError::new(whole, "no metric after the name", help));
    };
    let name = start..start + point;
    let metric = name.end + 1..whole.end;
    if name.is_empty() || metric.is_empty() {
        let help = "write it as `observe.app.pool_in_use max < 95`";
        return Err(ParseError::new(whole, "no name or no metric", help));
    }
    let at = skip_blanks(expr, metric.end);
    let length = expr[at..].find(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    let word = at..length.map_or(expr.len(), |length| at + length);
    let known = Statistic::ALL
        .iter()
        .find(|(own, _)| *own == &expr[word.clone()]);
    let Some((_, statistic)) = known else {
        let message = match &expr[word.clone()] {
            "" => "which of its samples?".to_owned(),
            word => format!("`{word}` is no statistic of samples"),
        };
        let help = "after the metric stands `min`, `mean`, `max`, `last` or, of a counter, `delta` or `share`";
        return Err(ParseError::new(word, message, help));
    };
    let at = skip_blanks(expr, word.end);
    let Some((op, length)) = Op::at_start(&expr[at..]) else {
        let span = at..word_end(expr, at);
        return Err(ParseError::new(span, "no comparison", Op::HELP));
    };
    let at = skip_blanks(expr, at + length);
    let length = expr[at..].find(|c: char| !c.is_ascii_digit() && c != '.');
    let digits = at..length.map_or(expr.len(), |length| at + length);
    let plain = expr[digits.clone()].starts_with(|c: char| c.is_ascii_digit());
    let number = plain
        .then(|| expr[digits.clone()].parse::<f64>().ok())
        .flatten();
    let Some(number) = number.filter(|number| number.is_finite()) else {
        let span = at..word_end(expr, at);
        return Err(ParseError::new(
            span,
            "no number to compare with",
            "such as 95 or 0.5",
        ));
    };
    let at = skip_blanks(expr, digits.end);
    let unit = &expr[at..];
    let factor = UNITS.iter().find(|(own, _)| *own == unit);
    let per_second = || {
        let bytes = unit.strip_suffix("/s").filter(|own| own.ends_with('B'))?;
        UNITS.iter().find(|(own, _)| *own == bytes)
    };
    let Some((_, factor)) = factor.or_else(per_second) else {
        let help = "units are %, ns, us, ms, s, m, /s, /m, and sizes such as MiB or MB/s";
        return Err(ParseError::new(
            at..expr.len(),
            format!("`{unit}` is no unit"),
            help,
        ));
    };
    let condition = Condition {
        metric: expr[metric].to_owned(),
        statistic: *statistic,
        op,
        limit: number * factor,
        unit: unit.to_owned(),
        factor: *factor,
    };
    Ok((name, condition))
}

/// The end of the word at `at`: blanks in quotes belong to it.
fn word_end(expr: &str, at: usize) -> usize {
    let mut quoted = false;
    let end = expr[at..].find(|c: char| {
        quoted ^= c == '"';
        c.is_whitespace() && !quoted
    });
    end.map_or(expr.len(), |length| at + length)
}
