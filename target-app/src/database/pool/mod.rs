//! Connections that requests take turns with, or one for every request.
//!
//! sqlx's own pool sends a ping with every return of a connection, in a task of its own: a second
//! round trip for each short query, which would be measured as the service's. This one trusts a
//! connection whose last statement ended well, cleans up after requests that were dropped midway,
//! and when one connection turns out to be dead discards all that were opened before.

mod lease;

pub(super) use lease::{Lease, State};

use sqlx::ConnectOptions;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio::runtime::Handle;
use tokio::sync::{Semaphore, TryAcquireError};
use tokio::time::{Instant as Deadline, timeout, timeout_at};

use super::PoolSettings;
use super::driver::Driver;
use super::metrics::PoolCounters;

/// A connection that was idle for longer is asked whether it still lives before it is used.
const TRUSTED: Duration = Duration::from_millis(500);

/// Connections beyond the minimum are closed when they were idle for longer.
const SPARE: Duration = Duration::from_secs(60);

/// Longest time for a connection that was left midway to become usable again.
const CLEANUP: Duration = Duration::from_secs(10);

/// Connections of one kind to one database.
#[derive(Debug)]
pub(crate) struct Pool<C: Driver>(Arc<Shared<C>>);

impl<C: Driver> Clone for Pool<C> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

#[derive(Debug)]
struct Shared<C: Driver> {
    options: C::Options,
    settings: PoolSettings,
    /// The last one used is the first to be used again.
    idle: Mutex<Vec<Idle<C>>>,
    permits: Arc<Semaphore>,
    max: u32,
    /// Rises when a connection turns out to be dead; older ones are not used again.
    generation: AtomicU64,
    open: AtomicU32,
    waiting: AtomicU32,
    counters: PoolCounters,
}

#[derive(Debug)]
struct Idle<C> {
    connection: C,
    generation: u64,
    since: Instant,
}

/// Activity of a pool.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct PoolStats {
    /// The most connections at a time; none without a pool.
    pub(crate) max: Option<u32>,
    /// Connections in use.
    pub(crate) active: u32,
    /// Connections open and free.
    pub(crate) idle: u32,
    /// Requests waiting for one.
    pub(crate) waiting: u32,
}

impl<C: Driver> Pool<C> {
    /// Opens the minimum of connections.
    pub(crate) async fn open(
        options: C::Options,
        settings: PoolSettings,
        counters: PoolCounters,
    ) -> Result<Self, sqlx::Error> {
        let (min, max) = match settings {
            PoolSettings::Pooled { min, max, .. } => (min, max),
            PoolSettings::Unpooled { .. } => (0, Semaphore::MAX_PERMITS.min(1 << 30) as u32),
        };
        let pool = Self(Arc::new(Shared {
            options,
            settings,
            idle: Mutex::default(),
            permits: Arc::new(Semaphore::new(max as usize)),
            max,
            generation: AtomicU64::new(0),
            open: AtomicU32::new(0),
            waiting: AtomicU32::new(0),
            counters,
        }));
        let mut opened = Vec::new();
        for _ in 0..min {
            let deadline = Deadline::now() + settings.acquire_timeout();
            opened.push(pool.connect(deadline).await?);
        }
        for connection in opened {
            pool.0.put_back(connection, 0);
        }
        Ok(pool)
    }

    /// A connection for the caller alone, in the order of the calls. Fails when none came free or
    /// could be opened in time, or when the pool is closed.
    pub(crate) async fn acquire(&self) -> Result<Lease<C>, sqlx::Error> {
        let shared = &self.0;
        let started = Instant::now();
        let deadline = Deadline::from_std(started) + shared.settings.acquire_timeout();
        let permit = match Arc::clone(&shared.permits).try_acquire_owned() {
            Ok(permit) => permit,
            Err(TryAcquireError::Closed) => return Err(sqlx::Error::PoolClosed),
            Err(TryAcquireError::NoPermits) => {
                let _waiting = Counted::new(&shared.waiting);
                let permit = Arc::clone(&shared.permits).acquire_owned();
                timeout_at(deadline, permit)
                    .await
                    .map_err(|_| sqlx::Error::PoolTimedOut)?
                    .map_err(|_| sqlx::Error::PoolClosed)?
            }
        };
        let generation = shared.generation.load(Ordering::Acquire);
        let (connection, generation) = match self.reuse().await {
            Some(idle) => (idle.connection, idle.generation),
            None => (self.connect(deadline).await?, generation),
        };
        shared.counters.acquired(started.elapsed());
        Ok(Lease {
            connection: Some(connection),
            generation,
            state: State::Clean,
            shared: Arc::clone(shared),
            permit: Some(permit),
        })
    }

