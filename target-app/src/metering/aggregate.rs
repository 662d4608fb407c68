//! The work at the end of every window.

use serde_json::json;
use std::sync::Arc;
use std::time::{Duration, SystemTime};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;
use tokio::time::sleep;

use super::lock::Locks;
use super::metrics::MeteringMetrics;
use super::model::{Window, Windows};
use super::store;
use crate::database::{Database, Timestamp};
use crate::telemetry::Level;

/// Windows that are looked up at a time.
const BATCH: i64 = 1_000;

/// Locks that are waited for at a time, so that some that a dead instance left do not hold up the rest.
const WAITING: usize = 64;

/// Windows that are added up at a time: most of the pool is for the events.
const AT_WORK: usize = 4;

/// Pause before windows that failed are tried again.
const PAUSE: Duration = Duration::from_secs(1);

/// Adds windows up; clones share the work's bounds.
#[derive(Debug, Clone)]
pub(super) struct Aggregator {
    database: Database,
    windows: Windows,
    /// None with a single instance.
    locks: Option<Locks>,
    instance: Arc<str>,
    metrics: MeteringMetrics,
    at_work: Arc<Semaphore>,
}

impl Aggregator {
    pub(super) fn new(
        database: Database,
        windows: Windows,
        locks: Option<Locks>,
        instance: Arc<str>,
        metrics: MeteringMetrics,
    ) -> Self {
        Self {
            database,
            windows,
            locks,
            instance,
            metrics,
            at_work: Arc::new(Semaphore::new(AT_WORK)),
        }
    }

    /// Adds up every window soon after it is over, until told to stop. Windows under way are
    /// finished first, so that their locks are given back.
    pub(super) async fn run(self, mut stopping: watch::Receiver<bool>) {
        loop {
            let all_done = self.round().await;
            let pause = match all_done {
                true => self.windows.left(SystemTime::now()),
                false => PAUSE.min(self.windows.left(SystemTime::now())),
            };
            tokio::select! {
                () = sleep(pause) => {}
                // An error means that the app was dropped, which is to stop as well.
                _ = stopping.wait_for(|&stop| stop) => return,
            }
        }
    }

    /// Adds up all windows that are over; false when some have to be tried again.
    async fn round(&self) -> bool {
        loop {
            let last = self.windows.last_finished(SystemTime::now());
            let pending = match store::pending(&self.database, last, BATCH).await {
                Ok(pending) => pending,
                Err(error) => {
                    self.failed("windows could not be looked up", &error);
                    return false;
                }
            };
            let is_last = pending.len() < BATCH as usize;
            if !self.batch(pending).await {
                return false;
            }
            if is_last {
                return true;
            }
        }
    }

    async fn batch(&self, pending: Vec<Window>) -> bool {
        let mut all_done = true;
        let mut tasks = JoinSet::new();
        for window in pending {
            if tasks.len() == WAITING {
                all_done &= matches!(tasks.join_next().await, Some(Ok(true)));
            }
            let aggregator = self.clone();
            tasks.spawn(async move { aggregator.window(window).await });
        }
        while let Some(done) = tasks.join_next().await {
            all_done &= matches!(done, Ok(true));
        }
        all_done
    }

    /// Returns true if the window is done, here or elsewhere.
    async fn window(&self, window: Window) -> bool {
        let Some(locks) = &self.locks else {
            return self.aggregate(&window).await;
        };
        let held = match locks.acquire(window.lock_key()).await {
            Ok(Some(held)) => held,
            Ok(None) => {
                self.metrics.lock_failures.inc();
                return false;
            }
            Err(error) => {
                self.metrics.lock_failures.inc();
                self.failed("Redis gave no lock", &error);
                return false;
            }
        };
        let done = self.aggregate(&window).await;
        locks.release(held).await;
        done
    }

    async fn aggregate(&self, window: &Window) -> bool {
        // The semaphore is never closed.
        let _at_work = self.at_work.acquire().await;
        let end = self.windows.after(window.start);
        let now = Timestamp::now();
        match store::aggregate(&self.database, window, end, &self.instance, now).await {
            Ok(true) => {
                self.metrics.processed.inc();
                true
            }
            Ok(false) => {
                self.metrics.done_before.inc();
                true
            }
            Err(error) => {
                self.failed("a window could not be added up", &error);
                false
            }
        }
    }

    fn failed(&self, what: &str, error: &dyn std::fmt::Display) {
        let fields = json!({ "error": error.to_string() });
        self.database.telemetry().event(Level::Warn, what, fields);
    }
}
