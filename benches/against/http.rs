//! Both builds at once, each against an nginx of its own.

use super::{Builds, Pair, figures, in_turn};
use crate::{
    Result,
    client::{Job, Load, SLACK},
    loadgen::HttpRun,
    nginx::Nginx,
    process::{raise_open_files, run_at_once},
    slices,
};
use std::time::Duration;

/// A load that both builds make at the same time.
pub struct Http<'a> {
    builds: &'a Builds,
    /// On one core. Two, as one cannot hold the users of both; each build has each in turn.
    servers: [Nginx; 2],
    connections: usize,
    load: Load,
    length: Duration,
}

impl<'a> Http<'a> {
    /// 50 connections, each with a request under way at all times. Each build would fill the core:
    /// one goes while the other is stopped.
    pub fn closed(builds: &'a Builds) -> Result<Self> {
        let connections = 50;
        Ok(Self {
            builds,
            servers: [Nginx::start(connections)?, Nginx::start(connections)?],
            connections,
            load: Load::Closed,
            length: Duration::from_secs(8),
        })
    }

    /// 10,000 users who think. They need a small part of the core and pauses must not be prolonged,
    /// so none is stopped; what one build takes from the caches, it takes from both.
    pub fn thinking(builds: &'a Builds) -> Result<Self> {
        let connections = 10_000;
        // A connection of each user, at either end of it, and a few of their own.
        raise_open_files(connections as u64 + 200)?;
        Ok(Self {
            builds,
            servers: [Nginx::start(connections)?, Nginx::start(connections)?],
            connections,
            load: Load::Thinking,
            length: Duration::from_secs(20),
        })
    }
}

impl super::Load for Http<'_> {
    fn pair(&mut self, number: usize) -> Result<Pair> {
        let servers = in_turn(number, self.servers.each_ref());
        let before = [servers[0].requests()?, servers[1].requests()?];
        let prepared = |side: usize| {
            let job = Job {
                url: &format!("{}/", servers[side].url()),
                connections: self.connections,
                load: self.load,
                length: self.length,
            };
            HttpRun::new(&self.builds[side], job)
        };
        let mut runs = [prepared(0)?, prepared(1)?];
        let commands = in_turn(number, runs.each_mut().map(|run| &mut run.command));
        let limit = self.length + SLACK;
        let used = match self.load {
            Load::Closed => slices::run(commands, self.length, limit)?.map(|(used, _)| used),
            _ => run_at_once(commands, limit)?,
        };
        let [old, new] = in_turn(number, used);
        let done = [runs[0].done(old)?, runs[1].done(new)?];
        for (side, done) in done.iter().enumerate() {
            // Each connection may have had a request under way at the end.
            servers[side].check(before[side], done, 2 * self.connections)?;
        }
        Ok(figures(
            done.each_ref()
                .map(|done| (done.requests as f64, &done.usage)),
        ))
    }
}
