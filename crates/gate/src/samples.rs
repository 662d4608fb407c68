//! Checks that a percentile rests on enough samples.

use super::Verdict;
use loadgen_core::human;
use loadgen_plan::{
    Threshold,
    threshold::{Metric, Scopes, Statistic},
};

/// Fewer than so many samples expected beyond a percentile, and chance decides.
const ENOUGH: f64 = 10.0;

/// A warning for each threshold on a percentile that too few samples lie beyond. Those without
/// any sample have failed for it already and need no warning.
pub fn warnings(thresholds: &[Threshold], verdicts: &[Verdict], scopes: Scopes<'_>) -> Vec<String> {
    thresholds
        .iter()
        .zip(verdicts)
        .filter_map(|(threshold, verdict)| warning(threshold, verdict.samples, scopes))
        .collect()
}

fn warning(threshold: &Threshold, samples: u64, scopes: Scopes<'_>) -> Option<String> {
    let Metric::Time(_, Statistic::Percentile(percent)) = threshold.metric else {
        return None;
    };
    let beyond = samples as f64 * (100.0 - percent) / 100.0;
    // The 100th percentile is the maximum: nothing can lie beyond it.
    if samples == 0 || percent >= 100.0 || beyond >= ENOUGH - 1e-9 {
        return None;
    }
    // In millionths of a percent, as floats would ask for one more now and then.
    let above = 100_000_000 - (percent * 1e6).round() as u64;
    let needed = (ENOUGH as u64 * 100_000_000).div_ceil(above.max(1));
    let window = match threshold.window {
        Some(_) => "the window",
        None => "the run",
    };
    Some(format!(
        "`{}` is judged by {}, of which about {} lie beyond p{percent}: fewer than {ENOUGH} leave \
         it to chance. It takes {} in {window}.",
        threshold.title(scopes),
        human::plural(samples, "sample"),
        human::distinct(beyond, ENOUGH),
        human::grouped(needed),
    ))
}
