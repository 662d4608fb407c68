//! Applies flags to a load, and builds the load.

use super::{
    Settings,
    level::Level,
    load::{LoadDraft, Model},
    population::PopulationDraft,
};
use crate::{Closed, Curve, Load, Open};
use std::time::Duration;

/// Longest that the arrivals that `max_queue` allows for by default have waited, at the peak rate.
const QUEUE_SECONDS: f64 = 60.0;

/// By how much `--duration` changes times: exact, so that a run has exactly the length asked for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Stretch {
    to: u128,
    from: u128,
}

impl Stretch {
    /// Changes nothing.
    pub const NONE: Self = Self { to: 1, from: 1 };

    pub fn apply(self, time: Duration) -> Duration {
        // Both factors are at most 366 days in ns, 2^55: their product fits.
        let scaled = (time.as_nanos() * self.to + self.from / 2) / self.from;
        Duration::from_nanos(u64::try_from(scaled).unwrap_or(u64::MAX))
    }
}

/// Applies `--users`, `--rate` and `--duration`. Gives what became of times; an error is a flag
/// that does not fit the scenario.
pub(super) fn apply(
    populations: &mut [PopulationDraft],
    settings: &Settings,
) -> Result<Stretch, &'static str> {
    if let Some(users) = settings.users {
        let closed = |draft: &LoadDraft| matches!(draft.model, Model::Closed { .. });
        // A user is whole, so the shares are rounded such that their sum stays exact.
        scale_to(populations, users as f64, closed, f64::round).ok_or(
            "--users: this scenario's load is a rate of arrivals; use --rate, or give users in [load]",
        )?;
    }
    if let Some(rate) = settings.rate {
        let open = |draft: &LoadDraft| matches!(draft.model, Model::Open { .. });
        scale_to(populations, rate, open, |level| level).ok_or(
            "--rate: this scenario's load is users; use --users, or give a rate in [load]",
        )?;
    }
    Ok(match settings.duration {
        Some(duration) => stretch(populations, duration),
        None => Stretch::NONE,
    })
}

/// Scales the populations that `chosen` picks so that the sum of their peaks is `peak`. None when
/// there are none.
fn scale_to(
    populations: &mut [PopulationDraft],
    peak: f64,
    chosen: fn(&LoadDraft) -> bool,
    round: fn(f64) -> f64,
) -> Option<()> {
    let loads = || populations.iter().map(|p| &p.load).filter(|l| chosen(l));
    let total: f64 = loads().map(|load| load.level.peak()).sum();
    if total <= 0.0 {
        return None;
    }
    let mut before = 0.0;
    for population in populations.iter_mut().filter(|p| chosen(&p.load)) {
        let own = population.load.level.peak();
        let share = round((before + own) * peak / total) - round(before * peak / total);
        before += own;
        // However small its share, a population that is there does something.
        let share = if share == 0.0 { 1.0 } else { share };
        population.load.level.scale(share / own, round);
    }
    Some(())
}

/// Makes the longest population take `length`, and the others in proportion.
fn stretch(populations: &mut [PopulationDraft], length: Duration) -> Stretch {
    let lengths = populations.iter().filter_map(|p| p.load.length());
    let stretch = match lengths.max() {
        Some(longest) => Stretch {
            to: length.as_nanos(),
            from: longest.as_nanos(),
        },
        None => Stretch::NONE,
    };
    for population in populations {
        population.load.warmup = stretch.apply(population.load.warmup);
        // Ends are rounded, not lengths, so that their sum is exact.
        let before = population.load.start;
        let start = stretch.apply(before);
        population.load.start = start;
        match &mut population.load.level {
            Level::Flat { duration, .. } => {
                let end = duration.map(|own| stretch.apply(before.saturating_add(own)));
                *duration = Some(end.unwrap_or(length).saturating_sub(start));
            }
            Level::Stages(stages) => {
                let (mut end, mut new_end) = (before, start);
                for (length, _) in stages {
                    end += *length;
                    let scaled = stretch.apply(end);
                    *length = scaled.saturating_sub(new_end);
                    new_end = scaled;
                }
            }
        }
    }
    stretch
}

impl Level {
    fn peak(&self) -> f64 {
        match self {
            Level::Flat { level, .. } => *level,
            Level::Stages(stages) => stages.iter().map(|(_, level)| *level).fold(0.0, f64::max),
        }
    }

    /// The level with which it begins.
    pub(super) fn first(&self) -> f64 {
        match self {
            Level::Flat { level, .. } => *level,
            Level::Stages(_) => self.curve().first_level(),
        }
    }

    /// None: until stopped.
    fn length(&self) -> Option<Duration> {
        match self {
            Level::Flat { duration, .. } => *duration,
            Level::Stages(stages) => Some(stages.iter().map(|(length, _)| *length).sum()),
        }
    }

    fn scale(&mut self, factor: f64, round: fn(f64) -> f64) {
        let scaled = |level: f64| {
            let scaled = round(level * factor);
            // A stage that had users keeps one.
            if scaled == 0.0 && level > 0.0 {
                1.0
            } else {
                scaled
            }
        };
        match self {
            Level::Flat { level, .. } => *level = scaled(*level),
            Level::Stages(stages) => {
                for (_, level) in stages {
                    *level = scaled(*level);
                }
            }
        }
    }

    fn curve(&self) -> Curve {
        match self {
            Level::Flat {
                level,
                spawn_rate: None,
                ..
            } => Curve::constant(*level),
            Level::Flat {
                level,
                spawn_rate: Some(rate),
                ..
            } => Curve::default()
                .then(Duration::from_secs_f64(level / rate), *level)
                .then_hold(),
            Level::Stages(stages) => stages
                .iter()
                .fold(Curve::default(), |curve, (length, level)| {
                    curve.then(*length, *level)
                }),
        }
    }
}

impl LoadDraft {
    /// From the end of the warm-up to that of the load; None: until stopped.
    pub(super) fn length(&self) -> Option<Duration> {
        let own = self.level.length()?;
        Some(own.saturating_add(self.start))
    }

    /// Its curve on the clock of a run whose warm-up takes so long.
    fn curve(&self, warmup: Duration) -> Curve {
        let curve = self.level.curve();
        if self.warmup.is_zero() {
            return curve.delayed(warmup.saturating_add(self.start));
        }
        let curve = match self.level {
            // Users come in the warm-up, and are there when it ends.
            Level::Flat { .. } => curve,
            Level::Stages(_) => curve.held_first(self.warmup),
        };
        curve.delayed(warmup.saturating_sub(self.warmup))
    }

    /// The load as it will run, on the clock of a run whose warm-up takes so long.
    pub(super) fn load(&self, warmup: Duration) -> Load {
        let duration = self.length().map(|length| length.saturating_add(warmup));
        let curve = self.curve(warmup);
        match &self.model {
            Model::Closed {
                think,
                pacing,
                iterations,
                ramp_down,
            } => Load::Closed(Closed {
                users: curve,
                duration,
                think: *think,
                pacing: *pacing,
                iterations: *iterations,
                ramp_down: *ramp_down,
            }),
            Model::Open {
                arrivals,
                max_in_flight,
                max_queue,
            } => {
                let minute = || (self.level.peak() * QUEUE_SECONDS).ceil() as u64;
                Load::Open(Open {
                    rate: curve,
                    duration,
                    arrivals: *arrivals,
                    max_in_flight: *max_in_flight,
                    max_queue: max_queue.unwrap_or_else(minute),
                })
            }
        }
    }
}
