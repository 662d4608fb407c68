//! A circuit breaker: when nearly every call fails, calls are refused for a while instead of made.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Calls that are looked back at.
const LOOK_BACK: usize = 100;

/// Calls before anything is concluded from them.
const FEWEST: usize = 20;

/// The share of failures that opens the circuit, in percent.
const THRESHOLD_PERCENT: usize = 90;

/// Time that the circuit stays open.
const PAUSE: Duration = Duration::from_secs(5);

/// Calls that try out whether things are well again.
const TRIALS: usize = 10;

/// Shared by the requests that it guards.
#[derive(Debug)]
pub(super) struct Breaker(Mutex<State>);

#[derive(Debug)]
enum State {
    /// Calls are made; true is a failure.
    Closed(VecDeque<bool>),
    /// Calls are refused until then.
    Open(Instant),
    /// Some calls are made.
    HalfOpen {
        begun: usize,
        ended: usize,
        failed: usize,
    },
}

impl Breaker {
    pub(super) fn new() -> Self {
        Self(Mutex::new(State::Closed(VecDeque::new())))
    }

    /// Returns true if a call may be made; whoever makes one must report its end.
    pub(super) fn allows(&self, now: Instant) -> bool {
        let mut state = self.state();
        if matches!(&*state, State::Open(until) if now >= *until) {
            *state = State::HalfOpen {
                begun: 0,
                ended: 0,
                failed: 0,
            };
        }
        match &mut *state {
            State::Closed(_) => true,
            State::Open(_) => false,
            State::HalfOpen { begun, .. } => {
                *begun += 1;
                *begun <= TRIALS
            }
        }
    }

    /// A call has ended.
    pub(super) fn ended(&self, has_failed: bool, now: Instant) {
        let mut state = self.state();
        let next = match &mut *state {
            State::Closed(calls) => {
                if calls.len() == LOOK_BACK {
                    calls.pop_front();
                }
                calls.push_back(has_failed);
                let failures = calls.iter().filter(|&&failed| failed).count();
                let opens = calls.len() >= FEWEST && is_too_many(failures, calls.len());
                opens.then(|| State::Open(now + PAUSE))
            }
            // It began before the circuit opened.
            State::Open(_) => None,
            State::HalfOpen { ended, failed, .. } => {
                *ended += 1;
                *failed += usize::from(has_failed);
                (*ended == TRIALS).then(|| match is_too_many(*failed, TRIALS) {
                    true => State::Open(now + PAUSE),
                    false => State::Closed(VecDeque::new()),
                })
            }
        };
        if let Some(next) = next {
            *state = next;
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn is_too_many(failures: usize, calls: usize) -> bool {
    failures * 100 >= calls * THRESHOLD_PERCENT
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(breaker: &Breaker, failures: usize, successes: usize, now: Instant) {
        for index in 0..failures + successes {
            assert!(breaker.allows(now), "{index}");
            breaker.ended(index < failures, now);
        }
    }

    #[test]
    fn it_opens_when_nearly_all_fail_and_closes_when_trials_succeed() {
        let breaker = Breaker::new();
        let start = Instant::now();
        report(&breaker, FEWEST - 1, 0, start);
        assert!(breaker.allows(start));
        breaker.ended(true, start);
        assert!(!breaker.allows(start));
        let before_end = start + PAUSE - Duration::from_millis(1);
        assert!(!breaker.allows(before_end));
        let later = start + PAUSE;
        report(&breaker, TRIALS - 2, 2, later);
        report(&breaker, 5, 15, later);
    }

    #[test]
    fn it_takes_no_more_trials_than_it_needs_and_opens_again() {
        let breaker = Breaker::new();
        let start = Instant::now();
        report(&breaker, FEWEST, 0, start);
        let later = start + PAUSE;
        for _ in 0..TRIALS {
            assert!(breaker.allows(later));
        }
        assert!(!breaker.allows(later));
        for _ in 0..TRIALS {
            breaker.ended(true, later);
        }
        assert!(!breaker.allows(later + PAUSE / 2));
        assert!(breaker.allows(later + PAUSE));
    }

    #[test]
    fn some_failures_are_lived_with() {
        let breaker = Breaker::new();
        let now = Instant::now();
        for _ in 0..10 {
            report(&breaker, 0, 2, now);
            report(&breaker, 8, 0, now);
        }
        assert!(breaker.allows(now));
    }
}
