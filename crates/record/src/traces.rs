//! Requests that are worth looking up by their traces: the slowest, and the first that failed.

use loadgen_core::{metric::by_name, time::Nanos};
use loadgen_driver::{ErrorClass, Trace, TraceId};
use serde::{Deserialize, Serialize};

/// Most of the slowest that are kept of a step.
pub const SLOWEST: usize = 10;
/// Most failures that are kept of each class.
pub const FAILED: usize = 10;

/// Outcome of a traced request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ending {
    /// Success.
    Ok,
    /// Not as expected.
    Failed(#[serde(with = "by_name")] ErrorClass),
    /// Cut off at the end of the run.
    Interrupted,
}

impl Ending {
    /// Returns the name in results.
    pub fn name(self) -> &'static str {
        match self {
            Ending::Ok => "ok",
            Ending::Failed(class) => class.name(),
            Ending::Interrupted => "interrupted",
        }
    }
}

/// A request that was the root of a trace.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Traced {
    /// The trace.
    pub id: TraceId,
    /// The server was asked to record it.
    pub sampled: bool,
    /// Intended start to last byte.
    pub latency: Nanos,
    /// Time of the end.
    pub ended: Nanos,
    /// Outcome.
    pub ending: Ending,
}

/// Some requests of a step, over an interval or a whole run.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Traces {
    /// The slowest, from the slowest down.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub slowest: Vec<Traced>,
    /// First failures of each class, but sampled ones before others: their traces can be looked up.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub failed: Vec<Traced>,
}

impl Traces {
    /// Looks at a request, and keeps it if it is one of those.
    pub fn note(&mut self, traced: Traced) {
        self.slow(traced);
        self.fail(traced);
    }

    /// Adds those of a later or another part of the run.
    pub fn add(&mut self, other: &Traces) {
        other.slowest.iter().for_each(|traced| self.slow(*traced));
        other.failed.iter().for_each(|traced| self.fail(*traced));
    }

    /// Leaves those alone that `kept` has too.
    pub(super) fn forget_all_but(&mut self, kept: &Traces) {
        let has = |list: &[Traced], traced: &Traced| list.iter().any(|it| it.id == traced.id);
        self.slowest.retain(|traced| has(&kept.slowest, traced));
        self.failed.retain(|traced| has(&kept.failed, traced));
    }

    fn slow(&mut self, traced: Traced) {
        let full = self.slowest.len() >= SLOWEST;
        let least = self.slowest.last().map_or(0, |last| last.latency);
        if full && traced.latency <= least {
            return;
        }
        let slower = |other: &Traced| other.latency >= traced.latency;
        let index = self.slowest.partition_point(slower);
        self.slowest.truncate(SLOWEST - 1);
        self.slowest.insert(index, traced);
    }

    fn fail(&mut self, traced: Traced) {
        if !matches!(traced.ending, Ending::Failed(_)) {
            return;
        }
        let alike = |other: &Traced| other.ending == traced.ending;
        if self.failed.iter().filter(|other| alike(other)).count() < FAILED {
            self.failed.push(traced);
        } else if traced.sampled {
            let unseen = |other: &&mut Traced| alike(other) && !other.sampled;
            if let Some(replaced) = self.failed.iter_mut().rev().find(unseen) {
                *replaced = traced;
            }
        }
    }
}

/// Most spans that one worker keeps of one second.
pub const SPANS: usize = 10_000;

/// A request that was sent, as a span of its trace.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Span {
    /// Its trace, and what was seen of it.
    pub trace: Trace,
    /// The step's index.
    pub step: usize,
    /// First byte sent.
    pub start: Nanos,
    /// Last byte received, or whatever else ended it.
    pub end: Nanos,
    /// Outcome.
    pub ending: Ending,
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::{collection::vec, prelude::*};

    fn traced(latency: Nanos, ending: Ending) -> Traced {
        Traced {
            id: TraceId(latency.into()),
            sampled: true,
            latency,
            ended: 0,
            ending,
        }
    }

    #[test]
    fn the_slowest_are_kept_whatever_the_order_and_the_parts() {
        for parts in [1, 2, 7] {
            let mut several = vec![Traces::default(); parts];
            // 37 is coprime to 1000: every number once, in no order.
            for number in 0..1_000u64 {
                let ending = Ending::Failed(ErrorClass::ALL[(number % 3) as usize]);
                several[number as usize % parts].note(traced(number * 37 % 1_000, ending));
            }
            let mut whole = Traces::default();
            several.iter().for_each(|part| whole.add(part));
            let slowest: Vec<Nanos> = whole.slowest.iter().map(|it| it.latency).collect();
            assert_eq!(slowest, (990..1_000).rev().collect::<Vec<_>>());
            assert_eq!(whole.failed.len(), 3 * FAILED);
        }
    }

    #[test]
    fn of_failures_those_are_kept_that_can_be_seen() {
        let mut traces = Traces::default();
        for number in 0..1_000 {
            traces.note(Traced {
                sampled: number % 100 == 0,
                ..traced(number, Ending::Failed(ErrorClass::Timeout))
            });
        }
        assert_eq!(traces.failed.len(), FAILED);
        assert!(traces.failed.iter().all(|it| it.sampled));
    }

    proptest! {
        /// Checks that the traces handed on are enough to select the same ones.
        #[test]
        fn nothing_that_is_forgotten_is_missed(
            seconds in vec(vec((0..50u64, 0..4usize, any::<bool>()), 0..40), 0..12),
        ) {
            let (mut whole, mut again, mut number) = (Traces::default(), Traces::default(), 0);
            for second in seconds {
                let mut own = Traces::default();
                for (latency, class, sampled) in second {
                    number += 1;
                    let ending = match ErrorClass::ALL[class] {
                        ErrorClass::Refused => Ending::Ok,
                        class => Ending::Failed(class),
                    };
                    own.note(Traced {
                        id: TraceId(number),
                        sampled,
                        ended: number as u64,
                        ..traced(latency, ending)
                    });
                }
                whole.add(&own);
                own.forget_all_but(&whole);
                again.add(&own);
            }
            for traces in [&mut whole, &mut again] {
                traces.failed.sort_by_key(|it| it.ended);
            }
            prop_assert_eq!(whole, again);
        }
    }

    #[test]
    fn only_failures_are_failures() {
        let mut traces = Traces::default();
        for ending in [
            Ending::Ok,
            Ending::Interrupted,
            Ending::Failed(ErrorClass::Reset),
        ] {
            traces.note(traced(1, ending));
        }
        assert_eq!((traces.slowest.len(), traces.failed.len()), (3, 1));
    }
}
