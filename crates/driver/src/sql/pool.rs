//! A bounded number of connections that the users of a run share, on whichever worker they are.

use super::{backoff::Backoff, connection::Connection};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// The part of a pool that its workers share.
#[derive(Debug, Clone)]
pub struct Shared {
    /// A permit for each connection of the pool; waiters get them first come, first served.
    free: Arc<Semaphore>,
    /// Connections that wait for users, by the worker that used them last. Taken last in, first
    /// out, so that those in use stay few.
    idle: Arc<Mutex<Vec<Vec<Connection>>>>,
}

/// A worker's access to a pool: connections that wait for users, and users that wait, in turn, for
/// connections.
#[derive(Debug)]
pub struct Pool {
    shared: Shared,
    worker: usize,
    /// Pauses after attempts to open a connection that failed.
    pub backoff: Backoff,
}

/// The right to hold one of a pool's connections.
#[derive(Debug)]
pub struct Permit(#[expect(dead_code, reason = "held until it is dropped")] OwnedSemaphorePermit);

impl Shared {
    /// Room for `size` connections; none is open yet.
    pub fn new(size: usize) -> Self {
        Self {
            free: Arc::new(Semaphore::new(size)),
            idle: Arc::default(),
        }
    }

    /// Locks the idle connections. Ignores poisoning: nothing panics while the lock is held, so
    /// they are intact.
    fn idle(&self) -> MutexGuard<'_, Vec<Vec<Connection>>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Pool {
    /// The access of worker number `worker`.
    pub fn new(shared: Shared, worker: usize) -> Self {
        Self {
            shared,
            worker,
            backoff: Backoff::new(worker as u64),
        }
    }

    /// Takes a place at once if there is one.
    pub fn try_enter(&self) -> Option<Permit> {
        let permit = Arc::clone(&self.shared.free).try_acquire_owned();
        permit.ok().map(Permit)
    }

    /// Waits in turn for a place.
    pub async fn enter(&self) -> Option<Permit> {
        // The semaphore is never closed.
        let permit = Arc::clone(&self.shared.free).acquire_owned().await;
        permit.ok().map(Permit)
    }

    /// An open connection for the holder of a permit: the worker's own if there is one, else
    /// another's, which is opened no second time.
    pub fn take(&self) -> Option<Connection> {
        let mut connection = {
            let mut idle = self.shared.idle();
            let own = idle.get_mut(self.worker).and_then(Vec::pop);
            if own.is_some() {
                return own;
            }
            idle.iter_mut().find_map(Vec::pop)?
        };
        connection.move_here();
        Some(connection)
    }

    /// Gives a connection to whoever comes next.
    pub fn give_back(&self, connection: Connection, permit: Permit) {
        let mut idle = self.shared.idle();
        if idle.len() <= self.worker {
            idle.resize_with(self.worker + 1, Vec::new);
        }
        idle[self.worker].push(connection);
        drop(idle);
        drop(permit);
    }
}
