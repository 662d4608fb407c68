//! A level over time, made of straight lines: users, or arrivals per second.

use loadgen_core::time::{Nanos, SECOND, nanos};
use std::time::Duration;

/// One straight piece.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Segment {
    /// Its start, in ns from the start of the run.
    pub start: Nanos,
    /// Its end; `Nanos::MAX` for a last one without end.
    pub end: Nanos,
    /// Level at `start`.
    pub from: f64,
    /// Level at `end`.
    pub to: f64,
}

/// Segments without gaps, from 0 on. Levels are finite and not negative; a level may jump between
/// segments.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Curve {
    segments: Vec<Segment>,
}

impl Curve {
    /// Returns a curve that stays at this level from 0 on, without end.
    pub fn constant(level: f64) -> Self {
        Self {
            segments: vec![Segment {
                start: 0,
                end: Nanos::MAX,
                from: level,
                to: level,
            }],
        }
    }

    /// Adds a line from the last level (0 at first) to `level`; of length zero it is a jump.
    pub fn then(mut self, length: Duration, level: f64) -> Self {
        let (start, from) = self
            .segments
            .last()
            .map_or((0, 0.0), |last| (last.end, last.to));
        let end = start.saturating_add(nanos(length));
        self.segments.push(Segment {
            start,
            end,
            from,
            to: level,
        });
        self
    }

    /// Holds the last level without end.
    pub fn then_hold(mut self) -> Self {
        let (start, level) = self
            .segments
            .last()
            .map_or((0, 0.0), |last| (last.end, last.to));
        self.segments.push(Segment {
            start,
            end: Nanos::MAX,
            from: level,
            to: level,
        });
        self
    }

    /// Delays the curve by `length`; until then the level is 0.
    pub fn delayed(mut self, length: Duration) -> Self {
        let by = nanos(length);
        if by == 0 {
            return self;
        }
        for segment in &mut self.segments {
            segment.start = segment.start.saturating_add(by);
            segment.end = segment.end.saturating_add(by);
        }
        let nothing = Segment {
            start: 0,
            end: by,
            from: 0.0,
            to: 0.0,
        };
        self.segments.insert(0, nothing);
        self
    }

    /// Splits off the delay at the start: its length, and the curve after it.
    pub fn undelayed(&self) -> (Duration, Self) {
        match self.segments.as_slice() {
            [first, rest @ ..] if first.from == 0.0 && first.to == 0.0 && !rest.is_empty() => {
                let earlier = |segment: &Segment| Segment {
                    start: segment.start - first.end,
                    end: match segment.end {
                        Nanos::MAX => Nanos::MAX,
                        end => end - first.end,
                    },
                    ..*segment
                };
                let segments = rest.iter().map(earlier).collect();
                (Duration::from_nanos(first.end), Self { segments })
            }
            _ => (Duration::ZERO, self.clone()),
        }
    }

    /// Returns the rest of the curve from `at` on, as if it began then.
    pub fn after(&self, at: Nanos) -> Self {
        let left = |segment: &&Segment| segment.end > at || segment.start >= at;
        let earlier = |segment: &Segment| Segment {
            start: segment.start.max(at) - at,
            end: match segment.end {
                Nanos::MAX => Nanos::MAX,
                end => end - at,
            },
            from: segment.level_at(at),
            to: segment.to,
        };
        let segments = self.segments.iter().filter(left).map(earlier).collect();
        Self { segments }
    }

    /// Holds the first level for `length` before the curve goes on.
    pub fn held_first(mut self, length: Duration) -> Self {
        let by = nanos(length);
        let jumps = self.segments.iter().take_while(|s| s.end == 0).count();
        let level = self.first_level();
        for segment in &mut self.segments[jumps..] {
            segment.start = segment.start.saturating_add(by);
            segment.end = segment.end.saturating_add(by);
        }
        let held = Segment {
            start: 0,
            end: by,
            from: level,
            to: level,
        };
        self.segments.insert(jumps, held);
        self
    }

