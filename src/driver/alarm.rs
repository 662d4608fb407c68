//! The timeout of a session's steps, at the cost of almost no timer operations.

use std::{
    pin::Pin,
    task::{Context, Poll, ready},
};
use tokio::time::{Instant, Sleep, sleep_until};

/// One timer for all steps of a session. It is left alone when a step ends; when it then fires in a
/// later step, which ends later, it is set anew. So it costs one timer operation per timeout that
/// passes, not two per request.
#[derive(Debug, Default)]
pub struct Alarm(Option<Pin<Box<Sleep>>>);

impl Alarm {
    /// Ready once `deadline` has passed.
    pub fn poll(&mut self, cx: &mut Context<'_>, deadline: Instant) -> Poll<()> {
        let sleep = self
            .0
            .get_or_insert_with(|| Box::pin(sleep_until(deadline)));
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
}
