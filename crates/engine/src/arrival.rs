//! The open model's schedule: when arrival `i` is meant to start, a pure function of the plan.

use super::numbering::Counts;
use loadgen_core::time::{Nanos, nanos};
use loadgen_data::rng::{Purpose, Stream, stream};
use loadgen_plan::{Arrivals, Curve, Open};
use rand::RngExt;

/// One arrival; ordered by number, which is the order of their times too.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Arrival {
    /// Its number over all workers, from 0.
    pub index: u64,
    /// Its intended start.
    pub at: Nanos,
    /// The arrivals before it that draw what it draws, when they are counted.
    pub counts: Counts,
}

/// Yields every `stride`-th arrival from number `first` on, in order of time, up to the load's end.
///
/// The integral of the rate counts the arrivals. Constant arrivals come when it reaches 0, 1, 2...;
/// Poisson arrivals when it reaches the sums of independent exponential steps of mean 1 (the
/// time-rescaling of a Poisson process), which every worker draws alike from the same stream.
#[derive(Debug)]
pub struct Schedule {
    integral: Integral,
    end: Nanos,
    gaps: Option<Gaps>,
    next: u64,
    skip: u64,
}

#[derive(Debug)]
struct Gaps {
    rng: Stream,
    drawn: u64,
    sum: f64,
}

impl Schedule {
    /// The share of worker `first` of `stride` workers.
    pub fn new(load: &Open, seed: u64, population: usize, first: u64, stride: u64) -> Self {
        let gaps = match load.arrivals {
            Arrivals::Constant => None,
            Arrivals::Poisson => Some(Gaps {
                rng: stream(seed, population, Purpose::Gaps, 0),
                drawn: 0,
                sum: 0.0,
            }),
        };
        Self {
            integral: Integral::new(&load.rate),
            end: load.duration.map_or(Nanos::MAX, nanos),
            gaps,
            next: first,
            skip: stride,
        }
    }
}

impl Iterator for Schedule {
    type Item = Arrival;

    fn next(&mut self) -> Option<Arrival> {
        let index = self.next;
        let count = match &mut self.gaps {
            None => index as f64,
            Some(gaps) => gaps.sum_to(index),
        };
        let at = self.integral.time_at(count).filter(|at| *at < self.end)?;
        self.next += self.skip;
        Some(Arrival {
            index,
            at,
            counts: Counts::default(),
        })
    }
}

impl Gaps {
    /// The sum of the first `index + 1` exponential steps.
    fn sum_to(&mut self, index: u64) -> f64 {
        while self.drawn <= index {
            // In (0, 1], so that the logarithm is finite.
            let uniform = 1.0 - self.rng.random::<f64>();
            self.sum -= uniform.ln();
            self.drawn += 1;
        }
        self.sum
    }
}

/// Inverts the running integral of a curve for growing counts.
#[derive(Debug)]
struct Integral {
    curve: Curve,
    segment: usize,
    before: f64,
}

impl Integral {
    fn new(curve: &Curve) -> Self {
        Self {
            curve: curve.clone(),
            segment: 0,
            before: 0.0,
        }
    }

