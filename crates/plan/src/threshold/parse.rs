//! Reads a threshold's expression.

use super::{Condition, Distribution, Metric, Op, Statistic, Unit};
use crate::http::StatusRange;
use loadgen_core::metric::{Counter, Key as _, Timer};
use std::ops::Range;

/// Why an expression is none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("column {}: {message}; {help}", .span.start + 1)]
pub struct ParseError {
    /// Bytes of the expression that are wrong; empty at its end when something is missing.
    pub span: Range<usize>,
    /// Description of the problem.
    pub message: String,
    /// Correction to suggest.
    pub help: String,
}

impl ParseError {
    /// Points at the bytes of the expression that are wrong.
    pub fn new(span: Range<usize>, message: impl Into<String>, help: impl Into<String>) -> Self {
        Self {
            span,
            message: message.into(),
            help: help.into(),
        }
    }
}

/// Prefix of status codes.
pub(super) const STATUS: &str = "status.";

/// Metrics that are not counters, by name.
const FIGURES: [(&str, Metric); 5] = [
    ("count", Metric::Count),
    ("rate", Metric::Rate),
    ("errors", Metric::Errors),
    ("error_rate", Metric::ErrorRate),
    ("checks", Metric::Checks),
];

/// Every metric that is no time, by its name.
pub(super) fn numbers() -> impl Iterator<Item = (&'static str, Metric)> {
    let counters = Counter::ALL.into_iter();
    let counters = counters.filter(|counter| counter.info().judged);
    FIGURES
        .into_iter()
        .chain(counters.map(|counter| (counter.name(), Metric::Counter(counter))))
}

/// The timers that can be looked at.
fn timers() -> impl Iterator<Item = Timer> {
    let judged = |timer: &Timer| timer.info().no_samples.is_some();
    Timer::ALL.into_iter().filter(judged)
}

const STATISTICS: [(&str, Statistic); 5] = [
    ("min", Statistic::Min),
    ("mean", Statistic::Mean),
    ("avg", Statistic::Mean),
    ("med", Statistic::Percentile(50.0)),
    ("max", Statistic::Max),
];

/// Reads `metric op number[unit]`, e.g. `p95 < 300ms`.
pub fn parse(expr: &str) -> Result<Condition, ParseError> {
    let expr = expr.trim_end();
    let start = skip_blanks(expr, 0);
    let end = expr.len();
    let metric_end = expr[start..end]
        .find(|c: char| "<>=!".contains(c) || c.is_whitespace())
        .map_or(end, |length| start + length);
    if start == metric_end {
        let help = "write a condition such as `p95 < 300ms`";
        return Err(ParseError::new(start..end, "no metric", help));
    }
    let metric = metric(expr, start..metric_end)?;
    let (op, op_end) = operator(expr, skip_blanks(expr, metric_end), metric)?;
    let (limit, unit) = limit(expr, skip_blanks(expr, op_end)..end, metric)?;
    let metric = match (metric, unit) {
        (Metric::Status(codes), Unit::Percent) => Metric::StatusShare(codes),
        _ => metric,
    };
    Ok(Condition {
        metric,
        op,
        limit,
        unit,
    })
}