    /// The level with which it begins, after the jumps that it begins with.
    pub fn first_level(&self) -> f64 {
        let lasting = self.segments.iter().find(|segment| segment.end > 0);
        lasting.map_or(0.0, |segment| segment.from)
    }

    /// The level at this moment; after the jumps that are then.
    pub fn level_at(&self, at: Nanos) -> f64 {
        self.after(at).first_level()
    }

    /// The pieces in order.
    pub fn segments(&self) -> &[Segment] {
        &self.segments
    }

    /// The highest level.
    pub fn peak(&self) -> f64 {
        self.segments
            .iter()
            .fold(0.0, |peak, s| peak.max(s.from).max(s.to))
    }
}

impl Curve {
    /// Returns the windows `[start, end)` in which the level is above `floor`, in order, without
    /// touching ones.
    ///
    /// User `u` of a closed load is active in the windows above `u`, so that a ramp from 0 to 50
    /// in 10 s starts user 0 at once and user 49 at 9.8 s, and takes them away in reverse order.
    pub fn windows_above(&self, floor: f64) -> Vec<(Nanos, Nanos)> {
        let mut windows: Vec<(Nanos, Nanos)> = Vec::new();
        for segment in &self.segments {
            let Some((start, end)) = segment.part_above(floor) else {
                continue;
            };
            match windows.last_mut() {
                Some(last) if last.1 == start => last.1 = end,
                _ => windows.push((start, end)),
            }
        }
        windows
    }
}

impl Segment {
    fn part_above(&self, floor: f64) -> Option<(Nanos, Nanos)> {
        let (start, end) = match (self.from > floor, self.to > floor) {
            (false, false) => return None,
            (true, true) => (self.start, self.end),
            (false, true) => (self.crossing(floor), self.end),
            (true, false) => (self.start, self.crossing(floor)),
        };
        (start < end).then_some((start, end))
    }

    fn crossing(&self, level: f64) -> Nanos {
        let share = (level - self.from) / (self.to - self.from);
        self.start + (share * (self.end - self.start) as f64).round() as Nanos
    }

    /// The level at this moment, or at its start when that is later.
    fn level_at(&self, at: Nanos) -> f64 {
        if at <= self.start || self.from == self.to {
            return self.from;
        }
        let share = (at - self.start) as f64 / (self.end - self.start) as f64;
        self.from + (self.to - self.from) * share
    }

    /// Length in seconds; infinite for a last segment without end.
    fn seconds(&self) -> f64 {
        if self.end == Nanos::MAX {
            f64::INFINITY
        } else {
            (self.end - self.start) as f64 / SECOND as f64
        }
    }

    /// Level times seconds: with a rate, how many arrivals the segment holds.
    pub fn area(&self) -> f64 {
        let mean = (self.from + self.to) / 2.0;
        // Zero times an infinite length is nothing, not NaN.
        if mean == 0.0 {
            0.0
        } else {
            mean * self.seconds()
        }
    }

    /// The moment at which the area from the segment's start reaches `area`, to the nearest
    /// nanosecond; `area` is at least 0 and less than [`Segment::area`].
    ///
    /// With level `a + s t` the area is `a t + s t^2 / 2`. Its root is written so that nothing
    /// cancels when the slope `s` is small: `t = 2 area / (a + sqrt(a^2 + 2 s area))`.
    pub fn time_at_area(&self, area: f64) -> Nanos {
        if area <= 0.0 {
            return self.start;
        }
        let slope = (self.to - self.from) / self.seconds();
        // On the way down rounding could take the root's argument below zero at the very end.
        let level = (self.from * self.from + 2.0 * slope * area).max(0.0).sqrt();
        let seconds = 2.0 * area / (self.from + level);
        self.start
            .saturating_add((seconds * SECOND as f64).round() as Nanos)
    }
}