    /// Returns the time at which the integral reaches `count`; None if it never does. Counts must
    /// not fall from call to call.
    fn time_at(&mut self, count: f64) -> Option<Nanos> {
        loop {
            let segment = self.curve.segments().get(self.segment)?;
            let area = segment.area();
            if count - self.before < area {
                return Some(segment.time_at_area(count - self.before));
            }
            self.before += area;
            self.segment += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use loadgen_core::time::SECOND;
    use proptest::prelude::*;
    use std::time::Duration;

    fn open(rate: Curve, seconds: u64, arrivals: Arrivals) -> Open {
        Open {
            rate,
            duration: Some(Duration::from_secs(seconds)),
            arrivals,
            max_in_flight: 1,
            max_queue: 1,
        }
    }

    fn all(load: &Open) -> Vec<Arrival> {
        Schedule::new(load, 1, 0, 0, 1).collect()
    }

    /// Twice the integral times 1e18 at `t` ns of a ramp in exact whole numbers:
    /// levels per second, length in ns. `2 (a t + (b - a) t^2 / 2L)`, scaled by `L` as well.
    fn twice_area_scaled(from: i128, to: i128, length: i128, t: i128) -> i128 {
        2 * from * t * length + (to - from) * t * t
    }

    proptest! {
        #[test]
        fn constant_arrivals_are_exact(rate in 1u64..200_000, seconds in 1u64..20) {
            let seconds = seconds.min(400_000 / rate).max(1);
            let load = open(Curve::constant(rate as f64), seconds, Arrivals::Constant);
            let arrivals = all(&load);
            prop_assert_eq!(arrivals.len() as u64, rate * seconds);
            for arrival in arrivals {
                // |at - i / rate| <= half a nanosecond, without division.
                let error = (arrival.at * rate).abs_diff(arrival.index * SECOND);
                prop_assert!(2 * error <= rate, "{arrival:?}");
            }
        }

        #[test]
        fn ramp_arrivals_stand_where_the_exact_integral_reaches_their_number(
            from in 0u32..3000, to in 0u32..3000, millis in 1u64..20_000,
        ) {
            let length = Duration::from_millis(millis);
            let curve = Curve::default().then(Duration::ZERO, f64::from(from)).then(length, f64::from(to));
            let mut load = open(curve, 1, Arrivals::Constant);
            load.duration = Some(length);
            let arrivals = all(&load);
            let (from, to, length) = (i128::from(from), i128::from(to), i128::from(millis) * 1_000_000);
            let scale = 2 * length * i128::from(SECOND);
            for arrival in &arrivals {
                let (at, number) = (i128::from(arrival.at), i128::from(arrival.index));
                let early = twice_area_scaled(from, to, length, (at - 1).max(0));
                let late = twice_area_scaled(from, to, length, (at + 1).min(length));
                prop_assert!(early <= number * scale && number * scale <= late, "{arrival:?}");
            }
            // Number of integers in [0, integral), except for one on the very edge.
            let twice_total = (from + to) * length;
            let exact = (twice_total + 2 * i128::from(SECOND) - 1) / (2 * i128::from(SECOND));
            prop_assert!((arrivals.len() as i128 - exact).abs() <= 1);
        }

        #[test]
        fn workers_split_the_same_schedule(workers in 1u64..7, seed: u64, poisson: bool) {
            let kind = if poisson { Arrivals::Poisson } else { Arrivals::Constant };
            let curve = Curve::default().then(Duration::from_secs(2), 300.0).then(Duration::from_secs(1), 20.0);
            let load = open(curve, 3, kind);
            let whole: Vec<_> = Schedule::new(&load, seed, 0, 0, 1).collect();
            let mut parts: Vec<_> = (0..workers)
                .flat_map(|w| Schedule::new(&load, seed, 0, w, workers).collect::<Vec<_>>())
                .collect();
            parts.sort_by_key(|arrival| arrival.index);
            prop_assert_eq!(whole, parts);
        }
    }

    #[test]
    fn a_jump_and_a_silent_stage_are_kept() {
        let curve = Curve::default()
            .then(Duration::ZERO, 10.0)
            .then(Duration::from_secs(1), 10.0)
            .then(Duration::ZERO, 0.0)
            .then(Duration::from_secs(5), 0.0)
            .then(Duration::ZERO, 2.0)
            .then_hold();
        let arrivals = all(&open(curve, 8, Arrivals::Constant));
        let times: Vec<u64> = arrivals.iter().map(|a| a.at / 100_000_000).collect();
        assert_eq!(times, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 60, 65, 70, 75]);
    }

    #[test]
    fn poisson_gaps_are_exponential() {
        let load = open(Curve::constant(1000.0), 100, Arrivals::Poisson);
        let arrivals = all(&load);
        let n = arrivals.len() as f64;
        // 100,000 expected; five standard deviations of a Poisson count are 1,581.
        assert!((n - 100_000.0).abs() < 1_581.0, "{n}");
        // Chi-square of the gaps over ten bins of equal probability, 9 degrees of freedom;
        // 27.9 is exceeded once in a thousand seeds.
        let mut bins = [0.0f64; 10];
        let mut before = 0;
        for arrival in &arrivals {
            let gap = (arrival.at - before) as f64 / 1e6;
            before = arrival.at;
            bins[((1.0 - (-gap).exp()) * 10.0).min(9.0) as usize] += 1.0;
        }
        let expected = n / 10.0;
        let chi: f64 = bins
            .iter()
            .map(|seen| (seen - expected).powi(2) / expected)
            .sum();
        assert!(chi < 27.9, "{chi}: {bins:?}");
    }
}
