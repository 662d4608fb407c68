//! Both builds one after the other at a rate, against a server that notes arrivals.

use super::{Builds, Load, Pair, figures, in_turn};
use crate::{Result, loadgen::HttpRun, pacing::arrivals};
use std::time::Duration;

/// Length of a measurement of arrivals.
const LENGTH: Duration = Duration::from_secs(4);

/// Evenly spaced arrivals. Side by side each build would delay those of the other, so they take turns.
pub struct Even<'a> {
    /// The builds.
    pub builds: &'a Builds,
}

impl Load for Even<'_> {
    fn pair(&mut self, number: usize) -> Result<Pair> {
        let [first, second] = in_turn(number, self.builds.each_ref());
        let run = |build| arrivals(LENGTH, |job| HttpRun::new(build, job)?.run());
        let [old, new] = in_turn(number, [run(first)?, run(second)?]);
        let mut pair = figures([&old, &new].map(|(_, done)| (done.requests as f64, &done.usage)));
        pair.push(("deviation p50 us", [old.0.p50, new.0.p50]));
        pair.push(("deviation p99 us", [old.0.p99, new.0.p99]));
        Ok(pair)
    }
}
