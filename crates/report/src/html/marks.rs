//! Marks on every chart over time: the warm-up, the stages of the load, and events.

use super::stages::{Stage, stages};
use crate::model::ResultFile;
use std::ops::Range;

/// Most events that are marked; more would be a grey surface.
const MOST: usize = 200;

/// All marks.
#[derive(Debug, Default)]
pub(super) struct Marks {
    /// Seconds of warm-up at the beginning.
    pub warmup: f64,
    pub stages: Vec<Stage>,
    pub events: Vec<Mark>,
}

/// An event that was done, or was not.
#[derive(Debug, PartialEq)]
pub(super) struct Mark {
    /// In seconds from the start of the run, and from then.
    pub at: f64,
    pub took: f64,
    /// Number of the event, the same for each of its runs: 1 is the first.
    pub number: usize,
    pub name: String,
    pub ok: bool,
}

impl Marks {
    pub fn of(result: &ResultFile) -> Self {
        let numbers = numbers(result);
        let events = result.events.iter().zip(numbers).take(MOST);
        Self {
            warmup: result.run.warmup_s,
            stages: stages(&result.plan),
            events: events
                .map(|(event, number)| Mark {
                    at: event.t_s,
                    took: event.took_s,
                    number,
                    name: event.name.clone(),
                    ok: event.ok,
                })
                .collect(),
        }
    }

    /// The events of some time, in words that follow others.
    pub fn within(&self, time: &Range<f64>) -> String {
        let events = self.events.iter().filter(|event| time.contains(&event.at));
        events
            .map(|event| format!("; event {}: {}", event.number, event.name))
            .collect()
    }
}

/// The numbers of the result's events: each name has one.
pub(super) fn numbers(result: &ResultFile) -> Vec<usize> {
    let mut names: Vec<&str> = Vec::new();
    let events = result.events.iter();
    events
        .map(|event| {
            let known = names.iter().position(|name| *name == event.name);
            known.unwrap_or_else(|| {
                names.push(&event.name);
                names.len() - 1
            }) + 1
        })
        .collect()
}
