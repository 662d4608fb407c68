//! Runs of loadgen and of another client on two databases, at once in slices, in pairs: in each
//! pair both clients have each database once, as no two have their rows in the same places.

use crate::{
    Result,
    client::SLACK,
    databases::{Databases, Done, StatementRun},
    loadgen::BUILT,
    process::Usage,
    ratio::Ratio,
    slices,
};
use std::{process::Command, time::Duration};

/// Runs of loadgen, and of the other client at the same time: two for each pair.
pub struct Pairs(pub Vec<(Done, Done)>);

impl Pairs {
    /// Runs loadgen with a scenario beside the client that `other` starts on the database of a URL
    /// for so long, and whose results `read` reads.
    pub fn run(
        databases: &Databases,
        number: usize,
        (scenario, length): (&str, Duration),
        other: impl Fn(&str, Duration) -> Command,
        read: impl Fn((Usage, Duration)) -> Result<Done>,
    ) -> Result<Self> {
        let run = |index: usize| {
            let [one, two] = &databases.urls;
            let (own, others) = match index.is_multiple_of(2) {
                true => (one, two),
                false => (two, one),
            };
            let mut own = StatementRun::new(BUILT.as_ref(), scenario, own, None, length)?;
            let mut others = other(others, length);
            let commands = [&mut own.command, &mut others];
            let [spent, others] = slices::run(commands, length, length + SLACK)?;
            // It was stopped now and then, and its latencies are longer by that.
            let own = Done {
                p50: f64::NAN,
                mean: f64::NAN,
                ..own.done(spent)?
            };
            Ok((own, read(others)?))
        };
        let runs: Result<Vec<_>> = (0..2 * number).map(run).collect();
        Ok(Self(runs?))
    }

    /// Ratio of a figure of loadgen's to the other client's.
    pub fn ratio(&self, figure: fn(&Done) -> f64) -> Ratio {
        let both = |pair: &[(Done, Done)]| {
            let ratios = pair.iter().map(|(own, other)| figure(own) / figure(other));
            ratios.product::<f64>().sqrt()
        };
        Ratio::of(self.0.chunks_exact(2).map(both))
    }
}
