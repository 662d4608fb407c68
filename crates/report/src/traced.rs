//! Choice of the requests that a report names by their traces.

use super::model::{ResultFile, Step, TracedRequest};

/// A request with its step.
pub(super) type OfStep<'a> = (&'a Step, &'a TracedRequest);

/// The slowest of all steps.
pub(super) fn slowest(result: &ResultFile, most: usize) -> Vec<OfStep<'_>> {
    let mut all = all(result, |step| &step.slowest);
    all.sort_by(|(_, a), (_, b)| b.latency_us.total_cmp(&a.latency_us));
    all.truncate(most);
    all
}

/// Failed ones: of each step's classes one, then another of each, and so on; in the order of time.
pub(super) fn failed(result: &ResultFile, most: usize) -> Vec<OfStep<'_>> {
    let mut seen: Vec<(&str, &str, usize)> = Vec::new();
    let ranked = all(result, |step| &step.failed);
    let mut ranked: Vec<(usize, OfStep<'_>)> = ranked
        .into_iter()
        .map(|(step, request)| {
            let kind = (step.id.as_str(), request.outcome.as_str());
            let before = seen.iter_mut().find(|(id, class, _)| (*id, *class) == kind);
            let rank = match before {
                Some((_, _, count)) => {
                    *count += 1;
                    *count
                }
                None => {
                    seen.push((kind.0, kind.1, 0));
                    0
                }
            };
            (rank, (step, request))
        })
        .collect();
    ranked.sort_by_key(|(rank, _)| *rank);
    ranked.truncate(most);
    let mut chosen: Vec<OfStep<'_>> = ranked.into_iter().map(|(_, of_step)| of_step).collect();
    chosen.sort_by(|(_, a), (_, b)| a.t_s.total_cmp(&b.t_s));
    chosen
}

fn all(
    result: &ResultFile,
    of: impl Fn(&Step) -> &Vec<TracedRequest>,
) -> Vec<(&Step, &TracedRequest)> {
    let steps = result.steps.iter();
    steps
        .flat_map(|step| of(step).iter().map(move |request| (step, request)))
        .collect()
}
