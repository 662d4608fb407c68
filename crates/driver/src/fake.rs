//! A driver without a network, for tests of the engine: steps take as long as they are told to, the
//! first half of it to the first byte.

use super::{Driver, Failure, Outcome, Progress};
use loadgen_core::time::{Clock, Nanos};
use loadgen_data::Value;
use loadgen_plan::Step;
use std::{cell::RefCell, rc::Rc};

/// One step as the fake driver saw it.
#[derive(Debug, Clone, PartialEq)]
pub struct Seen {
    /// Time of its beginning, on the run's clock.
    pub at: Nanos,
    /// The user or slot.
    pub session: u64,
    /// The step's index.
    pub step: usize,
    /// The task run's values.
    pub values: Vec<Value>,
}

/// Answers step number n (counted from 0 in order of their beginning) after `service(n)`, with `failure(n)`.
pub struct FakeDriver {
    /// Tells the time.
    pub clock: Clock,
    /// Service time of each step.
    pub service: Box<dyn Fn(usize) -> Nanos>,
    /// Failure of each step.
    pub failure: Box<dyn Fn(usize) -> Option<Failure>>,
    /// Steps in the order of their beginning.
    pub seen: Rc<RefCell<Vec<Seen>>>,
}

impl FakeDriver {
    /// Every step takes `service` and succeeds.
    pub fn steady(clock: Clock, service: Nanos) -> Self {
        Self {
            clock,
            service: Box::new(move |_| service),
            failure: Box::new(|_| None),
            seen: Rc::default(),
        }
    }
}

/// One for all workers, so that steps are numbered over all of them.
impl Driver for Rc<FakeDriver> {
    type Session = u64;

    fn session(&self, _population: usize, index: u64) -> u64 {
        index
    }

    async fn execute(
        &self,
        session: &mut u64,
        step: &Step,
        values: &mut [Value],
        progress: &Progress,
    ) -> Outcome {
        let at = self.clock.now();
        let number = {
            let mut seen = self.seen.borrow_mut();
            seen.push(Seen {
                at,
                session: *session,
                step: step.index,
                values: values.to_vec(),
            });
            seen.len() - 1
        };
        progress.sent(at);
        let service = (self.service)(number);
        if service > 0 {
            tokio::time::sleep_until(self.clock.instant(at + service)).await;
        } else {
            // As any real driver, let the others have their turn.
            tokio::task::yield_now().await;
        }
        let ended_at = self.clock.now();
        Outcome {
            sent_at: Some(at),
            first_byte_at: Some(at + (ended_at - at) / 2),
            ended_at,
            failure: (self.failure)(number),
            bytes_sent: 1,
            bytes_received: 1,
            ..Outcome::default()
        }
    }
}
