//! The timeout of a session's steps, at the cost of almost no timer operations.

use super::timers::Timers;
use loadgen_core::time::{Clock, Nanos};
use std::{
    future::poll_fn,
    pin::Pin,
    task::{Context, Poll, Waker},
};
use tokio::{task::coop::has_budget_remaining, time::Sleep};

/// One timer for all steps of a session. It is left alone when a step ends; when it then fires in a
/// later step, which ends later, it is set anew. So it costs one timer operation per timeout that
/// passes, not two per request.
#[derive(Debug)]
pub struct StepTimeout {
    timer: Option<Timer>,
    timers: Timers,
}

#[derive(Debug)]
struct Timer {
    sleep: Pin<Box<Sleep>>,
    /// The time at which it fires.
    due: Nanos,
    /// The waker that is registered with the timer.
    waker: Waker,
}

impl StepTimeout {
    /// A timeout that is not set yet.
    pub fn new(timers: Timers) -> Self {
        Self {
            timer: None,
            timers,
        }
    }

    /// Waits for `work` to end; None when `deadline` has passed before.
    pub fn bound<'a, W: Future>(
        &'a mut self,
        clock: Clock,
        deadline: Nanos,
        mut work: Pin<&'a mut W>,
    ) -> impl Future<Output = Option<W::Output>> + 'a {
        poll_fn(move |cx| match work.as_mut().poll(cx) {
            Poll::Ready(done) => Poll::Ready(Some(done)),
            Poll::Pending => self.poll(cx, clock, deadline).map(|()| None),
        })
    }

    /// Ready once `deadline` has passed.
    pub fn poll(&mut self, cx: &mut Context<'_>, clock: Clock, deadline: Nanos) -> Poll<()> {
        let timer = self.timer.get_or_insert_with(|| Timer {
            sleep: Box::pin(self.timers.sleep_until(clock.instant(deadline))),
            due: deadline,
            waker: Waker::noop().clone(),
        });
        let told = timer.waker.will_wake(cx.waker());
        if told && timer.due <= deadline && !timer.sleep.is_elapsed() {
            return Poll::Pending;
        }
        if deadline < timer.due {
            timer.set(clock, deadline);
        }
        loop {
            // A timer polled without coop budget returns Pending without registering the waker.
            let listens = has_budget_remaining();
            if timer.sleep.as_mut().poll(cx).is_pending() {
                let woken = if listens { cx.waker() } else { Waker::noop() };
                timer.waker.clone_from(woken);
                return Poll::Pending;
            }
            if deadline <= timer.due {
                return Poll::Ready(());
            }
            timer.set(clock, deadline);
        }
    }
}

impl Timer {
    fn set(&mut self, clock: Clock, due: Nanos) {
        self.sleep.as_mut().reset(clock.instant(due));
        self.due = due;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use loadgen_core::time::SECOND;
    use std::{pin::pin, time::Duration};
    use tokio::{
        runtime::Builder,
        task::consume_budget,
        time::{sleep, timeout},
    };

    const PATIENCE: Duration = Duration::from_secs(1);

    async fn wait(step_timeout: &mut StepTimeout, clock: Clock, deadline: Nanos) {
        poll_fn(|cx| step_timeout.poll(cx, clock, deadline)).await;
        assert_eq!(clock.now(), deadline);
    }

    async fn wait_in_vain(step_timeout: &mut StepTimeout, clock: Clock, deadline: Nanos) {
        let wait = wait(step_timeout, clock, deadline);
        assert!(timeout(PATIENCE, wait).await.is_err());
    }

    #[tokio::test(start_paused = true)]
    async fn each_deadline_is_kept_whatever_was_set_before() {
        let clock = Clock::of_runtime();
        let mut step_timeout = StepTimeout::new(Timers::default());
        for (seconds, finish) in [(30, false), (10, true), (1, true), (60, false), (40, true)] {
            let deadline = clock.now() + seconds * SECOND;
            match finish {
                true => wait(&mut step_timeout, clock, deadline).await,
                false => wait_in_vain(&mut step_timeout, clock, deadline).await,
            }
        }
    }

    #[tokio::test(start_paused = true)]
    async fn it_is_heard_by_another_task_and_after_it_fired_unheard() {
        let clock = Clock::of_runtime();
        let mut step_timeout = StepTimeout::new(Timers::default());
        for rest in [0, 10] {
            let task = tokio::spawn(async move {
                wait_in_vain(&mut step_timeout, clock, 5 * SECOND).await;
                sleep(Duration::from_secs(rest)).await;
                step_timeout
            });
            step_timeout = task.await.unwrap();
        }
        wait(&mut step_timeout, clock, 60 * SECOND).await;
    }

    #[tokio::test(start_paused = true)]
    async fn who_waited_before_is_woken_again() {
        let clock = Clock::of_runtime();
        let mut step_timeout = StepTimeout::new(Timers::default());
        wait_in_vain(&mut step_timeout, clock, 3 * SECOND).await;
        // It fires here, where nobody asks it.
        sleep(4 * PATIENCE).await;
        wait(&mut step_timeout, clock, 8 * SECOND).await;
    }

    #[tokio::test(start_paused = true)]
    async fn who_had_no_budget_left_is_woken_too() {
        let clock = Clock::of_runtime();
        let mut step_timeout = StepTimeout::new(Timers::default());
        let mut first = true;
        let wait = poll_fn(|cx| {
            while first && has_budget_remaining() {
                let _ = pin!(consume_budget()).poll(cx);
            }
            first = false;
            step_timeout.poll(cx, clock, 3 * SECOND)
        });
        timeout(10 * PATIENCE, wait).await.unwrap();
        assert_eq!(clock.now(), 3 * SECOND);
    }

    #[test]
    fn it_rings_in_a_runtime_that_has_no_timers() {
        let runtime = Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let clock = Clock::of_runtime();
            let mut step_timeout = StepTimeout::new(Timers::apart().unwrap());
            // The second is nearer than what is set then.
            for wait in [SECOND / 20, SECOND / 100] {
                let deadline = clock.now() + wait;
                poll_fn(|cx| step_timeout.poll(cx, clock, deadline)).await;
                assert!(clock.now() >= deadline);
            }
        });
    }
}
