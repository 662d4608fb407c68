//! A suite as `loadgen check` prints it.

use super::{phrase::line, quantity::time, words::words};
use crate::suite::{OnFailure, Suite};
use loadgen_core::printable;
use std::fmt::Write;

/// Everything that will happen, in words.
pub fn suite(suite: &Suite) -> String {
    let mut out = format!("{}\n\n", suite.name);
    let after = match suite.on_failure {
        OnFailure::Stop => "the first that fails ends the suite",
        OnFailure::Continue => "also after one that fails",
    };
    let count = suite.phases.len();
    line(&mut out, "phases", &format!("{count}, in order, {after}"));
    if suite
        .phases
        .iter()
        .any(|phase| phase.plan.apps().next().is_some())
    {
        let bundles = suite.bundles();
        let anew: Vec<&str> = bundles
            .iter()
            .skip(1)
            .filter_map(|bundle| Some(suite.phases.get(bundle.start)?.name.as_str()))
            .collect();
        let words = match anew.as_slice() {
            [] => "started once for all phases".to_owned(),
            anew => format!(
                "started anew for {}, where temporary databases begin empty",
                anew.join(", ")
            ),
        };
        line(&mut out, "services", &words);
    }
    for (index, phase) in suite.phases.iter().enumerate() {
        let file = phase.scenario.path.display().to_string();
        let file = printable::line(&file);
        // Writing into a String cannot fail.
        let _ = write!(out, "\n== {}. {} ({file})", index + 1, phase.name);
        if !phase.pause.is_zero() {
            let _ = write!(out, ", after a pause of {}", time(phase.pause));
        }
        let _ = write!(out, "\n\n{}", words(&phase.plan));
    }
    out
}