fn metric(expr: &str, span: Range<usize>) -> Result<Metric, ParseError> {
    let word = &expr[span.clone()];
    if let Some((_, metric)) = numbers().find(|(name, _)| *name == word) {
        return Ok(metric);
    }
    if let Some(codes) = word.strip_prefix(STATUS) {
        let codes_at = span.start + STATUS.len()..span.end;
        let codes = statuses(codes).ok_or_else(|| {
            let message = format!("`{codes}` is no status code");
            let help = "write a code from 100 to 999, or a class such as `5xx`";
            ParseError::new(codes_at, message, help)
        })?;
        return Ok(Metric::Status(codes));
    }
    let (distribution, at) = match word.split_once('.') {
        // The point of `p99.9` is no prefix's.
        Some((prefix, _)) if !is_percentile(prefix) => {
            let prefix_span = span.start..span.start + prefix.len();
            let known = timers().find(|timer| timer.name() == prefix);
            let timer = known.ok_or_else(|| {
                let message = format!("`{prefix}` is no distribution");
                let help = format!("before the point stands {}", alternatives());
                ParseError::new(prefix_span.clone(), message, help)
            })?;
            (Distribution::Timer(timer), prefix_span.end + 1)
        }
        _ => (Distribution::Latency, span.start),
    };
    let word_span = at..span.end;
    let word = &expr[word_span.clone()];
    if let Some((name, _)) = numbers().find(|(name, _)| *name == word) {
        let message = format!("`{name}` is not a time, so there is just one");
        return Err(ParseError::new(span, message, format!("write `{name}`")));
    }
    let named = STATISTICS.iter().find(|(name, _)| *name == word);
    let statistic = match named {
        Some((_, statistic)) => *statistic,
        None => percentile(word, &word_span)?.ok_or_else(|| unknown_metric(word, word_span))?,
    };
    Ok(Metric::Time(distribution, statistic))
}

/// The status codes that `404` or `5xx` stand for.
fn statuses(text: &str) -> Option<StatusRange> {
    let code = |text: &str| match text.len() {
        3 if text.bytes().all(|byte| byte.is_ascii_digit()) => text.parse().ok(),
        _ => None,
    };
    let (first, last): (u16, u16) = match text.strip_suffix("xx") {
        Some(class) => (code(&format!("{class}00"))?, code(&format!("{class}99"))?),
        None => (code(text)?, code(text)?),
    };
    (first >= 100).then_some(StatusRange { first, last })
}

/// The names of the timers: `ok`, `failed` or `service`.
fn alternatives() -> String {
    let mut names: Vec<String> = timers().map(|timer| format!("`{timer}`")).collect();
    let last = names.pop().unwrap_or_default();
    format!("{} or {last}", names.join(", "))
}

fn is_percentile(word: &str) -> bool {
    word.strip_prefix('p')
        .is_some_and(|rest| rest.starts_with(|c: char| c == '(' || c.is_ascii_digit()))
}

/// None when `word` does not look like a percentile at all.
fn percentile(word: &str, span: &Range<usize>) -> Result<Option<Statistic>, ParseError> {
    if !is_percentile(word) {
        return Ok(None);
    }
    let rest = &word[1..];
    let digits = match rest.strip_prefix('(') {
        Some(inner) => inner.strip_suffix(')').unwrap_or(""),
        None => rest,
    };
    let percent = number(&digits.replacen('_', ".", 1));
    match percent {
        Some(percent) if percent > 0.0 && percent <= 100.0 => {
            Ok(Some(Statistic::Percentile(percent)))
        }
        _ => Err(ParseError::new(
            span.clone(),
            format!("`{word}` is no percentile"),
            "write it as `p95`, `p99.9` or `p(99.9)`, above 0 and at most 100",
        )),
    }
}

fn unknown_metric(word: &str, span: Range<usize>) -> ParseError {
    let names = numbers().map(|(name, _)| name);
    let names = names.chain(STATISTICS.iter().map(|(name, _)| *name));
    let nearest = names
        .map(|name| (strsim::damerau_levenshtein(word, name), name))
        .min();
    let help = match nearest {
        Some((distance, name)) if distance <= 2 && distance < name.len() => {
            format!("did you mean `{name}`?")
        }
        _ => {
            let names: Vec<&str> = numbers().map(|(name, _)| name).collect();
            let names = names.join(", ");
            format!(
                "metrics are p50, p95, p99.9 and the like, min, mean, med, max, {names}, and status \
                 codes such as status.404 or status.5xx"
            )
        }
    };
    ParseError::new(span, format!("`{word}` is no metric"), help)
}

