//! Requests to end a run early.

use std::{sync::Arc, time::Duration};
use tokio::{sync::watch, time::sleep};

/// Time that events of the end, and then the teardown, have after the second interrupt.
pub(super) const LAST_THINGS: Duration = Duration::from_secs(10);

/// Interrupts of a run or a suite, from whoever holds a clone: another task, another thread, or
/// what listens to signals. They are counted; [`Interrupt`] says what each of them does.
#[derive(Debug, Clone)]
pub struct Interrupts(Arc<watch::Sender<u32>>);

/// Effect of an interrupt, by how many came before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Interrupt {
    /// The first: ends the load gracefully. What was measured is reported.
    End = 1,
    /// The second: cuts off what is under way. What was measured is reported all the same; events
    /// of the end and the teardown have ten seconds each.
    CutOff = 2,
    /// The third: the run is abandoned, and nothing waited for.
    Leave = 3,
}

impl Interrupts {
    /// Interrupts the run, now or as soon as it can be.
    pub fn send(&self) {
        self.0.send_modify(|count| *count = count.saturating_add(1));
    }

    /// Number of interrupts so far.
    pub fn count(&self) -> u32 {
        *self.0.borrow()
    }

    /// True from this interrupt on.
    pub fn reached(&self, interrupt: Interrupt) -> bool {
        self.count() >= interrupt as u32
    }

    /// Waits for this interrupt; does not wait when it came before. May be given up at any time.
    pub async fn reach(&self, interrupt: Interrupt) {
        self.count_to(interrupt as u32).await;
    }

    /// Waits for an interrupt after those so far. May be given up at any time.
    pub async fn next(&self) {
        let count = self.count();
        self.count_to(count.saturating_add(1)).await;
    }

    /// Waits for the interrupt that ends what can be left out after a load: the second, or the
    /// first where none came before this wait.
    pub(super) async fn impatience(&self) {
        self.reach(match self.reached(Interrupt::End) {
            true => Interrupt::CutOff,
            false => Interrupt::End,
        })
        .await;
    }

    /// Waits until what must be done at the end has had its time after the second interrupt.
    pub(super) async fn out_of_time(&self) {
        self.reach(Interrupt::CutOff).await;
        sleep(LAST_THINGS).await;
    }

    async fn count_to(&self, wanted: u32) {
        let mut counts = self.0.subscribe();
        if counts.wait_for(|count| *count >= wanted).await.is_err() {
            // Its sender is `self`, which is there.
            std::future::pending().await
        }
    }
}

impl Default for Interrupts {
    /// Without an interrupt so far.
    fn default() -> Self {
        Self(Arc::new(watch::Sender::new(0)))
    }
}
