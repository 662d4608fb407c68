//! Stalls: times in which a server does no work at all, and when work is done in spite of them.

use std::{ops::Range, time::Duration};

/// Nanoseconds.
pub type Nanos = u64;

/// A whole number of nanoseconds.
pub fn nanos(duration: Duration) -> Nanos {
    u64::try_from(duration.as_nanos()).expect("tests last less than 584 years")
}

/// Spans of time, from the start of the measurement, in which the whole server is frozen: it takes
/// nothing up, works on nothing and sends nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Stalls {
    spans: Vec<Range<Nanos>>,
}

impl Stalls {
    /// A server that never stalls.
    pub fn none() -> Self {
        Self::default()
    }

    /// Frozen in each of `spans`, which are in order, not empty and do not touch.
    pub fn new(spans: Vec<Range<Nanos>>) -> Self {
        assert!(spans.iter().all(|span| span.start < span.end));
        assert!(spans.windows(2).all(|pair| pair[0].end < pair[1].start));
        Self { spans }
    }

    /// Frozen once.
    pub fn once(span: Range<Nanos>) -> Self {
        Self::new(vec![span])
    }

    /// Frozen at `frozen` of every `period`, so many times.
    pub fn periodic(period: Duration, frozen: Range<Duration>, times: u64) -> Self {
        let (period, frozen) = (nanos(period), nanos(frozen.start)..nanos(frozen.end));
        assert!(frozen.end <= period);
        Self::new(
            (0..times)
                .map(|n| n * period + frozen.start..n * period + frozen.end)
                .collect(),
        )
    }

    /// Time at which `work` that is ready at `start` is done if nothing but the stalls holds it up.
    /// Work that is ready in a stall, however little, is done after it.
    pub fn finish(&self, start: Nanos, work: Nanos) -> Nanos {
        let (mut now, mut left) = (start, work);
        for span in &self.spans[self.first_ending_after(start)..] {
            if now < span.start {
                let free = span.start - now;
                if left <= free {
                    return now + left;
                }
                left -= free;
            }
            now = span.end;
        }
        now + left
    }

    /// Part of the time from `start` to `end` that was not stalled.
    pub fn free(&self, start: Nanos, end: Nanos) -> Nanos {
        let stalled: Nanos = self.spans[self.first_ending_after(start)..]
            .iter()
            .take_while(|span| span.start < end)
            .map(|span| span.end.min(end) - span.start.max(start))
            .sum();
        end - start - stalled
    }

    fn first_ending_after(&self, time: Nanos) -> usize {
        self.spans.partition_point(|span| span.end <= time)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_stands_still_in_a_stall() {
        let stalls = Stalls::new(vec![10..20, 30..40]);
        for (start, work, done) in [
            (0, 5, 5),    // before the stall
            (0, 10, 10),  // done as it begins
            (0, 11, 21),  // one unit left after it
            (10, 0, 20),  // ready as it begins: nothing is sent
            (15, 0, 20),  // ready within
            (15, 10, 30), // held up, then done as the next begins
            (15, 11, 41), // held up twice
            (20, 3, 23),  // ready as it ends
            (50, 7, 57),  // after all
        ] {
            assert_eq!(stalls.finish(start, work), done, "{work} from {start}");
            if done > start {
                let spent = stalls.free(start, done);
                assert_eq!(spent, work, "free time from {start} to {done}");
            }
        }
    }

    #[test]
    fn without_stalls_work_takes_its_time() {
        assert_eq!(Stalls::none().finish(3, 4), 7);
        assert_eq!(Stalls::none().free(3, 7), 4);
    }

    #[test]
    fn periodic_stalls_keep_their_place_in_each_period() {
        let second = Duration::from_secs(1);
        assert_eq!(
            Stalls::periodic(
                5 * second,
                4 * second - second / 2..5 * second - second / 2,
                2
            ),
            Stalls::new(vec![
                3_500_000_000..4_500_000_000,
                8_500_000_000..9_500_000_000
            ])
        );
    }
}
