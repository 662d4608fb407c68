//! State of the live displays, updated once a second.

use super::{
    Outline,
    background::{self, LiveEvent, LiveSeries, Reading},
    details::Details,
};
use loadgen_core::{
    metric::{Counter, Statuses, Timers},
    time::Nanos,
};
use loadgen_gate::Verdict;
use loadgen_record::{Hist, RunTotals, Snapshot, View};
use std::{collections::VecDeque, sync::Arc};

/// Seconds over which rates and percentiles are shown.
pub const RECENT: usize = 5;
/// Most messages that are kept.
const MOST_MESSAGES: usize = 50;
/// Most events that are kept.
const MOST_EVENTS: usize = 500;

/// The figures shown at one moment. What is large in it is shared, so that it is cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct State {
    /// The frame.
    pub outline: Arc<Outline>,
    /// Time since the start of the run.
    pub elapsed: Nanos,
    /// Active users.
    pub users: u64,
    /// Task runs under way.
    pub in_flight: u64,
    /// Arrivals waiting for a slot.
    pub queued: u64,
    /// Requests that ended since the start, or since the end of the warm-up.
    pub count: u64,
    /// Requests that failed.
    pub errors: u64,
    /// Responses by status code since then.
    pub statuses: Statuses,
    /// Arrivals that found the queue full since the start.
    pub dropped: u64,
    /// State of each threshold; None for those that cannot be judged yet.
    pub standings: Vec<Option<Verdict>>,
    /// Events so far.
    pub events: Vec<LiveEvent>,
    /// Metrics of the target.
    pub observed: Vec<LiveSeries>,
    /// Messages so far.
    pub messages: Vec<String>,
    /// The course of the run, for displays that draw it.
    pub details: Option<Details>,
    recent: VecDeque<Arc<Second>>,
}

/// Figures of one of the last seconds.
#[derive(Debug)]
struct Second {
    all: Lately,
    tasks: Vec<Lately>,
}

/// Figures of the last seconds: a task's runs; for everything the requests, and besides the `runs`.
#[derive(Debug, Clone, Default)]
pub struct Lately {
    /// Times from the intended start to the end.
    pub latency: Hist,
    /// Times of the timers that are shown live; empty for tasks.
    pub times: Timers<Hist>,
    /// Task runs that ended.
    pub runs: u64,
    /// Failures.
    pub errors: u64,
    /// Seconds that it covers.
    pub seconds: usize,
}

impl State {
    /// Before the first second.
    pub fn new(outline: Outline) -> Self {
        Self {
            outline: Arc::new(outline),
            ..Self::default()
        }
    }

    /// Returns a state with details.
    pub fn with_details(outline: Outline) -> Self {
        Self {
            details: Some(Details::default()),
            ..Self::new(outline)
        }
    }

    /// Takes the next second of the whole run, the totals up to its end, and where the thresholds
    /// stand after it.
    pub fn update(
        &mut self,
        snapshot: &Snapshot,
        totals: &RunTotals,
        standings: Vec<Option<Verdict>>,
    ) {
        let view = View::totals(&snapshot.steps, &snapshot.tasks);
        if self.is_warming() && !snapshot.warmup {
            // Counting starts again here, after the warm-up.
            (self.count, self.errors, self.dropped) = (0, 0, 0);
            self.statuses = Statuses::default();
            self.recent.clear();
        }
        self.elapsed = totals.warmup + totals.elapsed;
        self.users = snapshot.users;
        self.in_flight = snapshot.in_flight;
        self.queued = snapshot.queued;
        self.count += view.measures.count();
        self.errors += view.measures.errors();
        self.statuses.add(&view.measures.statuses);
        self.dropped += view.measures[Counter::Dropped];
        self.standings = standings;
        if self.recent.len() == RECENT {
            self.recent.pop_front();
        }
        let tasks = snapshot.tasks.iter().map(|task| Lately {
            latency: task.latency().into_owned(),
            times: Timers::default(),
            runs: task.count(),
            errors: task.errors(),
            seconds: 1,
        });
        self.recent.push_back(Arc::new(Second {
            all: Lately {
                latency: view.measures.latency().into_owned(),
                times: Timers::of(|timer| match timer.info().live {
                    true => view.measures[timer].clone(),
                    false => Hist::default(),
                }),
                runs: view.runs,
                errors: view.measures.errors(),
                seconds: 1,
            },
            tasks: tasks.collect(),
        }));
        if let Some(details) = &mut self.details {
            details.update(snapshot, totals);
        }
    }

    /// Returns true during the warm-up.
    pub fn is_warming(&self) -> bool {
        self.elapsed <= self.outline.warmup && self.outline.warmup > 0
    }

    /// Keeps something that was said.
    pub fn message(&mut self, text: &str) {
        if self.messages.len() == MOST_MESSAGES {
            self.messages.remove(0);
        }
        self.messages.push(text.to_owned());
    }

    /// Returns true if the event was reported before: then it was under way.
    pub fn knows(&self, event: &LiveEvent) -> bool {
        self.events.iter().any(|own| own.is_same(event))
    }

    /// Adds what was done to the world, in place of what was known of it.
    pub fn event(&mut self, event: LiveEvent) {
        if let Some(own) = self.events.iter_mut().find(|own| own.is_same(&event)) {
            *own = event;
            return;
        }
        if self.events.len() == MOST_EVENTS {
            self.events.remove(0);
        }
        self.events.push(event);
    }

    /// Adds a reading of the system under test.
    pub fn observe(&mut self, reading: &Reading<'_>) {
        background::add(&mut self.observed, reading);
    }

    /// All requests of the last seconds.
    pub fn lately(&self) -> Lately {
        self.sum(|second| Some(&second.all))
    }

    /// A task's runs of the last seconds.
    pub fn task_lately(&self, task: usize) -> Lately {
        self.sum(|second| second.tasks.get(task))
    }

    fn sum(&self, pick: impl Fn(&Second) -> Option<&Lately>) -> Lately {
        let mut sum = Lately::default();
        for second in self.recent.iter().filter_map(|second| pick(second)) {
            sum.latency.add(&second.latency);
            for (timer, times) in sum.times.iter_mut() {
                times.add(&second.times[timer]);
            }
            sum.runs += second.runs;
            sum.errors += second.errors;
            sum.seconds += second.seconds;
        }
        sum
    }
}

impl Lately {
    /// Task runs that ended per second.
    pub fn rate(&self) -> f64 {
        self.runs as f64 / self.seconds.max(1) as f64
    }
}
