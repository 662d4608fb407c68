//! Both builds at once on one PostgreSQL, each on a database of its own.

use super::{Builds, Load, Pair, figures, in_turn};
use crate::{
    Result,
    client::SLACK,
    databases::{Databases, StatementRun},
    slices,
};
use std::time::Duration;

/// Time of both builds together on each of the two databases.
const LENGTH: Duration = Duration::from_secs(8);

/// A scenario of scenarios/sql, at full speed.
pub struct Statements<'a> {
    builds: &'a Builds,
    scenario: &'static str,
    databases: Databases,
}

impl<'a> Statements<'a> {
    /// Starts the server, and fills the tables.
    pub fn start(builds: &'a Builds, scenario: &'static str) -> Result<Self> {
        Ok(Self {
            builds,
            scenario,
            databases: Databases::start(&builds[1])?,
        })
    }

    /// One goes while the other is stopped; gives the figures of both.
    fn run(&self, number: usize, [old_url, new_url]: [&str; 2]) -> Result<Pair> {
        let [old, new] = self.builds;
        let prepared = |build, url| StatementRun::new(build, self.scenario, url, None, LENGTH);
        let mut runs = [prepared(old, old_url)?, prepared(new, new_url)?];
        let commands = in_turn(number, runs.each_mut().map(|run| &mut run.command));
        let [old, new] = in_turn(number, slices::run(commands, LENGTH, LENGTH + SLACK)?);
        let done = [runs[0].done(old)?, runs[1].done(new)?];
        Ok(figures(
            done.each_ref().map(|done| (done.transactions, &done.usage)),
        ))
    }
}

impl Load for Statements<'_> {
    /// Each build has each database once. Figures are geometric means of the two runs.
    fn pair(&mut self, number: usize) -> Result<Pair> {
        let [one, other] = self.databases.urls.each_ref().map(String::as_str);
        let first = self.run(number, [one, other])?;
        let second = self.run(number, [other, one])?;
        let mean = |((figure, a), (_, b)): ((_, [f64; 2]), (_, [f64; 2]))| {
            (figure, [0, 1].map(|side| (a[side] * b[side]).sqrt()))
        };
        Ok(first.into_iter().zip(second).map(mean).collect())
    }
}
