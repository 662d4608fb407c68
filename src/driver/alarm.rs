//! The timeout of a session's steps, at the cost of almost no timer operations.

use std::{
    pin::Pin,
    task::{Context, Poll, Waker, ready},
};
use tokio::time::{Instant, Sleep, sleep_until};

/// One timer for all steps of a session. It is left alone when a step ends; when it then fires in a
/// later step, which ends later, it is set anew. So it costs one timer operation per timeout that
/// passes, not two per request.
#[derive(Debug, Default)]
pub struct Alarm(Option<Timer>);

#[derive(Debug)]
struct Timer {
    sleep: Pin<Box<Sleep>>,
    /// Who is woken when it fires.
    waker: Waker,
}

impl Alarm {
    /// Ready once `deadline` has passed.
    pub fn poll(&mut self, cx: &mut Context<'_>, deadline: Instant) -> Poll<()> {
        let timer = self.0.get_or_insert_with(|| Timer {
            sleep: Box::pin(sleep_until(deadline)),
            waker: Waker::noop().clone(),
        });
        let sleep = &mut timer.sleep;
        let known = timer.waker.will_wake(cx.waker());
        if known && sleep.deadline() <= deadline && !sleep.is_elapsed() {
            // It fires in time, and whom it wakes it was told before.
            return Poll::Pending;
        }
        if !known {
            timer.waker.clone_from(cx.waker());
        }
        if deadline < sleep.deadline() {
            sleep.as_mut().reset(deadline);
        }
        loop {
            ready!(sleep.as_mut().poll(cx));
            if deadline <= sleep.deadline() {
                return Poll::Ready(());
            }
            sleep.as_mut().reset(deadline);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{future::poll_fn, time::Duration};

    #[tokio::test(start_paused = true)]
    async fn each_deadline_is_kept_whatever_was_set_before() {
        let mut alarm = Alarm::default();
        for (seconds, finish) in [(30, false), (10, true), (1, true), (60, false), (40, true)] {
            let deadline = Instant::now() + Duration::from_secs(seconds);
            let wait = poll_fn(|cx| alarm.poll(cx, deadline));
            if finish {
                wait.await;
                assert_eq!(Instant::now(), deadline);
            } else {
                let step = tokio::time::timeout(Duration::from_secs(5), wait);
                assert!(step.await.is_err());
            }
        }
    }
    #[tokio::test(start_paused = true)]
    async fn it_is_heard_by_another_task_and_after_it_fired_unheard() {
        let begun = Instant::now();
        let after = move |seconds| begun + Duration::from_secs(seconds);
        let mut alarm = Alarm::default();
        for rest in [0, 10] {
            let task = tokio::spawn(async move {
                let wait = poll_fn(|cx| alarm.poll(cx, after(5)));
                let second = Duration::from_secs(1);
                assert!(tokio::time::timeout(second, wait).await.is_err());
                tokio::time::sleep(Duration::from_secs(rest)).await;
                alarm
            });
            alarm = task.await.unwrap();
        }
        poll_fn(|cx| alarm.poll(cx, after(60))).await;
        assert_eq!(Instant::now(), after(60));
    }

    #[tokio::test(start_paused = true)]
    async fn who_waited_before_is_woken_again() {
        let begun = Instant::now();
        let after = |seconds| begun + Duration::from_secs(seconds);
        let mut alarm = Alarm::default();
        let second = Duration::from_secs(1);
        let wait = poll_fn(|cx| alarm.poll(cx, after(3)));
        assert!(tokio::time::timeout(second, wait).await.is_err());
        // It fires here, where nobody asks it.
        tokio::time::sleep(4 * second).await;
        poll_fn(|cx| alarm.poll(cx, after(8))).await;
        assert_eq!(Instant::now(), after(8));
    }
}