    /// An idle connection that works, if there is one.
    async fn reuse(&self) -> Option<Idle<C>> {
        loop {
            let mut idle = self.0.idle().pop()?;
            if idle.since.elapsed() <= TRUSTED {
                return Some(idle);
            }
            // Counted as closed if the caller gives up meanwhile.
            let closing = Closing(&self.0);
            match timeout(TRUSTED, idle.connection.ping()).await {
                Ok(Ok(())) => {
                    std::mem::forget(closing);
                    return Some(idle);
                }
                Ok(Err(_)) | Err(_) => self.0.discard_older(idle.generation),
            }
        }
    }

    async fn connect(&self, deadline: Deadline) -> Result<C, sqlx::Error> {
        let connection = timeout_at(deadline, self.0.options.connect())
            .await
            .map_err(|_| sqlx::Error::PoolTimedOut)??;
        self.0.open.fetch_add(1, Ordering::Relaxed);
        self.0.counters.opened();
        Ok(connection)
    }

    /// Activity at this moment.
    pub(crate) fn stats(&self) -> PoolStats {
        let idle = self.0.idle().len() as u32;
        PoolStats {
            max: match self.0.settings {
                PoolSettings::Pooled { max, .. } => Some(max),
                PoolSettings::Unpooled { .. } => None,
            },
            active: self.0.open.load(Ordering::Relaxed).saturating_sub(idle),
            idle,
            waiting: self.0.waiting.load(Ordering::Relaxed),
        }
    }

    /// Waits for those in use, and closes all.
    pub(crate) async fn close(&self) {
        if let Ok(permits) = self.0.permits.acquire_many(self.0.max).await {
            permits.forget();
        }
        self.0.permits.close();
        let idle = std::mem::take(&mut *self.0.idle());
        for idle in idle {
            // Errors of closing are of no use to anyone any more.
            let _ = idle.connection.close().await;
        }
    }
}

impl<C: Driver> Shared<C> {
    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<Idle<C>>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn put_back(&self, connection: C, generation: u64) {
        let spare = {
            let mut idle = self.idle();
            if generation < self.generation.load(Ordering::Acquire) {
                drop(idle);
                return self.closed(1);
            }
            idle.push(Idle {
                connection,
                generation,
                since: Instant::now(),
            });
            self.spare(&mut idle)
        };
        if let Some(spare) = spare {
            self.closed(1);
            close_in_background(spare.connection);
        }
    }

    /// The connection that was idle for longest, when it is not needed.
    fn spare(&self, idle: &mut Vec<Idle<C>>) -> Option<Idle<C>> {
        let PoolSettings::Pooled { min, .. } = self.settings else {
            return None;
        };
        let oldest = idle.first()?;
        let spare = oldest.since.elapsed() > SPARE && self.open.load(Ordering::Relaxed) > min;
        spare.then(|| idle.remove(0))
    }

    /// The database went away: whatever was opened to it up to `generation` is of no use.
    fn discard_older(&self, generation: u64) {
        let mut idle = self.idle();
        self.generation.fetch_max(generation + 1, Ordering::AcqRel);
        let before = idle.len();
        idle.retain(|idle| idle.generation > generation);
        let discarded = before - idle.len();
        drop(idle);
        self.closed(discarded as u32);
    }

    fn closed(&self, count: u32) {
        self.open.fetch_sub(count, Ordering::Relaxed);
    }
}

fn close_in_background<C: Driver>(connection: C) {
    // Without a runtime it is closed less politely.
    if let Ok(runtime) = Handle::try_current() {
        runtime.spawn(timeout(CLEANUP, connection.close()));
    }
}

/// Counts one more as long as it lives.
struct Counted<'a>(&'a AtomicU32);

impl<'a> Counted<'a> {
    fn new(count: &'a AtomicU32) -> Self {
        count.fetch_add(1, Ordering::Relaxed);
        Self(count)
    }
}

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Counts a connection as closed, unless it is forgotten.
struct Closing<'a, C: Driver>(&'a Shared<C>);

impl<C: Driver> Drop for Closing<'_, C> {
    fn drop(&mut self) {
        self.0.closed(1);
    }
}

#[cfg(test)]
mod tests;