fn operator(expr: &str, at: usize, metric: Metric) -> Result<(Op, usize), ParseError> {
    let rest = &expr[at..];
    if let Some((op, length)) = Op::at_start(rest) {
        return Ok((op, at + length));
    }
    let length = rest.find(char::is_whitespace).unwrap_or(rest.len());
    let message = if rest.is_empty() {
        format!("no comparison after `{metric}`")
    } else {
        format!("`{}` is no comparison", &rest[..length])
    };
    Err(ParseError::new(at..at + length, message, Op::HELP))
}

/// The limit in the metric's own unit, and the unit that it is written in.
fn limit(expr: &str, span: Range<usize>, metric: Metric) -> Result<(f64, Unit), ParseError> {
    let text = &expr[span.clone()];
    let digits = text
        .find(|c: char| !c.is_ascii_digit() && c != '.')
        .unwrap_or(text.len());
    let number_span = span.start..span.start + digits;
    let Some(value) = number(&text[..digits]) else {
        let message = if text.is_empty() {
            "no number to compare with".to_owned()
        } else {
            format!("`{text}` does not begin with a plain number")
        };
        return Err(ParseError::new(span, message, example(metric)));
    };
    let unit_at = skip_blanks(expr, number_span.end);
    let label = &expr[unit_at..span.end];
    let unit = Unit::written(metric, label).ok_or_else(|| {
        let message = match (metric, label) {
            (Metric::Time(..) | Metric::Rate, "") => format!("`{metric}` needs a unit"),
            _ => format!("`{label}` is no unit of `{metric}`"),
        };
        let number = &text[..digits];
        let help = match metric {
            Metric::Time(..) => {
                format!("write `{number}ms`; the units are ns, us, ms, s and m (minutes)")
            }
            Metric::Rate => format!("write `{number}/s` or `{number}/m`"),
            Metric::ErrorRate | Metric::Checks => {
                format!("write `{number}%`, or a fraction such as `0.01`")
            }
            Metric::Status(_) => {
                format!("write `{number}`, or `{number}%` for the share of the responses")
            }
            _ => format!("it is a plain number: write `{number}`"),
        };
        ParseError::new(unit_at..span.end, message, help)
    })?;
    // A short decimal times a power of ten is the nearest float only when it is rounded back.
    let limit = match metric {
        Metric::Time(..) => (value * unit.scale()).round(),
        _ => value * unit.scale(),
    };
    if !limit.is_finite() {
        return Err(ParseError::new(
            number_span,
            "the number is too large",
            example(metric),
        ));
    }
    let is_share = match metric {
        Metric::Status(_) => unit == Unit::Percent,
        _ => matches!(metric, Metric::ErrorRate | Metric::Checks),
    };
    if is_share && limit > 1.0 {
        let message = match metric {
            Metric::Checks => "more than everything cannot pass",
            Metric::Status(_) => "more than everything cannot have a status",
            _ => "more than everything cannot fail",
        };
        let help = "write a percentage such as `1%`, or a fraction such as `0.01`";
        return Err(ParseError::new(number_span.start..span.end, message, help));
    }
    Ok((limit, unit))
}

fn example(metric: Metric) -> String {
    let value = match metric {
        Metric::Time(..) => "300ms",
        Metric::Rate => "90/s",
        Metric::ErrorRate => "1%",
        Metric::Checks => "99%",
        _ => "10",
    };
    format!("write it as `{metric} < {value}`")
}

/// Digits with at most one point between; nothing else that a float parser takes.
fn number(text: &str) -> Option<f64> {
    let plain = text.starts_with(|c: char| c.is_ascii_digit())
        && text.ends_with(|c: char| c.is_ascii_digit())
        && text.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    plain.then(|| text.parse().ok()).flatten()
}

pub fn skip_blanks(expr: &str, at: usize) -> usize {
    at + expr[at..].len() - expr[at..].trim_start().len()
}
