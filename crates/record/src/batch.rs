//! Successes that wait to be counted.

use super::{Snapshot, period::MeasuredPart};
use loadgen_core::{
    metric::{Counter, Timer},
    time::Nanos,
};
use loadgen_driver::Outcome;
use std::num::NonZeroU16;

/// Most successes that wait.
const MOST: usize = 64;

/// Successes in the order in which they ended. Counting needs histograms and code that waiting for
/// responses has driven out of the processor's caches; a batch finds them there.
#[derive(Debug)]
pub struct Batch(Vec<Success>);

/// All that there is to count of a success.
#[derive(Debug)]
pub enum Success {
    /// Success of a step.
    Step {
        /// Its index.
        index: usize,
        /// Intended start to end.
        latency: Nanos,
        /// First byte sent to end.
        service: Nanos,
        /// First byte sent to first byte of the response, where that was seen.
        ttfb: Option<Nanos>,
        /// Status code of the response, where it has one.
        status: Option<NonZeroU16>,
        /// Bytes sent and received.
        traffic: [u64; 2],
    },
    /// Success of a task, by its index, with its latency.
    Task(usize, Nanos),
    /// Success of a group, by its index, with its latency.
    Group(usize, Nanos),
    /// Latency of one of these with the lag taken off.
    Punctual(MeasuredPart, Nanos),
}

impl Success {
    /// Returns the success of a step, unless there is more to record about it.
    pub fn of_step(index: usize, intended: Nanos, outcome: &Outcome) -> Option<Self> {
        if !outcome.is_plain() {
            return None;
        }
        Some(Self::Step {
            index,
            latency: outcome.ended_at.saturating_sub(intended),
            service: outcome.service()?,
            ttfb: outcome.ttfb(),
            status: outcome.status,
            traffic: [outcome.bytes_sent, outcome.bytes_received],
        })
    }

    fn count(self, current: &mut Snapshot, checks: &[usize]) {
        match self {
            Self::Step {
                index,
                latency,
                service,
                ttfb,
                status,
                traffic: [sent, received],
            } => {
                let measures = &mut current.steps[index];
                measures[Counter::Offered] += 1;
                measures[Timer::Ok].record(latency);
                measures[Timer::Service].record(service);
                if let Some(ttfb) = ttfb {
                    measures[Timer::Ttfb].record(ttfb);
                    measures[Timer::Transfer].record(service.saturating_sub(ttfb));
                }
                if let Some(status) = status {
                    measures.statuses.count(status.get());
                }
                measures.check(checks[index], 0);
                measures[Counter::BytesSent] += sent;
                measures[Counter::BytesReceived] += received;
            }
            Self::Task(index, latency) => current.tasks[index][Timer::Ok].record(latency),
            Self::Group(index, latency) => current.groups[index][Timer::Ok].record(latency),
            Self::Punctual(part, latency) => {
                current.of(part).punctual().record(Timer::Ok, latency);
            }
        }
    }
}

impl Batch {
    /// An empty one.
    pub fn new() -> Self {
        Self(Vec::with_capacity(MOST))
    }

    /// Keeps one more; true when it is time to count them.
    #[inline]
    pub fn push(&mut self, success: Success) -> bool {
        self.0.push(success);
        self.0.len() >= MOST
    }

    /// Counts them; `checks` is how many each step makes.
    pub fn count(&mut self, current: &mut Snapshot, checks: &[usize]) {
        for success in self.0.drain(..) {
            success.count(current, checks);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Hist, Size};
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn nothing_is_lost_and_nothing_counted_twice(
            latencies in prop::collection::vec((0..3_usize, 1..10_000_000_u64), 0..300),
        ) {
            let mut snapshot = Snapshot::new(0, Size::new(3, 1, 1));
            let mut batch = Batch::new();
            let mut expected = [(); 3].map(|()| Hist::default());
            for (index, latency) in &latencies {
                expected[*index].record(*latency);
                let outcome = Outcome {
                    sent_at: Some(20_000_000 - latency / 2),
                    first_byte_at: Some(20_000_000 - latency / 4),
                    status: NonZeroU16::new(200 + *index as u16),
                    ended_at: 20_000_000,
                    failure: None,
                    missed: 0,
                    bytes_sent: 5,
                    bytes_received: 7,
                    ..Outcome::unsent(0, String::new())
                };
                let step = Success::of_step(*index, 20_000_000 - latency, &outcome);
                for success in [step.unwrap(), Success::Task(0, *latency), Success::Group(0, *latency)] {
                    if batch.push(success) {
                        prop_assert_eq!(batch.0.len(), MOST);
                        batch.count(&mut snapshot, &[0, 1, 2]);
                    }
                }
            }
            batch.count(&mut snapshot, &[0, 1, 2]);
            for (index, (measures, expected)) in snapshot.steps.iter().zip(&expected).enumerate() {
                let count = expected.len();
                prop_assert_eq!(measures[Timer::Ok].to_base64(), expected.to_base64());
                prop_assert_eq!((measures[Counter::Offered], measures.count()), (count, count));
                let times = [Timer::Service, Timer::Ttfb, Timer::Transfer];
                prop_assert_eq!(times.map(|timer| measures[timer].len()), [count; 3]);
                let status = (count > 0).then_some((200 + index as u16, count));
                prop_assert!(measures.statuses.iter().eq(status));
                prop_assert_eq!((measures.checks, measures.passed()), (count * index as u64, count * index as u64));
                prop_assert_eq!([measures[Counter::BytesSent], measures[Counter::BytesReceived]], [5 * count, 7 * count]);
                prop_assert_eq!(
                    measures[Timer::Service].max().map(|longest| longest <= expected.max().unwrap()),
                    (count > 0).then_some(true)
                );
            }
            for measures in snapshot.tasks.iter().chain(&snapshot.groups) {
                prop_assert_eq!(measures[Timer::Ok].len(), latencies.len() as u64);
                prop_assert_eq!(measures[Counter::Offered], 0);
            }
        }
    }

    #[test]
    fn what_more_is_to_be_told_of_does_not_wait() {
        let plain = || Outcome {
            sent_at: Some(1),
            failure: None,
            missed: 0,
            ..Outcome::unsent(2, String::new())
        };
        assert!(Success::of_step(0, 0, &plain()).is_some());
        let others: [fn(&mut Outcome); 8] = [
            |outcome| outcome.sent_at = None,
            |outcome| outcome.connect = Some(1),
            |outcome| outcome.pool_wait = Some(0),
            |outcome| outcome.failure = Outcome::unsent(2, String::new()).failure,
            |outcome| outcome.unknown = true,
            |outcome| outcome.missed = 1,
            |outcome| outcome.retries = 1,
            |outcome| outcome.reconnects = 1,
        ];
        for more in others {
            let mut outcome = plain();
            more(&mut outcome);
            assert!(Success::of_step(0, 0, &outcome).is_none(), "{outcome:?}");
        }
    }
}
