//! Loads: the closed and the open model of when task runs start.

use super::{Curve, Plan};
use loadgen_core::time::nanos;
pub use loadgen_scenario::raw::Arrivals;
use std::time::Duration;

/// A population's load.
#[derive(Debug, Clone)]
pub enum Load {
    /// A number of users, each of which waits for its response before it goes on.
    Closed(Closed),
    /// Arrivals that come whether or not earlier ones were answered.
    Open(Open),
}

/// Users.
#[derive(Debug, Clone)]
pub struct Closed {
    /// Users over time; user `u` is active while the curve is above `u`.
    pub users: Curve,
    /// Time until no further run starts; None: until stopped.
    pub duration: Option<Duration>,
    /// Pause between the end of a run and the intended start of the next.
    pub think: Think,
    /// One run in each interval of this length, in place of pauses; the runs' intended starts are
    /// the ticks, counted from the user's start.
    pub pacing: Option<Duration>,
    /// Number of runs in all.
    pub iterations: Iterations,
    /// Longest time that a run may take after its user's leave, in a falling curve, before it is
    /// cut off; None: as long as it takes.
    pub ramp_down: Option<Duration>,
}

/// Bound on the number of runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Iterations {
    /// No bound.
    #[default]
    Unlimited,
    /// Each user so many.
    PerUser(u64),
    /// Total that users take from as they become free.
    Shared(u64),
}

/// Arrivals.
#[derive(Debug, Clone)]
pub struct Open {
    /// Arrivals per second over time.
    pub rate: Curve,
    /// Time until no further arrival comes; None: until stopped.
    pub duration: Option<Duration>,
    /// Distribution of arrivals over time.
    pub arrivals: Arrivals,
    /// Most task runs at once, over all workers.
    pub max_in_flight: u64,
    /// Most arrivals that wait for a slot, over all workers.
    pub max_queue: u64,
}

/// A pause.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Think {
    /// None at all.
    None,
    /// Always the same.
    Constant(Duration),
    /// Uniform, both ends included.
    Uniform(Duration, Duration),
    /// A bell curve, with its mean and its deviation; never below zero.
    Normal(Duration, Duration),
    /// Exponential, with its mean.
    Exponential(Duration),
}

impl Load {
    /// Returns the time until no further run starts; None: until stopped.
    pub fn duration(&self) -> Option<Duration> {
        match self {
            Load::Closed(closed) => closed.duration,
            Load::Open(open) => open.duration,
        }
    }

    /// Users or rate over time.
    pub fn curve(&self) -> &Curve {
        match self {
            Load::Closed(closed) => &closed.users,
            Load::Open(open) => &open.rate,
        }
    }

    /// Returns the rest of the load after a warm-up, as if it began then.
    pub fn after(&self, warmup: Duration) -> Self {
        let mut left = self.clone();
        let (curve, duration) = match &mut left {
            Load::Closed(closed) => (&mut closed.users, &mut closed.duration),
            Load::Open(open) => (&mut open.rate, &mut open.duration),
        };
        *curve = curve.after(nanos(warmup));
        *duration = duration.map(|end| end.saturating_sub(warmup));
        left
    }

    /// Returns true if a number of iterations bounds it.
    pub fn is_counted(&self) -> bool {
        match self {
            Load::Closed(closed) => closed.iterations != Iterations::Unlimited,
            Load::Open(_) => false,
        }
    }

    fn ends(&self) -> bool {
        self.is_counted() || self.duration().is_some()
    }
}

impl Plan {
    /// Users at their peak, over the closed populations; None when there are none.
    pub fn peak_users(&self) -> Option<f64> {
        self.sum(|load| match load {
            Load::Closed(closed) => Some(closed.users.peak()),
            Load::Open(_) => None,
        })
    }

    /// Arrivals per second at their peak, over the open populations; None when there are none.
    pub fn peak_rate(&self) -> Option<f64> {
        self.sum(|load| match load {
            Load::Open(open) => Some(open.rate.peak()),
            Load::Closed(_) => None,
        })
    }

    fn sum(&self, peak: fn(&Load) -> Option<f64>) -> Option<f64> {
        let peaks = self.populations.iter().filter_map(|p| peak(&p.load));
        peaks.reduce(|a, b| a + b)
    }

    /// From the end of the warm-up to when the last of the populations that have an end stops
    /// starting runs.
    pub fn length(&self) -> Option<Duration> {
        let ends = self.populations.iter().filter_map(|p| p.load.duration());
        ends.max().map(|end| end.saturating_sub(self.warmup))
    }

    /// Returns true if the load ends by itself.
    pub fn ends(&self) -> bool {
        self.populations.iter().all(|p| p.load.ends())
    }
}
